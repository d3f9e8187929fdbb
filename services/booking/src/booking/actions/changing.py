"""What becomes of an appointment: shown, moved, cancelled."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import ManageVisitor, Visitor, appointment_of, lead_of
from booking.actions.availability import Search, alternatives, job_of
from booking.actions.booking import check_time
from booking.actions.facts import Card, card_of, tell_cancelled, tell_rescheduled
from booking.actions.placing import free, have_location_alone, place_externals, take
from booking.deps import Deps
from booking.domain.capacity import Footprint
from booking.domain.errors import AppointmentCancelled, SlotTaken, TimeRefused
from booking.domain.slots import Refusal
from booking.store import occupancies
from booking.store.occupancies import Claim
from booking.tables import Appointment, Lead


@dataclass(frozen=True)
class Managed:
    """The page behind a manage link."""

    card: Card
    lead: Lead
    chat_url: str


async def show_appointment(deps: Deps, visitor: Visitor, appointment_id: UUID) -> Card:
    """Raises `NotFound`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        return await card_of(deps, session, await appointment_of(session, visitor, appointment_id))


async def show_managed(deps: Deps, visitor: ManageVisitor) -> Managed:
    """Raises `NotFound`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        appointment = await appointment_of(session, visitor, visitor.appointment_id)
        card = await card_of(deps, session, appointment)
        lead = await lead_of(session, visitor)
        return Managed(card, lead, deps.chat_url(lead.tenant_id, lead.lead_id))


async def move_appointment(deps: Deps, visitor: Visitor, appointment_id: UUID, start: datetime) -> Card:
    """A move to where it stands changes nothing. Raises `NotFound`, `AppointmentCancelled`, `SlotTaken`, `Refused`."""
    try:
        async with transaction(deps.sessions, visitor.tenant_id) as session:
            lead, appointment = await _locked(session, visitor, appointment_id)
            if appointment.status == "cancelled":
                raise AppointmentCancelled
            if appointment.starts_at == start:
                return await card_of(deps, session, appointment)
            return await _move(deps, session, lead, appointment, start.astimezone(UTC))
    except SlotTaken:
        raise await _with_alternatives(deps, visitor, appointment_id, start) from None


async def _locked(session: AsyncSession, visitor: Visitor, appointment_id: UUID) -> tuple[Lead, Appointment]:
    await appointment_of(session, visitor, appointment_id)
    lead = await lead_of(session, visitor, lock=True)
    return lead, await appointment_of(session, visitor, appointment_id, lock=True)


async def _move(
    deps: Deps, session: AsyncSession, lead: Lead, appointment: Appointment, start: datetime
) -> Card:
    _not_begun(deps, appointment)
    await have_location_alone(session, appointment.tenant_id, appointment.location_id)
    card = await card_of(deps, session, appointment)
    job = await check_time(session, card.location, job_of(appointment), start, deps.now())
    await _exchange_time(session, appointment, job)
    old_start = appointment.starts_at
    appointment.starts_at = start
    appointment.ends_at = job.ends_at
    _touch(deps, appointment)
    await session.flush()
    card = await card_of(deps, session, appointment)
    await tell_rescheduled(session, card, lead, old_start)
    return card


async def _exchange_time(session: AsyncSession, appointment: Appointment, job: Footprint) -> None:
    """The old time is given up when the new one is certain. Raises `SlotTaken`."""
    claim = Claim(
        tenant_id=appointment.tenant_id,
        location_id=appointment.location_id,
        kind="appointment",
        holder_id=appointment.id,
        lead_id=appointment.lead_id,
    )
    freed = await occupancies.own_rows(session, claim)
    await take(session, claim, job)
    for row in freed:
        span = (row.starts_at, row.ends_at)
        await place_externals(session, claim.tenant_id, claim.location_id, span)


async def cancel_appointment(deps: Deps, visitor: Visitor, appointment_id: UUID, reason: str | None) -> Card:
    """Frees the time at once; repeating it changes nothing. Raises `NotFound`, or `TimeRefused` once it has begun."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead, appointment = await _locked(session, visitor, appointment_id)
        if appointment.status == "cancelled":
            return await card_of(deps, session, appointment)
        _not_begun(deps, appointment)
        await have_location_alone(session, lead.tenant_id, appointment.location_id)
        await free(session, lead.tenant_id, appointment.location_id, appointment.id)
        appointment.status = "cancelled"
        appointment.cancel_reason = reason
        _touch(deps, appointment)
        await session.flush()
        card = await card_of(deps, session, appointment)
        await tell_cancelled(session, card, lead)
        return card


def _touch(deps: Deps, appointment: Appointment) -> None:
    appointment.sequence += 1
    appointment.updated_at = deps.now()


def _not_begun(deps: Deps, appointment: Appointment) -> None:
    if appointment.starts_at <= deps.now():
        raise TimeRefused(Refusal.IN_PAST)


async def _with_alternatives(
    deps: Deps, visitor: Visitor, appointment_id: UUID, start: datetime
) -> SlotTaken:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        appointment = await appointment_of(session, visitor, appointment_id)
        card = await card_of(deps, session, appointment)
        search = Search(card.location, job_of(appointment), ignored=appointment.id)
        return SlotTaken(await alternatives(deps, session, search, start))
