"""The inbox: an effect happens once however often its event is delivered."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.engine import Sessions, transaction
from shared.events import Event
from shared.events.base import DataT

_INSERT = text(
    "INSERT INTO inbox (consumer, event_id) VALUES (:consumer, :event_id) ON CONFLICT DO NOTHING RETURNING 1"
)


async def first_delivery(session: AsyncSession, event: Event[DataT], consumer: str) -> bool:
    """Whether `consumer` sees the event for the first time; a second, concurrent delivery waits for the first's end."""
    answer = await session.execute(_INSERT, {"consumer": consumer, "event_id": event.id})
    return answer.first() is not None


async def once(
    sessions: Sessions,
    event: Event[DataT],
    *effects: Callable[[AsyncSession, Event[DataT]], Awaitable[None]],
) -> bool:
    """Runs the effects in one transaction, scoped to the event's tenant, each with its inbox row.

    An effect that was done before is skipped; False: all were.
    """
    async with transaction(sessions, tenant_id=event.tenant_id) as session:
        fresh = [effect for effect in effects if await first_delivery(session, event, effect.__name__)]
        for effect in fresh:
            await effect(session, event)
    return bool(fresh)
