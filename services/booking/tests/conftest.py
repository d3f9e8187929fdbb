"""One sample shop with two bays, its catalogue, its leads, and booking's endpoints on a real PostgreSQL."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from booking.actions import replicating
from booking.api import build_api
from booking.api_admin import build_admin_api
from booking.api_staff import build_staff_api
from booking.deps import Deps
from booking.settings import Settings
from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions, transaction
from shared.events import Address, Consent, Contact, Event, LeadReceived, LocationChanged, Switches, Vehicle
from shared.http.app import create_app
from shared.http.limits import Limits
from shared.http.links import Link, LinkPurpose, mint
from shared.messaging.broker import Messaging
from shared.messaging.inbox import once
from shared.messaging.outbox import envelope
from shared.staff_sessions import public_key
from sqlalchemy import text
from testkit.secrets import AS_OPERATOR, KEY, OPERATORS

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""Monday, 9 AM in San Diego."""

KEYS = (KEY,)
OPS = AS_OPERATOR
ADDRESS = Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101")
HOURS = {
    "hours": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "closures": [{"date": "2026-11-26", "note": "Thanksgiving"}],
    "bays": ["Bay 1", "Bay 2"],
}
CERAMIC = {
    "row": 1,
    "location": "",
    "code": "ceramic-full",
    "name": "Full car ceramic tint",
    "name_es": "Polarizado cerámico",
    "description": "Sample service",
    "synonyms": ["ceramic"],
    "family": "",
    "tier": "",
    "price_kind": "exact",
    "price_cents": 39900,
    "max_cents": None,
    "class_prices": {"suv": 44900},
    "duration_minutes": 120,
    "buffer_minutes": 30,
    "cure_minutes": 0,
    "skills": [],
    "addons": [{"code": "visor", "name": "Visor strip", "amount_cents": 4900, "class_prices": {}}],
    "valid_from": None,
    "valid_to": None,
    "active": True,
}


KNOWLEDGE = "/api/admin/booking/sample-tint/knowledge"


class World:
    """The endpoints, and the events of the other services."""

    hours = HOURS

    def __init__(self, deps: Deps, http: httpx2.AsyncClient) -> None:
        self.deps = deps
        self.http = http
        self.app = app_of(deps)
        self.tenant_id = uuid4()
        self.location_id = uuid4()

    async def open_shop(self, **changes: Any) -> None:
        await self.location_changed(**changes)
        answer = await self.put_hours(HOURS)
        assert answer.status_code == 200, answer.text
        answer = await self.put_catalog([CERAMIC])
        assert answer.status_code == 200, answer.text

    async def location_changed(self, **changes: Any) -> None:
        await self.consume(self.location_event(**changes), replicating.keep_location)

    def location_event(self, **changes: Any) -> Event[LocationChanged]:
        location: dict[str, Any] = {
            "location_id": self.location_id,
            "version": 1,
            "tenant_slug": "sample-tint",
            "tenant_name": "Sample Tint",
            "code": "Store094",
            "name": "Sample Tint San Diego",
            "timezone": "America/Los_Angeles",
            "address": ADDRESS,
            "phone": "+16195550194",
            "email": "store094@sample-tint.example",
            "switches": Switches(),
        } | changes
        return self.event(LocationChanged(**location), location["location_id"])

    def event(self, fact: Any, subject: UUID, *, location_id: UUID | None = None, version: int = 1) -> Any:
        return envelope(
            fact,
            tenant_id=self.tenant_id,
            subject=subject,
            location_id=location_id or self.location_id,
            lead_version=version,
        )

    async def consume(self, event: Any, effect: Any) -> bool:
        return await once(self.deps.sessions, event, effect)

    async def new_lead(self, vehicle_class: str | None = "sedan", **changes: Any) -> "Visitor":
        lead_id = uuid4()
        await self.lead_received(lead_id, vehicle_class, **changes)
        return self.visitor(lead_id)

    async def lead_received(self, lead_id: UUID, vehicle_class: str | None = "sedan", **changes: Any) -> None:
        fact = LeadReceived(
            lead_id=lead_id,
            contact=Contact(name="Jane Sample", email="jane@example.com", phone="+16195550123"),
            vehicle=Vehicle(make="Sample", model="Car", vehicle_class=vehicle_class),
            source="web_form",
            consent=Consent(sms=True, email=True),
            received_at=NOW,
        )
        event = self.event(fact.model_copy(update=changes), lead_id)
        await self.consume(event, replicating.keep_lead)

    def visitor(self, lead_id: UUID) -> "Visitor":
        link = Link(self.tenant_id, lead_id)
        token = mint(LinkPurpose.CHAT, link, keys=KEYS, expires_at=NOW + timedelta(days=60))
        return Visitor(self.http, token, lead_id)

    async def put_hours(
        self, hours: dict[str, Any], code: str = "Store094", **params: str
    ) -> httpx2.Response:
        path = f"/api/admin/booking/sample-tint/locations/{code}/hours"
        return await self.http.put(path, json=hours, headers=OPS, params=params)

    async def put_catalog(self, rows: list[dict[str, Any]], **params: str) -> httpx2.Response:
        path = "/api/admin/booking/sample-tint/catalog"
        return await self.http.put(path, json={"rows": rows}, headers=OPS, params=params)

    async def put_knowledge(self, rows: list[dict[str, Any]], **params: str) -> httpx2.Response:
        return await self.http.put(KNOWLEDGE, json={"rows": rows}, headers=OPS, params=params)

    async def knowledge(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.http.get(KNOWLEDGE, headers=OPS)).json()["rows"]
        return rows

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            answer = await session.execute(text(statement), values)
            return list(answer.all()) if answer.returns_rows else []

    async def published(self, type_: str) -> list[dict[str, Any]]:
        """Bodies in the order of their recording."""
        found = await self.rows("SELECT body FROM outbox WHERE type = :type ORDER BY id", type=type_)
        return [json.loads(row.body) for row in found]

    @asynccontextmanager
    async def at(self, now: datetime) -> AsyncIterator["World"]:
        """The same shop, seen at another time."""
        deps = replace(self.deps, now=lambda: now)
        async with _client(deps) as http:
            world = World(deps, http)
            world.tenant_id, world.location_id = self.tenant_id, self.location_id
            yield world


class Visitor:
    """A customer with a link."""

    def __init__(self, http: httpx2.AsyncClient, token: str, lead_id: UUID) -> None:
        self._http = http
        self.token = token
        self.lead_id = lead_id

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        return await self._http.get(f"/api/booking/{path}", params=params, headers=self._bearer())

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self._http.post(f"/api/booking/{path}", json=body, headers={**self._bearer(), **headers})

    async def quote(self, **wish: Any) -> dict[str, Any]:
        answer = await self.post("quotes", {"service": "ceramic-full", **wish})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def slots(self, quote_id: str, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("slots", quote_id=quote_id, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["slots"]

    async def tries(self, quote_id: str, start: str, key: str | None = None) -> httpx2.Response:
        body = {"quote_id": quote_id, "start": start}
        return await self.post("appointments", body, **{"Idempotency-Key": key or uuid4().hex})

    async def books(self, start: str) -> dict[str, Any]:
        answer = await self.tries((await self.quote())["id"], start)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def with_link_of(self, appointment: dict[str, Any]) -> "Visitor":
        """The same customer, come by the manage link."""
        return Visitor(self._http, appointment["manage_url"].rpartition("/m/")[2], self.lead_id)

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def app_of(deps: Deps) -> FastAPI:
    settings = Settings(
        database_url="postgresql://unused:unused@127.0.0.1/unused",
        rabbitmq_url="amqp://unused",
        link_keys_chat=KEYS[0],
        link_keys_manage=KEYS[0],
        session_public_keys=public_key(KEY),
        public_url="https://leads.example",
        operators=OPERATORS,
        limits={"reads_per_link": "off", "changes_per_link": "off"},
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return create_app(
        "booking",
        routers=[build_api(deps), build_staff_api(deps, settings), build_admin_api(deps, settings)],
        sessions=deps.sessions,
        messaging=Messaging(settings, "booking"),
        limits=Limits(deps.sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=lifespan,
    )


@asynccontextmanager
async def _client(deps: Deps) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app_of(deps), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://booking") as http:
        yield http


@pytest.fixture
async def database_url(migrated_database: Any) -> AsyncIterator[str]:
    async with migrated_database("booking") as url:
        yield url


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The endpoints on an empty database; nothing has arrived yet."""
    engine = create_engine(database_url)
    deps = Deps(
        create_sessions(engine),
        "https://leads.example",
        dict.fromkeys(LinkPurpose, KEYS),
        now=lambda: NOW,
    )
    async with _client(deps) as http:
        yield World(deps, http)
    await engine.dispose()


@pytest.fixture
async def shop(world: World) -> World:
    """Open on weekdays from 9 to 18, two bays, one service."""
    await world.open_shop()
    return world


@pytest.fixture
def sample_row() -> dict[str, Any]:
    """The one service of the shop as it is imported."""
    return dict(CERAMIC)
