"""Booking takes longer to answer than chat waits: one appointment comes of it, and nothing untrue is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer, part
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


@asynccontextmanager
async def locked_lead(stack: StackFile, lead_id: UUID) -> AsyncIterator[asyncpg.Connection]:
    """Whatever booking wants of this lead waits until the block ends."""
    connection = await asyncpg.connect(stack.databases["booking"])
    try:
        tenant = await connection.fetchval("SELECT id::text FROM tenants WHERE slug = 'sample-tint'")
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
            await connection.execute("SELECT 1 FROM leads WHERE lead_id = $1 FOR UPDATE", lead_id)
            yield connection
    finally:
        await connection.close()


async def appointments_of(stack: StackFile, lead_id: UUID) -> list[str]:
    """The states of the lead's appointments."""
    async with locked_lead(stack, lead_id) as connection:
        rows = await connection.fetch("SELECT status FROM appointments WHERE lead_id = $1", lead_id)
    return [row["status"] for row in rows]


async def texts(customer: Customer) -> list[str]:
    messages = (await customer.get("/api/chat/messages", after=0)).json()["messages"]
    return [message["text"] for message in messages if message["author"] == "assistant"]


async def test_a_yes_that_booking_answers_late_books_once_and_says_so_once(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    await customer.asks_the_shop(service="window tint")
    await customer.opens_the_link()
    lead_id = await customer.lead_id()
    await customer.says("How much is the full car ceramic tint?")
    offer = part(await customer.presses("pick_time"), "slots")
    await customer.presses(offer["slots"][0]["action"])
    async with locked_lead(stack, lead_id):
        [reply] = await customer.presses("confirm:yes")
        assert "received, not yet confirmed" in reply["text"]

    async def told() -> bool:
        return any("You're booked" in text for text in await texts(customer))

    assert await eventually(told, within_seconds=30)
    mails = await customer.received("email", count=2)
    assert mails[1]["subject"].startswith("Booked")

    async def wish_is_answered() -> bool:
        async with locked_lead(stack, lead_id) as connection:
            return bool(
                await connection.fetch(
                    "SELECT 1 FROM booking_requests WHERE lead_id = $1 AND appointment_id IS NOT NULL",
                    lead_id,
                )
            )

    assert await eventually(wish_is_answered, within_seconds=30)
    assert await appointments_of(stack, lead_id) == ["booked"]
    said = await texts(customer)
    assert sum("You're booked" in text for text in said) == 1
    assert not any("taken" in text for text in said)
    assert len(await customer.inbox("email")) == 2
