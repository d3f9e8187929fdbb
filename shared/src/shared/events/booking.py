"""Facts about catalogue and appointments, published by booking."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import EventData, ServiceName
from shared.events.values import (
    CatalogService,
    Cents,
    Contact,
    KnowledgeEntry,
    Price,
    Service,
    Value,
    Vehicle,
)


class SlotOffer(Value):
    """`label` names weekday, date, time and zone in the location's zone."""

    start: AwareDatetime
    end: AwareDatetime
    label: str


class AppointmentFact(EventData):
    """What is true of an appointment; `sequence` rises with every change of it.

    `start` and `end` carry the location's offset of that day; `timezone` is its IANA name. `vehicle` is the one that the quote
    was made for. `total_cents` and `price` are those of the whole job: of `service` with the add-ons that it names. `price` is not told by older events, `agreed_price` is that or the total.

    `changed_by`: who made this change, `shop`: staff did it in the CRM. `staff_id`: who of the staff made it for the customer in the
    console; it is not in the CRM yet, so `changed_by` is `customer`. `alternatives`: other times, where the shop put it at an
    hour that is taken. `crm_seen_at`: the newest look at it in the CRM that the change knows of.
    """

    appointment_id: UUID
    number: str
    lead_id: UUID
    contact: Contact
    vehicle: Vehicle | None = None
    service: Service
    start: AwareDatetime
    end: AwareDatetime
    timezone: str
    total_cents: Cents
    price: Price | None = None
    sequence: int
    manage_url: str
    changed_by: Literal["customer", "shop"] = "customer"
    alternatives: tuple[SlotOffer, ...] = ()
    crm_seen_at: AwareDatetime | None = None
    staff_id: UUID | None = None

    @property
    def by_shop(self) -> bool:
        """In the CRM or in the console."""
        return self.changed_by == "shop" or self.staff_id is not None

    @property
    def agreed_price(self) -> Price:
        return self.price or Price(kind="exact", amount_cents=self.total_cents)


class AppointmentBooked(AppointmentFact):
    type: ClassVar[str] = "appointment.booked.v1"
    publisher: ClassVar[ServiceName] = "booking"

    request_id: UUID | None = None


class AppointmentRescheduled(AppointmentFact):
    type: ClassVar[str] = "appointment.rescheduled.v1"
    publisher: ClassVar[ServiceName] = "booking"

    old_start: AwareDatetime


class AppointmentCancelled(AppointmentFact):
    type: ClassVar[str] = "appointment.cancelled.v1"
    publisher: ClassVar[ServiceName] = "booking"

    reason: str | None = None


class AppointmentNoShow(AppointmentFact):
    """The customer did not come; what was left of its time is free."""

    type: ClassVar[str] = "appointment.no_show.v1"
    publisher: ClassVar[ServiceName] = "booking"


class BookingDeclined(EventData):
    type: ClassVar[str] = "booking.declined.v1"
    publisher: ClassVar[ServiceName] = "booking"

    request_id: UUID
    lead_id: UUID
    code: str
    alternatives: tuple[SlotOffer, ...] = ()


class ChatLinkRequested(EventData):
    """Somebody with the appointment's manage link wants the chat link. Whoever sends it makes it: the event carries no secret."""

    type: ClassVar[str] = "chat.link.requested.v1"
    publisher: ClassVar[ServiceName] = "booking"

    lead_id: UUID
    appointment_id: UUID


class CatalogChanged(EventData):
    """The location's whole catalogue, active services only; `version` rises."""

    type: ClassVar[str] = "catalog.changed.v1"
    publisher: ClassVar[ServiceName] = "booking"

    location_id: UUID
    version: int
    services: tuple[CatalogService, ...]
    vehicle_classes: tuple[str, ...]


class KnowledgeChanged(EventData):
    """All that the location says today beside its catalogue and hours; `version` rises. No price and no time of day is in it."""

    type: ClassVar[str] = "knowledge.changed.v1"
    publisher: ClassVar[ServiceName] = "booking"

    location_id: UUID
    version: int
    entries: tuple[KnowledgeEntry, ...]
