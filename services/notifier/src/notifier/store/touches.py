"""The touch points of a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.direct import insert
from shared.messaging.replay import leaves
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.tables import (
    Lead,
    Location,
    TouchPoint,
)


async def cancel_touches(session: AsyncSession, tenant_id: UUID, lead_id: UUID, reason: str) -> None:
    await session.execute(
        update(TouchPoint)
        .where(
            col(TouchPoint.tenant_id) == tenant_id,
            col(TouchPoint.lead_id) == lead_id,
            col(TouchPoint.state) == "planned",
        )
        .values(state="cancelled", reason=reason)
    )


async def sequence_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Sequence[TouchPoint]:
    """By step."""
    statement = select(TouchPoint).where(
        col(TouchPoint.tenant_id) == tenant_id, col(TouchPoint.lead_id) == lead_id
    )
    return (await session.execute(statement.order_by(col(TouchPoint.step)))).scalars().all()


async def add_touches(session: AsyncSession, touches: Sequence[TouchPoint]) -> None:
    if await insert(session, touches, "ON CONFLICT ON CONSTRAINT touch_points_once DO NOTHING RETURNING id"):
        leaves("a sequence of touches")


@dataclass(frozen=True)
class DueTouch:
    touch: TouchPoint
    lead: Lead
    location: Location


async def due_touches(
    session: AsyncSession, tenant_id: UUID, now: datetime, limit: int
) -> Sequence[DueTouch]:
    """Oldest first, locked for the caller; what another sender holds is left out."""
    statement = (
        select(TouchPoint, Lead, Location)
        .join(Lead, col(Lead.id) == col(TouchPoint.lead_id))
        .join(Location, col(Location.id) == col(TouchPoint.location_id))
        .where(
            col(TouchPoint.tenant_id) == tenant_id,
            col(TouchPoint.state) == "planned",
            col(TouchPoint.due_at) <= now,
        )
        .order_by(col(TouchPoint.due_at))
        .limit(limit)
        .with_for_update(of=TouchPoint, skip_locked=True)
    )
    return [DueTouch(*row) for row in (await session.execute(statement)).all()]
