"""Facts about catalogue and appointments, published by booking."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import EventData, ServiceName
from shared.events.values import CatalogService, Cents, Contact, Service, Value, Vehicle


class AppointmentFact(EventData):
    """What is true of an appointment; `sequence` rises with every change of it.

    `start` and `end` carry the location's offset of that day; `timezone` is its IANA name.
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
    sequence: int
    manage_url: str


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


class SlotOffer(Value):
    """`label` names weekday, date, time and zone in the location's zone."""

    start: AwareDatetime
    end: AwareDatetime
    label: str


class BookingDeclined(EventData):
    type: ClassVar[str] = "booking.declined.v1"
    publisher: ClassVar[ServiceName] = "booking"

    request_id: UUID
    lead_id: UUID
    code: str
    alternatives: tuple[SlotOffer, ...] = ()


class CatalogChanged(EventData):
    """The location's whole catalogue, active services only; `version` rises."""

    type: ClassVar[str] = "catalog.changed.v1"
    publisher: ClassVar[ServiceName] = "booking"

    location_id: UUID
    version: int
    services: tuple[CatalogService, ...]
    vehicle_classes: tuple[str, ...]
