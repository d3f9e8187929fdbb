"""Wishes that came as events, and appointments seen in the shop's CRM."""

from uuid import uuid4
from zoneinfo import ZoneInfo

from shared.events import BookingDeclined, BookingRequested, CrmAppointmentObserved, Event, SlotOffer
from shared.messaging.failures import RetryLater
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import location_of
from booking.actions.availability import Search, alternatives, job_of
from booking.actions.booking import book_plan, make_plan
from booking.actions.placing import free, have_location_alone, place_externals
from booking.actions.quoting import Wish, quote_for
from booking.deps import Deps
from booking.domain.errors import BookingError, NotReady, Refused, SlotTaken
from booking.domain.slots import Slot, whole_days
from booking.store import appointments, replicas
from booking.tables import BookingRequest, ExternalAppointment, Lead, Location, Quote


async def answer_request(deps: Deps, session: AsyncSession, event: Event[BookingRequested]) -> None:
    """Books with a fresh quote, or declines with other times; once for each request, however often it is told.

    Raises `HoldsExpired`.
    """
    wish = event.data
    lead = await replicas.lead(session, event.tenant_id, wish.lead_id, lock=True)
    if lead is None:
        raise RetryLater("the lead has not arrived yet")
    try:
        await location_of(session, lead.tenant_id, lead.location_id)
    except NotReady as error:
        raise RetryLater("the location has not arrived yet") from error
    begun = await appointments.begin_request(
        session, event.tenant_id, request_id=wish.request_id, lead_id=lead.lead_id
    )
    if begun:
        await _book_or_decline(deps, session, lead, wish)


async def _book_or_decline(deps: Deps, session: AsyncSession, lead: Lead, wish: BookingRequested) -> None:
    quote: Quote | None = None
    try:
        quote = await quote_for(deps, session, lead, Wish(wish.service, wish.vehicle_class))
        async with session.begin_nested():
            plan = await make_plan(session, lead, quote.id, wish.wished_start, deps.now())
            card = await book_plan(deps, session, plan, wish.request_id)
        request = await session.get_one(BookingRequest, wish.request_id)
        request.appointment_id = card.appointment.id
    except (Refused, SlotTaken) as error:
        await _decline(deps, session, lead, wish, quote, error)


async def _decline(
    deps: Deps,
    session: AsyncSession,
    lead: Lead,
    wish: BookingRequested,
    quote: Quote | None,
    error: BookingError,
) -> None:
    location = await location_of(session, lead.tenant_id, lead.location_id)
    offers: list[Slot] = []
    if quote is not None:
        offers = await alternatives(deps, session, Search(location, job_of(quote)), wish.wished_start)
    request = await session.get_one(BookingRequest, wish.request_id)
    request.declined_code = error.code
    fact = BookingDeclined(
        request_id=wish.request_id,
        lead_id=lead.lead_id,
        code=error.code,
        alternatives=tuple(SlotOffer(start=s.start, end=s.end, label=s.label) for s in offers),
    )
    await record(
        session,
        fact,
        tenant_id=lead.tenant_id,
        subject=lead.lead_id,
        location_id=lead.location_id,
        correlation_id=lead.correlation_id,
    )


async def observe_crm_appointment(session: AsyncSession, event: Event[CrmAppointmentObserved]) -> None:
    """What others put into the shop's calendar takes our bays; what is ours stands there already."""
    seen = event.data
    if seen.our_id is not None:
        return
    location = await replicas.location(session, event.tenant_id, seen.location_id)
    if location is None:
        raise RetryLater("the location has not arrived yet")
    await have_location_alone(session, event.tenant_id, seen.location_id)
    known = await appointments.external(session, event.tenant_id, seen.crm_appointment_id)
    if known is not None and known.observed_at >= event.time:
        return
    kept = await session.merge(_external(event, location, known))
    await session.flush()
    await free(session, event.tenant_id, kept.location_id, kept.id)
    if not kept.deleted:
        span = (kept.starts_at, kept.ends_at)
        await place_externals(session, kept.tenant_id, kept.location_id, span)


def _external(
    event: Event[CrmAppointmentObserved], location: Location, known: ExternalAppointment | None
) -> ExternalAppointment:
    seen = event.data
    span = (seen.start, max(seen.start, seen.end))
    if seen.all_day:
        span = whole_days(ZoneInfo(location.timezone), *span)
    return ExternalAppointment(
        tenant_id=event.tenant_id,
        location_id=seen.location_id,
        id=known.id if known else uuid4(),
        crm_appointment_id=seen.crm_appointment_id,
        starts_at=span[0],
        ends_at=span[1],
        all_day=seen.all_day,
        deleted=seen.deleted,
        observed_at=event.time,
    )
