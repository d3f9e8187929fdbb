"""Staff work in the shop's calendar by hand, and each of their changes is a webhook."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from sandbox.server import Running

Eventually = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

ENTRY = {"name": "Inventory", "start": "2026-12-01T10:00:00-08:00", "end": "2026-12-01T12:00:00-08:00"}


def told(gateway: Any) -> list[tuple[str, str]]:
    """Operation and start of each webhook about an appointment, in the order of their arrival."""
    bodies = [json.loads(got.body) for got in gateway.at("/webhooks/shopmonkey")]
    return [
        (body["operation"], body["data"]["startDate"]) for body in bodies if body["table"] == "appointment"
    ]


async def test_what_staff_enter_move_cancel_restore_and_delete_is_told_each_time(
    http: httpx2.AsyncClient, gateway: Any, eventually: Eventually
) -> None:
    entered = (await http.post("/control/shopmonkey/appointments", json=ENTRY)).json()
    path = f"/control/shopmonkey/appointments/{entered['id']}"

    moved = (await http.patch(path, json={"start": "2026-12-01T09:00:00-08:00"})).json()
    cancelled = (await http.patch(path, json={"cancelled": True})).json()
    restored = (await http.patch(path, json={"cancelled": False})).json()
    deleted = await http.delete(path)

    assert moved["startDate"] == "2026-12-01T17:00:00.000Z"
    assert (cancelled["confirmationStatus"], restored["confirmationStatus"]) == ("Declined", "NoResponse")
    assert (deleted.status_code, (await http.delete(path)).status_code) == (200, 404)

    async def all_told() -> bool:
        return sorted(operation for operation, _ in told(gateway)) == ["DELETE", "INSERT", *["UPDATE"] * 3]

    await eventually(all_told)


async def test_a_repeating_entry_keeps_its_rule_and_the_search_shows_its_first_time_only(
    http: httpx2.AsyncClient, shop: httpx2.AsyncClient
) -> None:
    entry = {**ENTRY, "repeats": "weekly", "all_day": True}
    row = (await http.post("/control/shopmonkey/appointments", json=entry)).json()

    later = {"where": {"startDate": {"gte": "2026-12-07T00:00:00Z", "lte": "2026-12-09T00:00:00Z"}}}
    found = (await shop.post("/appointment/search", json=later)).json()["data"]

    assert row["rruleset"] == "DTSTART:20261201T180000Z\nRRULE:FREQ=WEEKLY"
    assert found == []


async def test_webhooks_are_lost_and_doubled_as_wanted(
    sandbox: Running, http: httpx2.AsyncClient, gateway: Any, eventually: Eventually
) -> None:
    await http.put("/control/faults/webhooks", json={"lose": 1})
    await http.post("/control/shopmonkey/appointments", json=ENTRY)
    await http.put("/control/faults/webhooks", json={"double": 1, "late_seconds": 0.05})
    await http.post("/control/shopmonkey/appointments", json={**ENTRY, "start": "2026-12-01T11:00:00-08:00"})

    async def twice() -> bool:
        return len(told(gateway)) == 2

    await eventually(twice)
    assert {start for _, start in told(gateway)} == {"2026-12-01T19:00:00.000Z"}
