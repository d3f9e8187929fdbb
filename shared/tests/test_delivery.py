"""Nothing is lost and nothing is done twice while queues, connections, relays and processes come and go."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from faststream.rabbit import RabbitRouter
from prometheus_client import Gauge
from shared.db.engine import Sessions, relay_url, transaction
from shared.db.outage import is_outage
from shared.events import CONSUMES, SERVICES, BookingRequested, Event, LeadStatusChanged, MessageSent
from shared.messaging import relay as relay_module
from shared.messaging import topology
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.failures import LOST_DELIVERIES, VENDOR_TRIES, DeadLetter, VendorAway
from shared.messaging.outbox import record
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.relay import Relay
from shared.settings import ServiceSettings
from shared.telemetry.metrics import EVENTS_CONSUMED, EVENTS_LAG_SECONDS, OUTBOX_OLDEST_SECONDS
from sqlalchemy import text
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

TENANT = UUID(int=7)
PATIENCE_SECONDS = 40
BOOKING_QUEUE = topology.queue_for("booking", BookingRequested)
"""The only one that is bound to its type: without it the broker returns the event."""


def status_event(reason: str) -> bytes:
    lead_id = str(uuid4())
    return json.dumps(
        {
            "specversion": "1.0", "id": str(uuid4()), "type": LeadStatusChanged.type, "source": "ingest",
            "subject": lead_id, "time": "2026-11-22T12:00:00Z", "tenantid": str(TENANT), "correlationid": "sample",
            "data": {"lead_id": lead_id, "old": "new", "new": "engaged", "reason": reason},
        }
    ).encode()  # fmt: skip


async def rows(sessions: Sessions, query: str) -> list[tuple[Any, ...]]:
    async with transaction(sessions, TENANT) as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def unpublished(sessions: Sessions) -> int:
    [(count,)] = await rows(sessions, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
    return int(count)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    await eventually(condition, within_seconds=PATIENCE_SECONDS)


async def record_message(sessions: Sessions, lead_id: UUID, seq: int) -> None:
    data = MessageSent(
        message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=seq, author="customer", channel="web",
        text="sample",
    )  # fmt: skip
    async with transaction(sessions, TENANT) as session:
        await record(session, data, tenant_id=TENANT, subject=lead_id)


async def record_wish(sessions: Sessions) -> None:
    data = BookingRequested(
        request_id=uuid4(),
        lead_id=uuid4(),
        service="sample",
        wished_start=datetime(2026, 11, 23, 18, tzinfo=UTC),
    )
    async with transaction(sessions, TENANT) as session:
        await record(session, data, tenant_id=TENANT, subject=data.lead_id)


@pytest.fixture
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        yield await connection.channel()


@pytest.fixture
async def without_queues_for_wishes(channel: AbstractChannel) -> AsyncIterator[None]:
    """Nobody has a queue for a wish: one queue less of several would not be noticed by the broker."""
    for service in SERVICES:
        if BookingRequested in CONSUMES[service]:
            await channel.queue_delete(topology.queue_for(service, BookingRequested))
    yield
    await topology.declare(channel)


async def count(channel: AbstractChannel, queue: str) -> int:
    return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


async def take_all(channel: AbstractChannel, queue: str, number: int) -> list[AbstractIncomingMessage]:
    source, taken = await channel.get_queue(queue), []

    async def enough() -> bool:
        while message := await source.get(fail=False, no_ack=True):
            taken.append(message)
        return len(taken) >= number

    await until(enough)
    return taken


@pytest.fixture
async def publisher(broker_accounts: dict[str, str]) -> AsyncIterator[Publisher]:
    async with open_publisher(broker_accounts["chat"], "test") as publisher:
        yield publisher


@pytest.fixture
def relay(database_url: str, publisher: Publisher) -> Relay:
    return Relay(relay_url(database_url), lambda: publisher, "chat")


@pytest.mark.usefixtures("without_queues_for_wishes")
async def test_an_event_whose_queue_is_missing_waits_and_is_logged_once(
    sessions: Sessions, relay: Relay, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "REFUSED_PAUSE_SECONDS", 0)
    logged = asyncio.Queue[str | None]()
    await channel.set_qos(10)
    await (await channel.get_queue(topology.LOG_STREAM)).consume(
        seen_by(logged), arguments={"x-stream-offset": "next"}
    )
    await record_wish(sessions)
    assert [await relay.drain(), await relay.drain()] == [0, 0]
    [(event_id, attempts, error)] = await rows(sessions, "SELECT event_id, attempts, last_error FROM outbox")
    assert (attempts, "NO_ROUTE" in error) == (2, True)
    await topology.declare(channel)
    assert await relay.drain() == 1
    assert [one.message_id for one in await take_all(channel, BOOKING_QUEUE, 1)] == [str(event_id)]
    await record_message(sessions, uuid4(), 1)
    await relay.drain()
    [(last,)] = await rows(sessions, "SELECT event_id FROM outbox ORDER BY id DESC LIMIT 1")
    assert [await logged.get(), await logged.get()] == [str(event_id), str(last)]


def seen_by(ids: "asyncio.Queue[str | None]") -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def see(message: AbstractIncomingMessage) -> None:
        ids.put_nowait(message.message_id)
        await message.ack()

    return see


@pytest.mark.usefixtures("without_queues_for_wishes")
async def test_events_without_a_queue_leave_room_for_the_others(
    sessions: Sessions, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH_ROWS", 3)
    monkeypatch.setattr(relay_module, "REFUSED_PAUSE_SECONDS", 600)
    for _ in range(3):
        await record_wish(sessions)
    await record_message(sessions, uuid4(), 1)
    assert await relay.drain() == 1
    assert await unpublished(sessions) == 3


async def test_a_standby_relay_takes_over_when_the_active_ones_connection_dies(
    sessions: Sessions, database_url: str, publisher: Publisher
) -> None:
    dsn = relay_url(database_url)
    relays = [asyncio.create_task(Relay(dsn, lambda: publisher, name).run()) for name in ("one", "two")]
    try:
        active = await eventually(lambda: active_relay(sessions), within_seconds=PATIENCE_SECONDS)
        await eventually(lambda: standing_by(sessions), within_seconds=PATIENCE_SECONDS)
        name, pid = active
        relays[("one-relay", "two-relay").index(name)].cancel()
        await end_session(dsn, pid)
        await record_message(sessions, uuid4(), 1)
        await until(lambda: is_zero(unpublished(sessions)))
        successor = await eventually(lambda: active_relay(sessions), within_seconds=PATIENCE_SECONDS)
        assert successor[0] != name
    finally:
        for task in relays:
            task.cancel()
        await asyncio.gather(*relays, return_exceptions=True)


async def end_session(dsn: str, pid: int) -> None:
    """By the role whose session it is: nobody else's may be ended."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT pg_terminate_backend($1)", pid)
    await connection.close()


async def active_relay(sessions: Sessions) -> tuple[Any, ...]:
    found = await rows(
        sessions,
        "SELECT application_name, pid FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND datname = current_database()",
    )
    return found[0] if found else ()


async def standing_by(sessions: Sessions) -> bool:
    [(connected,)] = await rows(
        sessions,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%-relay'",
    )
    return bool(connected == 2)


async def is_zero(number: Awaitable[int]) -> bool:
    return await number == 0


class Cable:
    """A way to the broker over a port of its own, which can be cut and mended."""

    def __init__(self, address: str) -> None:
        self._there = urlsplit(address)
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        account = self._there.netloc.rpartition("@")[0]
        yield self._there._replace(netloc=f"{account}@127.0.0.1:{port}").geturl()
        self.cut()
        server.close()

    def cut(self) -> None:
        self._whole = False
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole = True

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._there.hostname, self._there.port)
        ends = {writer, far_writer}
        self._open |= ends
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        self._open -= ends


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def service_settings(database_url: str, rabbitmq_url: str) -> ServiceSettings:
    return ServiceSettings(
        database_url=database_url,
        rabbitmq_url=rabbitmq_url,
        port=0,
    )


async def test_what_gathered_while_the_broker_was_away_goes_out_in_the_order_of_each_lead(
    sessions: Sessions, database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    cable = Cable(broker_accounts["chat"])
    leads = [uuid4() for _ in range(4)]
    oldest = OUTBOX_OLDEST_SECONDS.labels(service="chat")
    async with cable.laid() as address:
        messaging = Messaging(service_settings(database_url, address), "chat")
        async with messaging.running():
            await until(lambda: is_ready(messaging))
            await record_message(sessions, leads[0], 1)
            await until(lambda: is_zero(unpublished(sessions)))
            cable.cut()
            for seq in range(2, 14):
                for lead_id in leads:
                    await record_message(sessions, lead_id, seq)
            await until(lambda: is_above(oldest, 0.5))
            assert await unpublished(sessions) == 48
            cable.mend()
            await until(lambda: is_zero(unpublished(sessions)))
            await until(lambda: is_below(oldest, 0.5))
    delivered = await take_all(channel, topology.queue_for("notifier", MessageSent), 49)
    order: dict[str, list[int]] = {}
    for message in {one.message_id: one for one in delivered}.values():
        data = json.loads(message.body)["data"]
        order.setdefault(data["lead_id"], []).append(data["seq"])
    assert order == {str(lead): [*([1] if lead == leads[0] else []), *range(2, 14)] for lead in leads}


async def is_ready(messaging: Messaging) -> bool:
    return messaging.ready


async def is_above(gauge: Gauge, seconds: float) -> bool:
    return gauge._value.get() > seconds


async def is_below(gauge: Gauge, seconds: float) -> bool:
    return not await is_above(gauge, seconds)


def failing(error: Exception) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def fail(event: Event[LeadStatusChanged]) -> None:
        if event.data.reason == "poison":
            raise error

    return router


async def send(channel: AbstractChannel, body: bytes, **headers: int) -> None:
    exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE)
    message = aio_pika.Message(body, content_type="application/cloudevents+json", headers=dict(headers))
    await exchange.publish(message, LeadStatusChanged.type)


@pytest.mark.parametrize(
    ("attempt", "delay_seconds"), list(enumerate(topology.RETRY_DELAYS_SECONDS, start=1))
)
async def test_a_bug_is_tried_again_after_growing_delays(
    database_url: str,
    broker_accounts: dict[str, str],
    channel: AbstractChannel,
    attempt: int,
    delay_seconds: int,
) -> None:
    settings = service_settings(database_url, broker_accounts["chat"])
    async with Messaging(settings, "chat", failing(KeyError("a bug"))).running():
        await send(channel, status_event("poison"), attempt=attempt)
        [delayed] = await take_all(channel, topology.retry_of("chat", delay_seconds), 1)
    assert delayed.headers["attempt"] == attempt + 1


@pytest.mark.parametrize(("away", "delay_seconds"), [(0, 10), (59, 10), (60, 60)])
async def test_what_waits_for_a_vendor_comes_back_soon_and_keeps_its_tries(
    database_url: str,
    broker_accounts: dict[str, str],
    channel: AbstractChannel,
    away: int,
    delay_seconds: int,
) -> None:
    settings = service_settings(database_url, broker_accounts["chat"])
    async with Messaging(settings, "chat", failing(VendorAway("no answer"))).running():
        await send(channel, status_event("poison"), attempt=3, away=away)
        [delayed] = await take_all(channel, topology.retry_of("chat", delay_seconds), 1)
    assert (delayed.headers["attempt"], delayed.headers["away"]) == (3, away + 1)


async def test_what_no_vendor_answers_for_a_day_goes_the_way_of_a_bug(
    database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    settings = service_settings(database_url, broker_accounts["chat"])
    async with Messaging(settings, "chat", failing(VendorAway("no answer"))).running():
        await send(channel, status_event("poison"), attempt=1, away=VENDOR_TRIES)
        [delayed] = await take_all(channel, topology.retry_of("chat", 10), 1)
    assert delayed.headers["attempt"] == 2


async def test_a_bug_that_never_heals_is_a_dead_letter_with_reason_stack_and_tries(
    database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    last = len(topology.RETRY_DELAYS_SECONDS) + 1
    settings = service_settings(database_url, broker_accounts["chat"])
    async with Messaging(settings, "chat", failing(KeyError("a bug"))).running():
        await send(channel, status_event("poison"), attempt=last)
        [dead] = await take_all(channel, topology.dead_letters_of("chat"), 1)
    assert dead.headers["reason"] == "KeyError: 'a bug'"
    assert "raise error" in str(dead.headers["stack"])
    assert (dead.headers["attempt"], dead.headers["queue"]) == (last, "chat.lead.status.changed.v1")


async def test_how_long_an_event_waited_in_its_queue_is_a_metric(
    database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    queue = topology.queue_for("chat", LeadStatusChanged)
    lag = EVENTS_LAG_SECONDS.labels(queue=queue)
    messaging = Messaging(
        service_settings(database_url, broker_accounts["chat"]), "chat", failing(DeadLetter("never"))
    )
    message = aio_pika.Message(b"{}", timestamp=datetime.now(UTC) - timedelta(minutes=5))
    await channel.default_exchange.publish(message, queue)
    async with messaging.running():
        await until(lambda: is_above(lag, 299))
        message.headers["attempt"] = 2  # it has waited on purpose
        message.timestamp = datetime.now(UTC) - timedelta(hours=1)
        await channel.default_exchange.publish(message, queue)
        dead = await take_all(channel, topology.dead_letters_of("chat"), 2)
        assert sorted(one.headers["attempt"] for one in dead) == [1, 2]
        assert await is_below(lag, 600)


def test_a_password_that_was_just_changed_is_an_outage_and_no_mistake_of_ours() -> None:
    assert is_outage(asyncpg.InvalidPasswordError("sample"))
    assert not is_outage(asyncpg.InsufficientPrivilegeError("sample"))


async def test_while_the_broker_takes_no_retry_the_event_is_held_and_not_delivered_again(
    database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    """Given back at once, 20 deliveries would be over in a moment, and the event a dead letter without a reason."""
    settings = service_settings(database_url, broker_accounts["chat"])
    messaging = Messaging(settings, "chat", failing(DeadLetter("never")))
    answers = iter([ConnectionError("away")] * 3)
    healthy = messaging.publisher
    given_back = EVENTS_CONSUMED.labels(queue="chat.lead.status.changed.v1", outcome="returned")
    before = given_back._value.get()

    def flaky() -> Publisher:
        if error := next(answers, None):
            raise error
        return healthy()

    messaging.publisher = flaky  # type: ignore[method-assign]
    async with messaging.running():
        await send(channel, status_event("poison"))
        [dead] = await take_all(channel, topology.dead_letters_of("chat"), 1)
    assert dead.headers["reason"] == "DeadLetter: never"
    assert (given_back._value.get(), next(answers, None)) == (before, None)


async def test_an_event_that_kills_its_consumer_each_time_becomes_a_dead_letter_of_the_broker(
    rabbitmq_url: str, channel: AbstractChannel
) -> None:
    """The service never came to say why: the broker's x-death names the queue, the limit and the count."""
    body = status_event("deadly")
    await send(channel, body)
    queue = topology.queue_for("chat", LeadStatusChanged)
    await lose_deliveries(rabbitmq_url, queue, topology.DELIVERY_LIMIT + 1)
    [dead] = await take_all(channel, topology.dead_letters_of("chat"), 1)
    [death] = dead.headers["x-death"]  # type: ignore[misc]
    assert dead.body == body
    assert (death["reason"], death["queue"]) == ("delivery_limit", queue)  # type: ignore[call-overload,index]


async def lose_deliveries(rabbitmq_url: str, queue: str, count: int) -> None:
    """As a killed process leaves them."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        for _ in range(count):
            victim = await connection.channel()
            source = await victim.get_queue(queue)
            await eventually(lambda source=source: source.get(fail=False), within_seconds=PATIENCE_SECONDS)
            await victim.close()


@pytest.mark.parametrize(
    ("attempt", "goes_to"),
    [
        (1, topology.retry_of("chat", topology.RETRY_DELAYS_SECONDS[0])),
        (len(topology.RETRY_DELAYS_SECONDS) + 1, topology.dead_letters_of("chat")),
    ],
)
async def test_an_event_that_killed_its_consumer_several_times_is_put_aside_before_it_does_so_again(
    database_url: str,
    rabbitmq_url: str,
    broker_accounts: dict[str, str],
    channel: AbstractChannel,
    attempt: int,
    goes_to: str,
) -> None:
    """Else whoever waits beside it in the queue would die with it, up to the broker's limit."""
    taken_up: list[str] = []
    router = RabbitRouter()

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def work(event: Event[LeadStatusChanged]) -> None:
        taken_up.append(event.data.reason)

    await send(channel, status_event("deadly"), attempt=attempt)
    await lose_deliveries(rabbitmq_url, topology.queue_for("chat", LeadStatusChanged), LOST_DELIVERIES)
    async with Messaging(service_settings(database_url, broker_accounts["chat"]), "chat", router).running():
        [aside] = await take_all(channel, goes_to, 1)
    assert taken_up == []
    assert attempt == 1 or str(aside.headers["reason"]).startswith("DeliveriesLost")


@pytest.mark.timeout(150)
async def test_sigterm_finishes_what_is_in_flight_and_nothing_that_was_done_comes_again(
    sessions: Sessions, database_url: str, broker_accounts: dict[str, str], channel: AbstractChannel
) -> None:
    """A message that arrives while FastStream stops is dropped un-acked: it was not begun and comes again, unharmed."""
    total, queue = 14, topology.queue_for("chat", LeadStatusChanged)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("slow_consumer.py")),
        env={**os.environ, "DATABASE_URL": database_url, "RABBITMQ_URL": broker_accounts["chat"]},
    )  # fmt: skip
    try:
        for number in range(total):
            await send(channel, status_event(f"number {number}"))

        async def begun() -> bool:
            return await rows(sessions, "SELECT 1 FROM effects WHERE what = 'begun' LIMIT 1") != []

        await until(begun)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert code in {0, -signal.SIGTERM}
    effects = [what for (what,) in await rows(sessions, "SELECT what FROM effects")]
    assert effects.count("done") == effects.count("begun") > 0
    processed = {str(event_id) for (event_id,) in await rows(sessions, "SELECT event_id FROM inbox")}
    left = await take_all(channel, queue, total - len(processed))
    assert len(left) == total - len(processed)
    assert processed.isdisjoint(json.loads(message.body)["id"] for message in left)
