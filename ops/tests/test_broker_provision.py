"""leadctl broker provision, as a deployment runs it: by the management API of a broker of its own."""

import asyncio

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from ops.cli import app
from ops.stack import rabbit
from ops.stack.accounts import ACCOUNTS
from ops.stack.model import Servers
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import declare
from typer.testing import CliRunner

pytestmark = [pytest.mark.rabbit, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def private(tmp_path_factory):
    broker = await rabbit.start_rabbit(tmp_path_factory.mktemp("rabbit") / "state")
    yield broker
    await rabbit.stop_rabbit(broker.private)


@pytest.fixture
def settings(private):
    """A function: password -> the settings in which every account has it."""
    where = private.admin_url.rpartition("@")[2]

    def with_password(password):
        urls = {name: f"amqp://leads_{name.replace('-', '_')}:{password}@{where}leads" for name in ACCOUNTS}
        api = private.api.rpartition("@")[2]
        return {
            "LEADCTL_ADMIN_RABBITMQ_API": private.api,
            "LEADCTL_RABBITMQ_URL": urls.pop("ops"),
            "LEADCTL_RABBITMQ_API": f"http://leads_ops:{password}@{api}",
            **{f"LEADCTL_{name.replace('-', '_').upper()}_RABBITMQ_URL": url for name, url in urls.items()},
        }

    return with_password


async def leadctl(settings, *arguments):
    """In a thread, for the command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=settings)


async def test_accounts_and_topology_stand_and_the_old_password_ends(settings):
    for password in ("old", "it's%20new"):
        made = await leadctl(settings(password), "broker", "provision")
        assert made.exit_code == 0, made.output
    async with await aio_pika.connect(settings("it's%20new")["LEADCTL_RABBITMQ_URL"]) as connection:
        await declare(await connection.channel())
    chat = settings("it's%20new")["LEADCTL_CHAT_RABBITMQ_URL"]
    async with open_publisher(chat, "test") as publisher:
        await publisher.publish("events", "message.sent.v1", b"{}", message_id="1", content_type="text/plain")
        with pytest.raises(ChannelAccessRefused):
            await publisher.publish(
                "events", "lead.received.v1", b"{}", message_id="2", content_type="text/plain"
            )
    assert not await rabbit.answers(settings("old")["LEADCTL_CHAT_RABBITMQ_URL"])
    verified = await leadctl(settings("it's%20new"), "topology", "verify")
    assert "missing" not in verified.stdout
    assert "queue chat.lead.received.v1 has no consumer" in verified.stdout
    async with await aio_pika.connect(settings("it's%20new")["LEADCTL_RABBITMQ_URL"]) as connection:
        channel = await connection.channel()
        await (await channel.get_queue("chat.lead.received.v1")).unbind(
            "events.consumers", "lead.received.v1"
        )
    verified = await leadctl(settings("it's%20new"), "topology", "verify")
    assert "missing: binding events.consumers -> chat.lead.received.v1 (lead.received.v1)" in verified.stdout


async def test_addresses_that_share_an_account_are_refused(settings):
    wanted = settings("word")
    wanted["LEADCTL_CHAT_RABBITMQ_URL"] = wanted["LEADCTL_INGEST_RABBITMQ_URL"]
    refused = await leadctl(wanted, "broker", "provision")
    assert refused.exit_code == 1
    assert "an account of their own" in refused.stderr


async def test_a_virtual_host_can_be_made_and_deleted_by_the_management_api(private):
    servers = Servers(postgres_admin_url="", rabbitmq_admin_url=private.admin_url, rabbitmq_api=private.api)
    addresses = await rabbit.provision_broker(servers, "test_made", secret="sample")
    assert [await rabbit.answers(address) for address in addresses.values()] == [True] * len(ACCOUNTS)
    for _ in range(2):
        await rabbit.delete_vhost(servers, "test_made")
    assert not any([await rabbit.answers(address) for address in addresses.values()])


@pytest.mark.parametrize(
    ("variable", "before", "after"),
    [
        ("LEADCTL_CHAT_RABBITMQ_URL", "amqp://", "amqps://"),
        ("LEADCTL_ADMIN_RABBITMQ_API", "http://", "https://"),
    ],
)
async def test_whom_to_believe_is_looked_at_first(settings, variable, before, after):
    """Neither in plain text nor by a file that is not there."""
    for scheme, says in (
        (before, "cafile does nothing without TLS"),
        (after, "cafile=/no/ca.pem: No such file"),
    ):
        given = settings("sample-pass-word")
        given[variable] = given[variable].replace(before, scheme) + "?cafile=/no/ca.pem"
        refused = await leadctl(given, "broker", "provision")
        assert refused.exit_code == 1
        assert says in refused.output
        assert "sample-pass-word" not in refused.output
