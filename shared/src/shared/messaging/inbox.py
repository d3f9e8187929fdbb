"""The inbox: an effect happens once however often its event is delivered."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.engine import Sessions, as_written, transaction
from shared.events import Event
from shared.events.base import DataT
from shared.messaging.replay import HeldBack, current_replay, is_replica

log = structlog.get_logger()

_INSERT = """
INSERT INTO inbox (consumer, event_id) SELECT unnest($1::text[]), $2
WHERE NOT EXISTS (SELECT FROM erased_leads WHERE lead_id = CAST($3::text AS uuid))
ON CONFLICT DO NOTHING RETURNING consumer
"""


async def first_deliveries(session: AsyncSession, event: Event[DataT], consumers: Sequence[str]) -> set[str]:
    """Those who see the event for the first time; a second, concurrent delivery waits for the first's end.

    None of them for an event of a lead that was erased: it has no effect any more, now or replayed.
    """
    answer = await as_written(session, _INSERT, sorted(consumers), event.id, event.subject)
    return set(answer.scalars())


async def once(
    sessions: Sessions,
    event: Event[DataT],
    *effects: Callable[[AsyncSession, Event[DataT]], Awaitable[None]],
) -> bool:
    """Runs the effects in one transaction, scoped to the event's tenant, each with its inbox row.

    An effect that was done before is skipped; False: all were. A replay that repeats effects has inbox rows of its own.
    """
    replay = current_replay()
    wanted = [effect for effect in effects if replay.mode != "rebuild" or is_replica(effect)]
    repeats = replay.mode in {"again", "again-with-side-effects"}
    epoch = f"@{replay.id}" if repeats else ""
    async with transaction(sessions, tenant_id=event.tenant_id) as session:
        first = await first_deliveries(session, event, [effect.__name__ + epoch for effect in wanted])
        fresh = [effect for effect in wanted if effect.__name__ + epoch in first]
        for effect in fresh:
            if replay.mode == "again":
                await _repeat(session, event, effect)
            else:
                await effect(session, event)
    return bool(fresh)


async def _repeat(
    session: AsyncSession,
    event: Event[DataT],
    effect: Callable[[AsyncSession, Event[DataT]], Awaitable[None]],
) -> None:
    """The service's own tables only: an effect that would let something leave it is taken back."""
    try:
        async with session.begin_nested():
            await effect(session, event)
    except HeldBack as held:
        log.info("replay.held_back", effect=effect.__name__, event_id=str(event.id), would_leave=str(held))
