"""What an operator repeats writes nothing to the CRM, unless that is what they want."""

from typing import Any

import pytest
from crm_sync.actions import planning, polling
from shared.messaging.inbox import once
from shared.messaging.replay import Mode, Replay, delivered

pytestmark = pytest.mark.postgres

LATER = "UPDATE observations SET missing_since = missing_since - interval '10 minutes' RETURNING crm_id"
"""The time between two rounds of the poll."""


async def repeat(shop: Any, event: Any, mode: Mode, replay_id: str = "first") -> None:
    with delivered(Replay(replay_id, mode).headers):
        await once(shop.deps.sessions, event, planning.plan_booking)
    await shop.work()


async def test_a_repeated_booking_writes_nothing_even_when_its_task_is_lost(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    event = await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    await shop.select("DELETE FROM sync_tasks RETURNING 1")
    await repeat(shop, event, "again")
    assert await shop.select("SELECT 1 FROM sync_tasks") == []
    assert (shop.calls("POST", "/appointment"), shop.calls("POST", "/message")) == (1, 1)


async def test_with_side_effects_nothing_is_doubled_and_what_was_lost_there_is_written_anew(
    shop: Any,
) -> None:
    """A read that does not find it is no word of staff's (ADR 28): nobody is told of an end."""
    lead_id, _ = await shop.new_lead()
    event = await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    await repeat(shop, event, "again-with-side-effects")
    [lost] = shop.rows("appointment")
    shop.sandbox.world.tables["appointment"].clear()
    await repeat(shop, event, "again-with-side-effects", "second")
    [anew] = shop.rows("appointment")
    assert (anew["startDate"], anew["metadata"]) == (lost["startDate"], lost["metadata"])
    for _ in range(2):
        await polling.poll_appointments(shop.deps)
        await shop.select(LATER)
    assert not any(told["deleted"] for told in await shop.published("crm.appointment.observed.v1"))
    assert len(shop.rows("message")) == 1


async def test_what_staff_deleted_stays_deleted_whoever_repeats_its_booking(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    event = await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    [row] = shop.rows("appointment")
    shop.sandbox.world.tables["appointment"].clear()
    await shop.observe("appointment", row, "DELETE")
    await repeat(shop, event, "again-with-side-effects")
    assert shop.rows("appointment") == []
    [told] = await shop.published("crm.appointment.observed.v1")
    assert told["deleted"] is True


async def test_news_of_a_record_that_is_lost_concludes_nothing_when_it_is_repeated(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    [row] = shop.rows("appointment")
    shop.sandbox.world.tables["appointment"].clear()
    with delivered(Replay("first", "again").headers):
        await shop.observe("appointment", row, "UPDATE")
    assert await shop.published("crm.appointment.observed.v1") == []
