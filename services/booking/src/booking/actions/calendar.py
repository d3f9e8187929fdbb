"""A location's calendar as staff look at it: who has which bay and technician when, and what keeps others out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from shared.staff import Viewer

from booking.actions.opening import hours_of
from booking.deps import Deps
from booking.domain.errors import LocationNotYours
from booking.domain.opening import OpenDay, open_days
from booking.domain.slots import midnight
from booking.store import calendar, replicas
from booking.tables import Location

EntryKind = Literal["appointment", "hold", "block", "time_off"]


@dataclass(frozen=True)
class Resource:
    """A bay or a technician; not `active`: out of use, and shown for what still stands there."""

    id: UUID
    name: str
    active: bool


@dataclass(frozen=True)
class Taken:
    """Time of one bay or technician."""

    resource_id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Entry:
    """`row` is what is stored of it; without `taken` it stands in no bay."""

    kind: EntryKind
    id: UUID
    start: datetime
    end: datetime
    taken: tuple[Taken, ...]
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Day:
    open: OpenDay
    breaks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class StaffCalendar:
    location: Location
    now: datetime
    days: list[Day]
    bays: list[Resource]
    technicians: list[Resource]
    entries: list[Entry]


async def show_calendar(
    deps: Deps, member: Viewer, code: str, first_day: date | None, days: int
) -> StaffCalendar:
    """`code`: the location's; `first_day` None: today there. Raises `LocationNotYours`."""
    async with transaction(deps.sessions, member.tenant_id) as session:
        location = await replicas.location_by_code(session, member.tenant_id, code)
        if location is None or not member.sees(location.location_id):
            raise LocationNotYours
        zone, now = ZoneInfo(location.timezone), deps.now()
        first = first_day or now.astimezone(zone).date()
        hours = await hours_of(session, location)
        window = (midnight(zone, first), midnight(zone, first + timedelta(days=days)))
        rows = await calendar.read(session, member.tenant_id, location.location_id, window)
    entries = list(_entries(rows))
    used = {span.resource_id for entry in entries for span in entry.taken}
    return StaffCalendar(
        location=location,
        now=now,
        days=[
            Day(one, tuple(hours.shop.breaks_on(one.day)) if one.spans else ())
            for one in open_days(hours, first, days)
        ],
        bays=_resources(rows.bays, used),
        technicians=_resources(rows.technicians, used),
        entries=sorted(entries, key=lambda entry: (entry.start, entry.end, entry.id)),
    )


def _resources(rows: Any, used: set[UUID]) -> list[Resource]:
    known = [Resource(**row) for row in rows]
    return [one for one in known if one.active or one.id in used]


def _entries(rows: calendar.Rows) -> Iterator[Entry]:
    taken = defaultdict[UUID, tuple[Taken, ...]](tuple)
    for row in rows.taken:
        taken[row["holder_id"]] += (Taken(row["resource_id"], row["starts_at"], row["ends_at"]),)
    ours = {row["id"] for row in rows.appointments}
    kinds: tuple[tuple[EntryKind, Any], ...] = (
        ("appointment", rows.appointments),
        ("hold", rows.holds),
        # An overbooked one of ours waits for room as a block, and is no block.
        ("block", [row for row in rows.blocks if row["id"] not in ours]),
    )
    for kind, found in kinds:
        for row in found:
            yield Entry(kind, row["id"], row["starts_at"], row["ends_at"], taken[row["id"]], row)
    for row in rows.time_off:
        span = Taken(row["technician_id"], row["starts_at"], row["ends_at"])
        yield Entry("time_off", row["technician_id"], span.start, span.end, (span,), row)
