"""What is seen in the shop's CRM: theirs takes our bays, and what staff did to one of ours counts here, too."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from shared.events import CrmAppointmentObserved, Event
from shared.messaging.failures import RetryLater
from shared.messaging.replay import replica
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.availability import Search, alternatives, job_of, shop_of
from booking.actions.changing import exchange_time, lift_block, touch
from booking.actions.facts import card_of, tell_cancelled, tell_rescheduled, tell_restored
from booking.actions.placing import free, have_locations_alone, place_externals
from booking.deps import Deps
from booking.domain.capacity import Footprint, Span
from booking.domain.errors import SlotTaken
from booking.domain.slots import Slot, footprint_of, whole_days
from booking.domain.staff_change import Seen, StaffChange, Standing, Times, staff_change
from booking.store import appointments, occupancies, replicas
from booking.tables import Appointment, ExternalAppointment, Lead, Location

_MINUTE = timedelta(minutes=1)


@replica
async def keep_theirs(session: AsyncSession, event: Event[CrmAppointmentObserved]) -> None:
    """What others put into the shop's calendar takes our bays, and so does one of ours that is not known here."""
    seen, tenant_id = event.data, event.tenant_id
    if seen.our_id is not None and await appointments.stored(session, tenant_id, seen.our_id) is not None:
        return
    location = await _location(session, event)
    before = await appointments.external_locations(session, tenant_id, seen.crm_appointment_id)
    await have_locations_alone(session, tenant_id, {location.location_id, *before})
    known = await appointments.externals(session, tenant_id, seen.crm_appointment_id)
    if all(one.observed_at < event.time for one in known):
        await _replace(session, event, location, known)


async def _location(session: AsyncSession, event: Event[CrmAppointmentObserved]) -> Location:
    location = await replicas.location(session, event.tenant_id, event.data.location_id)
    if location is None:
        raise RetryLater("the location has not arrived yet")
    return location


async def _replace(
    session: AsyncSession,
    event: Event[CrmAppointmentObserved],
    location: Location,
    known: Sequence[ExternalAppointment],
) -> None:
    """Only the times that are no longer there are freed, only new ones are placed."""
    wanted = {_key(one): one for one in _externals(event, location)}
    kept = {_key(one): one for one in known if _key(one) in wanted}
    gone = [one for one in known if _key(one) not in wanted]
    for one in kept.values():
        one.observed_at = event.time
    await session.flush()
    await appointments.delete_externals(session, event.tenant_id, [one.id for one in gone])
    for one in gone:
        await free(session, event.tenant_id, one.location_id, one.id)
    fresh = [one for key, one in wanted.items() if key not in kept]
    session.add_all(fresh)
    await session.flush()
    for one in fresh:
        if not one.deleted:
            span = (one.starts_at, one.ends_at)
            await place_externals(session, one.tenant_id, one.location_id, span)


def _key(one: ExternalAppointment) -> tuple[UUID, datetime, datetime, bool, bool]:
    return (one.location_id, one.starts_at, one.ends_at, one.all_day, one.deleted)


def _externals(event: Event[CrmAppointmentObserved], location: Location) -> list[ExternalAppointment]:
    seen = event.data
    spans = [(one.start, one.end) for one in seen.occurrences] or [(seen.start, seen.end)]
    if seen.deleted:
        spans = spans[:1]
    by_start = dict(_span_taken(seen, location, span) for span in spans)
    return [
        ExternalAppointment(
            tenant_id=event.tenant_id,
            location_id=location.location_id,
            id=uuid4(),
            crm_appointment_id=seen.crm_appointment_id,
            starts_at=start,
            ends_at=end,
            all_day=seen.all_day,
            deleted=seen.deleted,
            observed_at=event.time,
        )
        for start, end in by_start.items()
    ]


def _span_taken(seen: CrmAppointmentObserved, location: Location, span: Span) -> Span:
    start, end = span[0], max(span)
    return whole_days(ZoneInfo(location.timezone), start, end) if seen.all_day else (start, end)


async def follow_staff(deps: Deps, session: AsyncSession, event: Event[CrmAppointmentObserved]) -> None:
    """Staff's change of one of ours; once, whatever order the looks at it come in."""
    seen = event.data
    if seen.our_id is None:
        return
    known = await appointments.stored(session, event.tenant_id, seen.our_id)
    if known is None:
        return
    location = await _location(session, event)
    lead = await replicas.lead(session, event.tenant_id, known.lead_id, lock="alone")
    appointment = await appointments.stored(session, event.tenant_id, known.id, lock=True)
    seen_at = seen.observed_at or event.time
    if appointment is None or (appointment.crm_seen_at is not None and seen_at <= appointment.crm_seen_at):
        return
    appointment.crm_seen_at = seen_at
    times = _times_of_ours(seen, appointment, location)
    standing = Standing(
        Times(appointment.location_id, appointment.starts_at, appointment.ends_at),
        appointment.status == "cancelled",
        appointment.sequence,
        appointment.changed_by,
    )
    change = staff_change(standing, Seen(times, seen.deleted, seen.our_sequence, seen.changed_there))
    if change is None and (seen.deleted or not await _bay_differs(session, appointment, seen, times)):
        return
    place = _Place(location, times, seen)
    await have_locations_alone(session, event.tenant_id, {appointment.location_id, location.location_id})
    if change is not None:
        await _apply(deps, session, appointment, lead, change, place)
    else:
        await _take(session, appointment, place)


async def _bay_differs(
    session: AsyncSession, appointment: Appointment, seen: CrmAppointmentObserved, times: Times
) -> bool:
    """Made all day, or no longer: nothing changes for the customer, but what is taken of its bay."""
    standing = Times(appointment.location_id, appointment.starts_at, appointment.ends_at)
    if appointment.status != "booked" or appointment.overbooked or times != standing:
        return False
    begins = await occupancies.bay_taken_from(session, appointment.tenant_id, appointment.id)
    return seen.all_day or (begins is not None and begins < times.start)


class _Place:
    """Where staff put it, and what of the time it takes: all of its days, where they say so."""

    def __init__(self, location: Location, times: Times, seen: CrmAppointmentObserved) -> None:
        self.location = location
        self.times = times
        self.taken = (times.start, times.end)
        if seen.all_day:
            days = whole_days(ZoneInfo(location.timezone), seen.start, max(seen.start, seen.end))
            self.taken = (min(days[0], times.start), max(days[1], times.end))


def _times_of_ours(seen: CrmAppointmentObserved, appointment: Appointment, location: Location) -> Times:
    """All day: the day is theirs, the hour stays. Without a length: the length stays."""
    length = appointment.ends_at - appointment.starts_at
    start, end = seen.start, seen.end
    if seen.all_day:
        zone = ZoneInfo(location.timezone)
        hour = appointment.starts_at.astimezone(zone).timetz()
        start = datetime.combine(seen.start.astimezone(zone).date(), hour)
    if seen.all_day or end <= start:
        end = start + length
    return Times(location.location_id, start, end)


async def _apply(
    deps: Deps,
    session: AsyncSession,
    appointment: Appointment,
    lead: Lead | None,
    change: StaffChange,
    place: _Place,
) -> None:
    old_start = appointment.starts_at
    await lift_block(session, appointment)
    if change is StaffChange.CANCELLED:
        await free(session, appointment.tenant_id, appointment.location_id, appointment.id)
        appointment.status, appointment.cancel_reason, appointment.overbooked = "cancelled", None, False
    else:
        await _put(session, appointment, place, lead)
    await session.flush()
    if lead is None:
        return
    touch(deps, appointment, "shop")
    await session.flush()
    card = await card_of(deps, session, appointment)
    match change:
        case StaffChange.CANCELLED:
            await tell_cancelled(session, card, lead)
        case StaffChange.MOVED:
            offers = await _offers(deps, session, appointment, place.location)
            await tell_rescheduled(session, card, lead, old_start, offers)
        case StaffChange.RESTORED:
            await tell_restored(
                session, card, lead, await _offers(deps, session, appointment, place.location)
            )


async def _put(session: AsyncSession, appointment: Appointment, place: _Place, lead: Lead | None) -> None:
    """The appointment stands where staff put it. Without room there it has no time of its own and waits for it as a block."""
    if place.location.location_id != appointment.location_id:
        await free(session, appointment.tenant_id, appointment.location_id, appointment.id)
    appointment.location_id = place.location.location_id
    placed = await _take(session, appointment, place)
    if not placed:
        await free(session, appointment.tenant_id, appointment.location_id, appointment.id)
    twice = lead is not None and await _is_twice_then(session, appointment, lead, place)
    appointment.overbooked = not placed or twice
    appointment.starts_at, appointment.ends_at = place.times.start, place.times.end
    appointment.status, appointment.cancel_reason = "booked", None
    if not placed:
        await _block(session, appointment, place)


async def _take(session: AsyncSession, appointment: Appointment, place: _Place) -> bool:
    for job in await _footprints(session, appointment, place):
        try:
            async with session.begin_nested():
                await exchange_time(session, appointment, job)
        except SlotTaken:
            continue
        return True
    return False


async def _footprints(session: AsyncSession, appointment: Appointment, place: _Place) -> list[Footprint]:
    """What it may take there, best first: all that the job takes, where staff kept to it; else the hours that they gave it."""
    start, end = place.taken
    given = Footprint((start, end), ((start, end),), end, frozenset(appointment.skills))
    anybody = given._replace(skills=frozenset())
    shop = await shop_of(session, place.location)
    usual = footprint_of(shop, job_of(appointment), start, start - shop.minimum_notice - _MINUTE)
    kept_to = isinstance(usual, Footprint) and usual.ends_at == end
    return [usual, given, anybody] if isinstance(usual, Footprint) and kept_to else [given, anybody]


async def _is_twice_then(session: AsyncSession, appointment: Appointment, lead: Lead, place: _Place) -> bool:
    others = await appointments.overlapping(session, lead, (place.times.start, place.times.end))
    return any(one.id != appointment.id for one in others)


async def _block(session: AsyncSession, appointment: Appointment, place: _Place) -> None:
    start, end = place.taken
    session.add(
        ExternalAppointment(
            tenant_id=appointment.tenant_id,
            location_id=appointment.location_id,
            id=appointment.id,
            crm_appointment_id=f"ours:{appointment.id}",
            starts_at=start,
            ends_at=end,
            all_day=False,
            deleted=False,
            observed_at=appointment.updated_at,
        )
    )
    await session.flush()
    await place_externals(session, appointment.tenant_id, appointment.location_id, place.taken)


async def _offers(
    deps: Deps, session: AsyncSession, appointment: Appointment, location: Location
) -> list[Slot]:
    """Other times, where staff put it at an hour that is taken."""
    if not appointment.overbooked or appointment.starts_at <= deps.now():
        return []
    search = Search(location, job_of(appointment), ignored=appointment.id)
    return await alternatives(deps, session, search, appointment.starts_at)
