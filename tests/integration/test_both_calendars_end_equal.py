"""Customers change their appointments here while staff change them in ShopMonkey: whatever arrives when, both end the same."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from booking.actions.access import ChatVisitor
from booking.actions.booking import Wanted, book
from booking.actions.changing import cancel_appointment, move_appointment
from booking.consumers import build_consumers as booking_consumers
from booking.deps import Deps as BookingDeps
from booking.domain.errors import BookingError
from booking.tables import Bay, LocationHours, LocationRules, Quote
from crm_sync.actions.polling import poll_appointments
from crm_sync.actions.syncing import work_off_due_tasks
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.clients.transport import Account
from crm_sync.consumers import build_consumers as crm_consumers
from crm_sync.deps import Deps as CrmDeps
from faststream.rabbit import RabbitRouter
from pydantic import SecretStr
from sandbox.server import Running, running
from sandbox.settings import Settings as SandboxSettings
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.db.time import database_now
from shared.events import (
    CONSUMES,
    EVENTS,
    Address,
    Consent,
    Contact,
    CrmChangeReceived,
    CrmRef,
    Event,
    LeadReceived,
    LocationChanged,
    ServiceName,
)
from shared.http.links import LinkPurpose
from shared.messaging.failures import RetryLater
from shared.messaging.outbox import envelope
from shared.messaging.topology import queue_for
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from testkit.doors import a_door
from testkit.secrets import KEY

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

TENANT = uuid4()
SHOPS = {"Store094": "sample-sm-094", "Store201": "sample-sm-201"}
LEADS = 5
STEPS = 60
HALF_AN_HOUR = timedelta(minutes=30)
QUIET_ROUNDS = 12
"""At most so many until nothing is under way any more."""

Open = Callable[[ServiceName], AbstractAsyncContextManager[str]]
Row = dict[str, Any]


TYPES = {event.type: event for event in EVENTS}


def parsed(body: bytes) -> Event[Any]:
    kind: Any = TYPES[json.loads(body)["type"]]
    return Event[kind].model_validate_json(body)


@dataclass
class Service:
    name: ServiceName
    sessions: Sessions
    router: RabbitRouter
    heard: int = 0

    @property
    def consumers(self) -> dict[str, Callable[[Event[Any]], Awaitable[None]]]:
        return {one.queue.name: one.calls[0].handler for one in self.router.subscribers}

    async def select(self, sql: str) -> list[Any]:
        async with transaction(self.sessions, TENANT) as session:
            return list((await session.execute(text(sql))).mappings())

    async def told(self) -> list[Event[Any]]:
        """What it has told since it was asked last."""
        rows = await self.select(f"SELECT id, body FROM outbox WHERE id > {self.heard} ORDER BY id")  # noqa: S608
        self.heard = rows[-1]["id"] if rows else self.heard
        return [parsed(row["body"]) for row in rows]


@dataclass
class World:
    """Two services with what is under way between them, ShopMonkey, and dice."""

    booking: Service
    crm: Service
    booking_deps: BookingDeps
    crm_deps: CrmDeps
    sandbox: Running
    control: httpx2.AsyncClient
    dice: random.Random
    webhooks: list[bytes]
    locations: dict[str, UUID]
    leads: list[UUID] = field(default_factory=list)
    under_way: list[tuple[Service, Event[Any]]] = field(default_factory=list)
    ahead: timedelta = timedelta(0)
    last_words: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    """What staff made of each record, as they left it the last time."""

    def tell(self, event: Event[Any]) -> None:
        for service in (self.booking, self.crm):
            if type(event.data) in CONSUMES[service.name]:
                self.under_way.append((service, event))

    async def gather_news(self, *, double: float = 0.0) -> None:
        for service in (self.booking, self.crm):
            for event in await service.told():
                self.tell(event)
                if self.dice.random() < double:
                    self.tell(event)
        while self.webhooks:
            self.tell(self.webhook_event(json.loads(self.webhooks.pop())))

    def webhook_event(self, body: Row) -> Event[Any]:
        known = {
            code: self.locations[code] for code in SHOPS if SHOPS[code] == body["data"].get("locationId")
        }
        fact = CrmChangeReceived(
            delivery_id=uuid4(),
            operation=body["operation"],
            table=body["table"],
            row=body["data"],
            received_at=database_now(),
        )
        location_id = next(iter(known.values()), self.locations["Store094"])
        return envelope(fact, tenant_id=TENANT, subject=location_id, location_id=location_id)

    async def deliver_one(self) -> None:
        service, event = self.under_way.pop(self.dice.randrange(len(self.under_way)))
        try:
            await service.consumers[queue_for(service.name, type(event.data))](event)
        except RetryLater:
            self.under_way.append((service, event))

    async def write(self) -> None:
        """Later each time, so that what was lost is looked for, too."""
        self.ahead += timedelta(minutes=2)
        while await work_off_due_tasks(self.crm_deps, database_now() + self.ahead):
            pass

    def our_rows(self) -> list[Row]:
        rows = self.sandbox.world.tables["appointment"].values()
        return [row for row in rows if (row["metadata"] or {}).get("source")]

    async def fault(self, vendor: str, **fault: Any) -> None:
        answer = await self.control.put(f"/control/faults/{vendor}", json=fault)
        assert answer.status_code == 200, answer.text


# What may happen


async def customer_books(world: World) -> None:
    lead_id = world.dice.choice(world.leads)
    quote_id = await new_quote(world, lead_id)
    with suppress(BookingError):
        wanted = Wanted(quote_id=quote_id, start=some_start(world))
        await book(world.booking_deps, ChatVisitor(TENANT, lead_id), wanted, uuid4().hex)


async def new_quote(world: World, lead_id: UUID) -> UUID:
    now = database_now()
    quote = Quote(
        tenant_id=TENANT,
        location_id=world.locations["Store094"],
        lead_id=lead_id,
        id=uuid4(),
        service_code="tint",
        service_name="Tint",
        vehicle=None,
        vehicle_class=None,
        lines=[],
        total_cents=39900,
        max_cents=None,
        kind="exact",
        duration_minutes=60,
        buffer_minutes=0,
        catalog_version=1,
        valid_until=now + timedelta(hours=48),
        created_at=now,
    )
    async with transaction(world.booking.sessions, TENANT) as session:
        session.add(quote)
    return quote.id


def some_start(world: World) -> datetime:
    """Few hours for many appointments, so that they meet."""
    day = (database_now() + timedelta(days=3)).replace(hour=18, minute=0, second=0, microsecond=0)
    return day + world.dice.randrange(10) * HALF_AN_HOUR


async def one_of_ours(world: World) -> Row | None:
    rows = await world.booking.select("SELECT * FROM appointments ORDER BY id")
    return world.dice.choice(rows) if rows else None


async def customer_moves(world: World, row: Row | None = None) -> None:
    row = row or await one_of_ours(world)
    if row is not None:
        with suppress(BookingError):
            visitor = ChatVisitor(TENANT, row["lead_id"])
            await move_appointment(world.booking_deps, visitor, row["id"], some_start(world))


async def customer_cancels(world: World) -> None:
    row = await one_of_ours(world)
    if row is not None:
        with suppress(BookingError):
            await cancel_appointment(world.booking_deps, ChatVisitor(TENANT, row["lead_id"]), row["id"], None)


async def both_at_once(world: World, ours: Row | None = None) -> None:
    """Staff's hand falls between our plan and our write."""
    ours = ours or await one_of_ours(world)
    if ours is None:
        return
    await customer_moves(world, ours)
    await world.gather_news()
    while world.under_way:
        await world.deliver_one()
    await staff_change(world, ours["id"])
    await world.write()


async def staff_change(world: World, our_id: UUID | None = None) -> None:
    rows = [
        row for row in world.our_rows() if our_id is None or row["metadata"]["appointment_id"] == str(our_id)
    ]
    if not rows:
        return
    row = world.dice.choice(rows)
    start, end = (datetime.fromisoformat(row[name]) for name in ("startDate", "endDate"))
    path = f"/control/shopmonkey/appointments/{row['id']}"
    by = world.dice.choice((-2, -1, 1, 2, 3)) * HALF_AN_HOUR
    off = row["confirmationStatus"] == "Declined"
    change: Row | None = None
    match world.dice.choice(("move", "move", "move", "resize", "cancel", "restore", "shop", "delete")):
        case "move":
            change = {"start": (start + by).isoformat(), "end": (end + by).isoformat()}
        case "resize":
            change = {"end": (start + abs(by)).isoformat()}
        case "cancel" | "restore":
            change = {"cancelled": not off}
        case "shop":
            change = {"location": world.dice.choice(list(SHOPS))}
        case "delete" if world.dice.random() < 0.4:
            await world.control.delete(path)
            world.last_words[row["id"]] = None
    if change is not None:
        world.last_words[row["id"]] = standing_there((await world.control.patch(path, json=change)).json())


async def staff_enter(world: World) -> None:
    start = some_start(world)
    entry = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    await world.control.post("/control/shopmonkey/appointments", json=entry)


async def something_arrives(world: World) -> None:
    await world.gather_news(double=0.3)
    for _ in range(world.dice.randrange(4)):
        if world.under_way:
            await world.deliver_one()


async def crm_sync_writes(world: World) -> None:
    await world.write()


async def crm_sync_polls(world: World) -> None:
    await poll_appointments(world.crm_deps)
    async with transaction(world.crm.sessions, TENANT) as session:  # the time until the next round
        await session.execute(
            text("UPDATE observations SET missing_since = missing_since - interval '10 minutes'")
        )


HAPPENINGS = (
    *[customer_books] * 3,
    *[customer_moves] * 3,
    customer_cancels,
    *[staff_change] * 5,
    *[both_at_once] * 2,
    staff_enter,
    *[something_arrives] * 8,
    *[crm_sync_writes] * 4,
    crm_sync_polls,
)


async def calm_down(world: World) -> None:
    """No more faults; everything arrives, in any order, until nobody has anything to say."""
    await world.fault("shopmonkey", mode="none")
    await world.fault("webhooks")
    for _ in range(QUIET_ROUNDS):
        await world.gather_news()
        quiet = not world.under_way
        while world.under_way:
            await world.deliver_one()
            await world.gather_news()
        await world.write()
        for _ in range(2):  # what the first does not find any more the second takes for gone
            await crm_sync_polls(world)
        await world.gather_news()
        if quiet and not world.under_way:
            return
    raise AssertionError("they never come to an end")


# What must be true then


async def assert_both_equal(world: World) -> None:
    refs = {row["our_id"]: row["crm_id"] for row in await world.crm.select("SELECT * FROM external_refs")}
    crm_locations = {world.locations[code]: crm_id for code, crm_id in SHOPS.items()}
    differences = []
    for ours in await world.booking.select("SELECT * FROM appointments"):
        theirs = world.sandbox.world.tables["appointment"].get(refs.get(ours["id"], ""))
        here = standing(
            ours["status"] == "booked", ours["starts_at"], ours["ends_at"], crm_locations[ours["location_id"]]
        )
        there = standing_there(theirs) if theirs else None
        if here != there:
            differences.append(
                {"id": str(ours["id"]), "here": here, "there": there, "sequence": ours["sequence"]}
            )
    assert not differences, json.dumps(differences, indent=1, default=str)


def standing(booked: bool, start: datetime, end: datetime, location: str) -> tuple[str, ...] | None:
    return (start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat(), location) if booked else None


def standing_there(row: Row) -> tuple[str, ...] | None:
    return standing(
        row["confirmationStatus"] != "Declined",
        datetime.fromisoformat(row["startDate"]),
        datetime.fromisoformat(row["endDate"]),
        row["locationId"],
    )


async def assert_staff_were_heard(world: World) -> None:
    """What they did last was told to the customer, who may have cancelled or, knowing it, moved since."""
    refs = {row["crm_id"]: row["our_id"] for row in await world.crm.select("SELECT * FROM external_refs")}
    crm_locations = {world.locations[code]: crm_id for code, crm_id in SHOPS.items()}
    told: dict[UUID, list[tuple[str, ...] | None]] = {}
    for event in await told_of_appointments(world):
        fact, booked = event.data, event.type != "appointment.cancelled.v1"
        place = crm_locations[event.location_id or world.locations["Store094"]]
        told.setdefault(fact.appointment_id, []).append(standing(booked, fact.start, fact.end, place))
    cancelled = await world.booking.select(
        "SELECT id FROM appointments WHERE status = 'cancelled' AND changed_by = 'customer'"
    )
    excused = {row["id"] for row in cancelled}
    unheard = {
        crm_id: (word, told[refs[crm_id]])
        for crm_id, word in world.last_words.items()
        if refs[crm_id] not in excused and word not in told[refs[crm_id]]
    }
    assert not unheard


async def told_of_appointments(world: World) -> list[Event[Any]]:
    rows = await world.booking.select("SELECT body FROM outbox WHERE type LIKE 'appointment.%' ORDER BY id")
    return [parsed(row["body"]) for row in rows]


async def assert_time_is_kept(world: World) -> None:
    """Whatever stands has its bay, or waits for one as a block; the database sees to it that no bay is sold twice."""
    homeless = await world.booking.select(
        "SELECT a.id FROM appointments a WHERE a.status = 'booked' AND NOT EXISTS (SELECT FROM occupancies o "
        "WHERE o.holder_id = a.id AND o.location_id = a.location_id AND o.starts_at <= a.starts_at AND o.ends_at >= a.ends_at) "
        "AND NOT (a.overbooked AND EXISTS (SELECT FROM external_appointments e WHERE e.id = a.id AND NOT e.deleted))"
    )
    stale = await world.booking.select(
        "SELECT o.id FROM occupancies o JOIN appointments a ON a.id = o.holder_id "
        "WHERE a.status = 'cancelled' OR o.starts_at < a.starts_at OR o.ends_at > a.ends_at"
    )
    assert (homeless, stale) == ([], [])


async def assert_told_each_change_once(world: World) -> None:
    told: dict[UUID, list[tuple[Any, ...]]] = {}
    sequences: dict[UUID, list[int]] = {}
    for event in await told_of_appointments(world):
        fact = event.data
        kind = "off" if event.type == "appointment.cancelled.v1" else "on"
        told.setdefault(fact.appointment_id, []).append((kind, fact.start, fact.end, event.location_id))
        sequences.setdefault(fact.appointment_id, []).append(fact.sequence)
    assert all(found == list(range(len(found))) for found in sequences.values())
    for changes in told.values():
        assert all(one != following for one, following in pairwise(changes)), changes


@pytest.mark.parametrize("seed", range(4))
async def test_concurrent_changes_in_any_order_end_equal_on_both_sides(
    migrated_database: Open, seed: int
) -> None:
    async with a_world(migrated_database, random.Random(seed)) as world:  # noqa: S311 - a seed that repeats
        for _ in range(4):
            await customer_books(world)
        await calm_down(world)
        await world.fault("webhooks", lose=0.3, double=0.3, late_seconds=0.02)
        await world.fault("shopmonkey", mode="status", status=503, after_commit=True, rate=0.15)
        for _ in range(STEPS):
            await world.dice.choice(HAPPENINGS)(world)
        for ours in await world.booking.select("SELECT * FROM appointments ORDER BY id"):
            await both_at_once(world, ours)

        await calm_down(world)

        await assert_both_equal(world)
        await assert_staff_were_heard(world)
        await assert_time_is_kept(world)
        await assert_told_each_change_once(world)
        by_shop = await world.booking.select('SELECT 1 FROM outbox WHERE body LIKE \'%"changed_by":"shop"%\'')
        assert by_shop, "staff did nothing: the test proves nothing"


# The world


@asynccontextmanager
async def a_world(migrated_database: Open, dice: random.Random) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        sessions: dict[ServiceName, Sessions] = {}
        for name in ("booking", "crm-sync"):
            engine = create_engine(await stack.enter_async_context(migrated_database(name)), pool_size=2)
            stack.push_async_callback(engine.dispose)
            sessions[name] = create_sessions(engine)
        webhooks: list[bytes] = []

        async def keep(request: Request) -> Response:
            """Our endpoint: it keeps what ShopMonkey sends and answers at once."""
            webhooks.append(await request.body())
            return Response(status_code=202)

        gateway = await stack.enter_async_context(a_door(keep))
        sandbox = await stack.enter_async_context(running(SandboxSettings(gateway_url=gateway)))
        key = SecretStr(sandbox.world.settings.shopmonkey_api_key)
        api = ShopMonkey(Account(base_url=f"{sandbox.url}/shopmonkey", api_key=key), httpx2.Timeout(5))
        stack.push_async_callback(api.close)
        control = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=sandbox.url, timeout=60, trust_env=False)
        )
        booking_deps = BookingDeps(
            sessions["booking"], "http://127.0.0.1", dict.fromkeys(LinkPurpose, (KEY,))
        )
        crm_deps = CrmDeps(sessions["crm-sync"], {"default": api})
        crm_router = crm_consumers(crm_deps, wake_worker=lambda: None, wake_calendar=lambda: None)
        world = World(
            booking=Service("booking", sessions["booking"], booking_consumers(booking_deps)),
            crm=Service("crm-sync", sessions["crm-sync"], crm_router),
            booking_deps=booking_deps,
            crm_deps=crm_deps,
            sandbox=sandbox,
            control=control,
            dice=dice,
            webhooks=webhooks,
            locations={code: uuid4() for code in SHOPS},
        )
        await open_shops(world)
        yield world


async def open_shops(world: World) -> None:
    for code, location_id in world.locations.items():
        location = LocationChanged(
            location_id=location_id,
            version=1,
            tenant_slug="sample-tint",
            tenant_name="Sample Tint",
            code=code,
            name=f"Sample Tint {code}",
            timezone="America/Los_Angeles",
            address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
            phone="+16195550194",
            email="store@sample-tint.example",
            crm_location_id=SHOPS[code],
        )
        world.tell(envelope(location, tenant_id=TENANT, subject=location_id, location_id=location_id))
        async with transaction(world.booking.sessions, TENANT) as session:
            place = {"tenant_id": TENANT, "location_id": location_id}
            session.add_all(Bay(**place, id=uuid4(), name=name, active=True) for name in ("A", "B"))
            session.add_all(
                LocationHours(**place, weekday=day, opens_minute=0, closes_minute=1440) for day in range(7)
            )
            session.add(LocationRules(**place, minimum_notice_minutes=0, horizon_days=60, grid_minutes=30))
    for _ in range(LEADS):
        await new_lead(world)
    while world.under_way:
        await world.deliver_one()


async def new_lead(world: World) -> None:
    lead_id, location_id = uuid4(), world.locations["Store094"]
    order = (await world.control.post("/control/leads", json={"webhook": False})).json()
    lead = LeadReceived(
        lead_id=lead_id,
        contact=Contact(name="Avery Sample", email="avery@example.com"),
        source="shopmonkey",
        external_ref=CrmRef(order_id=order["order_id"], customer_id=order["customer_id"]),
        consent=Consent(sms=True, email=True),
        received_at=database_now(),
    )
    world.leads.append(lead_id)
    world.tell(envelope(lead, tenant_id=TENANT, subject=lead_id, location_id=location_id, lead_version=1))
