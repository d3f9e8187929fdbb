"""A lead that was erased stays away: rows, events of the outbox, and whatever is still told of it."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from shared.db.engine import Sessions, transaction
from shared.events import Event, LeadStatusChanged, PersonErasureRequested
from shared.events.base import DataT
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from shared.messaging.replay import Replay, delivered
from shared.persons import Holding, Holdings, address_hashes, erase_once, erased, held
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.races import beside

pytestmark = pytest.mark.postgres

TENANT = UUID(int=7)
HOLDINGS = Holdings((Holding("effects", "what LIKE CAST(:lead_id AS text) || '%'"),))


def event(data: DataT, lead_id: UUID) -> Event[DataT]:
    return Event(
        id=uuid4(), type=data.type, source="ingest", subject=str(lead_id), time=datetime.now(UTC),
        tenant_id=TENANT, correlation_id="sample", data=data,
    )  # fmt: skip


def moved(lead_id: UUID) -> Event[LeadStatusChanged]:
    return event(LeadStatusChanged(lead_id=lead_id, old="new", new="engaged", reason="sample"), lead_id)


def erasure(lead_id: UUID) -> Event[PersonErasureRequested]:
    return event(PersonErasureRequested(lead_id=lead_id), lead_id)


async def note(session: AsyncSession, told: Event[LeadStatusChanged]) -> None:
    await session.execute(text("INSERT INTO effects (what) VALUES (:what)"), {"what": told.subject})
    await record(session, told.data, tenant_id=TENANT, subject=told.data.lead_id)


async def left(sessions: Sessions, lead_id: UUID) -> dict[str, int]:
    async with transaction(sessions, TENANT) as session:
        return {table: len(rows) for table, rows in (await held(session, HOLDINGS, lead_id)).items()}


async def test_rows_and_events_go_and_another_lead_s_stay(sessions: Sessions) -> None:
    theirs, other = uuid4(), uuid4()
    await once(sessions, moved(theirs), note)
    await once(sessions, moved(other), note)
    await erase_once(sessions, erasure(theirs), HOLDINGS)
    assert await left(sessions, theirs) == {"outbox": 0, "effects": 0}
    assert await left(sessions, other) == {"outbox": 1, "effects": 1}
    async with transaction(sessions, TENANT) as session:
        done = await erased(session, theirs)
        assert await erased(session, other) is None
    assert done is not None
    assert (done.rows, done.subjects) == ({"outbox": 1, "effects": 1}, [str(theirs)])


@pytest.mark.parametrize("mode", ["missing", "again", "again-with-side-effects", "rebuild"])
async def test_what_is_told_of_the_lead_afterwards_has_no_effect(sessions: Sessions, mode: str) -> None:
    lead_id = uuid4()
    await erase_once(sessions, erasure(lead_id), HOLDINGS)
    assert not await once(sessions, moved(lead_id), note)
    with delivered({"replay-id": "r1", "replay-mode": mode}):
        assert not await once(sessions, moved(lead_id), note)
    assert await left(sessions, lead_id) == {"outbox": 0, "effects": 0}


async def test_a_rebuild_from_the_log_forgets_the_lead_again(sessions: Sessions) -> None:
    lead_id = uuid4()
    with delivered(Replay("r1", "rebuild").headers):
        await erase_once(sessions, erasure(lead_id), HOLDINGS)
    assert not await once(sessions, moved(lead_id), note)


async def test_asked_for_twice_it_is_done_once(sessions: Sessions) -> None:
    lead_id = uuid4()
    await once(sessions, moved(lead_id), note)
    first = erasure(lead_id)
    await erase_once(sessions, first, HOLDINGS)
    await asyncio.gather(
        erase_once(sessions, first, HOLDINGS), erase_once(sessions, erasure(lead_id), HOLDINGS)
    )
    async with transaction(sessions, TENANT) as session:
        done = await erased(session, lead_id)
    assert done is not None
    assert done.rows == {"outbox": 1, "effects": 1}


async def test_while_something_is_under_way_nothing_is_erased(sessions: Sessions) -> None:
    lead_id = uuid4()
    await once(sessions, moved(lead_id), note)

    async def wait(_: AsyncSession, __: Event[PersonErasureRequested]) -> dict[str, object]:
        raise RetryLater("under way")

    with pytest.raises(RetryLater):
        await erase_once(sessions, erasure(lead_id), HOLDINGS, wait)
    assert await left(sessions, lead_id) == {"outbox": 1, "effects": 1}


async def test_an_effect_that_is_being_worked_on_is_waited_for_and_erased_too(sessions: Sessions) -> None:
    lead_id = uuid4()
    erasing = erase_once(sessions, erasure(lead_id), HOLDINGS)
    await beside(sessions, "effects", once(sessions, moved(lead_id), note), erasing)
    assert await left(sessions, lead_id) == {"outbox": 0, "effects": 0}


async def test_an_event_that_comes_while_they_are_erased_has_no_effect(sessions: Sessions) -> None:
    lead_id = uuid4()
    erasing = erase_once(sessions, erasure(lead_id), HOLDINGS)
    _, done = await beside(sessions, "erased_leads", erasing, once(sessions, moved(lead_id), note))
    assert not done
    assert await left(sessions, lead_id) == {"outbox": 0, "effects": 0}


async def test_two_erasures_at_once_do_not_wait_for_each_other_for_ever(sessions: Sessions) -> None:
    leads = [uuid4() for _ in range(8)]
    await asyncio.gather(*(once(sessions, moved(lead_id), note) for lead_id in leads))
    await asyncio.gather(*(erase_once(sessions, erasure(lead_id), HOLDINGS) for lead_id in leads))
    assert [await left(sessions, lead_id) for lead_id in leads] == [{"outbox": 0, "effects": 0}] * 8


def test_a_hash_tells_the_same_address_to_whoever_has_the_key() -> None:
    key = SecretStr("one")
    assert address_hashes("a@example.com", key) == address_hashes("a@example.com", key)
    assert address_hashes("a@example.com", key) != address_hashes("b@example.com", key)
    assert address_hashes("a@example.com", key) != address_hashes("a@example.com", SecretStr("two"))
    assert "example" not in str(address_hashes("a@example.com", key))


def test_what_an_older_key_made_is_still_recognised() -> None:
    [old] = address_hashes("a@example.com", SecretStr("old"))
    newest, *others = address_hashes("a@example.com", SecretStr("new,old"))
    assert others == [old]
    assert newest != old
