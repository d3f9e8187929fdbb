"""When a job can start at a location."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import ChatVisitor, Visitor, appointment_of, lead_of, location_of
from booking.deps import Deps
from booking.domain.capacity import Capacity, Footprint
from booking.domain.errors import NotFound, NotReady, QuoteExpired
from booking.domain.slots import Job, Shop, Slot, free_jobs, nearest, possible_jobs, slot_of
from booking.store import catalog, occupancies, shops
from booking.tables import Appointment, Location, Quote

ALTERNATIVES = 3
NEAR_DAYS = 3
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


@dataclass(frozen=True)
class FreeTimes:
    """`last_day`: the last for which the shop takes bookings by now."""

    timezone: str
    last_day: date
    slots: list[Slot]


def job_of(planned: Quote | Appointment) -> Job:
    return Job(
        timedelta(minutes=planned.duration_minutes),
        timedelta(minutes=planned.buffer_minutes),
        timedelta(minutes=planned.cure_minutes),
        frozenset(planned.skills),
    )


async def find_slots(deps: Deps, visitor: Visitor, question: Question) -> FreeTimes:
    """Raises `NotFound`, `QuoteExpired`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        search = await _search(deps, session, visitor, question)
        shop = await shop_of(session, search.location)
        today = deps.now().astimezone(shop.zone).date()
        first = question.first_day or today
        jobs = possible_jobs(
            shop, search.job, _days(first, first + timedelta(days=question.days - 1)), deps.now()
        )
        free = free_jobs(jobs, await _capacity(session, search, jobs))
        slots = [slot_of(shop.zone, job) for job in free]
        return FreeTimes(search.location.timezone, today + timedelta(days=shop.horizon_days), slots)


async def _search(deps: Deps, session: AsyncSession, visitor: Visitor, question: Question) -> Search:
    if isinstance(visitor, ChatVisitor) and question.quote_id is not None:
        return await _search_for_quote(deps, session, visitor, question.quote_id)
    if question.appointment_id is not None:
        appointment = await appointment_of(session, visitor, question.appointment_id)
        location = await location_of(session, visitor.tenant_id, appointment.location_id)
        return Search(location, job_of(appointment), ignored=appointment.id)
    if question.quote_id is None:
        raise NotFound
    lead = await lead_of(session, visitor)
    location = await location_of(session, lead.tenant_id, lead.location_id)
    quote = await quote_of(
        session, lead.tenant_id, lead_id=lead.lead_id, quote_id=question.quote_id, now=deps.now()
    )
    return Search(location, job_of(quote))


async def _search_for_quote(
    deps: Deps, session: AsyncSession, visitor: ChatVisitor, quote_id: UUID
) -> Search:
    """What a customer asks again and again, in one read."""
    found = await catalog.place_and_quote(session, visitor.tenant_id, visitor.lead_id, quote_id)
    if found is None:
        raise NotReady
    location, quote = found
    return Search(location, job_of(_valid(quote, deps.now())))


async def quote_of(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, quote_id: UUID, now: datetime
) -> Quote:
    """Raises `NotFound`, `QuoteExpired`."""
    return _valid(await catalog.quote_of_lead(session, tenant_id, lead_id=lead_id, quote_id=quote_id), now)


def _valid(quote: Quote | None, now: datetime) -> Quote:
    if quote is None:
        raise NotFound
    if quote.valid_until <= now:
        raise QuoteExpired
    return quote


async def _capacity(session: AsyncSession, search: Search, jobs: Sequence[Footprint]) -> Capacity:
    """What is free while the jobs, which are in order, could be done."""
    if not jobs:
        return Capacity({}, {})
    window = (jobs[0].bay[0], max(job.bay[1] for job in jobs))
    ignored = [search.ignored] if search.ignored else []
    location = search.location
    return await occupancies.capacity(session, location.tenant_id, location.location_id, window, ignored)


async def shop_of(session: AsyncSession, location: Location) -> Shop:
    """Without openings where nothing is known of them or the location is switched off."""
    zone = ZoneInfo(location.timezone)
    known = await shops.calendar(session, location.tenant_id, location.location_id)
    if known is None or not location.enabled:
        return Shop(zone, (), frozenset(), timedelta(), 0, 30)
    return Shop(
        zone,
        known.openings,
        known.closures,
        timedelta(minutes=known.minimum_notice_minutes),
        known.horizon_days,
        known.grid_minutes,
        known.breaks,
        known.special_days,
        known.keeps_holidays,
    )


async def alternatives(deps: Deps, session: AsyncSession, search: Search, wished: datetime) -> list[Slot]:
    """The bookable slots nearest to the wished start, in order."""
    shop = await shop_of(session, search.location)
    today = deps.now().astimezone(shop.zone).date()
    last = today + timedelta(days=shop.horizon_days)
    day = min(max(wished.astimezone(shop.zone).date(), today), last)
    found: list[Footprint] = []
    for first, last in (
        (day - timedelta(days=NEAR_DAYS), day + timedelta(days=NEAR_DAYS)),
        (day - timedelta(days=ALTERNATIVE_DAYS), day + timedelta(days=ALTERNATIVE_DAYS)),
        (today, today + timedelta(days=ALTERNATIVE_DAYS)),
    ):
        jobs = possible_jobs(shop, search.job, _days(max(first, today), last), deps.now())
        found = nearest(jobs, wished, await _capacity(session, search, jobs), ALTERNATIVES)
        if len(found) == ALTERNATIVES:
            break
    return [slot_of(shop.zone, job) for job in found]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
