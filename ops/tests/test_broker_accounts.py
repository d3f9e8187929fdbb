"""On RabbitMQ a service can publish what it owns and read its own queues, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import permutations

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from shared.events import CONSUMES, EVENTS, SERVICES, EventData, ServiceName
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import (
    CONSUMERS_EXCHANGE,
    EVENTS_EXCHANGE,
    LOG_EXCHANGE,
    RETRY_DELAYS_SECONDS,
    dead_letters_of,
    queue_for,
    retry_of,
)

pytestmark = pytest.mark.rabbit

EXCHANGES = (LOG_EXCHANGE, EVENTS_EXCHANGE)


async def publish(address: str, exchange: str, routing_key: str) -> None:
    async with open_publisher(address, "test") as publisher:
        await publisher.publish(exchange, routing_key, b"{}", message_id="sample", content_type="text/plain")


@asynccontextmanager
async def channel_of(address: str) -> AsyncIterator[AbstractChannel]:
    connection = await aio_pika.connect(address)
    async with connection:
        yield await connection.channel()


def types(service: ServiceName) -> list[type[EventData]]:
    return [event for event in EVENTS if event.publisher == service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_every_event_that_it_owns(
    broker_accounts: dict[str, str], service: ServiceName
) -> None:
    async with open_publisher(broker_accounts[service], "test") as publisher:
        for exchange in EXCHANGES:
            for event in types(service):
                await publisher.publish(
                    exchange, event.type, b"{}", message_id="sample", content_type="text/plain"
                )


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize(("service", "owner"), list(permutations(SERVICES, 2)))
async def test_an_event_of_another_service_is_refused(
    broker_accounts: dict[str, str], service: ServiceName, owner: ServiceName, exchange: str
) -> None:
    for event in types(owner):
        with pytest.raises(ChannelAccessRefused):
            await publish(broker_accounts[service], exchange, event.type)


@pytest.mark.parametrize(("service", "other"), list(permutations(SERVICES, 2)))
async def test_another_services_queues_cannot_be_read(
    broker_accounts: dict[str, str], service: ServiceName, other: ServiceName
) -> None:
    for queue in (queue_for(other, CONSUMES[other][0]), dead_letters_of(other)):
        async with channel_of(broker_accounts[service]) as channel:
            theirs = await channel.get_queue(queue)
            with pytest.raises(ChannelAccessRefused):
                await theirs.get()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_log_of_all_events_cannot_be_read(
    broker_accounts: dict[str, str], service: ServiceName
) -> None:
    async with channel_of(broker_accounts[service]) as channel:
        await channel.set_qos(1)
        log = await channel.get_queue("events.log")
        with pytest.raises(ChannelAccessRefused):
            await log.consume(ignore, arguments={"x-stream-offset": "first"})


async def ignore(_: AbstractIncomingMessage) -> None:
    raise AssertionError("nothing may arrive")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_puts_aside_in_its_own_exchanges_only(
    broker_accounts: dict[str, str], service: ServiceName
) -> None:
    own = queue_for(service, CONSUMES[service][0])
    for exchange in (dead_letters_of(service), *(retry_of(service, d) for d in RETRY_DELAYS_SECONDS)):
        await publish(broker_accounts[service], exchange, own)
    other = next(name for name in SERVICES if name != service)
    # With the nameless default exchange a service could put a message into any queue.
    others = (dead_letters_of(other), retry_of(other, RETRY_DELAYS_SECONDS[0]))
    for exchange in (*others, CONSUMERS_EXCHANGE, "amq.direct", ""):
        with pytest.raises(ChannelAccessRefused):
            await publish_raw(broker_accounts[service], exchange, own)


async def publish_raw(address: str, exchange: str, routing_key: str) -> None:
    async with channel_of(address) as channel:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b"{}"), routing_key)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_declares_binds_and_deletes_nothing(
    broker_accounts: dict[str, str], service: ServiceName
) -> None:
    queue = queue_for(service, CONSUMES[service][0])
    async with channel_of(broker_accounts[service]) as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.declare_queue(f"{service}.stray", durable=True)
    async with channel_of(broker_accounts[service]) as channel:
        own = await channel.get_queue(queue)
        with pytest.raises(ChannelAccessRefused):
            await own.bind(EVENTS_EXCHANGE, "#")
    async with channel_of(broker_accounts[service]) as channel:
        with pytest.raises(ChannelAccessRefused):
            await channel.queue_delete(queue)
