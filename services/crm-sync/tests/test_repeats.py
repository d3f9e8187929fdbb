"""What an operator repeats writes nothing to the CRM, unless that is what they want."""

from typing import Any

import pytest
from crm_sync.actions import planning
from shared.messaging.inbox import once
from shared.messaging.replay import Mode, Replay, delivered

pytestmark = pytest.mark.postgres


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


async def test_with_side_effects_nothing_is_doubled_and_what_is_gone_there_stays_gone(shop: Any) -> None:
    """A record that a read of just that one does not find was deleted by staff (ADR 28), whoever asks again."""
    lead_id, _ = await shop.new_lead()
    event = await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    await repeat(shop, event, "again-with-side-effects")
    assert len(shop.rows("appointment")) == 1
    shop.sandbox.world.tables["appointment"].clear()
    await repeat(shop, event, "again-with-side-effects", "second")
    assert shop.rows("appointment") == []
    assert len(shop.rows("message")) == 1
