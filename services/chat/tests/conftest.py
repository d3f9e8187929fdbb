"""A chat on a real database, and a booking desk that answers in booking's own shapes over HTTP."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx2
import pytest
from chat.actions.conversations import keep_catalog, keep_lead, keep_location, open_conversation
from chat.actions.messages import Received, Written, receive_message
from chat.actions.offline import OfflineAssistant
from chat.actions.online import Doubts
from chat.clients.booking import BookingClient
from chat.clients.claims import LocalClaimDetector
from chat.clients.feed import Feed
from chat.deps import Deps, OpenStreams
from chat.limits import LIMITS
from chat.schedule import AnsweringClock
from chat.tables import ChatMessage, Conversation
from shared.db.engine import Sessions, asyncpg_url, create_engine, create_sessions, transaction
from shared.db.time import database_now
from shared.events import (
    Address,
    CatalogChanged,
    CatalogService,
    ClassPrice,
    Consent,
    Contact,
    Event,
    EventData,
    LeadReceived,
    LocationChanged,
    Price,
    Vehicle,
)
from shared.http.limits import Limits, windows_of
from shared.http.links import Link
from shared.messaging.inbox import once
from sqlalchemy import select, text
from testkit.secrets import KEY

TENANT = UUID("00000000-0000-4000-8000-000000000001")
LOCATION = UUID("00000000-0000-4000-8000-000000000002")
ZONE = "America/Los_Angeles"
KEYS = [KEY]

CIVIC = {"year": 2021, "make": "Honda", "model": "Civic", "vehicle_class": "sedan"}

CATALOG = CatalogChanged(
    location_id=LOCATION,
    version=3,
    services=(
        CatalogService(
            id="1",
            code="ceramic-full",
            name="Ceramic Window Tint",
            name_es="Polarizado cerámico",
            description="Ceramic film on all windows; blocks heat.",
            family="windows",
            tier="ceramic",
            synonyms=("ceramic", "ceramic tint", "full tint"),
            price=Price(kind="exact", amount_cents=44900),
            class_prices=(
                ClassPrice(vehicle_class="sedan", amount_cents=44900),
                ClassPrice(vehicle_class="suv", amount_cents=52900),
            ),
            duration_minutes=180,
        ),
        CatalogService(
            id="2",
            code="tint-removal",
            name="Tint Removal",
            description="Sample",
            synonyms=("removal", "remove tint"),
            price=Price(kind="exact", amount_cents=15000),
            duration_minutes=90,
        ),
        CatalogService(
            id="3",
            code="carbon-full",
            name="Carbon Window Tint",
            description="Carbon film on all windows; does not fade.",
            family="windows",
            tier="carbon",
            price=Price(kind="from", amount_cents=29900),
            class_prices=(ClassPrice(vehicle_class="suv", amount_cents=34900),),
            duration_minutes=150,
        ),
    ),
    vehicle_classes=("coupe", "sedan", "suv", "truck", "van"),
)


DOUBTS = Doubts(LocalClaimDetector(), from_chance=0.4)
"""As in the settings, without a judge: what is in doubt is dropped."""


def event_of(data: EventData, **attributes: object) -> Event:
    return Event.model_validate(
        {
            "id": uuid4(),
            "type": data.type,
            "source": data.publisher,
            "subject": str(uuid4()),
            "time": datetime.now(UTC),
            "tenant_id": TENANT,
            "location_id": LOCATION,
            "correlation_id": "sample-correlation",
            "lead_version": 1,
            **attributes,
            "data": data,
        }
    )


def label(start: datetime) -> str:
    local = start.astimezone(ZoneInfo(ZONE))
    return f"{local:%a, %b} {local.day}, {local.hour % 12 or 12}:{local:%M %p} {local:%Z}"


def _workdays(day: date) -> list[dict[str, str]]:
    """Closed on Sundays."""
    return [{"opens": "09:00", "closes": "18:00"}] if day.weekday() < 6 else []


@dataclass
class BookingDesk:
    """Answers like booking. `away`: nobody there. `slow`: it is done, and the answer comes too late. `opens_next`: the shop is closed until then. `spans`: a day's hours. `taken`: starts that somebody else has got. `quoted_as`: what booking says beside, of the car and the kind of price."""

    days: int = 5
    hours: tuple[int, ...] = (10, 14)
    away: bool = False
    slow: bool = False
    spans: Callable[[date], list[dict[str, str]]] = _workdays
    opens_next: str | None = None
    taken: set[datetime] = field(default_factory=set)
    refusal: str = "slot_taken"
    quoted_as: dict[str, object] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, object], str | None]] = field(default_factory=list)
    appointments: dict[str, dict[str, object]] = field(default_factory=dict)
    quotes: dict[str, dict[str, object]] = field(default_factory=dict)
    holds: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    on_call: Callable[[str, str], None] = lambda _method, _path: None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/booking")
        body = json.loads(request.content or b"null") or dict(request.url.params)
        self.calls.append((request.method, path, body, request.headers.get("idempotency-key")))
        self.on_call(request.method, path)
        if self.away:
            raise httpx2.ConnectError("away", request=request)
        answer = self._answer(request, path, body)
        if self.slow:
            raise httpx2.ReadTimeout("late", request=request)
        return answer

    def _answer(self, request: httpx2.Request, path: str, body: dict[str, object]) -> httpx2.Response:
        match request.method, path:
            case "POST", "/quotes":
                return self._quote(body)
            case "GET", "/slots":
                return httpx2.Response(200, json={"timezone": ZONE, "slots": self._open(body)})
            case "GET", "/hours":
                return httpx2.Response(200, json=self._hours(request.url.params.get("from")))
            case "POST", "/holds":
                return self._hold(body)
            case "POST", "/appointments":
                return self._book(body, request.headers["idempotency-key"])
            case _:
                return self._change(path, body)

    def starts(self) -> list[datetime]:
        first = datetime.now(ZoneInfo(ZONE)).replace(minute=0, second=0, microsecond=0)
        days = [first + timedelta(days=n) for n in range(1, self.days + 1)]
        return [s for day in days for hour in self.hours if (s := day.replace(hour=hour)) not in self.taken]

    def slots(self) -> list[dict[str, str]]:
        return [_slot(start) for start in self.starts()]

    def _open(self, asked: dict[str, object]) -> list[dict[str, str]]:
        first = date.fromisoformat(str(asked["from"]))
        last = first + timedelta(days=int(str(asked["days"])) - 1)
        return [_slot(start) for start in self.starts() if first <= start.date() <= last]

    def _hours(self, first_day: str | None) -> dict[str, object]:
        first = date.fromisoformat(first_day) if first_day else datetime.now(ZoneInfo(ZONE)).date()
        days = [first + timedelta(days=n) for n in range(7)]
        answer = [{"date": str(d), "spans": self.spans(d), "note": None} for d in days]
        next_ = {"open_now": self.opens_next is None, "opens_next": self.opens_next}
        return {"timezone": ZONE, **next_, "days": answer}

    def _quote(self, body: dict[str, object]) -> httpx2.Response:
        service = next((s for s in CATALOG.services if s.code == body["service"]), None)
        if service is None:
            return httpx2.Response(422, json={"code": "unknown_service", "detail": "no such service"})
        prices = {p.vehicle_class: p.amount_cents for p in service.class_prices}
        cents = prices.get(str(body.get("vehicle_class")), service.price.amount_cents)
        answer = {
            "id": str(uuid4()),
            "service": service.model_dump(include={"code", "name", "name_es"}),
            "vehicle": self._car(body),
            "vehicle_class": body.get("vehicle_class"),
            "lines": [{"label": service.name, "amount_cents": cents}],
            "total_cents": cents,
            "kind": "exact",
            "valid_until": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
            "catalog_version": 3,
            **self.quoted_as,
        }
        self.quotes[str(answer["id"])] = answer
        return httpx2.Response(201, json=answer)

    def _car(self, body: dict[str, object]) -> dict[str, object] | None:
        """The one that is named, else the lead's own; another class is another car."""
        vehicle_class = body.get("vehicle_class")
        if isinstance(vehicle := body.get("vehicle"), dict):
            return {**vehicle, "vehicle_class": vehicle_class}
        return CIVIC if vehicle_class in {None, "sedan"} else {"vehicle_class": vehicle_class}

    def _refused(self) -> httpx2.Response:
        body = {"code": self.refusal, "detail": "not then", "alternatives": self.slots()[:3]}
        return httpx2.Response(409 if self.refusal == "slot_taken" else 422, json=body)

    def _hold(self, body: dict[str, object]) -> httpx2.Response:
        start = datetime.fromisoformat(str(body["start"]))
        if start in self.taken:
            return self._refused()
        hold_id = str(uuid4())
        self.holds[hold_id] = (str(body["quote_id"]), start)
        expires_at = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
        return httpx2.Response(201, json={"id": hold_id, **_span(start), "expires_at": expires_at})

    def _book(self, body: dict[str, object], key: str) -> httpx2.Response:
        if key in self.appointments:
            return httpx2.Response(201, json=self.appointments[key])
        if "hold_id" in body:
            quote_id, start = self.holds[str(body["hold_id"])]
        else:
            quote_id, start = str(body["quote_id"]), datetime.fromisoformat(str(body["start"]))
        if start in self.taken:
            return self._refused()
        quote = self.quotes[quote_id]
        self.appointments[key] = {
            "id": str(uuid4()),
            "number": "S-1001",
            "status": "booked",
            **_span(start),
            "timezone": ZONE,
            "service": quote["service"],
            "vehicle": quote["vehicle"],
            "total_cents": quote["total_cents"],
            "price": {
                "kind": quote["kind"],
                "amount_cents": quote["total_cents"],
                "max_cents": quote.get("max_cents"),
            },
            "location": {"name": "Sample Tint San Diego", "address": "1 Sample St", "phone": "+16195550100"},
            "manage_url": "http://127.0.0.1/m/sample",
        }
        return httpx2.Response(201, json=self.appointments[key])

    def _change(self, path: str, body: dict[str, object]) -> httpx2.Response:
        known = next(a for a in self.appointments.values() if str(a["id"]) in path)
        if path.endswith("/cancel"):
            known["status"] = "cancelled"
        if path.endswith("/move"):
            known.update(_span(datetime.fromisoformat(str(body["start"]))))
        return httpx2.Response(200, json=known)


def _span(start: datetime) -> dict[str, str]:
    local = start.astimezone(ZoneInfo(ZONE))
    return {"start": local.isoformat(), "end": (local + timedelta(hours=3)).isoformat()}


def _slot(start: datetime) -> dict[str, str]:
    return {**_span(start), "label": label(start)}


@dataclass
class Chat:
    """A conversation seen from the customer's side, answered by the real clock."""

    deps: Deps
    clock: AnsweringClock
    desk: BookingDesk
    lead: Link

    async def write(self, words: str, client_id: str | None = None) -> Received:
        return await receive_message(self.deps, self.lead, Written(client_id or str(uuid4()), text=words))

    async def press(self, action: str) -> Received:
        return await receive_message(self.deps, self.lead, Written(str(uuid4()), action=action))

    async def answer_to(self, words: str) -> ChatMessage:
        await self.write(words)
        return await self.answered()

    async def answer_to_press(self, action: str) -> ChatMessage:
        await self.press(action)
        return await self.answered()

    async def answered(self) -> ChatMessage:
        assert await self.clock.drain() == 1
        return (await self.messages())[-1]

    async def messages(self) -> list[ChatMessage]:
        async with transaction(self.deps.sessions, TENANT) as session:
            rows = await session.scalars(
                select(ChatMessage)
                .where(ChatMessage.conversation_id == (await self.row()).id)
                .order_by(ChatMessage.seq)
            )
            return list(rows.all())

    async def row(self) -> Conversation:
        async with transaction(self.deps.sessions, TENANT) as session:
            return (
                await session.scalars(
                    select(Conversation).where(Conversation.lead_id == self.lead.subject_id)
                )
            ).one()

    async def published(self, kind: str) -> list[dict[str, object]]:
        """The `data` of the events of that type in the outbox, in order."""
        async with transaction(self.deps.sessions, TENANT) as session:
            rows = await session.execute(
                text("SELECT body FROM outbox WHERE type = :type ORDER BY id"), {"type": kind}
            )
            return [json.loads(body)["data"] for (body,) in rows]

    async def greet(self, event: Event) -> None:
        await once(self.deps.sessions, event, keep_lead)
        await self.consume(event, open_conversation)

    async def consume(self, event: Event, effect: Callable) -> bool:
        async def consumer(session: object, delivered: Event) -> None:
            await effect(self.deps, session, delivered)

        consumer.__name__ = effect.__name__
        return await once(self.deps.sessions, event, consumer)


@pytest.fixture
async def database_url(
    migrated_database: Callable[[str], AbstractAsyncContextManager[str]],
) -> AsyncIterator[str]:
    async with migrated_database("chat") as url:
        yield url


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture
def services() -> tuple[CatalogService, ...]:
    return CATALOG.services


@pytest.fixture
def desk() -> BookingDesk:
    return BookingDesk()


@pytest.fixture
async def deps(sessions: Sessions, database_url: str, desk: BookingDesk) -> AsyncIterator[Deps]:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(desk), base_url="http://booking")
    yield Deps(
        sessions=sessions,
        booking=BookingClient(http, KEYS, database_now),
        feed=Feed(asyncpg_url(database_url)),
        link_keys=KEYS,
        now=database_now,
        limits=Limits(sessions, windows_of(LIMITS), secret="of-the-tests"),
        streams=OpenStreams(
            dict.fromkeys(
                ("streams_per_lead", "streams_per_member", "streams_per_ip", "streams_per_tenant", "streams"),
                100,
            )
        ),
        quiet_seconds=0,
        answer_seconds=1,
    )
    await http.aclose()


@pytest.fixture
def lead_received() -> LeadReceived:
    return LeadReceived(
        lead_id=uuid4(),
        contact=Contact(name="Sample Person", email="sample@example.com"),
        vehicle=Vehicle.model_validate(CIVIC),
        interest="Ceramic Window Tint",
        source="shopmonkey",
        consent=Consent(sms=True, email=True),
        received_at=datetime.now(UTC),
    )


@pytest.fixture
async def replicas(sessions: Sessions) -> None:
    location = LocationChanged(
        location_id=LOCATION,
        version=1,
        tenant_slug="sample-tint",
        tenant_name="Sample Tint",
        code="Store094",
        name="Sample Tint San Diego",
        timezone=ZONE,
        address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
        phone="+16195550100",
        email="shop@example.com",
    )
    await once(sessions, event_of(location), keep_location)
    await once(sessions, event_of(CATALOG), keep_catalog)


@pytest.fixture
def open_chat(
    deps: Deps, desk: BookingDesk, replicas: None
) -> Callable[[LeadReceived], Coroutine[None, None, Chat]]:
    """A lead just greeted, as often as wanted."""

    async def opened(lead: LeadReceived) -> Chat:
        chat = Chat(deps, AnsweringClock(deps, [OfflineAssistant()]), desk, Link(TENANT, lead.lead_id))
        await chat.greet(event_of(lead))
        return chat

    return opened


@pytest.fixture
async def chat(
    open_chat: Callable[[LeadReceived], Coroutine[None, None, Chat]], lead_received: LeadReceived
) -> Chat:
    return await open_chat(lead_received)


@pytest.fixture
def new_event() -> Callable[..., Event]:
    return event_of
