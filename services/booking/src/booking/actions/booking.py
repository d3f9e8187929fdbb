"""Holds and new appointments."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Booker, lead_of, location_of, must_see, staff_id_of
from booking.actions.availability import Search, alternatives, job_of, quote_of, shop_of
from booking.actions.facts import Card, booked_addons, card_of, tell_booked
from booking.actions.placing import past_expired_holds, take
from booking.deps import Deps
from booking.domain.capacity import Footprint
from booking.domain.errors import (
    AlreadyBooked,
    KeyReused,
    NotFound,
    NotThen,
    SlotTaken,
    TimeRefused,
    TooManyBookings,
)
from booking.domain.slots import Job, Refusal, Slot, footprint_of
from booking.store import appointments, occupancies
from booking.store.occupancies import Claim, Kind
from booking.tables import Appointment, Hold, IdempotencyKey, Lead, Location, Quote

HOLD_MINUTES = 10
MAX_LIVE_BOOKINGS = 3
NUMBER_LENGTH = 6
NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0/O, 1/I/L and U, which people mix up on the phone."""


@dataclass(frozen=True)
class Wanted:
    """Either a hold, or a quote and a start."""

    hold_id: UUID | None = None
    quote_id: UUID | None = None
    start: datetime | None = None

    @property
    def fingerprint(self) -> str:
        start = self.start.astimezone(UTC).isoformat() if self.start else None
        return hashlib.sha256(repr((self.hold_id, self.quote_id, start)).encode()).hexdigest()


@dataclass(frozen=True)
class Plan:
    """What a lead is about to book, checked; bay and technician alone are not certain yet. `staff_id`: who books it for them."""

    lead: Lead
    location: Location
    quote: Quote
    job: Footprint
    staff_id: UUID | None = None

    def claim(self, kind: Kind, holder_id: UUID) -> Claim:
        return Claim(
            tenant_id=self.lead.tenant_id,
            location_id=self.location.location_id,
            kind=kind,
            holder_id=holder_id,
            lead_id=self.lead.lead_id,
            hold_minutes=HOLD_MINUTES if kind == "hold" else None,
        )


async def hold_slot(deps: Deps, visitor: Booker, quote_id: UUID, start: datetime) -> tuple[Hold, Location]:
    """A lead has one hold at a time; a new one takes the place of the old. Raises `SlotTaken`, `Refused`, `NotFound`."""

    async def attempt() -> tuple[Hold, Location]:
        async with transaction(deps.sessions, visitor.tenant_id) as session:
            lead = await lead_of(session, visitor, lock="alone")
            now = deps.now()
            plan = await make_plan(session, lead, quote_id, start, now)
            return await _hold(session, plan, now), plan.location

    try:
        return await past_expired_holds(deps, visitor.tenant_id, attempt)
    except NotThen as refusal:
        refusal.alternatives = await _other_times(deps, visitor, quote_id, start)
        raise


async def _hold(session: AsyncSession, plan: Plan, now: datetime) -> Hold:
    hold_id = uuid4()
    expires_at = await take(session, plan.claim("hold", hold_id), plan.job)
    hold = Hold(
        tenant_id=plan.lead.tenant_id,
        location_id=plan.location.location_id,
        lead_id=plan.lead.lead_id,
        id=hold_id,
        quote_id=plan.quote.id,
        starts_at=plan.job.bay[0],
        ends_at=plan.job.ends_at,
        held_at=now,
        expires_at=expires_at,
        appointment_id=None,
    )
    session.add(hold)
    return hold


async def book(deps: Deps, visitor: Booker, wanted: Wanted, key: str) -> Card:
    """The same wish again answers the same appointment: by key, by hold, or by quote and start.

    Raises `KeyReused`, `SlotTaken`, `Refused`, `NotFound`.
    """
    taken: tuple[UUID, datetime] | None = None

    async def attempt() -> Card:
        nonlocal taken
        async with transaction(deps.sessions, visitor.tenant_id) as session:
            lead = await lead_of(session, visitor, lock="alone")
            known = await _booked_before(session, lead, wanted, key)
            if known is not None:
                return await card_of(deps, session, known)
            hold = await _hold_wanted(session, lead, wanted)
            if hold is not None and hold.appointment_id is not None:
                return await _same_again(deps, session, hold.appointment_id, lead.tenant_id)
            taken = _quote_and_start(wanted, hold)
            standing = await _standing(session, lead, *taken)
            if standing is not None:
                return await card_of(deps, session, standing)
            plan = await make_plan(session, lead, *taken, await _checked_at(deps, session, hold))
            must_see(visitor, plan.location.location_id)
            card = await book_plan(deps, session, replace(plan, staff_id=staff_id_of(visitor)))
            if hold is not None:
                hold.appointment_id = card.appointment.id
            session.add(_key_row(deps, lead, wanted, key, card.appointment))
            return card

    try:
        return await past_expired_holds(deps, visitor.tenant_id, attempt)
    except NotThen as refusal:
        if taken is not None:
            refusal.alternatives = await _other_times(deps, visitor, *taken)
        raise


def _quote_and_start(wanted: Wanted, hold: Hold | None) -> tuple[UUID, datetime]:
    if hold is not None:
        return hold.quote_id, hold.starts_at
    if wanted.quote_id is None or wanted.start is None:
        raise NotFound
    return wanted.quote_id, wanted.start


def _key_row(deps: Deps, lead: Lead, wanted: Wanted, key: str, appointment: Appointment) -> IdempotencyKey:
    return IdempotencyKey(
        tenant_id=lead.tenant_id,
        lead_id=lead.lead_id,
        key=key,
        fingerprint=wanted.fingerprint,
        appointment_id=appointment.id,
        created_at=deps.now(),
    )


async def _booked_before(session: AsyncSession, lead: Lead, wanted: Wanted, key: str) -> Appointment | None:
    known = await appointments.idempotency_key(session, lead.tenant_id, lead_id=lead.lead_id, key=key)
    if known is None:
        return await _requested_before(session, lead, key)
    if known.fingerprint != wanted.fingerprint:
        raise KeyReused
    return await appointments.appointment(session, lead.tenant_id, known.appointment_id)


async def _requested_before(session: AsyncSession, lead: Lead, key: str) -> Appointment | None:
    """A wish that went as an event, too, because no answer came in time, is answered once: by whichever arrives first."""
    try:
        request = await appointments.request(session, lead.tenant_id, UUID(key))
    except ValueError:
        return None
    if request is None or request.lead_id != lead.lead_id:
        return None
    if request.appointment_id is None:
        raise SlotTaken
    return await appointments.appointment(session, lead.tenant_id, request.appointment_id)


async def _standing(session: AsyncSession, lead: Lead, quote_id: UUID, start: datetime) -> Appointment | None:
    booked = await appointments.booked_of_quote(session, lead.tenant_id, quote_id)
    return next((one for one in booked if one.lead_id == lead.lead_id and one.starts_at == start), None)


async def _hold_wanted(session: AsyncSession, lead: Lead, wanted: Wanted) -> Hold | None:
    if wanted.hold_id is None:
        return None
    hold = await appointments.hold_of_lead(
        session, lead.tenant_id, lead_id=lead.lead_id, hold_id=wanted.hold_id
    )
    if hold is None:
        raise NotFound
    return hold


async def _same_again(deps: Deps, session: AsyncSession, appointment_id: UUID, tenant_id: UUID) -> Card:
    """A hold becomes one appointment, whatever key it is asked for with."""
    appointment = await appointments.appointment(session, tenant_id, appointment_id)
    if appointment is None:
        raise NotFound
    return await card_of(deps, session, appointment)


async def _checked_at(deps: Deps, session: AsyncSession, hold: Hold | None) -> datetime:
    """What was in time when it was held stays so while it is held."""
    if hold is not None and await occupancies.stands(session, hold.tenant_id, hold.id):
        return hold.held_at
    return deps.now()


async def make_plan(
    session: AsyncSession, lead: Lead, quote_id: UUID, start: datetime, now: datetime
) -> Plan:
    """Checks everything but the capacity. The caller has locked the lead. Raises `Refused`, `NotFound`, `NotReady`."""
    quote = await quote_of(session, lead.tenant_id, lead_id=lead.lead_id, quote_id=quote_id, now=now)
    await occupancies.share_location(session, quote.location_id)
    location = await location_of(session, lead.tenant_id, quote.location_id)
    job = await check_time(session, location, job_of(quote), start, now)
    await no_other_then(session, lead, job)
    live = await appointments.count_live(session, lead.tenant_id, lead.lead_id, now)
    if live >= MAX_LIVE_BOOKINGS:
        raise TooManyBookings(MAX_LIVE_BOOKINGS)
    return Plan(lead, location, quote, job)


async def no_other_then(
    session: AsyncSession, lead: Lead, job: Footprint, besides: UUID | None = None
) -> None:
    """A person comes once at a time. The constraint says so, too; here it gets words. Raises `AlreadyBooked`."""
    span = (job.bay[0], job.ends_at)
    if any(one.id != besides for one in await appointments.overlapping(session, lead, span)):
        raise AlreadyBooked


async def check_time(
    session: AsyncSession, location: Location, job: Job, start: datetime, now: datetime
) -> Footprint:
    """Raises `TimeRefused`."""
    found = footprint_of(await shop_of(session, location), job, start, now)
    if isinstance(found, Refusal):
        raise TimeRefused(found)
    return found


async def book_plan(deps: Deps, session: AsyncSession, plan: Plan, request_id: UUID | None = None) -> Card:
    """Raises `SlotTaken`, `HoldsExpired`."""
    appointment_id = uuid4()
    await take(session, plan.claim("appointment", appointment_id), plan.job)
    appointment = _appointment(deps, plan, appointment_id)
    while not await appointments.insert_appointment(session, appointment):
        appointment.number = _number()
    card = await card_of(deps, session, appointment)
    await tell_booked(session, card, plan.lead, request_id)
    return card


def _appointment(deps: Deps, plan: Plan, appointment_id: UUID) -> Appointment:
    now = deps.now()
    return Appointment(
        tenant_id=plan.lead.tenant_id,
        location_id=plan.location.location_id,
        lead_id=plan.lead.lead_id,
        id=appointment_id,
        number=_number(),
        status="booked",
        quote_id=plan.quote.id,
        service_code=plan.quote.service_code,
        service_name=plan.quote.service_name,
        service_name_es=plan.quote.service_name_es,
        addons=[addon.model_dump() for addon in booked_addons(plan.quote)],
        vehicle=plan.quote.vehicle,
        total_cents=plan.quote.total_cents,
        max_cents=plan.quote.max_cents,
        price_kind=plan.quote.kind,
        duration_minutes=plan.quote.duration_minutes,
        buffer_minutes=plan.quote.buffer_minutes,
        cure_minutes=plan.quote.cure_minutes,
        skills=plan.quote.skills,
        starts_at=plan.job.bay[0],
        ends_at=plan.job.ends_at,
        sequence=0,
        staff_id=plan.staff_id,
        cancel_reason=None,
        created_at=now,
        updated_at=now,
    )


def _number() -> str:
    return "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(NUMBER_LENGTH))


async def _other_times(deps: Deps, visitor: Booker, quote_id: UUID, start: datetime) -> list[Slot]:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead = await lead_of(session, visitor)
        quote = await quote_of(
            session, lead.tenant_id, lead_id=lead.lead_id, quote_id=quote_id, now=deps.now()
        )
        location = await location_of(session, lead.tenant_id, quote.location_id)
        return await alternatives(deps, session, Search(location, job_of(quote)), start)
