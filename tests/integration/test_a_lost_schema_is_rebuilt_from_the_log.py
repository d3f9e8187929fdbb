"""leadctl events replay --rebuild: an emptied chat or booking gets back all that it keeps of others' facts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import booking.app
import booking.settings
import chat.app
import chat.settings
import pytest
from fastapi import FastAPI
from shared.events import (
    CONSUMES,
    CONTENT_TYPE,
    Address,
    BookingRequested,
    CatalogChanged,
    Consent,
    Contact,
    CrmAppointmentObserved,
    Event,
    EventData,
    InboundMessageReceived,
    KnowledgeChanged,
    KnowledgeEntry,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    NotificationSent,
    ServiceName,
)
from shared.messaging.outbox import envelope
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.topology import EVENTS_EXCHANGE, LOG_EXCHANGE
from shared.staff_sessions import public_key
from testkit.leadctl import leadctl
from testkit.patience import eventually
from testkit.secrets import KEY

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(240)]

Databases = Callable[[ServiceName], AbstractAsyncContextManager[str]]
LEADS = 8

REPLICAS: dict[ServiceName, dict[str, str]] = {
    "chat": {
        "tenants": "*", "locations": "*", "catalogs": "*", "knowledge": "*", "leads": "*", "timeline": "*",
    },
    "booking": {
        "tenants": "*", "locations": "*", "leads": "*",
        # Its own id is its own affair.
        "external_appointments": "tenant_id, location_id, crm_appointment_id, starts_at, ends_at, all_day, deleted, observed_at",
    },
}  # fmt: skip
"""Table -> the columns that the log brings back."""

OWN = {
    "chat": ("conversations", "chat_messages", "handoffs", "outbox"),
    "booking": (
        "quotes",
        "holds",
        "appointments",
        "booking_requests",
        "catalog_versions",
        "knowledge_versions",
        "outbox",
    ),
}


class Story:
    """What happened to some leads of one new tenant, as the log and the consumers heard of it."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.tenant_id = uuid4()
        self.location_id = uuid4()
        self._leads = [uuid4() for _ in range(LEADS)]
        self._told: list[tuple[UUID, str]] = []

    async def tell(self, fact: EventData, subject: UUID, version: int = 0) -> None:
        event: Event[Any] = envelope(
            fact,
            tenant_id=self.tenant_id,
            subject=subject,
            location_id=self.location_id,
            lead_version=version,
        )
        for exchange in (LOG_EXCHANGE, EVENTS_EXCHANGE):
            await self._publisher.publish(
                exchange, event.type, event.to_json(), message_id=str(event.id), content_type=CONTENT_TYPE
            )
        self._told.append((event.id, event.type))

    def told_to(self, service: ServiceName) -> list[UUID]:
        consumed = {event.type for event in CONSUMES[service]}
        return [event_id for event_id, type_ in self._told if type_ in consumed]

    async def chapters(self) -> AsyncIterator[None]:
        """Each rests on the one before."""
        for version in (1, 2):
            await self.tell(self._location(version), self.location_id)
        for version in (1, 2, 3):
            catalog = CatalogChanged(
                location_id=self.location_id, version=version, services=(), vehicle_classes=()
            )
            await self.tell(catalog, self.location_id)
            said = KnowledgeEntry(code="tax", en=str(version))
            knowledge = KnowledgeChanged(location_id=self.location_id, version=version, entries=(said,))
            await self.tell(knowledge, self.location_id)
        yield
        for lead_id in self._leads:
            await self.tell(self._lead(lead_id, "First Name"), lead_id, 1)
        yield
        for lead_id in self._leads:
            await self.tell(self._status(lead_id, "new", "contacted"), lead_id, 2)
        yield
        for lead_id in self._leads[::2]:
            await self.tell(self._lead(lead_id, "Second Name"), lead_id, 3)
        yield
        for lead_id in self._leads[::3]:
            await self.tell(self._status(lead_id, "contacted", "engaged"), lead_id, 4)
        for number, lead_id in enumerate(self._leads):
            await self._of_a_lead(number, lead_id)
        yield

    async def _of_a_lead(self, number: int, lead_id: UUID) -> None:
        sent = NotificationSent(
            delivery_id=uuid4(), lead_id=lead_id, channel="email", template="first_touch", provider_id="p"
        )
        await self.tell(sent, lead_id)
        text = InboundMessageReceived(
            lead_id=lead_id, channel="sms", sender="+16195550123", text="How much?", provider_id=str(uuid4())
        )
        await self.tell(text, lead_id)
        wished = datetime.now(UTC) + timedelta(days=3)
        wish = BookingRequested(
            request_id=uuid4(), lead_id=lead_id, service="no-such-service", wished_start=wished
        )
        await self.tell(wish, lead_id)
        for hours in (1, 2):
            await self.tell(self._calendar(str(number), wished + timedelta(hours=hours)), self.location_id)

    def _location(self, version: int) -> LocationChanged:
        return LocationChanged(
            location_id=self.location_id,
            version=version,
            tenant_slug=f"sample-{self.tenant_id}",
            tenant_name="Sample Tint",
            code="Store094",
            name=f"Sample Tint, version {version}",
            timezone="America/Los_Angeles",
            address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
            phone="+16195550100",
            email="shop@example.com",
        )

    def _lead(self, lead_id: UUID, name: str) -> LeadReceived:
        return LeadReceived(
            lead_id=lead_id,
            contact=Contact(name=name, email="sample@example.com"),
            source="web_form",
            consent=Consent(sms=True, email=True),
            received_at=datetime.now(UTC),
        )

    def _status(self, lead_id: UUID, old: Any, new: Any) -> LeadStatusChanged:
        return LeadStatusChanged(lead_id=lead_id, old=old, new=new, reason="sample")

    def _calendar(self, number: str, start: datetime) -> CrmAppointmentObserved:
        return CrmAppointmentObserved(
            crm_appointment_id=f"sample-{number}",
            location_id=self.location_id,
            start=start,
            end=start + timedelta(hours=1),
        )


def app_of(service: ServiceName, database_url: str, rabbitmq_url: str) -> FastAPI:
    common = {
        "database_url": database_url,
        "rabbitmq_url": rabbitmq_url,
        "link_keys_chat": KEY,
    }
    if service == "chat":
        # Booking is away, so an answer to a customer would be an honest line, and a message of its own.
        return chat.app.build_app(
            chat.settings.Settings.model_validate(
                {
                    **common,
                    "session_public_keys": public_key(KEY),
                    "booking_url": "http://127.0.0.1:1",
                    "anthropic_api_key": None,
                }
            )
        )
    return booking.app.build_app(
        booking.settings.Settings.model_validate(
            {**common, "link_keys_manage": KEY, "session_public_keys": public_key(KEY)}
        )
    )


@asynccontextmanager
async def serving(service: ServiceName, database_url: str, rabbitmq_url: str) -> AsyncIterator[None]:
    app = app_of(service, database_url, rabbitmq_url)
    async with app.router.lifespan_context(app):
        yield


async def rows(url: str, tenant_id: UUID, table: str, columns: str = "*") -> list[str]:
    """As text, in a fixed order."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant_id))
            found = await connection.fetch(f"SELECT {columns} FROM {table}")  # noqa: S608 - our own words
            return sorted(str(dict(row)) for row in found)
    finally:
        await connection.close()


async def dump(url: str, tenant_id: UUID, service: ServiceName) -> dict[str, list[str]]:
    return {table: await rows(url, tenant_id, table, columns) for table, columns in REPLICAS[service].items()}


async def rebuild(service: ServiceName, url: str, rabbitmq_url: str, tenant_id: UUID) -> dict[str, Any]:
    settings = {"LEADCTL_RABBITMQ_URL": rabbitmq_url, f"LEADCTL_{service.upper()}_DATABASE_URL": url}
    return await leadctl(
        settings, "events", "replay", "--rebuild", "--to", service, "--tenant", str(tenant_id),
        "--reason", "the schema was lost (sample)",
    )  # fmt: skip


@pytest.mark.parametrize("service", ["chat", "booking"])
async def test_its_replicas_are_as_before_and_nothing_is_said_or_published_again(
    migrated_database: Databases, rabbitmq_url: str, service: ServiceName
) -> None:
    async with open_publisher(rabbitmq_url, "story") as publisher:
        story = Story(publisher)
        async with migrated_database(service) as url:
            async with serving(service, url, rabbitmq_url):
                async for _ in story.chapters():
                    await eventually(lambda: heard(url, story.told_to(service)), within_seconds=60)
            before = await dump(url, story.tenant_id, service)
    assert all(before.values())

    async with migrated_database(service) as url, serving(service, url, rabbitmq_url):
        summary = await rebuild(service, url, rabbitmq_url, story.tenant_id)
        assert (summary["done_before"], summary["left_out"]) == (0, [])
        assert await dump(url, story.tenant_id, service) == before
        for table in OWN[service]:
            assert await rows(url, story.tenant_id, table) == [], table
        second = await rebuild(service, url, rabbitmq_url, story.tenant_id)
        assert (second["matched"], second["sent"]) == (summary["matched"], 0)


async def heard(url: str, event_ids: list[UUID]) -> bool:
    connection = await asyncpg.connect(url)
    try:
        count = await connection.fetchval(
            "SELECT count(DISTINCT event_id) FROM inbox WHERE event_id = ANY($1::uuid[])", event_ids
        )
        return bool(count == len(event_ids))
    finally:
        await connection.close()
