"""What a replayed delivery may do, on a real PostgreSQL."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from shared.db.engine import Sessions, transaction
from shared.events import Event, LeadStatusChanged
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from shared.messaging.replay import Replay, current_replay, delivered, repeated_by, replay_of, replica
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.postgres

TENANT = UUID(int=7)


def event() -> Event[LeadStatusChanged]:
    lead_id = uuid4()
    return Event(
        id=uuid4(),
        type=LeadStatusChanged.type,
        source="ingest",
        subject=str(lead_id),
        time=datetime.now(UTC),
        tenant_id=TENANT,
        correlation_id="sample",
        data=LeadStatusChanged(lead_id=lead_id, old="new", new="engaged", reason="sample"),
    )


async def _note(session: AsyncSession, what: str) -> None:
    await session.execute(text("INSERT INTO effects (what) VALUES (:what)"), {"what": what})


@replica
async def keep(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    await _note(session, "kept")


async def tell(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    await _note(session, "told")
    await record(session, event.data, tenant_id=TENANT, subject=event.data.lead_id)


async def left(sessions: Sessions) -> tuple[list[str], int]:
    """The effects in order of their names, and how many events were recorded."""
    async with transaction(sessions, TENANT) as session:
        effects = (await session.execute(text("SELECT what FROM effects ORDER BY what"))).scalars().all()
        recorded = (await session.execute(text("SELECT count(*) FROM outbox"))).scalar_one()
        return list(effects), recorded


async def test_a_replay_of_what_is_missing_does_it_as_if_for_the_first_time(sessions: Sessions) -> None:
    with delivered(Replay("r1", "missing").headers):
        assert await once(sessions, event(), keep, tell)
    assert await left(sessions) == (["kept", "told"], 1)


async def test_a_replay_of_what_was_done_changes_nothing(sessions: Sessions) -> None:
    first = event()
    await once(sessions, first, keep, tell)
    with delivered(Replay("r1", "missing").headers):
        assert not await once(sessions, first, keep, tell)
    assert await left(sessions) == (["kept", "told"], 1)


async def test_a_repeat_does_the_services_own_effects_once_more_and_lets_nothing_leave_it(
    sessions: Sessions,
) -> None:
    first = event()
    await once(sessions, first, keep, tell)
    with delivered(Replay("r1", "again").headers):
        assert await once(sessions, first, keep, tell)
    assert await left(sessions) == (["kept", "kept", "told"], 1)


async def test_a_repeat_delivered_three_times_at_once_is_done_once(sessions: Sessions) -> None:
    first = event()
    await once(sessions, first, keep)
    with delivered(Replay("r1", "again").headers):
        await asyncio.gather(*(once(sessions, first, keep) for _ in range(3)))
    assert await left(sessions) == (["kept", "kept"], 0)


async def test_a_live_duplicate_after_a_repeat_is_still_a_duplicate(sessions: Sessions) -> None:
    first = event()
    await once(sessions, first, keep)
    with delivered(Replay("r1", "again").headers):
        await once(sessions, first, keep)
    assert not await once(sessions, first, keep)


async def test_a_repeat_with_side_effects_publishes_again(sessions: Sessions) -> None:
    first = event()
    await once(sessions, first, tell)
    with delivered(Replay("r1", "again-with-side-effects").headers):
        assert repeated_by() == "r1"
        await once(sessions, first, tell)
    assert await left(sessions) == (["told", "told"], 2)


async def test_a_rebuild_does_what_is_kept_of_others_facts_and_nothing_else(sessions: Sessions) -> None:
    first = event()
    with delivered(Replay("r1", "rebuild").headers):
        await once(sessions, first, keep, tell)
    assert await left(sessions) == (["kept"], 0)
    assert await once(sessions, first, tell), "what a rebuild leaves out stays to be done by a live delivery"


async def test_a_rebuild_publishes_nothing_even_where_a_kept_fact_would(sessions: Sessions) -> None:
    with delivered(Replay("r1", "rebuild").headers):
        async with transaction(sessions, TENANT) as session:
            await record(session, event().data, tenant_id=TENANT, subject=uuid4())
    assert await left(sessions) == ([], 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Replay()),
        ({"attempt": 2, "x-death": []}, Replay()),
        ({"replay-id": "r1", "replay-mode": "again"}, Replay("r1", "again")),
        ({"replay-id": "r1", "replay-mode": "of a newer leadctl"}, Replay("r1", "missing")),
    ],
)
def test_the_headers_of_a_delivery_say_what_it_is(headers: Mapping[str, object], expected: Replay) -> None:
    assert replay_of(headers) == expected
    with delivered(headers):
        assert current_replay() == expected
    assert current_replay() == Replay()
