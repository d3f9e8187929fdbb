"""What the webhooks missed is found by polling, although the lists lie."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from crm_sync.actions import planning, polling
from crm_sync.actions.polling import poll_appointments, poll_locations

LEAD = "crm.lead.observed.v1"
ROUNDS = 10


async def poll_until_seen(shop: Any, orders: int) -> None:
    """A list that dropped a row must not be believed: some later round shows it."""
    for _ in range(ROUNDS):
        await poll_locations(shop.deps)
        if len(await shop.published(LEAD)) >= orders:
            return


async def test_a_lead_without_a_webhook_is_found(shop: Any) -> None:
    order = await shop.new_order()

    await poll_locations(shop.deps)

    [lead] = await shop.published(LEAD)
    assert (lead["ref"]["order_id"], lead["seen_by"]) == (order["order_id"], "poll")


async def test_webhook_and_poll_together_are_one_lead(shop: Any) -> None:
    order = await shop.new_order()
    await shop.webhook("order", order["order_id"])

    await poll_locations(shop.deps)

    assert len(await shop.published(LEAD)) == 1


async def test_every_lead_is_found_although_rows_are_dropped(shop: Any) -> None:
    orders = {(await shop.new_order())["order_id"] for _ in range(20)}
    await shop.fault("drop_rows")

    await poll_until_seen(shop, len(orders))

    assert {lead["ref"]["order_id"] for lead in await shop.published(LEAD)} == orders
    assert len(await shop.published(LEAD)) == 20


async def test_a_busy_hour_of_more_than_a_page_is_found(shop: Any) -> None:
    for _ in range(120):
        await shop.new_order(vehicle=None)

    await poll_locations(shop.deps)

    assert len(await shop.published(LEAD)) == 120


async def test_what_was_looked_at_is_not_asked_for_again(shop: Any) -> None:
    order = await shop.new_order()
    await poll_locations(shop.deps)

    await poll_locations(shop.deps)

    assert shop.calls("GET", f"/order/{order['order_id']}") == 1


async def test_an_incomplete_round_does_not_move_the_watermark(shop: Any) -> None:
    await shop.new_order()
    await shop.fault("status", status=500)
    await poll_locations(shop.deps)
    assert await shop.select("SELECT 1 FROM poll_cursors") == []

    await shop.fault("none")
    await poll_locations(shop.deps)

    assert len(await shop.select("SELECT 1 FROM poll_cursors")) == 1
    assert len(await shop.published(LEAD)) == 1


async def test_another_shop_s_orders_are_not_taken(shop: Any) -> None:
    await shop.new_order(location="Store201")

    await poll_locations(shop.deps)

    assert await shop.select("SELECT 1 FROM observations") == []


async def test_a_shop_without_a_key_does_not_stop_the_others(shop: Any) -> None:
    await shop.open(
        location_id=uuid4(), code="Store000", crm_account="nobody", crm_location_id="sample-sm-000"
    )
    await shop.new_order()

    await poll_locations(shop.deps)

    assert len(await shop.published(LEAD)) == 1


def put_in_calendar(shop: Any, days: int, **fields: Any) -> str:
    """By hand of the shop, before anybody listened."""
    start = shop.now + timedelta(days=days)
    row = {
        "id": uuid4().hex,
        "locationId": "sample-sm-094",
        "startDate": start.isoformat(),
        "endDate": (start + timedelta(hours=2)).isoformat(),
        "updatedDate": shop.now.isoformat(),
    }
    shop.sandbox.world.tables["appointment"][row["id"]] = {**row, **fields}
    return str(row["id"])


async def test_what_stood_in_the_calendar_before_us_is_told_once(shop: Any) -> None:
    ids = [put_in_calendar(shop, days) for days in (1, 20, 60)]
    put_in_calendar(shop, 1, locationId="sample-sm-201")

    await poll_appointments(shop.deps)
    await poll_appointments(shop.deps)

    seen = await shop.published("crm.appointment.observed.v1")
    assert [one["crm_appointment_id"] for one in seen] == ids


async def test_of_many_that_the_search_does_not_show_ours_are_read_first_and_every_one_in_time(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here two a round, of seven."""
    monkeypatch.setattr(polling, "MOST_DIRECT_READS", 2)
    theirs = {put_in_calendar(shop, days) for days in range(1, 7)}
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    await poll_appointments(shop.deps)
    rows = shop.sandbox.world.tables["appointment"]
    [ours] = set(rows) - theirs
    for row in rows.values():
        row["startDate"] = row["endDate"] = (shop.now + timedelta(days=800)).isoformat()

    await poll_appointments(shop.deps)
    assert shop.calls("GET", f"/appointment/{ours}") == 1
    for _ in range(100):
        await poll_appointments(shop.deps)
        if all(shop.calls("GET", f"/appointment/{one}") for one in theirs):
            return
    pytest.fail("some were never read")
