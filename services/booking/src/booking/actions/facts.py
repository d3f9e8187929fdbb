"""Appointments as others hear of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookedAddon,
    ChatLinkRequested,
    Contact,
    Price,
    Service,
    SlotOffer,
    Vehicle,
)
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import location_of
from booking.deps import Deps
from booking.domain.slots import Slot
from booking.domain.staff_change import Changer
from booking.tables import Appointment, Lead, Location, Quote


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

    @property
    def vehicle(self) -> Vehicle | None:
        return Vehicle.model_validate(self.appointment.vehicle) if self.appointment.vehicle else None

    @property
    def price(self) -> Price:
        booked = self.appointment
        said = {
            "kind": booked.price_kind,
            "amount_cents": booked.total_cents,
            "max_cents": booked.max_cents,
        }
        return Price.model_validate(said)


def service_of(priced: Quote | Appointment) -> Service:
    return Service(
        code=priced.service_code,
        name=priced.service_name,
        name_es=priced.service_name_es,
        addons=booked_addons(priced),
    )


def booked_addons(priced: Quote | Appointment) -> tuple[BookedAddon, ...]:
    """The first line of a quote is the service itself."""
    if isinstance(priced, Appointment):
        return tuple(BookedAddon.model_validate(addon) for addon in priced.addons)
    return tuple(BookedAddon(name=line["label"]) for line in priced.lines[1:])


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
    price: Price
    sequence: int
    manage_url: str
    changed_by: Changer
    alternatives: tuple[SlotOffer, ...]
    crm_seen_at: datetime | None
    staff_id: UUID | None


def offered(slots: Iterable[Slot]) -> tuple[SlotOffer, ...]:
    return tuple(SlotOffer(start=slot.start, end=slot.end, label=slot.label) for slot in slots)


def _fact(card: Card, lead: Lead, offers: Iterable[Slot] = ()) -> _Fact:
    appointment = card.appointment
    return {
        "appointment_id": appointment.id,
        "number": appointment.number,
        "lead_id": appointment.lead_id,
        "contact": Contact.model_validate(lead.contact),
        "vehicle": card.vehicle,
        "service": service_of(appointment),
        "start": card.start,
        "end": card.end,
        "timezone": card.location.timezone,
        "total_cents": appointment.total_cents,
        "price": card.price,
        "sequence": appointment.sequence,
        "manage_url": card.manage_url,
        "changed_by": "shop" if appointment.changed_by == "shop" else "customer",
        "alternatives": offered(offers),
        "crm_seen_at": appointment.crm_seen_at,
        "staff_id": appointment.staff_id,
    }


async def tell_booked(session: AsyncSession, card: Card, lead: Lead, request_id: UUID | None = None) -> None:
    await _tell(session, AppointmentBooked(**_fact(card, lead), request_id=request_id), card, lead)


async def tell_restored(session: AsyncSession, card: Card, lead: Lead, offers: Iterable[Slot]) -> None:
    await _tell(session, AppointmentBooked(**_fact(card, lead, offers)), card, lead)


async def tell_rescheduled(
    session: AsyncSession, card: Card, lead: Lead, old_start: datetime, offers: Iterable[Slot] = ()
) -> None:
    """`offers`: other times, where it now stands at an hour that is taken."""
    old = old_start.astimezone(ZoneInfo(card.location.timezone))
    await _tell(session, AppointmentRescheduled(**_fact(card, lead, offers), old_start=old), card, lead)


async def tell_cancelled(session: AsyncSession, card: Card, lead: Lead) -> None:
    reason = card.appointment.cancel_reason
    await _tell(session, AppointmentCancelled(**_fact(card, lead), reason=reason), card, lead)


async def tell_no_show(session: AsyncSession, card: Card, lead: Lead) -> None:
    await _tell(session, AppointmentNoShow(**_fact(card, lead)), card, lead)


async def tell_chat_link_wanted(session: AsyncSession, appointment: Appointment, lead: Lead) -> None:
    await record(
        session,
        ChatLinkRequested(lead_id=lead.lead_id, appointment_id=appointment.id),
        tenant_id=lead.tenant_id,
        subject=lead.lead_id,
        location_id=appointment.location_id,
        correlation_id=lead.correlation_id,
    )


async def _tell(session: AsyncSession, fact: AppointmentFact, card: Card, lead: Lead) -> None:
    await record(
        session,
        fact,
        tenant_id=lead.tenant_id,
        subject=lead.lead_id,
        location_id=card.location.location_id,
        correlation_id=lead.correlation_id,
    )
