"""Each instance has a virtual host and accounts of its own on a broker that others use too."""

import secrets

import pytest
from ops.stack import rabbit
from ops.stack.accounts import ACCOUNTS
from ops.stack.model import Servers
from ops.stack.shell import Outcome

pytestmark = pytest.mark.rabbit


@pytest.fixture
async def servers(tmp_path):
    broker = await rabbit.local_rabbit() or await rabbit.start_rabbit(tmp_path / "state")
    yield Servers(postgres_admin_url="", rabbitmq_admin_url=broker.admin_url, rabbitmq_api=broker.api)
    if broker.private:
        await rabbit.stop_rabbit(broker.private)


async def test_a_virtual_host_with_its_accounts_can_be_made_twice_and_deleted_twice(servers):
    name = f"test_{secrets.token_hex(4)}"
    addresses = await rabbit.provision_broker(servers, name, secret="sample")
    assert await rabbit.provision_broker(servers, name, secret="sample") == addresses
    assert [await rabbit.answers(address) for address in addresses.values()] == [True] * len(ACCOUNTS)
    await rabbit.delete_vhost(servers, name)
    assert not any([await rabbit.answers(address) for address in addresses.values()])
    await rabbit.delete_vhost(servers, name)


@pytest.mark.parametrize("name", ["", "a/b", 'a">>, halt(). "'])
async def test_a_name_that_could_be_code_is_refused(servers, name):
    with pytest.raises(ValueError, match="no virtual host name"):
        await rabbit.provision_broker(servers, name, secret="sample")
    with pytest.raises(ValueError, match="no virtual host name"):
        await rabbit.delete_vhost(servers, name)


async def test_a_broker_without_room_for_another_stack_is_left_alone(servers, monkeypatch, capsys):
    """It would take the connection and then hang: RabbitMQ waits for a file handle for ever."""
    if servers.rabbitmq_api is not None:
        pytest.skip("what has a management API is not asked by rabbitmqctl")
    monkeypatch.setattr(rabbit, "FILES_NEEDED", 10_000_000)
    assert await rabbit.local_rabbit() is None
    assert "file handles left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "has_room"),
    [("1500\n", True), ("1499\n", False), ("-3\n", False), ("{badrpc, undef}\n", True)],
    ids=["enough", "one too few", "overdrawn", "a version without such a count"],
)
async def test_room_is_what_the_brokers_own_count_says(monkeypatch, capsys, told, has_room):
    """The real count is asked above, where the machine's broker has no management API."""

    async def ctl(*_, **__):
        return Outcome(0, told)

    monkeypatch.setattr(rabbit, "ctl", ctl)
    assert await rabbit._has_files_left() is has_room
    assert ("file handles left" in capsys.readouterr().out) is not has_room
