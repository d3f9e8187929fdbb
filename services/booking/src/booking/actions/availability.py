"""When a job can start at a location."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Visitor, appointment_of, lead_of, location_of
from booking.deps import Deps
from booking.domain.errors import NotFound, QuoteExpired
from booking.domain.slots import Job, Shop, Slot, free_slots, midnight, nearest
from booking.store import catalog, occupancies, shops
from booking.tables import Appointment, Location, Quote

ALTERNATIVES = 3
ALTERNATIVE_DAYS = 30
"""Enough to get past a fortnight of holidays."""


@dataclass(frozen=True)
class Question:
    """Free times for the job of a quote, or for moving an appointment; `first_day` None: today."""

    quote_id: UUID | None
    appointment_id: UUID | None
    first_day: date | None
    days: int


@dataclass(frozen=True)
class Search:
    """What `ignored` holds counts as free: it would be given up."""

    location: Location
    job: Job
    ignored: UUID | None = None


def job_of(planned: Quote | Appointment) -> Job:
    return Job(timedelta(minutes=planned.duration_minutes), timedelta(minutes=planned.buffer_minutes))


async def find_slots(deps: Deps, visitor: Visitor, question: Question) -> tuple[str, list[Slot]]:
    """The location's zone and the bookable slots. Raises `NotFound`, `QuoteExpired`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        search = await _search(deps, session, visitor, question)
        first = question.first_day or deps.now().astimezone(ZoneInfo(search.location.timezone)).date()
        days = [first + timedelta(days=n) for n in range(question.days)]
        return search.location.timezone, await bookable(deps, session, search, days)


async def _search(deps: Deps, session: AsyncSession, visitor: Visitor, question: Question) -> Search:
    lead = await lead_of(session, visitor)
    location = await location_of(session, lead.tenant_id, lead.location_id)
    if question.appointment_id is not None:
        appointment = await appointment_of(session, visitor, question.appointment_id)
        location = await location_of(session, lead.tenant_id, appointment.location_id)
        return Search(location, job_of(appointment), ignored=appointment.id)
    if question.quote_id is None:
        raise NotFound
    quote = await quote_of(
        session, lead.tenant_id, lead_id=lead.lead_id, quote_id=question.quote_id, now=deps.now()
    )
    return Search(location, job_of(quote))


async def quote_of(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, quote_id: UUID, now: datetime
) -> Quote:
    """Raises `NotFound`, `QuoteExpired`."""
    quote = await catalog.quote_of_lead(session, tenant_id, lead_id=lead_id, quote_id=quote_id)
    if quote is None:
        raise NotFound
    if quote.valid_until <= now:
        raise QuoteExpired
    return quote


async def bookable(deps: Deps, session: AsyncSession, search: Search, days: Sequence[date]) -> list[Slot]:
    shop = await shop_of(session, search.location)
    if not days or not shop.openings:
        return []
    bays = await occupancies.bays(
        session,
        search.location.tenant_id,
        search.location.location_id,
        (midnight(shop.zone, days[0]), midnight(shop.zone, days[-1] + timedelta(days=2))),
        search.ignored,
    )
    return free_slots(shop, search.job, bays, days, deps.now())


async def shop_of(session: AsyncSession, location: Location) -> Shop:
    """Without openings where nothing is known of them or the location is switched off."""
    place = (location.tenant_id, location.location_id)
    zone = ZoneInfo(location.timezone)
    rules = await shops.rules(session, *place)
    if rules is None or not location.enabled:
        return Shop(zone, (), frozenset(), timedelta(), 0, 30)
    return Shop(
        zone,
        tuple(await shops.openings(session, *place)),
        frozenset(await shops.closures(session, *place)),
        timedelta(minutes=rules.minimum_notice_minutes),
        rules.horizon_days,
        rules.grid_minutes,
    )


async def alternatives(deps: Deps, session: AsyncSession, search: Search, wished: datetime) -> list[Slot]:
    """The bookable slots nearest to the wished start, in order."""
    zone = ZoneInfo(search.location.timezone)
    today = deps.now().astimezone(zone).date()
    first = max(today, wished.astimezone(zone).date() - timedelta(days=ALTERNATIVE_DAYS // 4))
    found: list[Slot] = []
    for start in dict.fromkeys((first, today)):
        days = [start + timedelta(days=n) for n in range(ALTERNATIVE_DAYS)]
        found = nearest(await bookable(deps, session, search, days), wished, ALTERNATIVES)
        if len(found) == ALTERNATIVES:
            break
    return found
