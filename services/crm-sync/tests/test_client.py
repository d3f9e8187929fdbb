"""ShopMonkey's answers as they really come."""

import asyncio
from typing import Any

import pytest
from crm_sync.clients.errors import Throttled, Unavailable
from crm_sync.clients.transport import _page
from crm_sync.domain.sync import Later, Unknown, backoff, delay_after

ROW = {"id": "sample"}


@pytest.mark.parametrize(
    ("body", "total"),
    [
        ({"success": True, "data": [ROW], "meta": {"total": 7, "hasMore": True}}, 7),
        ({"success": True, "data": {"data": [ROW], "meta": {"total": 7}}}, 7),
        ({"success": True, "data": {"data": [ROW]}, "meta": {"total": 7}}, 7),
        ({"success": True, "data": [ROW]}, None),
        ([ROW], None),
    ],
)
def test_rows_and_total_are_read_wherever_they_stand(body: object, total: int | None) -> None:
    page = _page(body)

    assert (page.rows, page.total) == ((ROW,), total)


def test_an_empty_list_with_its_total_is_empty() -> None:
    assert _page({"success": True, "data": [], "meta": {"total": 0}}).rows == ()


def test_an_empty_list_without_meta_is_a_throttled_answer() -> None:
    with pytest.raises(Throttled):
        _page({"success": True, "data": []})


def test_an_answer_without_a_list_is_no_list() -> None:
    with pytest.raises(Unavailable):
        _page({"success": True})


async def test_no_more_than_five_calls_are_in_flight(shop: Any) -> None:
    orders = [(await shop.new_order())["order_id"] for _ in range(12)]
    await shop.fault("slow", seconds=0.1)
    api = shop.deps.accounts["default"]
    asking = asyncio.gather(*(api.order(order_id) for order_id in orders))
    peak = 0
    while not asking.done():
        calls = shop.sandbox.world.calls["shopmonkey"]
        peak = max(peak, sum(1 for call in calls if call["status"] is None))
        await asyncio.sleep(0.005)
    await asking

    assert peak == 5


def test_a_retry_waits_longer_each_time_and_never_over_ten_minutes() -> None:
    seconds = [backoff(attempts).total_seconds() for attempts in (1, 2, 3, 50)]

    assert seconds == [2, 4, 8, 600]


def test_a_vendor_s_own_delay_comes_before_ours() -> None:
    assert delay_after(Later("throttled", 30), attempts=1).total_seconds() == 30


def test_a_lost_answer_is_given_time_to_settle() -> None:
    assert delay_after(Unknown("no answer"), attempts=1).total_seconds() == 5
    assert delay_after(Unknown("not there yet", looked=True), attempts=20).total_seconds() == 60
