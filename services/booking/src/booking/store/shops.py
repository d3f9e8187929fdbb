"""Hours, breaks, closures, special days, bays, technicians and booking rules of a location."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from shared.db.direct import direct
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from booking.domain.hours import SpecialDay
from booking.domain.slots import Minutes, Opening
from booking.tables import (
    Bay,
    Closure,
    LocationBreak,
    LocationHours,
    LocationRules,
    SpecialOpening,
    TechnicianRow,
    TimeOffRow,
)

_CALENDAR = """
SELECT r.minimum_notice_minutes, r.horizon_days, r.grid_minutes, r.keeps_holidays,
  ARRAY(SELECT ARRAY[weekday, opens_minute, closes_minute] FROM location_hours
        WHERE tenant_id = $1 AND location_id = $2) AS openings,
  ARRAY(SELECT ARRAY[weekday, starts_minute, ends_minute] FROM location_breaks
        WHERE tenant_id = $1 AND location_id = $2) AS breaks,
  ARRAY(SELECT day FROM closures WHERE tenant_id = $1 AND location_id = $2) AS closures,
  ARRAY(SELECT day FROM special_openings WHERE tenant_id = $1 AND location_id = $2
        ORDER BY day, opens_minute) AS special_days,
  ARRAY(SELECT ARRAY[opens_minute, closes_minute] FROM special_openings
        WHERE tenant_id = $1 AND location_id = $2 ORDER BY day, opens_minute) AS special_hours
FROM location_rules r WHERE r.tenant_id = $1 AND r.location_id = $2
"""


@dataclass(frozen=True)
class Calendar:
    """All that is known of a location's time, in one read."""

    openings: tuple[Opening, ...]
    breaks: tuple[Opening, ...]
    closures: frozenset[date]
    special_days: Mapping[date, tuple[Minutes, ...]]
    minimum_notice_minutes: int
    horizon_days: int
    grid_minutes: int
    keeps_holidays: bool


async def calendar(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Calendar | None:
    row = await (await direct(session)).fetchrow(_CALENDAR, tenant_id, location_id)
    if row is None:
        return None
    special: dict[date, tuple[Minutes, ...]] = {}
    for day, (opens, closes) in zip(row["special_days"], row["special_hours"], strict=True):
        special[day] = (*special.get(day, ()), (opens, closes))
    return Calendar(
        tuple(Opening(*span) for span in row["openings"]),
        tuple(Opening(*span) for span in row["breaks"]),
        frozenset(row["closures"]),
        special,
        row["minimum_notice_minutes"],
        row["horizon_days"],
        row["grid_minutes"],
        row["keeps_holidays"],
    )


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


async def breaks(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> list[Opening]:
    statement = select(LocationBreak).where(
        LocationBreak.tenant_id == tenant_id, LocationBreak.location_id == location_id
    )
    rows = (await session.scalars(statement)).all()
    return [Opening(row.weekday, row.starts_minute, row.ends_minute) for row in rows]


async def special_days(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> dict[date, SpecialDay]:
    statement = (
        select(SpecialOpening)
        .where(SpecialOpening.tenant_id == tenant_id, SpecialOpening.location_id == location_id)
        .order_by(col(SpecialOpening.day), col(SpecialOpening.opens_minute))
    )
    days: dict[date, SpecialDay] = {}
    for row in (await session.scalars(statement)).all():
        before = days[row.day].spans if row.day in days else ()
        days[row.day] = SpecialDay((*before, (row.opens_minute, row.closes_minute)), row.note)
    return days


async def technicians(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> list[TechnicianRow]:
    """Those in use, by name."""
    statement = (
        select(TechnicianRow)
        .where(
            TechnicianRow.tenant_id == tenant_id,
            TechnicianRow.location_id == location_id,
            col(TechnicianRow.active),
        )
        .order_by(col(TechnicianRow.name))
    )
    return list((await session.scalars(statement)).all())


async def time_off(
    session: AsyncSession, tenant_id: UUID, technician_ids: Iterable[UUID]
) -> list[TimeOffRow]:
    """In order."""
    statement = (
        select(TimeOffRow)
        .where(TimeOffRow.tenant_id == tenant_id, col(TimeOffRow.technician_id).in_(list(technician_ids)))
        .order_by(col(TimeOffRow.starts_at))
    )
    return list((await session.scalars(statement)).all())


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


async def replace_breaks(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, spans: Iterable[Opening]
) -> None:
    await session.execute(
        delete(LocationBreak).where(
            col(LocationBreak.tenant_id) == tenant_id, col(LocationBreak.location_id) == location_id
        )
    )
    for span in spans:
        session.add(
            LocationBreak(
                tenant_id=tenant_id,
                location_id=location_id,
                weekday=span.weekday,
                starts_minute=span.opens_minute,
                ends_minute=span.closes_minute,
            )
        )
    await session.flush()


async def replace_special_days(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, days: Mapping[date, SpecialDay]
) -> None:
    await session.execute(
        delete(SpecialOpening).where(
            col(SpecialOpening.tenant_id) == tenant_id, col(SpecialOpening.location_id) == location_id
        )
    )
    for day, special in days.items():
        for opens, closes in special.spans:
            session.add(
                SpecialOpening(
                    tenant_id=tenant_id,
                    location_id=location_id,
                    day=day,
                    opens_minute=opens,
                    closes_minute=closes,
                    note=special.note,
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


async def retire_technicians(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> None:
    """What they are booked for stays."""
    await session.execute(
        update(TechnicianRow)
        .where(col(TechnicianRow.tenant_id) == tenant_id, col(TechnicianRow.location_id) == location_id)
        .values(active=False)
    )


async def keep_technician(session: AsyncSession, fresh: TechnicianRow) -> UUID:
    """One of that name, present or past, keeps the id."""
    kept = await session.execute(
        insert(TechnicianRow)
        .values(fresh.model_dump())
        .on_conflict_do_update(
            index_elements=["location_id", "name"], set_={"active": fresh.active, "skills": fresh.skills}
        )
        .returning(col(TechnicianRow.id))
    )
    return kept.scalar_one()


async def replace_time_off(
    session: AsyncSession,
    tenant_id: UUID,
    technician_id: UUID,
    spans: Iterable[tuple[datetime, datetime, str]],
) -> None:
    """Start, end and note of each."""
    await session.execute(
        delete(TimeOffRow).where(
            col(TimeOffRow.tenant_id) == tenant_id, col(TimeOffRow.technician_id) == technician_id
        )
    )
    for starts_at, ends_at, note in spans:
        session.add(
            TimeOffRow(
                tenant_id=tenant_id,
                technician_id=technician_id,
                starts_at=starts_at,
                ends_at=ends_at,
                note=note,
            )
        )
    await session.flush()


async def keep_rules(session: AsyncSession, fresh: LocationRules) -> None:
    await session.merge(fresh)
    await session.flush()
