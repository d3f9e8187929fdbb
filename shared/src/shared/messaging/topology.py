"""Every exchange, queue and binding on the broker, in one place.

relay ── events.log (exchange) ──▶ events.log (stream): every event, for replay and audit
      └─ events (topic) ──▶ <service>.<type> (quorum, one for each event that a service consumes)
a consumer that wants another try later ──▶ <service>.retry.<delay> (TTL) ──▶ back to its own queue
a consumer that cannot work an event off ──▶ <service>.dead ──▶ <service>.dead (queue)
leadctl ──▶ ops.audit, ops.discarded (streams): what operators did, and the dead letters that they gave up
"""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldTable

from shared.events import CONSUMES, SERVICES, EventData, ServiceName

EVENTS_EXCHANGE = "events"
LOG_EXCHANGE = "events.log"
LOG_STREAM = "events.log"

RETRY_DELAYS_SECONDS: tuple[int, ...] = (10, 60, 600, 3600)
"""Delays before the 2nd, 3rd, 4th and 5th try; after that an event is a dead letter."""

DELIVERY_LIMIT = 20
"""Deliveries that may end with a killed process or a lost channel before the broker dead-letters the event."""

DEAD_LETTER_LOOKS = 1_000_000
"""Looking at a dead letter is a delivery. RabbitMQ 4 drops a message after 20 of them where no limit is set."""

LOG_MAX_AGE = "30D"
LOG_SEGMENT_BYTES = 100_000_000

AUDIT_STREAM = "ops.audit"
DISCARDED_STREAM = "ops.discarded"
OPERATORS_SEGMENT_BYTES = 10_000_000


def queue_for(service: ServiceName, event: type[EventData]) -> str:
    return f"{service}.{event.type}"


def dead_letters_of(service: ServiceName) -> str:
    """The name of the service's dead-letter exchange, and of the queue behind it."""
    return f"{service}.dead"


def retry_of(service: ServiceName, delay_seconds: int) -> str:
    """The name of the exchange, and of the TTL queue behind it, that gives an event back after the delay."""
    return f"{service}.retry.{delay_seconds}s"


def work_queue_arguments(service: ServiceName) -> FieldTable:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": dead_letters_of(service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


async def declare(channel: AbstractChannel) -> None:
    """Declares the whole topology; harmless when it stands. Runs before any service, so that no event finds a queue missing."""
    await _declare_log(channel)
    await _declare_operators(channel)
    events = await channel.declare_exchange(EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True)
    for service in SERVICES:
        await _declare_failures(channel, service)
        for event in CONSUMES[service]:
            queue = await channel.declare_queue(
                queue_for(service, event), durable=True, arguments=work_queue_arguments(service)
            )
            await queue.bind(events, event.type)


async def _declare_log(channel: AbstractChannel) -> None:
    """A stream beside work queues on one exchange loses acked events on a restart, hence an exchange of its own."""
    exchange = await channel.declare_exchange(LOG_EXCHANGE, ExchangeType.TOPIC, durable=True)
    stream = await channel.declare_queue(
        LOG_STREAM,
        durable=True,
        arguments={
            "x-queue-type": "stream",
            "x-max-age": LOG_MAX_AGE,
            "x-stream-max-segment-size-bytes": LOG_SEGMENT_BYTES,
        },
    )
    await stream.bind(exchange, "#")


async def _declare_operators(channel: AbstractChannel) -> None:
    """The audit has no end; what was discarded holds personal data and goes when the log's events go."""
    arguments: FieldTable = {
        "x-queue-type": "stream",
        "x-stream-max-segment-size-bytes": OPERATORS_SEGMENT_BYTES,
    }
    await channel.declare_queue(AUDIT_STREAM, durable=True, arguments=arguments)
    kept = {**arguments, "x-max-age": LOG_MAX_AGE}
    await channel.declare_queue(DISCARDED_STREAM, durable=True, arguments=kept)


async def _declare_failures(channel: AbstractChannel, service: ServiceName) -> None:
    name = dead_letters_of(service)
    dead = await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)
    queue = await channel.declare_queue(
        name,
        durable=True,
        arguments={"x-queue-type": "quorum", "x-delivery-limit": DEAD_LETTER_LOOKS},
    )
    await queue.bind(dead)
    for delay_seconds in RETRY_DELAYS_SECONDS:
        name = retry_of(service, delay_seconds)
        retry = await channel.declare_exchange(name, ExchangeType.FANOUT, durable=True)
        waiting = await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-message-ttl": delay_seconds * 1000,
                # The default exchange and the routing key kept (the consumer's queue) lead the event home.
                "x-dead-letter-exchange": "",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        await waiting.bind(retry)
