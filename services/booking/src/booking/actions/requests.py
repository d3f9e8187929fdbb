"""Wishes that came as events."""

from shared.events import BookingDeclined, BookingRequested, Event
from shared.messaging.failures import RetryLater
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import location_of
from booking.actions.availability import Search, alternatives, job_of, quote_of
from booking.actions.booking import book_plan, make_plan
from booking.actions.facts import offered
from booking.actions.quoting import Wish, quote_for
from booking.deps import Deps
from booking.domain.errors import BookingError, NotFound, NotReady, QuoteExpired, Refused, SlotTaken
from booking.domain.slots import Slot
from booking.store import appointments, replicas
from booking.tables import BookingRequest, Lead, Quote


async def answer_request(deps: Deps, session: AsyncSession, event: Event[BookingRequested]) -> None:
    """Books what the customer said yes to, or declines with other times; once for each request, however often it is told.

    Raises `HoldsExpired`.
    """
    wish = event.data
    lead = await replicas.lead(session, event.tenant_id, wish.lead_id, lock="alone")
    if lead is None:
        raise RetryLater("the lead has not arrived yet")
    try:
        await location_of(session, lead.tenant_id, lead.location_id)
    except NotReady as error:
        raise RetryLater("the location has not arrived yet") from error
    begun = await appointments.begin_request(
        session, event.tenant_id, request_id=wish.request_id, lead_id=lead.lead_id
    )
    if begun and not await _booked_already(session, lead, wish):
        await _book_or_decline(deps, session, lead, wish)


async def _booked_already(session: AsyncSession, lead: Lead, wish: BookingRequested) -> bool:
    """By the call that chat heard no answer to. It was told when it was booked."""
    key = str(wish.request_id)
    known = await appointments.idempotency_key(session, lead.tenant_id, lead_id=lead.lead_id, key=key)
    if known is None:
        return False
    request = await session.get_one(BookingRequest, wish.request_id)
    request.appointment_id = known.appointment_id
    return True


async def _book_or_decline(deps: Deps, session: AsyncSession, lead: Lead, wish: BookingRequested) -> None:
    quote: Quote | None = None
    try:
        quote = await _quote(deps, session, lead, wish)
        async with session.begin_nested():
            plan = await make_plan(session, lead, quote.id, wish.wished_start, deps.now())
            card = await book_plan(deps, session, plan, wish.request_id)
        request = await session.get_one(BookingRequest, wish.request_id)
        request.appointment_id = card.appointment.id
    except (Refused, SlotTaken) as error:
        await _decline(deps, session, lead, wish, quote, error)


async def _quote(deps: Deps, session: AsyncSession, lead: Lead, wish: BookingRequested) -> Quote:
    """The one that the customer said yes to. Raises `QuoteExpired`."""
    if wish.quote_id is None:
        wanted = Wish(wish.service, wish.vehicle_class, vehicle=wish.vehicle)
        return await quote_for(deps, session, lead, wanted)
    try:
        return await quote_of(
            session, lead.tenant_id, lead_id=lead.lead_id, quote_id=wish.quote_id, now=deps.now()
        )
    except NotFound:
        raise QuoteExpired from None


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
        alternatives=offered(offers),
    )
    await record(
        session,
        fact,
        tenant_id=lead.tenant_id,
        subject=lead.lead_id,
        location_id=lead.location_id,
        correlation_id=lead.correlation_id,
    )
