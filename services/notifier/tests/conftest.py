"""A notifier on a database of its own, in front of a real sandbox: mail over SMTP, texts over HTTP."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from faststream.rabbit import TestRabbitBroker
from notifier import app as program
from notifier.actions import sending
from notifier.api import build_api
from notifier.api_admin import build_admin_api
from notifier.app import build_sender
from notifier.clients import smtp, twilio
from notifier.consumers import build_consumers
from notifier.deps import Deps
from notifier.holdings import HOLDINGS
from notifier.schedule import Sender, find_lost
from notifier.settings import Settings
from notifier.tables import Delivery, Lead, TouchPoint
from sandbox.faults import Fault
from sandbox.server import Running, running
from sandbox.settings import Settings as SandboxSettings
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.events import (
    A2pRegistration,
    Address,
    Consent,
    Contact,
    Event,
    EventData,
    FirstTouch,
    LeadReceived,
    LocationChanged,
    MessageSent,
    ServiceName,
    Switches,
    Vehicle,
)
from shared.http.app import create_app
from shared.http.limits import Limits
from shared.http.persons import build_persons_api
from shared.messaging.broker import Messaging
from shared.messaging.outbox import envelope
from shared.messaging.topology import queue_for
from sqlalchemy import text
from sqlmodel import col, select
from testkit.openapi import served
from testkit.secrets import KEY, OPERATORS

from .house import Neighbours

EMAIL_SECRET = KEY


@dataclass
class Shop:
    """One tenant with one location, and all that reaches its customers."""

    deps: Deps
    sender: Sender
    sandbox: Running
    http: httpx2.AsyncClient
    publish: Callable[[Event[Any]], Any]
    neighbours: Neighbours
    tenant_id: UUID = field(default_factory=uuid4)
    location_id: UUID = field(default_factory=uuid4)

    def event(self, fact: EventData, *, subject: UUID | None = None, version: int = 1) -> Event[Any]:
        return envelope(
            fact,
            tenant_id=self.tenant_id,
            subject=subject or self.location_id,
            location_id=self.location_id,
            lead_version=version,
        )

    async def tell(self, fact: EventData) -> Event[Any]:
        """As an event through the consumer; answers the event, for telling it again."""
        event = self.event(fact)
        await self.publish(event)
        return event

    async def open(self, **changes: Any) -> None:
        await self.tell(location(self.location_id, **changes))

    async def greet(self, **changes: Any) -> LeadReceived:
        fact = lead(**changes)
        await self.tell(fact)
        return fact

    async def say(self, lead_id: UUID, words: str, **changes: Any) -> MessageSent:
        fact = message(lead_id, words, **changes)
        await self.tell(fact)
        return fact

    async def send_due(self, now: datetime | None = None) -> None:
        await self.sender.send_due(self.tenant_id, now or datetime.now(UTC))
        await self.sender.settled()

    async def find_lost(self, after_seconds: float) -> None:
        await find_lost(self.deps, self.tenant_id, datetime.now(UTC) + timedelta(seconds=after_seconds))

    def inbox(self, channel: str, to: str | None = None) -> list[dict[str, Any]]:
        return [
            item
            for item in self.sandbox.world.inbox
            if item["channel"] == channel and to in (None, item["to"])
        ]

    def fault(self, vendor: str, **fault: Any) -> None:
        self.sandbox.world.faults.put(vendor, Fault(**fault))

    async def deliveries(self) -> list[Delivery]:
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            rows = await session.execute(select(Delivery).order_by(col(Delivery.created_at)))
            return list(rows.scalars())

    async def delivery(self, channel: str, template: str = "first_touch") -> Delivery:
        found = [d for d in await self.deliveries() if d.channel == channel and d.template == template]
        assert len(found) == 1, [(d.channel, d.template, d.state) for d in await self.deliveries()]
        return found[0]

    async def touches(self, lead_id: UUID) -> list[TouchPoint]:
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            statement = select(TouchPoint).where(col(TouchPoint.lead_id) == lead_id)
            return list((await session.execute(statement.order_by(col(TouchPoint.step)))).scalars())

    async def lead(self, lead_id: UUID) -> Lead:
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            return (await session.execute(select(Lead).where(col(Lead.id) == lead_id))).scalar_one()

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        """The data of the outbox's events of one type, oldest first."""
        async with transaction(self.deps.sessions, self.tenant_id) as session:
            rows = await session.execute(
                text(
                    "SELECT convert_from(body, 'utf8')::jsonb -> 'data' FROM outbox WHERE type = :t ORDER BY id"
                ),
                {"t": event_type},
            )
            return [row[0] for row in rows]


def location(location_id: UUID, **changes: Any) -> LocationChanged:
    """First texts go at once, so that what is seen does not hang on the hour of the day."""
    switches = Switches(**changes.pop("switches", {}))
    values: dict[str, Any] = {
        "location_id": location_id,
        "version": 1,
        "tenant_slug": "sample-tint",
        "tenant_name": "Sample Tint",
        "code": "Store094",
        "name": "Sample Tint San Diego",
        "timezone": "America/Los_Angeles",
        "address": Address(street="100 Sample Street", city="San Diego", region="CA", postal_code="92101"),
        "phone": "+16195550194",
        "email": "store094@sample-tint.example",
        "sms_from": "+16195550194",
        "a2p": A2pRegistration(brand="BSAMPLE", campaign="CSAMPLE"),
        "first_touch": FirstTouch(sms="at_once"),
        "demo_mode": False,
        "switches": switches,
    }
    return LocationChanged(**(values | changes))


def lead(**changes: Any) -> LeadReceived:
    digits = f"{uuid4().int % 10_000_000:07}"
    values: dict[str, Any] = {
        "lead_id": uuid4(),
        "contact": Contact(name="Ana Sample", email=f"ana{digits}@example.com", phone=f"+1619{digits}"),
        "vehicle": Vehicle(year=2021, make="Honda", model="Civic", vehicle_class="sedan"),
        "interest": "Ceramic tint",
        "source": "shopmonkey",
        "consent": Consent(sms=True, email=True),
        "received_at": datetime.now(UTC),
    }
    return LeadReceived(**(values | changes))


def message(lead_id: UUID, words: str, **changes: Any) -> MessageSent:
    values: dict[str, Any] = {
        "message_id": uuid4(),
        "conversation_id": uuid4(),
        "lead_id": lead_id,
        "seq": 2,
        "author": "customer",
        "channel": "web",
        "text": words,
    }
    return MessageSent(**(values | changes))


@pytest.fixture(scope="session", autouse=True)
def _files_read_once() -> Iterator[None]:
    """The texts, the sequences and the states are the same in every test, and take longer to read than most tests do."""
    with pytest.MonkeyPatch.context() as patch:
        for load in (program.load_templates, program.load_sequences, program.load_states):
            patch.setattr(program, load.__name__, cache(load))
        yield


@pytest.fixture(autouse=True)
def _patient_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loaded machine a connection to ourselves takes seconds: that must not count as a provider that is away."""
    monkeypatch.setattr(twilio, "TIMEOUT", httpx2.Timeout(50))
    monkeypatch.setattr(twilio, "CALL_SECONDS", 50)
    monkeypatch.setattr(sending, "BEGIN_WITHIN_SECONDS", 50)
    for name in ("CONNECT_TIMEOUT_SECONDS", "ENVELOPE_SECONDS", "MAIL_SECONDS"):
        monkeypatch.setattr(smtp, name, 50)


@pytest.fixture
def a_lead() -> Callable[..., LeadReceived]:
    return lead


@pytest.fixture(scope="session")
async def sandbox_server() -> AsyncIterator[Running]:
    async with running(SandboxSettings(webhook_secret=EMAIL_SECRET)) as sandbox:
        yield sandbox


@pytest.fixture
async def database_url(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]],
) -> AsyncIterator[str]:
    async with migrated_database("notifier") as url:
        yield url


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def neighbours() -> AsyncIterator[tuple[Neighbours, str]]:
    """With the address at which both are reached."""
    known = Neighbours()
    async with served(known.app()) as url:
        yield known, url


@pytest.fixture
def settings(sandbox_server: Running, neighbours: tuple[Neighbours, str]) -> Settings:
    vendor = sandbox_server.world.settings
    return Settings.model_validate(
        {
            "database_url": "postgresql://unused:unused@127.0.0.1/unused",
            "rabbitmq_url": "amqp://unused@127.0.0.1/",
            "public_url": "https://leads.sample-tint.example",
            "link_keys_chat": KEY,
            "link_keys_unsubscribe": KEY,
            "link_keys_reply": f"reply-{KEY}",
            "link_keys_login": KEY,
            "operators": OPERATORS,
            "person_key": KEY,
            "chat_url": neighbours[1],
            "booking_url": neighbours[1],
            "smtp_port": sandbox_server.smtp_port,
            "twilio_base_url": f"{sandbox_server.url}/twilio",
            "twilio_account_sid": vendor.twilio_account_sid,
            "twilio_auth_token": vendor.twilio_auth_token,
            "inbound_email_secret": EMAIL_SECRET,
        }
    )


@pytest.fixture
async def closed_shop(
    sandbox_server: Running,
    sessions: Sessions,
    settings: Settings,
    neighbours: tuple[Neighbours, str],
) -> AsyncIterator[Shop]:
    """Before its location is known."""
    sandbox_server.world.reset()
    deps, sender = build_sender(settings, sessions)
    broker = Messaging(settings, "notifier", build_consumers(deps)).build_broker()
    app = create_app(
        "notifier",
        routers=[
            build_api(deps),
            build_admin_api(deps),
            build_persons_api(sessions, settings, HOLDINGS, settings.person_key),
        ],
        sessions=sessions,
        messaging=Messaging(settings, "notifier"),
        limits=Limits(sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=lambda _: running(SandboxSettings()),  # type: ignore[arg-type,return-value]
    )
    transport = httpx2.ASGITransport(app=app)
    async with (
        TestRabbitBroker(broker),
        httpx2.AsyncClient(transport=transport, base_url="http://notifier") as http,
    ):

        async def publish(event: Event[Any]) -> None:
            queue = queue_for("notifier", type(event.data))
            await broker.publish(event.to_json(), queue, content_type="application/cloudevents+json")

        yield Shop(deps, sender, sandbox_server, http, publish, neighbours[0])
    await sender.settled()
    await deps.smtp.close()
    await deps.twilio.close()
    await deps.house.close()


@pytest.fixture
async def shop(closed_shop: Shop) -> Shop:
    await closed_shop.open()
    return closed_shop
