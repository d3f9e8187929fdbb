"""Quotes, holds and keys leave by age; what was booked keeps the quote that it rests on."""

import pytest
from booking.holdings import RETENTION
from booking.store.replicas import tenant_ids
from shared.db.engine import transaction
from shared.retention import Remover, ages_of
from sqlalchemy import text

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"
AGES = {"quotes": ("created_at", 90), "holds": ("expires_at", 30), "idempotency_keys": ("created_at", 30)}


async def left_after_a_night(shop, *, days_over: int) -> dict[str, int]:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        for table, (since, days) in AGES.items():
            await session.execute(
                text(f"UPDATE {table} SET {since} = now() - make_interval(days => :days)"),  # noqa: S608 - our own names
                {"days": days + days_over},
            )
    await Remover(shop.deps.sessions, RETENTION, ages_of(RETENTION.kinds, {}), tenant_ids).run()
    return {table: (await shop.rows(f"SELECT count(*) FROM {table}"))[0][0] for table in AGES}  # noqa: S608


async def test_what_was_not_booked_leaves_and_what_was_stays(shop):
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    quote = await lead.quote()
    held = await lead.post("holds", {"quote_id": quote["id"], "start": "2026-11-24T13:00:00-08:00"})
    assert held.status_code == 201, held.text
    before = await left_after_a_night(shop, days_over=-1)
    assert before["quotes"] >= 2
    assert before["holds"] >= 1
    assert before["idempotency_keys"] >= 1
    assert await left_after_a_night(shop, days_over=1) == {"quotes": 1, "holds": 0, "idempotency_keys": 0}
    assert (await lead.get(f"appointments/{booked['id']}")).status_code == 200
