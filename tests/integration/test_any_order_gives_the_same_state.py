"""Events may come in any order and any number of times: every service ends in the same state."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from booking.consumers import build_consumers as booking_consumers
from booking.deps import Deps as BookingDeps
from booking.tables import Bay
from booking.tables import Table as BookingTable
from chat.clients.booking import BookingClient
from chat.clients.feed import Feed
from chat.consumers import build_consumers as chat_consumers
from chat.deps import Deps as ChatDeps
from chat.deps import OpenStreams
from chat.limits import LIMITS as CHAT_LIMITS
from chat.tables import Table as ChatTable
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.clients.transport import Account
from crm_sync.consumers import build_consumers as crm_consumers
from crm_sync.deps import Deps as CrmDeps
from crm_sync.tables import Table as CrmTable
from faststream.rabbit import RabbitRouter
from ingest.actions.receive import lead_id_of
from ingest.consumers import build_consumers as ingest_consumers
from ingest.deps import Deps as IngestDeps
from ingest.sealing import Sealer
from ingest.tables import Lead, LeadSourceRow, Location, Tenant
from ingest.tables import Table as IngestTable
from notifier.app import build_sender
from notifier.consumers import build_consumers as notifier_consumers
from notifier.settings import Settings as NotifierSettings
from notifier.tables import Table as NotifierTable
from pydantic import SecretStr
from sandbox.server import Running, running
from sandbox.settings import Settings as SandboxSettings
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.db.time import database_now
from shared.events import CONSUMES, CONTENT_TYPE, SERVICES, Event, PersonErasureRequested, ServiceName
from shared.http.limits import Limits, windows_of
from shared.messaging import failures
from shared.messaging.broker import Messaging
from shared.messaging.failures import RetryLater
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.relay import Relay
from shared.messaging.topology import EVENTS_EXCHANGE, RETRY_DELAYS_SECONDS, queue_for
from shared.settings import ServiceSettings
from shared.telemetry.metrics import EVENTS_CONSUMED
from sqlalchemy import text
from testkit.history import LOCATIONS, STATUS_COLUMNS, TENANT, History, Life, form_lead_id, recorded
from testkit.patience import eventually
from testkit.secrets import KEY

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(300)]

LEADS = 50
ORDERS = 8
"""So many of them stand in the sandbox's ShopMonkey, where crm-sync looks them up."""
AT_ONCE = 8
KEPT_CONNECTIONS = 2
"""Of each service here: the whole system may run beside it, on a PostgreSQL that takes 100 connections."""
TRIES = 20
"""Through the broker an event waits for another that waits itself; each time for the shortest of the delays."""
FORMS_AT = datetime(2026, 1, 1, tzinfo=UTC)

Row = dict[str, Any]
State = dict[str, list[str]]
Consumers = dict[str, Callable[[Event[Any]], Awaitable[None]]]
Open = Callable[[ServiceName], AbstractAsyncContextManager[str]]

TABLES = {
    "ingest": IngestTable,
    "chat": ChatTable,
    "booking": BookingTable,
    "crm-sync": CrmTable,
    "notifier": NotifierTable,
}

HISTORY_OF_THE_WAY = {
    # A step that comes late is not taken: which facts a service told, and which it wrote down on the way, depends on the order.
    "outbox",
    "lead_status_changes",
}

MADE_ANEW: Mapping[str, set[str]] = {
    "inbox": {"processed_at"},
    # ingest
    "ingest.leads": {"version"},  # counts the steps taken
    "ingest.lead_sources": {"id"},
    # chat: what was said and offered to the customer is of its moment, see `_said_elsewhere`
    "chat.conversations": {
        *("id", "created_at", "next_seq", "answer_due_at", "last_at", "waiting_since"),
        "service",  # matched with the catalogue that was known when the conversation began
    },
    "chat.handoffs": {"id", "conversation_id", "requested_at", "taken_at"},
    "chat.said_words": {"conversation_id"},
    # booking
    "booking.bays": {"id"},
    "booking.external_appointments": {"id"},
    "booking.technicians": {"id"},
    "booking.time_off": {"technician_id"},
    "booking.occupancies": {"id", "holder_id", "bay_id", "technician_id"},  # any that are free
    # crm-sync
    "crm.observations": {"observed_at"},
    "crm.external_refs": {"id"},
    "crm.sync_tasks": {"id", "position", "due_at", "created_at"},
    # notifier: of several reasons to stop, the one heard first is noted
    "notify.leads": {"stopped_at", "stopped_reason", "engaged_at"},
    "notify.touch_points": {"id", "reason"},
    "notify.deliveries": {"id", "reason", "created_at", "due_at", "payload", "lead_version"},
}


def _counts(table: str, row: Row) -> bool:
    """False for rows that are history of the way, too."""
    match table:
        case "chat.chat_messages":
            return row["author"] in {"customer", "staff"}
        case "crm.sync_tasks":
            # Planned while the location is unknown, skipped once it is known.
            return row["kind"] != "status" or row["payload"]["status"] in STATUS_COLUMNS
        case "notify.deliveries":
            # What will never be sent is not written down when its reason to be suppressed is heard first.
            # Of the staff, those are told who are known to work there at that moment.
            return row["state"] != "suppressed" and not row["address"].startswith("member")
        case _:
            return True


def _comparable(table: str, row: Row) -> Row:
    if table == "chat.chat_messages":
        return {name: row[name] for name in ("author", "channel", "client_id", "text")}
    if table == "notify.leads":
        row = row | {"stopped": row["stopped_reason"] is not None, "engaged": row["engaged_at"] is not None}
    if table == "notify.consents":
        row = {name: row[name] for name in ("channel", "address", "permission")}
    left_out = MADE_ANEW.get(table, set()) | MADE_ANEW.get(table.partition(".")[2], set())
    return {name: value for name, value in row.items() if name not in left_out}


@dataclass
class Service:
    name: ServiceName
    database_url: str
    sessions: Sessions
    router: RabbitRouter
    consumers: Consumers
    late: list[Event[Any]] = field(default_factory=list)

    async def feed(self, events: list[Event[Any]]) -> None:
        """An event that must wait comes back after the others, as from the retry queues."""
        waiting = [event for event in events if queue_for(self.name, type(event.data)) in self.consumers]
        while waiting:
            self.late = []
            slots = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._one(event, slots) for event in waiting))
            assert len(self.late) < len(waiting), [event.type for event in self.late]
            waiting = self.late

    async def _one(self, event: Event[Any], slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                await self.consumers[queue_for(self.name, type(event.data))](event)
            except RetryLater:
                self.late.append(event)

    async def state(self) -> State:
        async with transaction(self.sessions, TENANT) as session:
            found: dict[str, list[Row]] = {}
            for table in TABLES[self.name].metadata.sorted_tables:
                if table.name not in HISTORY_OF_THE_WAY:
                    rows = await session.execute(text(f"SELECT to_jsonb(t) FROM {table.fullname} t"))  # noqa: S608
                    found[table.fullname] = list(rows.scalars())
        found["notify.consents"] = _standing(found.get("notify.consents", []))
        return {
            table: sorted(
                json.dumps(_comparable(table, row), sort_keys=True) for row in rows if _counts(table, row)
            )
            for table, rows in found.items()
        }


def _standing(consents: list[Row]) -> list[Row]:
    """A ledger: the newest word on an address is what counts (without one: a word kept until it is known)."""
    newest = {(row["channel"], row["address"]): row for row in sorted(consents, key=lambda row: row["at"])}
    return [row for row in newest.values() if row["address"]]


def _by_queue(name: ServiceName, router: RabbitRouter) -> Consumers:
    found = {subscriber.queue.name: subscriber.calls[0].handler for subscriber in router.subscribers}
    assert set(found) == {queue_for(name, event) for event in CONSUMES[name]}
    return found


@asynccontextmanager
async def services(
    migrated_database: Open, sandbox: Running, lives: list[Life]
) -> AsyncIterator[list[Service]]:
    """All five, each with a fresh database."""
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(migrated_database(name)) for name in SERVICES}
        sessions: dict[ServiceName, Sessions] = {}
        for name, url in urls.items():
            engine = create_engine(url, pool_size=KEPT_CONNECTIONS)
            stack.push_async_callback(engine.dispose)
            sessions[name] = create_sessions(engine)
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url="http://127.0.0.1:9"))
        key = SecretStr(sandbox.world.settings.shopmonkey_api_key)
        api = ShopMonkey(Account(base_url=f"{sandbox.url}/shopmonkey", api_key=key))
        stack.push_async_callback(api.close)
        notifier, _ = build_sender(_notifier_settings(), sessions["notifier"])
        stack.push_async_callback(notifier.twilio.close)
        routers = {
            "ingest": ingest_consumers(IngestDeps(sessions["ingest"], Sealer([KEY]), SecretStr(KEY))),
            "chat": chat_consumers(
                ChatDeps(
                    sessions["chat"],
                    BookingClient(http, ["sample"], database_now),
                    Feed(urls["chat"]),
                    ["sample"],
                    database_now,
                    Limits(
                        sessions["chat"],
                        windows_of(CHAT_LIMITS, {"inbound_per_sender": "off"}),
                        secret="of-the-tests",
                    ),
                    OpenStreams({}),
                )
            ),
            "booking": booking_consumers(BookingDeps(sessions["booking"], "http://127.0.0.1", ("sample",))),
            "crm-sync": crm_consumers(
                CrmDeps(sessions["crm-sync"], {"default": api}),
                wake_worker=lambda: None,
                wake_calendar=lambda: None,
            ),
            "notifier": notifier_consumers(notifier),
        }
        await _set_up(sessions, lives)
        yield [
            Service(name, urls[name], sessions[name], routers[name], _by_queue(name, routers[name]))
            for name in SERVICES
        ]


def _notifier_settings() -> NotifierSettings:
    unused = {"database_url": "postgresql://unused:unused@127.0.0.1/unused", "rabbitmq_url": "amqp://unused"}
    return NotifierSettings.model_validate(
        {
            **unused,
            "limits": {"pages_per_lead": "off"},
            **dict.fromkeys(
                (
                    "link_keys_chat",
                    "link_keys_unsubscribe",
                    "link_keys_reply",
                    "link_keys_login",
                    "person_key",
                ),
                KEY,
            ),
        }
    )


async def _set_up(sessions: Mapping[ServiceName, Sessions], lives: list[Life]) -> None:
    """What no event tells: ingest's own locations and web forms, booking's bays."""
    async with transaction(sessions["ingest"], TENANT) as session:
        session.add(
            Tenant(
                id=TENANT,
                slug="sample-tint",
                name="Sample Tint",
                webhook_secrets=[],
                site_keys=[],
                demo_mode=False,
                allow_list=[],
                text_countries=["US", "CA"],
                crm_account="default",
                crm_lead_rule={},
            )
        )
        await session.flush()
        for number, location_id in enumerate(LOCATIONS):
            session.add(_ingest_location(number, location_id))
        await session.flush()
        forms = [life for life in lives if life.by_form]
        session.add_all([_form_lead(life) for life in forms])
        await session.flush()
        session.add_all([_form_trace(life) for life in forms])
    async with transaction(sessions["booking"], TENANT) as session:
        session.add_all(
            Bay(tenant_id=TENANT, location_id=location_id, id=uuid4(), name=name, active=True)
            for location_id in LOCATIONS
            for name in ("A", "B")
        )


def _ingest_location(number: int, location_id: UUID) -> Location:
    return Location(
        tenant_id=TENANT,
        id=location_id,
        code=f"Store{number:03}",
        name=f"Sample Tint {number}",
        timezone="America/Los_Angeles",
        address={},
        phone="+16195550194",
        email="store@sample-tint.example",
        switches={"enabled": True},
    )


def _form_lead(life: Life) -> Lead:
    return Lead(
        tenant_id=TENANT,
        location_id=life.location_id,
        id=life.lead_id,
        **life.contact.model_dump(),
        source="web_form",
        consent_sms=True,
        consent_email=True,
        correlation_id="form",
        received_at=FORMS_AT,
        active_at=FORMS_AT,
    )


def _form_trace(life: Life) -> LeadSourceRow:
    seen = {
        "contact": life.contact.model_dump(),
        "vehicle": None,
        "interest": None,
        "message": None,
        "ref": None,
    }
    return LeadSourceRow(
        tenant_id=TENANT,
        location_id=life.location_id,
        id=life.id("form"),
        lead_id=life.lead_id,
        trace="form",
        seen_at=FORMS_AT,
        seen=seen,
        consent={"sms": True, "email": True},
    )


async def fifty_lives(sandbox: Running) -> list[Life]:
    lives = []
    for number in range(LEADS):
        location_id, order_id, order = LOCATIONS[number % 3], f"order-{number}", None
        by_form = number % 3 == 2
        if number % 3 == 0 and number < 3 * ORDERS:
            order = await _order_in_the_crm(sandbox)
            order_id = order["id"]
        lead_id = form_lead_id(number) if by_form else lead_id_of(TENANT, location_id, order_id)
        lives.append(Life(number, lead_id, location_id, order_id, by_form, order))
    return lives


async def _order_in_the_crm(sandbox: Running) -> Row:
    async with httpx2.AsyncClient(base_url=sandbox.url, timeout=60, trust_env=False) as control:
        created = (await control.post("/control/leads", json={"webhook": False})).json()
    return dict(sandbox.world.tables["order"][created["order_id"]])


@pytest.fixture(scope="module")
async def shopmonkey() -> AsyncIterator[Running]:
    async with running(SandboxSettings(gateway_url="http://127.0.0.1:9")) as sandbox:
        yield sandbox


async def _lived(
    migrated_database: Open, sandbox: Running, lives: list[Life], events: list[Event[Any]]
) -> dict[ServiceName, State]:
    async with services(migrated_database, sandbox, lives) as all_five:
        await asyncio.gather(*(service.feed(events) for service in all_five))
        return {service.name: await service.state() for service in all_five}


@pytest.fixture(scope="module")
async def life(
    migrated_database: Open, shopmonkey: Running
) -> tuple[list[Life], History, dict[ServiceName, State]]:
    """What happened, and how every service stands after it happened in that order."""
    lives = await fifty_lives(shopmonkey)
    history = recorded(lives)
    return lives, history, await _lived(migrated_database, shopmonkey, lives, history.events)


def test_the_history_tells_every_event_that_anybody_consumes(life: Any) -> None:
    _, history, _ = life
    consumed = {event.type for events in CONSUMES.values() for event in events}
    # After it nothing of the lead is left to compare: test_an_erased_person_leaves_no_trace.py.
    consumed -= {PersonErasureRequested.type}
    assert {event.type for event in history.events} == consumed


@pytest.mark.parametrize("seed", [1, 2])
async def test_shuffled_and_doubled_events_lead_to_the_same_state(
    life: Any, migrated_database: Open, shopmonkey: Running, seed: int
) -> None:
    lives, history, in_order = life
    events = history.events * 2
    random.Random(seed).shuffle(events)  # noqa: S311 - a seed that repeats is what is wanted

    shuffled = await _lived(migrated_database, shopmonkey, lives, events)

    assert_same(in_order, shuffled, seed)


async def test_the_same_through_the_broker(
    life: Any,
    migrated_database: Open,
    shopmonkey: Running,
    broker_accounts: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With real queues, prefetch, retries and acks: shuffled and doubled, at all five services at once."""
    lives, history, in_order = life
    events = history.events * 2
    random.Random(3).shuffle(events)  # noqa: S311 - as above
    monkeypatch.setattr(Relay, "run", _says_nothing)
    monkeypatch.setattr(failures, "RETRY_DELAYS_SECONDS", (RETRY_DELAYS_SECONDS[0],) * TRIES)

    async with services(migrated_database, shopmonkey, lives) as all_five:
        await publish(broker_accounts["ops"], events)
        before = worked_off()
        async with listening(all_five, broker_accounts):
            wanted = before + Counter(
                queue_for(service, type(event.data))
                for event in events
                for service in SERVICES
                if type(event.data) in CONSUMES[service]
            )
            await eventually(lambda: asyncio.sleep(0, worked_off() >= wanted), within_seconds=150)
        through_the_broker = {service.name: await service.state() for service in all_five}

    assert_same(in_order, through_the_broker, 3)


async def _says_nothing(_: Relay) -> None:
    """What an effect publishes is in the history already."""
    await asyncio.Event().wait()


@asynccontextmanager
async def listening(all_five: list[Service], accounts: Mapping[str, str]) -> AsyncIterator[None]:
    """Each with its own account; ends when what is in hand is worked off."""
    async with AsyncExitStack() as stack:
        for service in all_five:
            settings = ServiceSettings(
                database_url=service.database_url,
                rabbitmq_url=accounts[service.name],
                port=0,
            )
            messaging = Messaging(settings, service.name, service.router)
            await stack.enter_async_context(messaging.running())
            await eventually(lambda one=messaging: asyncio.sleep(0, one.ready), within_seconds=60)
        yield


async def publish(rabbitmq_url: str, events: list[Event[Any]]) -> None:
    waiting = iter(events)

    async def work(publisher: Publisher) -> None:
        for event in waiting:
            await publisher.publish(
                EVENTS_EXCHANGE,
                event.type,
                event.to_json(),
                message_id=str(event.id),
                content_type=CONTENT_TYPE,
            )

    async with open_publisher(rabbitmq_url, "test") as publisher:
        await asyncio.gather(*(work(publisher) for _ in range(AT_ONCE)))


def worked_off() -> Counter[str]:
    """Deliveries by queue; one that was put off counts when it is done."""
    [family] = EVENTS_CONSUMED.collect()
    return Counter(
        {
            sample.labels["queue"]: int(sample.value)
            for sample in family.samples
            if sample.name.endswith("_total") and sample.labels["outcome"] == "done"
        }
    )


def assert_same(in_order: dict[ServiceName, State], other: dict[ServiceName, State], seed: int) -> None:
    differences = {
        table: [row for row in rows if row not in other[service][table]][:3]
        + [f"instead {row}" for row in other[service][table] if row not in rows][:3]
        for service in SERVICES
        for table, rows in in_order[service].items()
        if other[service][table] != rows
    }
    assert not differences, json.dumps({"seed": seed, **differences}, indent=1)
