"""A reply in the web chat and a follow-up at the same moment: through the real chat, notifier and broker."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

RACES = int(os.environ.get("RACES", "100"))
AT_ONCE = 25
SPREAD_SECONDS = 3.0
TENANT = (
    "SELECT set_config('app.tenant_id', (SELECT id::text FROM tenants WHERE slug = 'sample-tint'), false)"
)
CHATS_TENANT = "SELECT set_config('app.tenant_id', (SELECT tenant_id::text FROM tenants WHERE slug = 'sample-tint'), false)"


@asynccontextmanager
async def rows_of(stack: StackFile, service: str, tenant: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.databases[service])
    try:
        await connection.execute(tenant)
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def noon_at_the_shop(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Follow-ups keep quiet hours, a test does not."""
    hours = 12 - datetime.now(UTC).hour
    zone = f"Etc/GMT{-hours:+d}"
    before = await connection.fetch("SELECT id, timezone FROM locations")
    await connection.execute("UPDATE locations SET timezone = $1", zone)
    try:
        yield
    finally:
        await connection.executemany("UPDATE locations SET timezone = $2 WHERE id = $1", before)


async def greeted(customer: Customer) -> UUID:
    await customer.asks_the_shop(phone=None)
    await customer.opens_the_link()
    return await customer.lead_id()


async def replies(customer: Customer, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    body = {"client_id": str(uuid4()), "text": "How long does it take?"}
    answer = await customer.post("/api/chat/message", body)
    assert answer.status_code == 202, answer.text


@pytest.mark.timeout(60 + 6 * RACES)
async def test_no_follow_up_is_begun_once_a_reply_is_stored(
    http: httpx2.AsyncClient, stack: StackFile, new_customer: Callable[[], Customer]
) -> None:
    dice = random.Random(RACES)  # noqa: S311 - moments of a test
    leads: list[UUID] = []
    async with rows_of(stack, "notifier", TENANT) as notifier, noon_at_the_shop(notifier):
        for _ in range(0, RACES, AT_ONCE):
            customers = [new_customer() for _ in range(AT_ONCE)]
            batch = await asyncio.gather(*(greeted(one) for one in customers))
            leads += batch
            due = [
                (lead_id, datetime.now(UTC) + timedelta(seconds=dice.uniform(0.5, SPREAD_SECONDS)))
                for lead_id in batch
            ]
            await notifier.executemany(
                "UPDATE touch_points SET due_at = $2 WHERE lead_id = $1 AND step = 1 AND state = 'planned'",
                due,
            )
            await asyncio.gather(*(replies(one, dice.uniform(0, SPREAD_SECONDS + 1)) for one in customers))

        async def over() -> bool:
            open_ = await notifier.fetchval(
                "SELECT (SELECT count(*) FROM touch_points WHERE lead_id = ANY($1) AND step = 1 AND state = 'planned')"
                " + (SELECT count(*) FROM deliveries WHERE lead_id = ANY($1) AND touch = 1 AND state IN ('planned', 'sending'))",
                leads,
            )
            return bool(open_ == 0)

        assert await eventually(over, within_seconds=60)
        claimed = await notifier.fetch(
            "SELECT lead_id, claimed_at FROM deliveries"
            " WHERE lead_id = ANY($1) AND touch = 1 AND channel = 'email' AND state IN ('sent', 'unknown')",
            leads,
        )
    async with rows_of(stack, "chat", CHATS_TENANT) as chat:
        said = await chat.fetch(
            "SELECT c.lead_id, min(m.created_at) FROM chat_messages m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE c.lead_id = ANY($1) AND m.author = 'customer' GROUP BY c.lead_id",
            leads,
        )
    replied_at = {row["lead_id"]: row["min"] for row in said}
    assert len(replied_at) == len(leads)
    assert 0 < len(claimed) < len(leads), f"the races must end both ways: {len(claimed)} of {len(leads)}"
    late = [lead_id for lead_id, claimed_at in claimed if replied_at[lead_id] < claimed_at]
    assert late == [], f"{len(late)} of {len(leads)}"
