"""Hours, closures, bays and booking rules of a location."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from booking.domain.slots import Opening
from booking.tables import Bay, Closure, LocationHours, LocationRules


async def openings(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> list[Opening]:
    statement = (
        select(LocationHours)
        .where(LocationHours.tenant_id == tenant_id, LocationHours.location_id == location_id)
        .order_by(col(LocationHours.weekday), col(LocationHours.opens_minute))
    )
    rows = (await session.scalars(statement)).all()
    return [Opening(row.weekday, row.opens_minute, row.closes_minute) for row in rows]


async def closures(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> dict[date, str]:
    """Day to note, in order."""
    statement = (
        select(Closure)
        .where(Closure.tenant_id == tenant_id, Closure.location_id == location_id)
        .order_by(col(Closure.day))
    )
    return {row.day: row.note for row in (await session.scalars(statement)).all()}


async def rules(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> LocationRules | None:
    return await session.scalar(
        select(LocationRules).where(
            LocationRules.tenant_id == tenant_id, LocationRules.location_id == location_id
        )
    )


async def bay_names(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> list[str]:
    """Of the bays in use, in order."""
    statement = (
        select(Bay.name)
        .where(Bay.tenant_id == tenant_id, Bay.location_id == location_id, col(Bay.active))
        .order_by(col(Bay.name))
    )
    return list((await session.scalars(statement)).all())


async def replace_openings(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, spans: Iterable[Opening]
) -> None:
    await session.execute(
        delete(LocationHours).where(
            col(LocationHours.tenant_id) == tenant_id, col(LocationHours.location_id) == location_id
        )
    )
    for span in spans:
        session.add(
            LocationHours(
                tenant_id=tenant_id,
                location_id=location_id,
                weekday=span.weekday,
                opens_minute=span.opens_minute,
                closes_minute=span.closes_minute,
            )
        )
    await session.flush()


async def replace_closures(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, days: dict[date, str]
) -> None:
    await session.execute(
        delete(Closure).where(col(Closure.tenant_id) == tenant_id, col(Closure.location_id) == location_id)
    )
    for day, note in days.items():
        session.add(Closure(tenant_id=tenant_id, location_id=location_id, day=day, note=note))
    await session.flush()


async def replace_bays(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, names: Iterable[str]
) -> None:
    """Bays that are not named go out of use; what stands in them stays."""
    await session.execute(
        update(Bay)
        .where(col(Bay.tenant_id) == tenant_id, col(Bay.location_id) == location_id)
        .values(active=False)
    )
    for name in names:
        bay = {"id": uuid4(), "tenant_id": tenant_id, "location_id": location_id}
        await session.execute(
            insert(Bay)
            .values(**bay, name=name, active=True)
            .on_conflict_do_update(index_elements=["location_id", "name"], set_={"active": True})
        )


async def keep_rules(session: AsyncSession, fresh: LocationRules) -> None:
    await session.merge(fresh)
    await session.flush()
