"""A shop in the sandbox's ShopMonkey, known to a crm-sync with a database of its own."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from crm_sync.actions import customers, echoes, observing, planning, replicas
from crm_sync.actions.syncing import work_off_due_tasks
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.clients.transport import Account
from crm_sync.deps import Deps
from pydantic import SecretStr
from sandbox.server import Running, running
from sandbox.settings import Settings as SandboxSettings
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.db.time import database_now
from shared.events import (
    AppointmentBooked,
    Consent,
    Contact,
    CrmChangeReceived,
    CrmRef,
    Event,
    EventData,
    LeadReceived,
    LocationChanged,
    Service,
    Vehicle,
)
from shared.messaging.inbox import once
from shared.messaging.outbox import envelope
from sqlalchemy import text

RULE = {
    "workflow_columns": ["Website Leads", "Appointments"],
    "name_prefix": "New Quote",
    "keywords": ["tint", "ceramic"],
    "exclude": ["window regulator"],
    "max_age_days": 30,
    "status_columns": {"contacted": "Contacted", "appointment_scheduled": "Appointments"},
    "order_after_seconds": 0,
}
CIVIC = Vehicle(year=2021, make="Honda", model="Civic", vehicle_class="sedan")
CLIENT_TIMEOUT = httpx2.Timeout(1)


@pytest.fixture
async def database_url(migrated_database: Any) -> AsyncIterator[str]:
    async with migrated_database("crm-sync") as url:
        yield url


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    # Nobody listens there: each test hands on the webhooks that it wants to arrive.
    settings = SandboxSettings(gateway_url="http://127.0.0.1:9")
    async with running(settings) as server:
        yield server


@dataclass
class Shop:
    """One location of the sample brand on both sides: in the sandbox, and in crm-sync's replicas."""

    deps: Deps
    sandbox: Running
    control: httpx2.AsyncClient
    tenant_id: UUID = field(default_factory=uuid4)
    location_id: UUID = field(default_factory=uuid4)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def event(self, fact: EventData, *, version: int = 1, subject: UUID | None = None) -> Event[Any]:
        return envelope(
            fact,
            tenant_id=self.tenant_id,
            subject=subject or uuid4(),
            location_id=self.location_id,
            lead_version=version,
            correlation_id="first-event-of-the-lead",
        )

    async def apply(self, effect: Any, fact: EventData, *, version: int = 1) -> Event[Any]:
        event = self.event(fact, version=version)
        await once(self.deps.sessions, event, effect)
        return event

    def location(self, **changes: Any) -> LocationChanged:
        known = {
            "location_id": self.location_id,
            "version": 1,
            "tenant_slug": "sample-tint",
            "tenant_name": "Sample Tint",
            "code": "Store094",
            "name": "Sample Tint San Diego",
            "timezone": "America/Los_Angeles",
            "address": {"street": "1 Sample St", "city": "San Diego", "region": "CA", "postal_code": "92101"},
            "phone": "+16195550194",
            "email": "store094@sample-tint.example",
            "crm_location_id": "sample-sm-094",
            "crm_lead_rule": RULE,
        }
        return LocationChanged.model_validate(known | changes)

    async def open(self, **changes: Any) -> None:
        await self.apply(replicas.keep_location, self.location(**changes))

    async def new_order(self, **lead: Any) -> dict[str, Any]:
        """The order's ids, as the sandbox's control endpoint answers them; no webhook is sent."""
        answer = await self.control.post("/control/leads", json={"webhook": False, **lead})
        assert answer.status_code == 201
        return dict(answer.json())

    async def new_lead(self) -> tuple[UUID, dict[str, Any]]:
        """An order in ShopMonkey whose lead is known here."""
        order, lead_id = await self.new_order(), uuid4()
        ref = CrmRef(
            order_id=order["order_id"], customer_id=order["customer_id"], vehicle_id=order["vehicle_id"]
        )
        await self.keep_lead(lead_id, ref)
        return lead_id, order

    async def form_lead(self, *, version: int = 1, lead_id: UUID | None = None, **said: Any) -> UUID:
        """A lead that came by a web form, as ingest tells of it."""
        fact = self.lead(lead_id or uuid4(), None).model_copy(
            update={"source": "web_form", "interest": "ceramic tint", **said}
        )
        await self.told_of(fact, version=version)
        return fact.lead_id

    async def told_of(self, fact: LeadReceived, *, version: int = 1) -> None:
        event = self.event(fact, version=version, subject=fact.lead_id)
        await once(self.deps.sessions, event, replicas.keep_lead, planning.plan_order)

    def lead(self, lead_id: UUID, ref: CrmRef | None) -> LeadReceived:
        return LeadReceived(
            lead_id=lead_id,
            contact=Contact(name="Avery Sample", email="avery@example.com"),
            vehicle=CIVIC,
            source="shopmonkey",
            external_ref=ref,
            consent=Consent(sms=True, email=True),
            received_at=self.now,
        )

    async def keep_lead(self, lead_id: UUID, ref: CrmRef | None) -> None:
        await self.apply(replicas.keep_lead, self.lead(lead_id, ref))

    def change(self, table: str, row: dict[str, Any], operation: str = "INSERT") -> Event[Any]:
        fact = CrmChangeReceived(
            delivery_id=uuid4(), operation=operation, table=table, row=row, received_at=self.now
        )
        return self.event(fact)

    async def webhook(self, table: str, row_id: str, operation: str = "INSERT") -> None:
        """What our own webhook endpoint would hand on about this row."""
        await self.observe(table, self.row(table, row_id), operation)

    async def observe(self, table: str, row: dict[str, Any], operation: str) -> None:
        event = self.change(table, row, operation)
        observe = {
            "order": observing.observe_order,
            "appointment": echoes.observe_appointment,
            "message": echoes.observe_message,
            "customer": customers.observe_customer,
        }[table]
        await observe(self.deps, event)

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        return dict(self.sandbox.world.tables[table][row_id])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The true rows of the fake ShopMonkey, whatever fault is on."""
        return list(self.sandbox.world.tables[table].values())

    async def fault(self, mode: str, **settings: Any) -> None:
        answer = await self.control.put("/control/faults/shopmonkey", json={"mode": mode, **settings})
        assert answer.status_code == 200

    def calls(self, method: str, path: str) -> int:
        """How often ShopMonkey was asked; `path` without the version."""
        calls = self.sandbox.world.calls["shopmonkey"]
        return sum(1 for call in calls if call["method"] == method and call["path"].endswith(f"/v3{path}"))

    async def work(self, *, later_seconds: float = 0) -> None:
        """All rounds of the worker that are due then."""
        moment = database_now() + timedelta(seconds=later_seconds)
        while await work_off_due_tasks(self.deps, moment):
            pass

    async def published(self, event_type: str) -> list[dict[str, Any]]:
        """The data of the events of this type in the outbox, oldest first."""
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            found = await session.execute(
                text("SELECT body FROM outbox WHERE type = :type ORDER BY id"), {"type": event_type}
            )
            return [json.loads(body)["data"] for (body,) in found.all()]

    async def select(self, sql: str) -> list[Any]:
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            return list((await session.execute(text(sql))).all())

    def booking(self, lead_id: UUID, *, sequence: int = 0, **changes: Any) -> AppointmentBooked:
        start = self.now.replace(microsecond=0) + timedelta(days=3)
        fact = {
            "appointment_id": uuid4(),
            "number": "A-1001",
            "lead_id": lead_id,
            "contact": Contact(name="Avery Sample"),
            "service": Service(code="ceramic", name="Ceramic tint"),
            "start": start,
            "end": start + timedelta(hours=2),
            "timezone": "America/Los_Angeles",
            "total_cents": 49900,
            "sequence": sequence,
            "manage_url": "http://127.0.0.1/m/sample",
        }
        return AppointmentBooked(**{**fact, **changes})


@pytest.fixture
async def unopened_shop(sessions: Sessions, sandbox: Running) -> AsyncIterator[Shop]:
    key = SecretStr(sandbox.world.settings.shopmonkey_api_key)
    account = Account(base_url=f"{sandbox.url}/shopmonkey", api_key=key)
    api = ShopMonkey(account, CLIENT_TIMEOUT)
    async with httpx2.AsyncClient(base_url=sandbox.url, timeout=60, trust_env=False) as control:
        yield Shop(Deps(sessions=sessions, accounts={"default": api}), sandbox, control)
    await api.close()


@pytest.fixture
async def shop(unopened_shop: Shop) -> Shop:
    await unopened_shop.open()
    return unopened_shop
