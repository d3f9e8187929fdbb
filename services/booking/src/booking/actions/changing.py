"""What becomes of an appointment: shown, moved, cancelled."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import (
    ManageVisitor,
    StaffVisitor,
    Visitor,
    appointment_of,
    lead_of,
    lead_of_appointment,
    staff_id_of,
)
from booking.actions.availability import Search, alternatives, job_of
from booking.actions.booking import check_time, no_other_then
from booking.actions.facts import (
    Card,
    card_of,
    tell_cancelled,
    tell_chat_link_wanted,
    tell_no_show,
    tell_rescheduled,
)
from booking.actions.placing import (
    free,
    have_location_alone,
    past_expired_holds,
    place_externals,
    take,
)
from booking.deps import Deps
from booking.domain.capacity import Footprint
from booking.domain.errors import AppointmentCancelled, HasBegun, NotBegun, NotThen
from booking.domain.slots import Slot
from booking.domain.staff_change import Changer
from booking.store import appointments, occupancies
from booking.store.occupancies import Claim
from booking.tables import Appointment, Lead


@dataclass(frozen=True)
class Managed:
    """The page behind a manage link."""

    card: Card
    lead: Lead


async def show_appointment(deps: Deps, visitor: Visitor, appointment_id: UUID) -> Card:
    """Raises `NotFound`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        return await card_of(deps, session, await appointment_of(session, visitor, appointment_id))


async def show_managed(deps: Deps, visitor: ManageVisitor) -> Managed:
    """Raises `NotFound`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        appointment = await appointment_of(session, visitor, visitor.appointment_id)
        card = await card_of(deps, session, appointment)
        return Managed(card, await lead_of(session, visitor))


async def ask_for_chat_link(deps: Deps, visitor: Visitor, appointment_id: UUID) -> None:
    """To where the lead is known to be: a manage link is passed around more freely than a chat link. Raises `NotFound`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        appointment = await appointment_of(session, visitor, appointment_id)
        await tell_chat_link_wanted(session, appointment, await lead_of(session, visitor, lock="shared"))


async def move_appointment(deps: Deps, visitor: Visitor, appointment_id: UUID, start: datetime) -> Card:
    """A move to where it stands changes nothing. Raises `NotFound`, `AppointmentCancelled`, `SlotTaken`, `Refused`."""

    async def attempt() -> Card:
        async with transaction(deps.sessions, visitor.tenant_id) as session:
            lead, appointment = await _locked(session, visitor, appointment_id)
            if appointment.status == "cancelled":
                raise AppointmentCancelled
            if appointment.starts_at == start:
                return await card_of(deps, session, appointment)
            change = _Change(deps, session, lead, appointment, staff_id_of(visitor))
            return await _move(change, start.astimezone(UTC))

    try:
        return await past_expired_holds(deps, visitor.tenant_id, attempt)
    except NotThen as refusal:
        refusal.alternatives = await _other_times(deps, visitor, appointment_id, start)
        raise


async def _locked(session: AsyncSession, visitor: Visitor, appointment_id: UUID) -> tuple[Lead, Appointment]:
    seen = await appointment_of(session, visitor, appointment_id)
    lead = await lead_of_appointment(session, visitor, seen, lock="alone")
    return lead, await appointment_of(session, visitor, appointment_id, lock=True)


@dataclass(frozen=True)
class _Change:
    """Of an appointment, both locked; `staff_id`: the member who makes it for the customer."""

    deps: Deps
    session: AsyncSession
    lead: Lead
    appointment: Appointment
    staff_id: UUID | None

    async def touched(self) -> Card:
        touch(self.deps, self.appointment, "customer", self.staff_id)
        await self.session.flush()
        return await card_of(self.deps, self.session, self.appointment)


async def _move(change: _Change, start: datetime) -> Card:
    deps, session, lead, appointment = change.deps, change.session, change.lead, change.appointment
    _not_begun(deps, appointment)
    await have_location_alone(session, appointment.tenant_id, appointment.location_id)
    card = await card_of(deps, session, appointment)
    job = await check_time(session, card.location, job_of(appointment), start, deps.now())
    await no_other_then(session, lead, job, besides=appointment.id)
    await lift_block(session, appointment)
    await exchange_time(session, appointment, job)
    old_start = appointment.starts_at
    appointment.starts_at, appointment.ends_at, appointment.overbooked = start, job.ends_at, False
    card = await change.touched()
    await tell_rescheduled(session, card, lead, old_start)
    return card


async def exchange_time(session: AsyncSession, appointment: Appointment, job: Footprint) -> None:
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
    """Frees the time at once; repeating it changes nothing. Raises `NotFound`, or `HasBegun`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead, appointment = await _locked(session, visitor, appointment_id)
        if appointment.status == "cancelled":
            return await card_of(deps, session, appointment)
        _not_begun(deps, appointment)
        change = _Change(deps, session, lead, appointment, staff_id_of(visitor))
        card = await _end(change, "cancelled", reason)
        await tell_cancelled(session, card, lead)
        return card


async def mark_no_show(deps: Deps, visitor: StaffVisitor, appointment_id: UUID) -> Card:
    """What is left of its time is free at once; repeating it changes nothing.

    Raises `NotFound`, `AppointmentCancelled`, or `NotBegun`.
    """
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead, appointment = await _locked(session, visitor, appointment_id)
        if appointment.status == "cancelled":
            raise AppointmentCancelled
        if appointment.status == "no_show":
            return await card_of(deps, session, appointment)
        if appointment.starts_at > deps.now():
            raise NotBegun
        change = _Change(deps, session, lead, appointment, visitor.member.staff_id)
        card = await _end(change, "no_show", None)
        await tell_no_show(session, card, lead)
        return card


async def _end(change: _Change, status: str, reason: str | None) -> Card:
    session, appointment = change.session, change.appointment
    await have_location_alone(session, appointment.tenant_id, appointment.location_id)
    await lift_block(session, appointment)
    await free(session, appointment.tenant_id, appointment.location_id, appointment.id)
    appointment.status, appointment.overbooked = status, False
    appointment.cancel_reason = reason
    return await change.touched()


async def lift_block(session: AsyncSession, appointment: Appointment) -> None:
    """What an overbooked one waits with for room. The caller has the location alone, frees its time, and says what it is then."""
    if appointment.overbooked:
        await appointments.delete_externals(session, appointment.tenant_id, [appointment.id])


def touch(deps: Deps, appointment: Appointment, by: Changer, staff_id: UUID | None = None) -> None:
    appointment.sequence += 1
    appointment.changed_by, appointment.staff_id = by, staff_id
    appointment.updated_at = deps.now()


def _not_begun(deps: Deps, appointment: Appointment) -> None:
    if appointment.starts_at <= deps.now():
        raise HasBegun


async def _other_times(deps: Deps, visitor: Visitor, appointment_id: UUID, start: datetime) -> list[Slot]:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        appointment = await appointment_of(session, visitor, appointment_id)
        card = await card_of(deps, session, appointment)
        search = Search(card.location, job_of(appointment), ignored=appointment.id)
        return await alternatives(deps, session, search, start)
