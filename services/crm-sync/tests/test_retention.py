"""What was written to the CRM leaves when it is too old; that it was written stays, and what is still to be written too."""

import pytest
from crm_sync import store
from crm_sync.holdings import RETENTION
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.retention import Remover, ages_of
from sqlalchemy import text

from .test_erasing import planned_note

pytestmark = pytest.mark.postgres


async def aged_by(shop, state: str, days: int) -> None:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text("UPDATE sync_tasks SET state = :state, created_at = now() - make_interval(days => :days)"),
            {"state": state, "days": days},
        )


async def payloads_after_a_night(shop) -> list[dict[str, object]]:
    await Remover(shop.deps.sessions, RETENTION, ages_of(RETENTION.kinds, {}), store.tenants).run()
    return [payload for (payload,) in await shop.select("SELECT payload FROM sync_tasks")]


@pytest.mark.parametrize("state", ["done", "skipped"])
async def test_an_old_payload_goes(shop, state):
    lead_id, _ = await shop.new_lead()
    await planned_note(shop, lead_id)
    await aged_by(shop, state, 89)
    assert "aardwolf" in str(await payloads_after_a_night(shop))
    await aged_by(shop, state, 91)
    assert await payloads_after_a_night(shop) == [{}]


@pytest.mark.parametrize("state", ["planned", "sending", "unknown", "failed"])
async def test_what_is_still_to_be_written_keeps_it(shop, state):
    lead_id, _ = await shop.new_lead()
    await planned_note(shop, lead_id)
    await aged_by(shop, state, 91)
    assert "aardwolf" in str(await payloads_after_a_night(shop))


async def test_a_task_without_its_words_is_not_planned_again(shop):
    lead_id, _ = await shop.new_lead()
    await planned_note(shop, lead_id)
    await aged_by(shop, "skipped", 91)
    await payloads_after_a_night(shop)
    [(task_id,)] = await shop.select("SELECT id FROM sync_tasks")
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        assert not await store.plan_again(session, shop.tenant_id, task_id, now=database_now())
