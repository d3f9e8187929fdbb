"""Appointments as others hear of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    Contact,
    Service,
    Vehicle,
)
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import location_of
from booking.deps import Deps
from booking.tables import Appointment, Lead, Location


@dataclass(frozen=True)
class Card:
    """An appointment with what is shown beside it."""

    appointment: Appointment
    location: Location
    manage_url: str

    @property
    def start(self) -> datetime:
        return self.appointment.starts_at.astimezone(ZoneInfo(self.location.timezone))

    @property
    def end(self) -> datetime:
        return self.appointment.ends_at.astimezone(ZoneInfo(self.location.timezone))


async def card_of(deps: Deps, session: AsyncSession, appointment: Appointment) -> Card:
    location = await location_of(session, appointment.tenant_id, appointment.location_id)
    url = deps.manage_url(appointment.tenant_id, appointment.id, appointment.ends_at)
    return Card(appointment, location, url)


class _Fact(TypedDict):
    appointment_id: UUID
    number: str
    lead_id: UUID
    contact: Contact
    vehicle: Vehicle | None
    service: Service
    start: datetime
    end: datetime
    timezone: str
    total_cents: int
    sequence: int
    manage_url: str


def _fact(card: Card, lead: Lead) -> _Fact:
    appointment = card.appointment
    return {
        "appointment_id": appointment.id,
        "number": appointment.number,
        "lead_id": appointment.lead_id,
        "contact": Contact.model_validate(lead.contact),
        "vehicle": Vehicle.model_validate(appointment.vehicle) if appointment.vehicle else None,
        "service": Service(code=appointment.service_code, name=appointment.service_name),
        "start": card.start,
        "end": card.end,
        "timezone": card.location.timezone,
        "total_cents": appointment.total_cents,
        "sequence": appointment.sequence,
        "manage_url": card.manage_url,
    }


async def tell_booked(session: AsyncSession, card: Card, lead: Lead, request_id: UUID | None = None) -> None:
    await _tell(session, AppointmentBooked(**_fact(card, lead), request_id=request_id), card, lead)


async def tell_rescheduled(session: AsyncSession, card: Card, lead: Lead, old_start: datetime) -> None:
    old = old_start.astimezone(ZoneInfo(card.location.timezone))
    await _tell(session, AppointmentRescheduled(**_fact(card, lead), old_start=old), card, lead)


async def tell_cancelled(session: AsyncSession, card: Card, lead: Lead) -> None:
    reason = card.appointment.cancel_reason
    await _tell(session, AppointmentCancelled(**_fact(card, lead), reason=reason), card, lead)


async def _tell(session: AsyncSession, fact: AppointmentFact, card: Card, lead: Lead) -> None:
    await record(
        session,
        fact,
        tenant_id=lead.tenant_id,
        subject=lead.lead_id,
        location_id=card.location.location_id,
        correlation_id=lead.correlation_id,
    )
