"""When a location can be booked, as operators set it: hours, days, bays, technicians, rules."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.administering import tenant_id_of
from booking.actions.placing import have_location_alone, place_externals
from booking.deps import Deps
from booking.domain.errors import LocationUnknown
from booking.domain.hours import TimeOff, Timetable, Worker, in_utc
from booking.domain.rows import Change
from booking.store import replicas, shops
from booking.tables import Location, LocationRules, TechnicianRow


async def show_timetable(deps: Deps, slug: str, code: str) -> Timetable:
    """Raises `LocationUnknown`."""
    tenant_id = await tenant_id_of(deps, slug)
    async with transaction(deps.sessions, tenant_id) as session:
        return await _timetable(session, await _location(session, tenant_id, code))


async def set_timetable(
    deps: Deps, slug: str, code: str, wanted: Timetable, *, dry_run: bool
) -> list[Change]:
    """The fields that change. What is booked already stays as it is. Raises `LocationUnknown`."""
    tenant_id = await tenant_id_of(deps, slug)
    async with transaction(deps.sessions, tenant_id) as session:
        location = await _location(session, tenant_id, code)
        await have_location_alone(session, tenant_id, location.location_id)
        old = (await _timetable(session, location)).plain()
        changes: list[Change] = [
            {"field": field, "old": old[field], "new": new}
            for field, new in wanted.plain().items()
            if old[field] != new
        ]
        if changes and not dry_run:
            await _keep(session, location, wanted)
            await place_externals(session, tenant_id, location.location_id, _ahead(deps, wanted))
        return changes


async def _location(session: AsyncSession, tenant_id: UUID, code: str) -> Location:
    location = await replicas.location_by_code(session, tenant_id, code)
    if location is None:
        raise LocationUnknown("This location has not arrived here yet.")
    return location


def _ahead(deps: Deps, wanted: Timetable) -> tuple[datetime, datetime]:
    now = deps.now()
    return now, now + timedelta(days=wanted.horizon_days + 1)


async def _timetable(session: AsyncSession, location: Location) -> Timetable:
    place = (location.tenant_id, location.location_id)
    rules = await shops.rules(session, *place)
    return Timetable(
        openings=tuple(await shops.openings(session, *place)),
        breaks=tuple(await shops.breaks(session, *place)),
        closures=await shops.closures(session, *place),
        special_days=await shops.special_days(session, *place),
        keeps_holidays=rules.keeps_holidays if rules else False,
        bays=tuple(await shops.bay_names(session, *place)),
        technicians=await _workers(session, location),
        minimum_notice_minutes=rules.minimum_notice_minutes if rules else 0,
        horizon_days=rules.horizon_days if rules else 0,
        grid_minutes=rules.grid_minutes if rules else 0,
    )


async def _workers(session: AsyncSession, location: Location) -> tuple[Worker, ...]:
    zone = ZoneInfo(location.timezone)
    rows = await shops.technicians(session, location.tenant_id, location.location_id)
    off: dict[UUID, list[TimeOff]] = {row.id: [] for row in rows}
    for span in await shops.time_off(session, location.tenant_id, off):
        walls = [at.astimezone(zone).replace(tzinfo=None) for at in (span.starts_at, span.ends_at)]
        off[span.technician_id].append(TimeOff(walls[0], walls[1], span.note))
    return tuple(Worker(row.name, tuple(row.skills), tuple(off[row.id])) for row in rows)


async def _keep(session: AsyncSession, location: Location, wanted: Timetable) -> None:
    place = (location.tenant_id, location.location_id)
    await shops.replace_openings(session, *place, wanted.openings)
    await shops.replace_breaks(session, *place, wanted.breaks)
    await shops.replace_closures(session, *place, dict(wanted.closures))
    await shops.replace_special_days(session, *place, wanted.special_days)
    await shops.replace_bays(session, *place, wanted.bays)
    await shops.retire_technicians(session, *place)
    for worker in wanted.technicians:
        await _keep_worker(session, location, worker)
    await shops.keep_rules(
        session,
        LocationRules(
            tenant_id=place[0],
            location_id=place[1],
            minimum_notice_minutes=wanted.minimum_notice_minutes,
            horizon_days=wanted.horizon_days,
            grid_minutes=wanted.grid_minutes,
            keeps_holidays=wanted.keeps_holidays,
        ),
    )


async def _keep_worker(session: AsyncSession, location: Location, worker: Worker) -> None:
    technician_id = await shops.keep_technician(
        session,
        TechnicianRow(
            tenant_id=location.tenant_id,
            location_id=location.location_id,
            id=uuid4(),
            name=worker.name,
            skills=sorted(worker.skills),
            active=True,
        ),
    )
    zone = ZoneInfo(location.timezone)
    spans = [(in_utc(zone, off.starts_at), in_utc(zone, off.ends_at), off.note) for off in worker.time_off]
    await shops.replace_time_off(session, location.tenant_id, technician_id, spans)
