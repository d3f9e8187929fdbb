"""The product's main job: from a ShopMonkey lead to a booked appointment, seen from outside."""

from datetime import datetime
from typing import Any

import asyncpg
import httpx2
import pytest
from icalendar import Calendar
from ops.stack.stackfile import StackFile
from testkit.customer import Customer, part
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


async def shop_rows(http: httpx2.AsyncClient, stack: StackFile, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await http.get(f"{stack.sandbox}/control/shopmonkey/{table}")).json()
    return rows


async def tenant_rows(stack: StackFile, service: str, query: str, *values: object) -> list[asyncpg.Record]:
    """What the service itself sees for the sample tenant."""
    connection = await asyncpg.connect(stack.databases[service])
    try:
        tenant = await connection.fetchval("SELECT id::text FROM tenants WHERE slug = 'sample-tint'")
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
            rows: list[asyncpg.Record] = await connection.fetch(query, *values)
            return rows
    finally:
        await connection.close()


async def booked(customer: Customer) -> dict[str, Any]:
    offer = part(await customer.presses("pick_time"), "slots")
    await customer.presses(offer["slots"][0]["action"])
    appointment: dict[str, Any] = part(await customer.presses("confirm:yes"), "appointment")["appointment"]
    return appointment


async def test_the_whole_tour(http: httpx2.AsyncClient, stack: StackFile, customer: Customer) -> None:
    created = await customer.asks_the_shop(first_name="Robin", service="window tint")
    assert [delivery["status"] for delivery in created["deliveries"]] == [202]

    session = await customer.opens_the_link()
    assert session["lead"]["first_name"] == "Robin"
    assert session["location"]["timezone"] == "America/Los_Angeles"
    assert "virtual assistant" in session["messages"][0]["text"]
    [sms] = await customer.received("sms")
    assert f"{stack.gateway}/c/" in sms["text"]

    await lead_is(stack, session["lead"]["id"], "contacted")  # seen, and greeted by us, is not engaged

    replies = await customer.says("How much is the full car ceramic tint?")
    assert "$399" in replies[-1]["text"]
    await lead_is(stack, session["lead"]["id"], "engaged")

    offer = part(await customer.presses("pick_time"), "slots")
    assert len(offer["slots"]) == 3
    assert len({slot["start"][:10] for slot in offer["slots"]}) >= 2

    chosen = offer["slots"][1]
    read_back = await customer.presses(chosen["action"])
    assert chosen["label"] in read_back[-1]["text"]
    assert "$399" in read_back[-1]["text"]

    appointment = part(await customer.presses("confirm:yes"), "appointment")["appointment"]
    assert appointment["status"] == "booked"
    assert appointment["start"] == chosen["start"]
    assert appointment["total_cents"] == 39900

    await confirmation_is_sent(customer, appointment)
    await shop_sees_it(http, stack, created["order_id"], appointment)
    await lead_is_settled(stack, str(await customer.lead_id()))


async def confirmation_is_sent(customer: Customer, appointment: dict[str, Any]) -> None:
    mails = await customer.received("email", count=2)
    [invite] = [a for a in mails[1]["attachments"] if a["filename"] == "invite.ics"]
    [event] = Calendar.from_ical(invite["text"]).walk("VEVENT")
    assert event.decoded("dtstart").isoformat() == appointment["start"]
    texts = await customer.received("sms", count=2)
    assert appointment["number"] in texts[1]["text"]


async def shop_sees_it(
    http: httpx2.AsyncClient, stack: StackFile, order_id: str, appointment: dict[str, Any]
) -> None:
    async def in_shopmonkey() -> list[dict[str, Any]]:
        rows = await shop_rows(http, stack, "appointment")
        return [row for row in rows if row.get("orderId") == order_id]

    [row] = await eventually(in_shopmonkey)
    assert row["metadata"]["appointment_id"] == appointment["id"]
    assert not row["sendConfirmation"]
    assert not row["sendReminder"]

    async def conversation() -> bool:
        texts = [m["text"] for m in await shop_rows(http, stack, "message") if m.get("orderId") == order_id]
        return any("full car ceramic tint" in t.lower() for t in texts) and any(
            appointment["number"] in t for t in texts
        )

    await eventually(conversation)


async def lead_is(stack: StackFile, lead_id: str, status: str) -> None:
    async def reached() -> bool:
        rows = await tenant_rows(stack, "ingest", "SELECT status FROM leads WHERE id = $1::uuid", lead_id)
        return [row["status"] for row in rows] == [status]

    await eventually(reached)


async def lead_is_settled(stack: StackFile, lead_id: str) -> None:
    async def sequence_stopped() -> bool:
        query = "SELECT state FROM touch_points WHERE lead_id = $1::uuid"
        states = {row["state"] for row in await tenant_rows(stack, "notifier", query, lead_id)}
        return "cancelled" in states and "planned" not in states

    await lead_is(stack, lead_id, "appointment_scheduled")
    await eventually(sequence_stopped)


async def test_each_shop_says_its_own_price_and_its_own_time(customer: Customer) -> None:
    await customer.asks_the_shop(location="Store201", service="window tint")
    session = await customer.opens_the_link()
    assert session["location"]["timezone"] == "America/Phoenix"
    replies = await customer.says("What does the full car ceramic tint cost?")
    assert "$349" in replies[-1]["text"]
    assert "399" not in replies[-1]["text"]
    offer = part(await customer.presses("pick_time"), "slots")
    assert offer["timezone"] == "America/Phoenix"
    for slot in offer["slots"]:
        assert slot["start"].endswith("-07:00")
        assert f"{datetime.fromisoformat(slot['start']):%-I:%M %p}" in slot["label"]
    await booked(customer)
    confirmation = (await customer.received("email", count=2))[1]
    assert "MST" in confirmation["text"]
    assert "MST" in (await customer.received("sms", count=2))[1]["text"]


async def test_a_lead_whose_webhook_never_came_is_found_by_polling(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    await customer.asks_the_shop(webhook=False)
    answer = await http.post(
        f"{stack.gateway}/api/admin/crm-sync/poll",
        headers={"Authorization": f"Bearer {stack.secrets['ops_token']}"},
    )
    assert answer.status_code == 202, answer.text
    await customer.opens_the_link()


async def test_a_cancelled_appointment_frees_its_slot_and_tells_everybody(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    created = await customer.asks_the_shop()
    await customer.opens_the_link()
    await customer.says("How much is the full car ceramic tint?")
    appointment = await booked(customer)
    answer = await customer.post(f"/api/booking/appointments/{appointment['id']}/cancel", {})
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"

    mails = await customer.received("email", count=3)
    assert "METHOD:CANCEL" in str(mails[2]["attachments"])

    async def cancelled_in_shopmonkey() -> bool:
        rows = [
            r for r in await shop_rows(http, stack, "appointment") if r.get("orderId") == created["order_id"]
        ]
        return not rows or all(
            r.get("deleted") or r.get("cancelled") or r.get("cancellationNote") for r in rows
        )

    await eventually(cancelled_in_shopmonkey)
