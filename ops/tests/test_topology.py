"""leadctl topology: every kind of defect, made on a real broker, is found and named."""

import asyncio
import secrets

import aio_pika
import pytest
from aio_pika import ExchangeType
from aio_pika.exceptions import AMQPError
from ops.cli import app
from ops.stack.infrastructure import delete_vhost, provision_broker
from shared.events import CONSUMES, SERVICES, LeadReceived
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import (
    CONSUMERS_EXCHANGE,
    DEAD_LETTER_LOOKS,
    EVENTS_EXCHANGE,
    LOG_EXCHANGE,
    LOG_STREAM,
    declare,
    queue_for,
    topology,
)
from testkit.patience import eventually
from typer.testing import CliRunner

pytestmark = pytest.mark.rabbit


@pytest.fixture
async def address(servers):
    """The operators' address of a broker as it should be."""
    name = f"test_{secrets.token_hex(4)}"
    addresses = await provision_broker(servers, name, secret="sample")
    async with await aio_pika.connect(addresses["ops"]) as connection:
        await declare(await connection.channel())
    yield addresses["ops"]
    await delete_vhost(servers, name)


@pytest.fixture
async def channel(address):
    async with await aio_pika.connect(address) as connection:
        yield await connection.channel()


@pytest.fixture
async def consumers(channel):
    """One at each work queue, by the queue's name."""
    for queue in topology().queues:
        if queue.consumed:
            await (await channel.get_queue(queue.name)).consume(ignore, consumer_tag=queue.name)


async def ignore(_): ...


@pytest.fixture
def leadctl(servers, address):
    """In a thread, for the command has an event loop of its own."""
    settings = {"LEADCTL_RABBITMQ_URL": address, "LEADCTL_RABBITMQ_API": servers.rabbitmq_api or ""}

    async def run(*arguments):
        return await asyncio.to_thread(CliRunner().invoke, app, ["topology", *arguments], env=settings)

    return run


@pytest.mark.usefixtures("consumers")
async def test_a_broker_as_it_should_be_passes_and_each_defect_is_named(leadctl, channel):
    async def passes():
        return (await leadctl("verify")).exit_code == 0

    # The management API, where there is one, counts consumers every few seconds.
    await eventually(passes, within_seconds=40)
    await channel.queue_delete("chat.catalog.changed.v1")
    await channel.exchange_delete("notifier.retry.10s")
    await (await channel.get_queue("booking.lead.received.v1")).unbind(CONSUMERS_EXCHANGE, "lead.received.v1")
    await (await channel.get_exchange(CONSUMERS_EXCHANGE)).unbind(EVENTS_EXCHANGE, "#")
    await channel.queue_delete("ingest.dead")
    await channel.declare_queue(
        "ingest.dead",
        durable=True,
        arguments={"x-queue-type": "quorum", "x-delivery-limit": DEAD_LETTER_LOOKS, "x-max-length": 9},
    )
    await channel.exchange_delete(LOG_EXCHANGE)
    await channel.declare_exchange(LOG_EXCHANGE, ExchangeType.FANOUT)
    await (await channel.get_queue("crm-sync.message.sent.v1")).cancel("crm-sync.message.sent.v1")
    leftover = await channel.declare_queue("billing.lead.received.v1", durable=True)
    await leftover.bind(EVENTS_EXCHANGE, "lead.received.v1")
    await channel.declare_exchange("billing.dead", ExchangeType.FANOUT, durable=True)
    await (await channel.get_queue("chat.lead.received.v1")).bind(EVENTS_EXCHANGE, "lead.#")
    expected = {
        "missing: queue chat.catalog.changed.v1",
        "missing: binding events.consumers -> chat.catalog.changed.v1 (catalog.changed.v1)",
        "missing: exchange notifier.retry.10s",
        "missing: binding notifier.retry.10s -> notifier.retry.10s ()",
        "missing: binding events.consumers -> booking.lead.received.v1 (lead.received.v1)",
        "missing: binding events -> events.consumers (#)",
        "missing: binding ingest.dead -> ingest.dead ()",
        "missing: binding events.log -> events.log (#)",
        "queue ingest.dead: x-max-length is 9, wanted: None",
        "exchange events.log is fanout, not durable, wanted: topic",
        "queue crm-sync.message.sent.v1 has no consumer (0 messages wait)",
        "unknown queue billing.lead.received.v1 (0 messages)",
        "unknown exchange billing.dead",
        "unknown binding events -> chat.lead.received.v1 (lead.#)",
    }

    async def all_found():
        verified = await leadctl("verify")
        assert {line for line in verified.stdout.splitlines() if not line.startswith(" ")} == expected
        return verified.exit_code == 1

    await eventually(all_found, within_seconds=40)
    dry = await leadctl("declare", "--dry-run")
    assert set(dry.stdout.splitlines()) == {line for line in expected if "missing" in line} | {"8 to create"}


@pytest.mark.parametrize("deleted", [EVENTS_EXCHANGE, CONSUMERS_EXCHANGE])
async def test_while_a_deleted_exchange_comes_back_an_event_reaches_all_of_its_queues_or_none(
    address, channel, deleted
):
    confirmed, over = set(), asyncio.Event()

    async def publish_all_the_time(publisher, number):
        count = 0
        while not over.is_set():
            count += 1
            message_id = f"{number}-{count}"
            try:
                await publisher.publish(
                    EVENTS_EXCHANGE,
                    LeadReceived.type,
                    b"{}",
                    message_id=message_id,
                    content_type="text/plain",
                )
            except (AMQPError, TimeoutError, RuntimeError):
                await asyncio.sleep(0)
            else:
                confirmed.add(message_id)

    async with open_publisher(address, "test") as publisher:
        publishing = asyncio.gather(*(publish_all_the_time(publisher, number) for number in range(10)))
        await eventually(lambda: asyncio.sleep(0, len(confirmed) > 50), within_seconds=30)
        await channel.exchange_delete(deleted)
        await declare(channel)
        came_back = len(confirmed)
        await eventually(lambda: asyncio.sleep(0, len(confirmed) > came_back + 50), within_seconds=30)
        over.set()
        await publishing

    for service in SERVICES:
        if LeadReceived in CONSUMES[service]:
            queue = await channel.get_queue(queue_for(service, LeadReceived), ensure=False)
            held = set()
            while message := await queue.get(fail=False):
                held.add(message.message_id)
            assert confirmed <= held, f"{len(confirmed - held)} events missed {queue.name}"


async def test_queues_that_nobody_reads_are_named_and_declare_says_why_it_cannot(leadctl, channel):
    await channel.queue_delete(LOG_STREAM)
    await channel.declare_queue(
        LOG_STREAM, durable=True, arguments={"x-queue-type": "stream", "x-max-age": "7D"}
    )
    verified = await leadctl("verify")
    assert "queue events.log: x-max-age is 7D, wanted: 30D" in verified.stdout
    assert verified.stdout.count("has no consumer") == sum(queue.consumed for queue in topology().queues)
    declared = await leadctl("declare")
    assert declared.exit_code == 1
    assert "inequivalent arg" in declared.stderr
    assert "leadctl topology verify" in declared.stderr


async def test_without_a_way_to_the_bindings_it_says_what_to_set():
    settings = {"LEADCTL_RABBITMQ_URL": "amqp://192.0.2.1/leads", "LEADCTL_RABBITMQ_API": ""}
    refused = await asyncio.to_thread(CliRunner().invoke, app, ["topology", "verify"], env=settings)
    assert refused.exit_code == 1
    assert "LEADCTL_RABBITMQ_API" in refused.stderr
