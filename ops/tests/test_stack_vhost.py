"""Each instance has a virtual host of its own on a broker that others use too."""

import secrets

import pytest
from ops.stack import rabbit
from ops.stack.model import Servers

pytestmark = pytest.mark.rabbit


@pytest.fixture
async def servers(tmp_path):
    broker = await rabbit.local_rabbit() or await rabbit.start_rabbit(tmp_path / "state")
    yield Servers(postgres_admin_url="", rabbitmq_admin_url=broker.admin_url, rabbitmq_api=broker.api)
    if broker.private:
        await rabbit.stop_rabbit(broker.private)


async def test_a_virtual_host_can_be_made_twice_and_deleted_twice(servers):
    name = f"test_{secrets.token_hex(4)}"
    url = await rabbit.create_vhost(servers, name)
    assert await rabbit.create_vhost(servers, name) == url
    assert await rabbit.answers(url)
    await rabbit.delete_vhost(servers, name)
    assert not await rabbit.answers(url)
    await rabbit.delete_vhost(servers, name)


@pytest.mark.parametrize("name", ["", "a/b", 'a">>, halt(). "'])
async def test_a_name_that_could_be_code_is_refused(servers, name):
    with pytest.raises(ValueError, match="no virtual host name"):
        await rabbit.create_vhost(servers, name)
    with pytest.raises(ValueError, match="no virtual host name"):
        await rabbit.delete_vhost(servers, name)
