"""leadctl events replay against a running notifier: a greeting is not sent twice, unless an operator wants just that."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import notifier.app
import notifier.settings
import pytest
from sandbox.server import Running, running
from sandbox.settings import Settings as SandboxSettings
from shared.events import (
    CONTENT_TYPE,
    A2pRegistration,
    Address,
    Consent,
    Contact,
    EventData,
    FirstTouch,
    LeadReceived,
    LocationChanged,
    ServiceName,
)
from shared.messaging.outbox import envelope
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.topology import EVENTS_EXCHANGE, LOG_EXCHANGE
from testkit.leadctl import leadctl
from testkit.patience import eventually
from testkit.secrets import KEY

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(240)]

LEAD, LOCATION, TENANT = uuid4(), uuid4(), uuid4()


@dataclass
class Site:
    """A notifier at work, and the customer's inbox."""

    database_url: str
    rabbitmq_url: str
    publisher: Publisher
    sandbox: Running

    async def tell(self, fact: EventData) -> None:
        """As a relay does."""
        event = envelope(fact, tenant_id=TENANT, subject=LEAD, location_id=LOCATION, lead_version=1)
        for exchange in (LOG_EXCHANGE, EVENTS_EXCHANGE):
            await self.publisher.publish(
                exchange, event.type, event.to_json(), message_id=str(event.id), content_type=CONTENT_TYPE
            )

    async def replay(self, *arguments: str) -> dict[str, Any]:
        settings = {
            "LEADCTL_RABBITMQ_URL": self.rabbitmq_url,
            "LEADCTL_NOTIFIER_DATABASE_URL": self.database_url,
        }
        return await leadctl(
            settings, "events", "replay", "--to", "notifier", "--since", "1h", "--tenant", str(TENANT),
            "--type", "lead.received", "--reason", "sample", *arguments,
        )  # fmt: skip

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            async with connection.transaction():
                await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(TENANT))
                found: list[asyncpg.Record] = await connection.fetch(statement, *values)
                return found
        finally:
            await connection.close()

    async def worked_off(self, replay: dict[str, Any]) -> None:
        async def seen() -> bool:
            consumer = f"greet@{replay['replay_id']}"
            return bool(await self.fetch("SELECT 1 FROM inbox WHERE consumer = $1", consumer))

        await eventually(seen, within_seconds=60)

    def received(self) -> tuple[int, int]:
        """E-mails and texts."""
        channels = [message["channel"] for message in self.sandbox.world.inbox]
        return channels.count("email"), channels.count("sms")

    async def has_received(self, each: int) -> None:
        async def arrived() -> bool:
            return self.received() == (each, each)

        await eventually(arrived, within_seconds=60)

    async def nothing_is_due(self) -> None:
        async def settled() -> bool:
            return not await self.fetch("SELECT 1 FROM deliveries WHERE state IN ('planned', 'sending')")

        await eventually(settled, within_seconds=60)


@pytest.fixture
async def site(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]], rabbitmq_url: str
) -> AsyncIterator[Site]:
    async with (
        migrated_database("notifier") as database_url,
        running(SandboxSettings()) as sandbox,
        open_publisher(rabbitmq_url, "test") as publisher,
    ):
        vendor = sandbox.world.settings
        settings = notifier.settings.Settings.model_validate(
            {
                "database_url": database_url,
                "rabbitmq_url": rabbitmq_url,
                "link_keys_chat": KEY,
                "link_keys_unsubscribe": KEY,
                "link_keys_reply": KEY,
                "link_keys_login": KEY,
                "person_key": KEY,
                "smtp_port": sandbox.smtp_port,
                "twilio_base_url": f"{sandbox.url}/twilio",
                "twilio_account_sid": vendor.twilio_account_sid,
                "twilio_auth_token": vendor.twilio_auth_token,
                "inbound_email_secret": KEY,
            }
        )
        app = notifier.app.build_app(settings)
        async with app.router.lifespan_context(app):
            yield Site(database_url, rabbitmq_url, publisher, sandbox)


async def test_a_greeting_is_repeated_without_a_second_message_until_that_is_wanted(site: Site) -> None:
    await site.tell(
        LocationChanged(
            location_id=LOCATION,
            version=1,
            tenant_slug="sample-tint",
            tenant_name="Sample Tint",
            code="Store094",
            name="Sample Tint San Diego",
            timezone="America/Los_Angeles",
            address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
            phone="+16195550100",
            email="shop@example.com",
            sms_from="+16195550100",
            a2p=A2pRegistration(brand="BSAMPLE", campaign="CSAMPLE"),
            first_touch=FirstTouch(sms="at_once"),
            demo_mode=False,
        )
    )
    await site.tell(
        LeadReceived(
            lead_id=LEAD,
            contact=Contact(name="Ana Sample", email="ana@example.com", phone="+16195550123"),
            source="shopmonkey",
            consent=Consent(sms=True, email=True),
            received_at=datetime.now(UTC),
        )
    )
    await site.has_received(1)

    plain = await site.replay()
    assert (plain["matched"], plain["done_before"], plain["sent"]) == (1, 1, 0)

    await site.worked_off(await site.replay("--again"))
    for table in ("deliveries", "touch_points", "leads"):
        await site.fetch(f"DELETE FROM {table}")  # noqa: S608 - words of this test
    await site.worked_off(await site.replay("--again"))
    await site.nothing_is_due()
    assert site.received() == (1, 1)

    await site.worked_off(await site.replay("--again", "--with-side-effects", "--yes"))
    await site.has_received(2)
