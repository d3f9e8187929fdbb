"""Every exchange, queue and binding on the broker, in one place.

relay ── events.log (exchange) ──▶ events.log (stream): every event, for replay and audit
      └─ events (topic) ──▶ events.consumers (topic) ──▶ <service>.<type> (quorum, one for each event that a service consumes)
a consumer that wants another try later ──▶ <service>.retry.<delay> (TTL) ──▶ back to its own queue
a consumer that cannot work an event off ──▶ <service>.dead ──▶ <service>.dead (queue)
leadctl ──▶ ops.audit, ops.discarded (streams): what operators did, and the dead letters that they gave up
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar

import aio_pika
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel

from shared.events import CONSUMES, SERVICES, EventData, ServiceName

EVENTS_EXCHANGE = "events"
CONSUMERS_EXCHANGE = "events.consumers"
LOG_EXCHANGE = "events.log"
LOG_STREAM = "events.log"

RETRY_DELAYS_SECONDS: tuple[int, ...] = (10, 60, 600, 3600)
"""Delays before the 2nd, 3rd, 4th and 5th try; after that an event is a dead letter."""

DELIVERY_LIMIT = 20
"""Deliveries that may end with a killed process or a lost channel before the broker dead-letters the event."""

DEAD_LETTER_LOOKS = 1_000_000
"""Looking at a dead letter is a delivery. RabbitMQ 4 drops a message after 20 of them where no limit is set."""

AUDIT_STREAM = "ops.audit"
DISCARDED_STREAM = "ops.discarded"
OPERATORS_SEGMENT_BYTES = 10_000_000

LOG_MAX_AGE = "30D"
LOG_MAX_BYTES = 20_000_000_000
"""Whichever comes first ends an event's time in the log: a month, or the disk that a log of one broker may fill."""
LOG_SEGMENT_BYTES = 100_000_000


@dataclass(frozen=True)
class Exchange:
    name: str
    kind: ExchangeType


@dataclass(frozen=True)
class Queue:
    """`consumed`: a running system reads it all the time."""

    name: str
    arguments: Mapping[str, str | int]
    consumed: bool = False


@dataclass(frozen=True, order=True)
class Binding:
    """`kind`: of the destination."""

    exchange: str
    destination: str
    routing_key: str
    kind: Literal["queue", "exchange"] = "queue"


@dataclass(frozen=True)
class Topology:
    """In an order in which it can be declared."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]


def queue_for(service: ServiceName, event: type[EventData]) -> str:
    return f"{service}.{event.type}"


def dead_letters_of(service: ServiceName) -> str:
    """The name of the service's dead-letter exchange, and of the queue behind it."""
    return f"{service}.dead"


def retry_of(service: ServiceName, delay_seconds: int) -> str:
    """The name of the exchange, and of the TTL queue behind it, that gives an event back after the delay."""
    return f"{service}.retry.{delay_seconds}s"


def topology() -> Topology:
    parts = [_log(), _operators(), *(_service(service) for service in SERVICES), _switch()]
    return Topology(
        exchanges=_each(part.exchanges for part in parts),
        queues=_each(part.queues for part in parts),
        bindings=_each(part.bindings for part in parts),
    )


async def declare(channel: AbstractChannel) -> None:
    """Declares the whole topology; harmless when it stands. Runs before any service, so that no event finds a queue missing."""
    wanted = topology()
    for exchange in wanted.exchanges:
        await channel.declare_exchange(exchange.name, exchange.kind, durable=True)
    for queue in wanted.queues:
        await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
    for binding in wanted.bindings:
        if binding.kind == "exchange":
            fed = await channel.get_exchange(binding.destination, ensure=False)
            await fed.bind(binding.exchange, binding.routing_key)
        else:
            bound = await channel.get_queue(binding.destination, ensure=False)
            await bound.bind(binding.exchange, binding.routing_key)


async def declare_at(rabbitmq_url: str) -> None:
    """`declare` on a connection of its own."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        await declare(await connection.channel())


def _switch() -> Topology:
    """Its binding is the last of all: while bindings come back, the broker returns each event and the relay keeps it.

    With the queues bound to the relay's own exchange an event would reach those that are bound already and miss the others.
    """
    return Topology(
        exchanges=tuple(Exchange(name, ExchangeType.TOPIC) for name in (EVENTS_EXCHANGE, CONSUMERS_EXCHANGE)),
        queues=(),
        bindings=(Binding(EVENTS_EXCHANGE, CONSUMERS_EXCHANGE, "#", kind="exchange"),),
    )


def _log() -> Topology:
    """A stream beside work queues on one exchange loses acked events on a restart, hence an exchange of its own."""
    stream = Queue(
        LOG_STREAM,
        {
            "x-queue-type": "stream",
            "x-max-age": LOG_MAX_AGE,
            "x-max-length-bytes": LOG_MAX_BYTES,
            "x-stream-max-segment-size-bytes": LOG_SEGMENT_BYTES,
        },
    )
    return Topology(
        exchanges=(Exchange(LOG_EXCHANGE, ExchangeType.TOPIC),),
        queues=(stream,),
        bindings=(Binding(LOG_EXCHANGE, LOG_STREAM, "#"),),
    )


def _operators() -> Topology:
    """The audit has no end; what was discarded holds personal data and goes when the log's events go."""
    arguments: dict[str, str | int] = {
        "x-queue-type": "stream",
        "x-stream-max-segment-size-bytes": OPERATORS_SEGMENT_BYTES,
    }
    streams = (
        Queue(AUDIT_STREAM, arguments),
        Queue(DISCARDED_STREAM, {**arguments, "x-max-age": LOG_MAX_AGE}),
    )
    return Topology(exchanges=(), queues=streams, bindings=())


def _service(service: ServiceName) -> Topology:
    dead = dead_letters_of(service)
    delays = [_delay(service, seconds) for seconds in RETRY_DELAYS_SECONDS]
    work = {queue_for(service, event): event.type for event in CONSUMES[service]}
    aside = (dead, *(delay.name for delay in delays))
    return Topology(
        exchanges=tuple(Exchange(name, ExchangeType.FANOUT) for name in aside),
        queues=(
            Queue(dead, {"x-queue-type": "quorum", "x-delivery-limit": DEAD_LETTER_LOOKS}),
            *delays,
            *(Queue(name, _work_arguments(service), consumed=True) for name in work),
        ),
        bindings=(
            *(Binding(name, name, "") for name in aside),
            *(Binding(CONSUMERS_EXCHANGE, name, type_) for name, type_ in work.items()),
        ),
    )


def _work_arguments(service: ServiceName) -> Mapping[str, str | int]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": dead_letters_of(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _delay(service: ServiceName, seconds: int) -> Queue:
    return Queue(
        retry_of(service, seconds),
        {
            "x-queue-type": "quorum",
            "x-message-ttl": seconds * 1000,
            # The default exchange and the routing key kept (the consumer's queue) lead the event home.
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


PartT = TypeVar("PartT")


def _each(parts: Iterable[tuple[PartT, ...]]) -> tuple[PartT, ...]:
    return tuple(chain.from_iterable(parts))
