"""Figures of relay and consumer on a database and a virtual host of their own, beside what this broker confirms alone."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import aio_pika
import asyncpg
from faststream.rabbit import RabbitRouter
from ops.stack.environment import PACKAGES
from ops.stack.infrastructure import (
    Servers,
    delete_vhost,
    drop_database,
    provision_broker,
    provision_database,
    recorded_servers,
)
from ops.stack.provision import owner_url
from shared.db.engine import Sessions, create_engine, create_sessions, relay_url, transaction
from shared.db.migrate import upgrade
from shared.events import CONTENT_TYPE, BookingRequested, Event, MessageSent
from shared.messaging import topology
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from shared.messaging.publisher import Publisher, message_of, open_publisher
from shared.messaging.relay import IN_FLIGHT, Relay
from shared.settings import ServiceSettings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.patience import eventually

Row = tuple[str, str, str, str]
ItemT = TypeVar("ItemT")

EVENTS = 4000
ROUNDS = 3
LEADS = 500
TENANT = UUID(int=7)
RATES = (20, 100)
RATE_SECONDS = 10
SERVICES = ("chat", "notifier")
_INBOX_ROW = text("INSERT INTO inbox (consumer, event_id) VALUES ('bench', :event_id)")


class Place:
    """Where a round runs: two services' databases and accounts."""

    def __init__(self, databases: dict[str, str], brokers: dict[str, str]) -> None:
        self.databases = databases
        self.brokers = brokers


class WithoutLog(Relay):
    """The control: the relay with the topic exchange only."""

    async def _publish(self, row: asyncpg.Record) -> None:
        message = message_of(
            row["body"], type_=row["type"], message_id=str(row["event_id"]), content_type=CONTENT_TYPE
        )
        await self._publisher().send(topology.EVENTS_EXCHANGE, message)


async def messaging_rows(state_dir: Path) -> list[Row]:
    servers = recorded_servers(state_dir)
    if servers is None:
        raise SystemExit("The stack is not up: `make up` starts it.")
    async with a_place(servers) as place:
        return [*await relay_rates(place), *await latencies(place), await consumer_rate(place)]


@asynccontextmanager
async def a_place(servers: Servers) -> AsyncIterator[Place]:
    name = f"bench_{secrets.token_hex(3)}"
    brokers = await provision_broker(servers, name, secret=name)
    databases = await provision_database(servers.postgres_admin_url, name, SERVICES, secret=name)
    try:
        for service in SERVICES:
            await asyncio.to_thread(upgrade, PACKAGES[service], owner_url(databases[service], name))
        async with await aio_pika.connect(brokers["ops"]) as connection:
            await topology.declare(await connection.channel())
        yield Place(databases, brokers)
    finally:
        await drop_database(servers.postgres_admin_url, name, SERVICES)
        await delete_vhost(servers, name)


def message(lead_id: UUID, number: int) -> MessageSent:
    return MessageSent(
        message_id=uuid4(), conversation_id=lead_id, lead_id=lead_id, seq=number, author="customer",
        channel="web", text="sample " * 20,
    )  # fmt: skip


def wish(lead_id: UUID, _: int) -> BookingRequested:
    return BookingRequested.model_validate(
        {
            "request_id": uuid4(),
            "lead_id": lead_id,
            "service": "sample " * 20,
            "wished_start": "2026-11-23T18:00:00Z",
        }
    )


async def relay_rates(place: Place) -> list[Row]:
    """Rounds of the three in turn, so that what else the machine does meets all of them."""
    found: dict[str, list[float]] = {"alone": [], "topic": [], "both": []}
    async with (
        open_publisher(place.brokers["chat"], "bench") as publisher,
        sessions_of(place, "chat") as sessions,
    ):
        for _ in range(ROUNDS):
            found["alone"].append(await confirms(publisher))
            for name, kind in (("topic", WithoutLog), ("both", Relay)):
                await fill(sessions)
                relay = kind(relay_url(place.databases["chat"]), lambda: publisher, "chat")
                found[name].append(await rate(EVENTS, relay.drain))
    alone, topic, both = (sorted(found[name])[ROUNDS // 2] for name in ("alone", "topic", "both"))
    limit = f"this broker confirms {alone:.0f}/s, {IN_FLIGHT} in flight"
    load = f"{EVENTS} rows of {LEADS} leads, median of {ROUNDS}"
    return [
        ("relay, topic exchange only, rows/s", f"{topic:.0f} ({topic / alone:.0%})", load, limit),
        ("relay with the log stream, rows/s", f"{both:.0f} ({both / alone:.0%})", load, limit),
    ]


async def confirms(publisher: Publisher) -> float:
    body = b"x" * 700

    async def publish(_: int) -> None:
        await publisher.publish(
            topology.EVENTS_EXCHANGE,
            BookingRequested.type,
            body,
            message_id="bench",
            content_type=CONTENT_TYPE,
        )

    return await rate(EVENTS, lambda: in_flight(IN_FLIGHT, publish, range(EVENTS)))


async def in_flight(limit: int, work: Callable[[ItemT], Awaitable[None]], items: Iterable[ItemT]) -> None:
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    await asyncio.gather(*(worker() for _ in range(limit)))


async def rate(count: int, work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return count / (time.perf_counter() - started)


@asynccontextmanager
async def sessions_of(place: Place, service: str) -> AsyncIterator[Sessions]:
    engine = create_engine(place.databases[service])
    yield create_sessions(engine)
    await engine.dispose()


async def fill(sessions: Sessions) -> None:
    leads = [uuid4() for _ in range(LEADS)]
    async with transaction(sessions, TENANT) as session:
        for number in range(EVENTS):
            lead_id = leads[number % LEADS]
            await record(session, wish(lead_id, number), tenant_id=TENANT, subject=lead_id)


class Consumer:
    """The notifier's queue of messages, with an inbox row for each event and nothing else to do."""

    def __init__(self, place: Place, sessions: Sessions) -> None:
        self.seen: dict[UUID, float] = {}
        self._sessions = sessions
        router = RabbitRouter()

        @router.subscriber(work_queue("notifier", MessageSent), ack_policy=ACK_POLICY)
        async def consume(event: Event[MessageSent]) -> None:
            await once(self._sessions, event, _nothing)
            self.seen[event.data.message_id] = time.perf_counter()

        self.messaging = Messaging(settings(place, "notifier"), "notifier", router)

    async def has_seen(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.seen) >= count

        await eventually(enough, within_seconds=120, every_seconds=0.01)


async def are_ready(*both: Messaging) -> bool:
    return all(one.ready for one in both)


async def _nothing(_: AsyncSession, __: Event[MessageSent]) -> None: ...


def settings(place: Place, service: str) -> ServiceSettings:
    return ServiceSettings(
        database_url=place.databases[service],
        rabbitmq_url=place.brokers[service],
        port=0,
    )


async def latencies(place: Place) -> list[Row]:
    async with sessions_of(place, "chat") as chat, sessions_of(place, "notifier") as notifier:
        consumer, sender = Consumer(place, notifier), Messaging(settings(place, "chat"), "chat")
        async with consumer.messaging.running(), sender.running():
            await eventually(lambda: are_ready(consumer.messaging, sender))
            return [await latency(chat, consumer, per_second) for per_second in RATES]


async def latency(sessions: Sessions, consumer: Consumer, per_second: int) -> Row:
    committed: dict[UUID, float] = {}
    commits: list[float] = []

    async def send(number: int) -> None:
        data = message(uuid4(), number)
        started = time.perf_counter()
        async with transaction(sessions, TENANT) as session:
            await record(session, data, tenant_id=TENANT, subject=data.lead_id)
        committed[data.message_id] = time.perf_counter()
        commits.append(committed[data.message_id] - started)

    before, began, total = len(consumer.seen), time.perf_counter(), per_second * RATE_SECONDS
    async with asyncio.TaskGroup() as sending:
        for number in range(total):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            sending.create_task(send(number))
    await consumer.has_seen(before + total)
    times = sorted(consumer.seen[key] - at for key, at in committed.items())
    commits.sort()
    return (
        "commit → consumer done, p50 / p99, ms",
        two(times),
        f"{per_second} a second for {RATE_SECONDS} s",
        f"the recording transaction itself {two(commits)}",
    )


def two(ordered: list[float]) -> str:
    return f"{ordered[len(ordered) // 2] * 1000:.1f} / {ordered[int(len(ordered) * 0.99)] * 1000:.1f}"


async def consumer_rate(place: Place) -> Row:
    async with sessions_of(place, "notifier") as sessions:
        limit = await rate(EVENTS, lambda: in_flight(10, lambda _: one_inbox_row(sessions), range(EVENTS)))
        async with open_publisher(place.brokers["chat"], "bench") as publisher:
            await in_flight(IN_FLIGHT, lambda number: publish_message(publisher, number), range(EVENTS))
        consumer = Consumer(place, sessions)
        async with consumer.messaging.running():
            await consumer.has_seen(1)
            started, first = time.perf_counter(), len(consumer.seen)
            await consumer.has_seen(EVENTS)
            measured = (EVENTS - first) / (time.perf_counter() - started)
    return (
        "one consumer process, events/s",
        f"{measured:.0f}",
        f"{EVENTS} waiting, an inbox row each",
        f"{limit:.0f} such transactions/s without a broker, 10 at once",
    )


async def one_inbox_row(sessions: Sessions) -> None:
    async with transaction(sessions, TENANT) as session:
        await session.execute(_INBOX_ROW, {"event_id": uuid4()})


async def publish_message(publisher: Publisher, number: int) -> None:
    data = message(uuid4(), number)
    event = Event[MessageSent].model_validate(
        {
            "id": uuid4(), "type": data.type, "source": "chat", "subject": str(data.lead_id),
            "time": "2026-11-22T12:00:00Z", "tenantid": TENANT, "correlationid": "bench", "data": data,
        }
    )  # fmt: skip
    await publisher.publish(
        topology.EVENTS_EXCHANGE,
        data.type,
        event.to_json(),
        message_id=str(event.id),
        content_type=CONTENT_TYPE,
    )
