"""Recording, relaying and consuming on a real PostgreSQL and a real RabbitMQ."""

import json
from collections.abc import AsyncIterator
from typing import cast
from uuid import UUID, uuid4

import aio_pika
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import DeliveryError
from faststream.rabbit import RabbitRouter
from pamqp.commands import Basic
from shared.db.engine import Sessions, relay_url, transaction
from shared.events import (
    WORDS_OF_CUSTOMERS,
    Event,
    EventData,
    InboundMessageReceived,
    LeadStatusChanged,
    MessageSent,
)
from shared.messaging import topology
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.failures import DeadLetter, RetryLater
from shared.messaging.inbox import once
from shared.messaging.outbox import envelope, record
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.relay import Relay
from shared.settings import ServiceSettings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

TENANT = UUID(int=7)


def message(lead_id: UUID, seq: int = 1) -> MessageSent:
    return MessageSent(
        message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=seq, author="customer",
        channel="web", text="sample",
    )  # fmt: skip


async def record_messages(sessions: Sessions, lead_id: UUID, count: int) -> None:
    async with transaction(sessions, TENANT) as session:
        for seq in range(1, count + 1):
            await record(session, message(lead_id, seq), tenant_id=TENANT, subject=lead_id)


async def rows(sessions: Sessions, query: str) -> list[tuple[object, ...]]:
    async with transaction(sessions, TENANT) as session:
        return [tuple(row) for row in await session.execute(text(query))]


@pytest.fixture
async def relay(database_url: str, broker_accounts: dict[str, str]) -> AsyncIterator[Relay]:
    async with open_publisher(broker_accounts["chat"], "test") as publisher:
        yield Relay(relay_url(database_url), lambda: publisher, "chat")


@pytest.fixture
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        yield await connection.channel()


@pytest.fixture
def settings(database_url: str, broker_accounts: dict[str, str]) -> ServiceSettings:
    return ServiceSettings(
        database_url=database_url,
        rabbitmq_url=broker_accounts["chat"],
        port=0,
    )


async def take(channel: AbstractChannel, queue: str) -> AbstractIncomingMessage:
    source = await channel.get_queue(queue)

    async def one() -> AbstractIncomingMessage | None:
        return await source.get(fail=False)

    taken = await eventually(one)
    assert taken is not None
    await taken.ack()
    return taken


async def test_an_event_of_a_transaction_that_rolls_back_is_never_published(
    sessions: Sessions, relay: Relay
) -> None:
    with pytest.raises(RuntimeError):
        await _record_and_fail(sessions)
    assert await relay.drain() == 0


async def _record_and_fail(sessions: Sessions) -> None:
    async with transaction(sessions, TENANT) as session:
        await record(session, message(uuid4()), tenant_id=TENANT, subject=uuid4())
        raise RuntimeError("something later in the transaction")


async def test_an_event_reaches_every_consumer_as_a_cloud_event(
    sessions: Sessions, relay: Relay, channel: AbstractChannel
) -> None:
    lead_id = uuid4()
    await record_messages(sessions, lead_id, 1)
    assert await relay.drain() == 1
    for service in ("ingest", "crm-sync", "notifier"):
        delivered = await take(channel, topology.queue_for(service, MessageSent))
        body = json.loads(delivered.body)
        assert delivered.content_type == "application/cloudevents+json"
        assert delivered.message_id == body["id"]
        assert delivered.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert (body["type"], body["source"], body["subject"]) == ("message.sent.v1", "chat", str(lead_id))
        assert (body["tenantid"], body["data"]["lead_id"]) == (str(TENANT), str(lead_id))


async def test_events_of_one_lead_keep_their_order(
    sessions: Sessions, relay: Relay, channel: AbstractChannel
) -> None:
    await record_messages(sessions, uuid4(), 30)
    await relay.drain()
    queue = topology.queue_for("notifier", MessageSent)
    seqs = [json.loads((await take(channel, queue)).body)["data"]["seq"] for _ in range(30)]
    assert seqs == list(range(1, 31))


async def test_what_a_customer_says_overtakes_what_waits_for_other_leads(
    sessions: Sessions, relay: Relay, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own lead's earlier events before it."""
    monkeypatch.setattr("shared.messaging.relay.BATCH_ROWS", 10)
    writes = uuid4()
    for lead_id in [uuid4() for _ in range(30)] + [writes, writes]:
        greeting = message(lead_id).model_copy(
            update={"author": "assistant", "text": 'Say "author":"customer" if you like.'}
        )
        async with transaction(sessions, TENANT) as session:
            await record(session, greeting, tenant_id=TENANT, subject=lead_id)
    await record_messages(sessions, writes, 1)

    assert await relay.drain() == 33

    queue = topology.queue_for("notifier", MessageSent)
    told = [json.loads((await take(channel, queue)).body)["data"] for _ in range(33)]
    assert [(one["lead_id"], one["author"]) for one in told[:3]] == [
        (str(writes), "assistant"),
        (str(writes), "assistant"),
        (str(writes), "customer"),
    ]


async def test_an_event_that_the_broker_returned_leaves_customers_words_first(
    sessions: Sessions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.relay.BATCH_ROWS", 10)
    monkeypatch.setattr("shared.messaging.relay.PAUSE_AFTER_FAILURE_SECONDS", 0)
    returned, writes = uuid4(), uuid4()
    for lead_id in [returned, *(uuid4() for _ in range(30))]:
        greeting = message(lead_id).model_copy(update={"author": "assistant"})
        async with transaction(sessions, TENANT) as session:
            await record(session, greeting, tenant_id=TENANT, subject=lead_id)
    arrived: list[str] = []

    class Broker:
        async def send(self, exchange: str, sent: Message) -> None:
            subject = json.loads(sent.body)["subject"]
            if exchange != topology.EVENTS_EXCHANGE:
                return
            if subject == str(returned):
                await record_messages(sessions, writes, 1)
                raise DeliveryError(None, Basic.Nack())
            arrived.append(subject)

    await Relay(relay_url(database_url), lambda: cast("Publisher", Broker()), "chat").drain()
    assert arrived.index(str(writes)) == 9
    assert len(arrived) == 31


def test_the_marks_of_customers_words_are_in_their_events() -> None:
    lead_id = uuid4()
    said = message(lead_id)
    received = InboundMessageReceived(
        lead_id=lead_id, channel="sms", sender="+16195550111", text='"author":"customer"', provider_id="SM1"
    )
    told: dict[type[EventData], bytes] = {
        type(one): envelope(one, tenant_id=TENANT, subject=lead_id).to_json() for one in (said, received)
    }
    assert {event: mark in told[event] for event, mark in WORDS_OF_CUSTOMERS} == dict.fromkeys(told, True)
    answer = said.model_copy(update={"author": "assistant", "text": '"author":"customer"'})
    assert b'"author":"customer"' not in envelope(answer, tenant_id=TENANT, subject=lead_id).to_json()


async def test_a_running_relay_is_woken_by_the_commit(
    sessions: Sessions, settings: ServiceSettings, channel: AbstractChannel
) -> None:
    messaging = Messaging(settings, "chat")
    async with messaging.running():
        await eventually(lambda: _ready(messaging))
        await record_messages(sessions, uuid4(), 1)
        await take(channel, topology.queue_for("notifier", MessageSent))
        unpublished = "SELECT 1 FROM outbox WHERE published_at IS NULL"
        await eventually(lambda: _none(sessions, unpublished))


async def _ready(messaging: Messaging) -> bool:
    return messaging.ready


async def _none(sessions: Sessions, query: str) -> bool:
    return await rows(sessions, query) == []


async def _leave_effect(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    await session.execute(text("INSERT INTO effects (what) VALUES (:what)"), {"what": event.data.reason})


def status_event(reason: str) -> bytes:
    lead_id = uuid4()
    data = {"lead_id": str(lead_id), "old": "new", "new": "engaged", "reason": reason, "added_later": True}
    return json.dumps(
        {
            "specversion": "1.0", "id": str(uuid4()), "type": "lead.status.changed.v1", "source": "ingest",
            "subject": str(lead_id), "time": "2026-11-22T12:00:00Z", "tenantid": str(TENANT),
            "correlationid": "sample", "data": data, "extension": "of a newer publisher",
        }
    ).encode()  # fmt: skip


def consumers(sessions: Sessions) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def leave_effect(event: Event[LeadStatusChanged]) -> None:
        if event.data.reason == "never":
            raise DeadLetter("can never work")
        if event.data.reason == "later":
            raise RetryLater("not ready")
        await once(sessions, event, _leave_effect)

    return router


@pytest.fixture
async def consuming(sessions: Sessions, settings: ServiceSettings) -> AsyncIterator[None]:
    messaging = Messaging(settings, "chat", consumers(sessions))
    async with messaging.running():
        await eventually(lambda: _ready(messaging))
        yield


async def send(channel: AbstractChannel, body: bytes) -> None:
    exchange = await channel.get_exchange(topology.EVENTS_EXCHANGE)
    await exchange.publish(
        aio_pika.Message(body, content_type="application/cloudevents+json", message_id=str(uuid4())),
        LeadStatusChanged.type,
    )


@pytest.mark.usefixtures("consuming")
async def test_the_same_event_twice_has_one_effect(sessions: Sessions, channel: AbstractChannel) -> None:
    body = status_event("first")
    await send(channel, body)
    await send(channel, body)
    await send(channel, status_event("last"))
    await eventually(lambda: _has(sessions, "last"))
    assert sorted(await rows(sessions, "SELECT what FROM effects")) == [("first",), ("last",)]


async def _has(sessions: Sessions, what: str) -> bool:
    return (what,) in await rows(sessions, "SELECT what FROM effects")


@pytest.mark.usefixtures("consuming")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "DeadLetter: unreadable body"),
        (b'{"specversion": "1.0"}', "ValidationError"),
        (status_event("never"), "DeadLetter: can never work"),
    ],
    ids=["unreadable", "invalid", "permanent"],
)
async def test_what_can_never_work_is_a_dead_letter_with_its_reason_and_holds_up_nothing(
    sessions: Sessions, channel: AbstractChannel, body: bytes, reason: str
) -> None:
    await send(channel, body)
    await send(channel, status_event("after"))
    await eventually(lambda: _has(sessions, "after"))
    dead = await take(channel, topology.dead_letters_of("chat"))
    assert dead.body == body
    assert str(dead.headers["reason"]).startswith(reason)
    assert dead.headers["queue"] == topology.queue_for("chat", LeadStatusChanged)
    assert "Traceback" in str(dead.headers["stack"]) or "Error" in str(dead.headers["stack"])


@pytest.mark.usefixtures("consuming")
async def test_what_is_not_ready_waits_in_the_first_delay_and_comes_back(channel: AbstractChannel) -> None:
    await send(channel, status_event("later"))
    waiting = topology.retry_of("chat", topology.RETRY_DELAYS_SECONDS[0])
    delayed = await take(channel, waiting)
    assert delayed.headers["attempt"] == 2
    assert delayed.routing_key == topology.queue_for("chat", LeadStatusChanged)
