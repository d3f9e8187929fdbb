"""Duplicates at any endpoint are one lead, one message, one appointment."""

import asyncio
from uuid import uuid4

import aio_pika
import asyncpg
import pytest
from ops.stack.stackfile import StackFile
from shared.db.engine import relay_url
from shared.events import LeadReceived
from shared.messaging.topology import queue_for
from testkit.customer import Customer, Json, part
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


async def test_a_webhook_delivered_five_times_is_one_lead_and_one_first_touch(customer: Customer) -> None:
    created = await customer.asks_the_shop(duplicates=4)
    assert sorted(delivery["status"] for delivery in created["deliveries"]) == [200, 200, 200, 200, 202]
    await customer.opens_the_link()
    await customer.says("hello")
    assert len(await customer.inbox("email")) == 1
    assert len(await customer.inbox("sms")) == 1


async def test_an_event_redelivered_to_the_notifier_sends_nothing_again(
    customer: Customer, stack: StackFile
) -> None:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    event_id, body = await recorded_lead(stack, customer.email)
    connection = await aio_pika.connect(stack.rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        message = aio_pika.Message(body, content_type="application/cloudevents+json", message_id=event_id)
        for _ in range(3):
            await channel.default_exchange.publish(message, queue_for("notifier", LeadReceived))
        await eventually(lambda: is_empty(channel, queue_for("notifier", LeadReceived)))
    await customer.says("hello")
    assert len(await customer.inbox("email")) == 1
    assert len(await customer.inbox("sms")) == 1


async def recorded_lead(stack: StackFile, email: str) -> tuple[str, bytes]:
    connection = await asyncpg.connect(relay_url(stack.databases["ingest"]))
    try:
        row = await connection.fetchrow(
            "SELECT event_id::text, body FROM outbox WHERE type = $1 AND encode(body, 'escape') LIKE $2",
            LeadReceived.type,
            f"%{email}%",
        )
        return row["event_id"], row["body"]
    finally:
        await connection.close()


async def is_empty(channel: aio_pika.abc.AbstractChannel, queue: str) -> bool:
    declared = await channel.declare_queue(queue, passive=True)
    return bool(declared.declaration_result.message_count == 0)


async def test_booking_twice_with_one_key_is_one_appointment(customer: Customer) -> None:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    quote = (await customer.post("/api/booking/quotes", {"service": "full-ceramic"})).json()
    slots = (await customer.get("/api/booking/slots", quote_id=quote["id"])).json()["slots"]
    key, body = str(uuid4()), {"quote_id": quote["id"], "start": slots[-1]["start"]}
    path, headers = "/api/booking/appointments", {"Idempotency-Key": key}
    answers = await asyncio.gather(*(customer.post(path, body, **headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await customer.post(path, {**body, "start": slots[-2]["start"]}, **headers)
    assert other.status_code == 409
    mails = await customer.received("email", count=2)
    assert len(mails) == 2


async def test_a_booking_made_outside_the_chat_shows_up_in_it_once(customer: Customer) -> None:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    quote = (await customer.post("/api/booking/quotes", {"service": "front-two"})).json()
    slots = (await customer.get("/api/booking/slots", quote_id=quote["id"])).json()["slots"]
    answer = await customer.post(
        "/api/booking/appointments",
        {"quote_id": quote["id"], "start": slots[-1]["start"]},
        **{"Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 201

    async def shown() -> bool:
        appointment: Json = (await customer.session()).get("appointment") or {}
        return bool(appointment.get("id") == answer.json()["id"])

    await eventually(shown)
    messages = (await customer.session())["messages"]
    cards = [m for m in messages if any(p["kind"] == "appointment" for p in m.get("parts") or [])]
    assert len(cards) == 1
    assert part(cards, "appointment")["appointment"]["id"] == answer.json()["id"]
