"""What a webhook about ShopMonkey makes us say, and what it does not."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from crm_sync.actions import echoes, observing
from shared.events import CrmRef
from shared.messaging.failures import RetryLater

LEAD = "crm.lead.observed.v1"


async def test_a_new_order_becomes_a_lead_with_its_person_and_car(shop: Any) -> None:
    order = await shop.new_order(first_name="Avery", phone="+16195550123", email="Avery@Example.com")

    await shop.webhook("order", order["order_id"])

    [lead] = await shop.published(LEAD)
    assert lead["ref"] == {
        **{name: order[name] for name in ("order_id", "customer_id", "vehicle_id")},
        "by_us": False,
    }
    assert lead["contact"] == {"name": "Avery Sample", "email": "avery@example.com", "phone": "+16195550123"}
    assert (lead["vehicle"]["make"], lead["vehicle"]["model"]) == ("Honda", "Civic")
    assert (lead["interest"], lead["seen_by"]) == ("Window Tint", "webhook")
    assert lead["consent"] == {"sms": True, "email": True, "refused": []}
    assert lead["location_id"] == str(shop.location_id)


async def test_a_delivery_that_comes_twice_is_one_lead(shop: Any) -> None:
    order = await shop.new_order()
    event = shop.change("order", shop.row("order", order["order_id"]))

    await observing.observe_order(shop.deps, event)
    await observing.observe_order(shop.deps, event)

    assert len(await shop.published(LEAD)) == 1


async def test_deliveries_at_the_same_time_are_one_lead(shop: Any) -> None:
    order = await shop.new_order()

    await asyncio.gather(*(shop.webhook("order", order["order_id"]) for _ in range(5)))

    assert len(await shop.published(LEAD)) == 1


async def test_a_change_of_the_order_alone_is_no_news(shop: Any) -> None:
    order = await shop.new_order()
    await shop.webhook("order", order["order_id"])
    shop.sandbox.world.tables["order"][order["order_id"]]["note"] = "called"

    await shop.webhook("order", order["order_id"], "UPDATE")

    assert len(await shop.published(LEAD)) == 1


async def test_a_changed_phone_number_is_told_again(shop: Any) -> None:
    order = await shop.new_order(phone="+16195550123")
    await shop.webhook("order", order["order_id"])
    customer = shop.sandbox.world.tables["customer"][order["customer_id"]]
    customer["phoneNumbers"][0]["number"] = "+16195550124"

    await shop.webhook("order", order["order_id"], "UPDATE")

    assert [lead["contact"]["phone"] for lead in await shop.published(LEAD)] == [
        "+16195550123",
        "+16195550124",
    ]


async def test_a_skipped_order_keeps_its_reason(shop: Any) -> None:
    order = await shop.new_order(service="oil change")

    await shop.webhook("order", order["order_id"])

    assert await shop.published(LEAD) == []
    assert await shop.select("SELECT crm_id, verdict, reason FROM observations") == [
        (order["order_id"], "skipped", "no_keyword")
    ]


async def test_a_lead_whom_nobody_can_reach_is_skipped(shop: Any) -> None:
    order = await shop.new_order(email=None, phone=None)

    await shop.webhook("order", order["order_id"])

    assert await shop.select("SELECT verdict, reason FROM observations") == [("skipped", "no_contact")]


async def test_an_order_of_a_shop_that_we_do_not_know_is_skipped(shop: Any) -> None:
    order = await shop.new_order(location="sample-sm-201")

    await shop.webhook("order", order["order_id"])

    assert await shop.select("SELECT verdict, reason FROM observations") == [("skipped", "unknown_location")]


async def test_an_order_that_is_not_found_is_noted_and_not_an_error(shop: Any) -> None:
    await observing.observe_order(shop.deps, shop.change("order", {"id": "sample-gone"}, "UPDATE"))

    assert await shop.select("SELECT verdict, reason FROM observations") == [("skipped", "not_found")]


async def test_a_webhook_before_its_location_is_tried_later(unopened_shop: Any) -> None:
    order = await unopened_shop.new_order()

    with pytest.raises(RetryLater):
        await unopened_shop.webhook("order", order["order_id"])

    await unopened_shop.open()
    await unopened_shop.webhook("order", order["order_id"])
    assert len(await unopened_shop.published(LEAD)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "status", "status": 500},
        {"mode": "status", "status": 429, "retry_after": 0},
        {"mode": "html_403"},
        {"mode": "malformed"},
        {"mode": "disconnect"},
        {"mode": "timeout"},
    ],
    ids=lambda fault: f"{fault['mode']}-{fault.get('status', '')}",
)
async def test_a_lead_survives_a_bad_answer(shop: Any, fault: dict[str, Any]) -> None:
    order = await shop.new_order()
    await shop.fault(**fault)
    with pytest.raises(RetryLater):
        await shop.webhook("order", order["order_id"])

    await shop.fault("none")
    await shop.webhook("order", order["order_id"])

    assert len(await shop.published(LEAD)) == 1


async def test_a_passing_fault_is_overcome_in_place(shop: Any) -> None:
    order = await shop.new_order()
    await shop.fault("status", status=503, rate=0.3)

    await shop.webhook("order", order["order_id"])

    assert len(await shop.published(LEAD)) == 1


async def test_an_older_location_does_not_replace_a_newer(shop: Any) -> None:
    await shop.open(version=3, name="New name")
    await shop.open(version=2, name="Old name")

    assert await shop.select("SELECT name FROM locations") == [("New name",)]


async def test_a_location_with_a_rule_that_cannot_be_one_is_refused(shop: Any) -> None:
    with pytest.raises(ValueError, match="max_age_days"):
        await shop.open(version=2, crm_lead_rule={"max_age_days": "soon"})


async def test_a_customer_s_words_inside_shopmonkey_are_told_once(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    written = await write_inside(shop, order, author="Customer", text="Can I come on Friday?")

    await shop.webhook("message", written["id"])
    await shop.webhook("message", written["id"], "UPDATE")

    [message] = await shop.published("crm.message.observed.v1")
    assert message["lead_id"] == str(lead_id)
    assert (message["author"], message["text"]) == ("customer", "Can I come on Friday?")


async def test_a_message_of_staff_is_told_as_theirs(shop: Any) -> None:
    _, order = await shop.new_lead()
    written = await write_inside(shop, order, author="User", text="I will call you")

    await shop.webhook("message", written["id"])

    assert [m["author"] for m in await shop.published("crm.message.observed.v1")] == ["staff"]


async def test_a_customer_who_writes_without_an_order_is_found_by_name(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    written = await write_inside(shop, order, author="Customer", text="Hello?")
    shop.sandbox.world.tables["message"][written["id"]]["orderId"] = None

    await shop.webhook("message", written["id"])

    [message] = await shop.published("crm.message.observed.v1")
    assert (message["lead_id"], message["order_id"]) == (str(lead_id), order["order_id"])


async def test_a_message_of_somebody_who_is_no_lead_stays_in_the_shop(shop: Any) -> None:
    order = await shop.new_order(service="oil change")
    written = await write_inside(shop, order, author="Customer", text="Is my car ready?")

    await shop.webhook("message", written["id"])

    assert await shop.published("crm.message.observed.v1") == []


async def test_a_message_that_overtakes_its_lead_is_tried_later(shop: Any) -> None:
    order = await shop.new_order()
    await shop.webhook("order", order["order_id"])
    written = await write_inside(shop, order, author="Customer", text="Hello?")
    with pytest.raises(RetryLater):
        await shop.webhook("message", written["id"])

    await shop.keep_lead(uuid4(), CrmRef(order_id=order["order_id"]))
    await shop.webhook("message", written["id"])

    assert len(await shop.published("crm.message.observed.v1")) == 1


async def write_inside(shop: Any, order: dict[str, Any], *, author: str, text: str) -> dict[str, Any]:
    body = {"order_id": order["order_id"], "author": author, "text": text}
    answer = await shop.control.post("/control/shopmonkey/messages", json=body)
    assert answer.status_code == 201
    return dict(answer.json())


async def test_an_appointment_of_theirs_is_told_and_its_end_too(shop: Any) -> None:
    world = shop.sandbox.world.tables["appointment"]
    world["sample-a"] = {
        "id": "sample-a",
        "locationId": "sample-sm-094",
        "startDate": "2026-11-24T18:00:00.000Z",
        "endDate": "2026-11-24T20:00:00.000Z",
        "allDay": True,
        "updatedDate": "2026-11-22T17:00:00.000Z",
    }
    row = dict(world["sample-a"])
    await shop.webhook("appointment", "sample-a")
    del world["sample-a"]

    await echoes.observe_appointment(shop.deps, shop.change("appointment", row, "DELETE"))

    seen = await shop.published("crm.appointment.observed.v1")
    assert [(one.get("our_id"), one["all_day"], one["deleted"]) for one in seen] == [
        (None, True, False),
        (None, True, True),
    ]


async def test_the_lead_replica_keeps_the_newest_version(shop: Any) -> None:
    lead_id, order = await shop.new_lead()

    await shop.keep_lead(lead_id, None)

    assert await shop.select("SELECT order_id FROM leads") == [(order["order_id"],)]
