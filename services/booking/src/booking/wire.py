"""The shapes of booking's answers and requests over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator
from shared.events import Addon, ClassPrice, Price, Service, Vehicle
from shared.prices import price_text
from shared.text import Code, Line, Moment, Words

from booking.actions.availability import FreeTimes
from booking.actions.changing import Managed
from booking.actions.facts import Card, service_of
from booking.actions.opening import OpeningHours
from booking.domain import masking
from booking.domain.catalog import Offer, published
from booking.domain.hours import clock
from booking.domain.invitation import Invitation
from booking.domain.opening import OpenDay
from booking.domain.slots import Slot
from booking.tables import Hold, Location, Quote


class SlotOut(BaseModel):
    start: datetime
    end: datetime
    label: str

    @classmethod
    def of(cls, slot: Slot) -> Self:
        return cls(start=slot.start, end=slot.end, label=slot.label)


class SlotsOut(BaseModel):
    """`last_day`: the last for which the shop takes bookings by now."""

    timezone: str
    last_day: date
    slots: list[SlotOut]

    @classmethod
    def of(cls, free: FreeTimes) -> Self:
        slots = [SlotOut.of(slot) for slot in free.slots]
        return cls(timezone=free.timezone, last_day=free.last_day, slots=slots)


class SpanOut(BaseModel):
    """Wall clock times of the location; `24:00` is the end of the day."""

    opens: str
    closes: str


class OpenDayOut(BaseModel):
    """No spans: closed. `note` says why a day is not as usual."""

    date: date
    spans: list[SpanOut]
    note: str | None

    @classmethod
    def of(cls, day: OpenDay) -> Self:
        spans = [SpanOut(opens=clock(opens), closes=clock(closes)) for opens, closes in day.spans]
        return cls(date=day.day, spans=spans, note=day.note)


class HoursOut(BaseModel):
    """No days: the hours are not known. `opens_next` is null while it is open."""

    timezone: str
    open_now: bool
    opens_next: datetime | None
    days: list[OpenDayOut]

    @classmethod
    def of(cls, hours: OpeningHours) -> Self:
        return cls(
            timezone=hours.timezone,
            open_now=hours.open_now,
            opens_next=hours.opens_next,
            days=[OpenDayOut.of(day) for day in hours.days],
        )


class CatalogServiceOut(BaseModel):
    id: str
    code: str
    name: str
    name_es: str
    description: str
    family: str
    tier: str
    price: Price
    class_prices: tuple[ClassPrice, ...]
    duration_minutes: int
    addons: tuple[Addon, ...]

    @classmethod
    def of(cls, offer: Offer) -> Self:
        return cls.model_validate(published(offer).model_dump())


class CatalogOut(BaseModel):
    services: list[CatalogServiceOut]
    vehicle_classes: list[str]


class VehicleIn(BaseModel):
    year: int | None = Field(default=None, ge=1900, le=2100)
    make: Annotated[Line, Field(max_length=100)] | None = None
    model: Annotated[Line, Field(max_length=100)] | None = None

    def named(self) -> Vehicle:
        return Vehicle(year=self.year, make=self.make, model=self.model)


class QuoteIn(BaseModel):
    """`vehicle`: the car that the price is for, where it is not the lead's own."""

    service: Code = Field(min_length=1, max_length=200)
    vehicle_class: Code | None = Field(default=None, max_length=40)
    addons: list[Annotated[Code, Field(max_length=60)]] = Field(default=[], max_length=50)
    tier: Code | None = Field(default=None, max_length=60)
    vehicle: VehicleIn | None = None


class LineOut(BaseModel):
    label: str
    amount_cents: int


class QuoteOut(BaseModel):
    id: UUID
    service: Service
    vehicle: Vehicle | None
    vehicle_class: str | None
    lines: list[LineOut]
    total_cents: int
    max_cents: int | None
    kind: str
    valid_until: datetime
    catalog_version: int

    @classmethod
    def of(cls, quote: Quote) -> Self:
        return cls(
            id=quote.id,
            service=service_of(quote),
            vehicle=Vehicle.model_validate(quote.vehicle) if quote.vehicle else None,
            vehicle_class=quote.vehicle_class,
            lines=[LineOut.model_validate(line) for line in quote.lines],
            total_cents=quote.total_cents,
            max_cents=quote.max_cents,
            kind=quote.kind,
            valid_until=quote.valid_until,
            catalog_version=quote.catalog_version,
        )


class HoldIn(BaseModel):
    quote_id: UUID
    start: Moment


class HoldOut(BaseModel):
    id: UUID
    start: datetime
    end: datetime
    expires_at: datetime

    @classmethod
    def of(cls, hold: Hold, location: Location) -> Self:
        zone = ZoneInfo(location.timezone)
        return cls(
            id=hold.id,
            start=hold.starts_at.astimezone(zone),
            end=hold.ends_at.astimezone(zone),
            expires_at=hold.expires_at,
        )


class AppointmentIn(BaseModel):
    """Either `hold_id`, or `quote_id` and `start`."""

    hold_id: UUID | None = None
    quote_id: UUID | None = None
    start: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_quote = (self.quote_id is not None, self.start is not None)
        if by_quote not in ((True, True), (False, False)) or (self.hold_id is None) != all(by_quote):
            raise ValueError("either hold_id, or quote_id and start")
        return self


class PlaceOut(BaseModel):
    name: str
    address: str
    phone: str


class AppointmentOut(BaseModel):
    id: UUID
    number: str
    status: Literal["booked", "cancelled"]
    start: datetime
    end: datetime
    timezone: str
    service: Service
    vehicle: Vehicle | None
    total_cents: int
    price: Price
    location: PlaceOut
    manage_url: str

    @classmethod
    def of(cls, card: Card) -> Self:
        return cls.model_validate(appointment_json(card))


class ContactOut(BaseModel):
    """The last two are always null: a digit, and even that there is one, confirms what somebody typed into a form."""

    name_masked: str
    email_masked: None = None
    phone_masked: None = None


class ManagedAppointmentOut(AppointmentOut):
    contact: ContactOut


class ManagedOut(BaseModel):
    appointment: ManagedAppointmentOut


class MoveIn(BaseModel):
    start: Moment


class CancelIn(BaseModel):
    reason: Annotated[Words, Field(max_length=500)] | None = None


def appointment_json(card: Card) -> dict[str, object]:
    appointment, location = card.appointment, card.location
    return {
        "id": appointment.id,
        "number": appointment.number,
        # That nobody came is the shop's own note: the customer's page knows nothing of it.
        "status": "cancelled" if appointment.status == "cancelled" else "booked",
        "start": card.start,
        "end": card.end,
        "timezone": location.timezone,
        "service": service_of(appointment),
        "vehicle": card.vehicle,
        "total_cents": appointment.total_cents,
        "price": card.price,
        "location": {"name": location.name, "address": location.address, "phone": location.phone},
        "manage_url": card.manage_url,
    }


def managed_json(managed: Managed) -> ManagedOut:
    masked = {"name_masked": masking.mask_name(managed.lead.contact["name"])}
    shown = {**appointment_json(managed.card), "contact": masked}
    return ManagedOut(appointment=ManagedAppointmentOut.model_validate(shown))


def invitation_of(card: Card, public_url: str) -> Invitation:
    appointment, location = card.appointment, card.location
    return Invitation(
        appointment_id=appointment.id,
        host=urlsplit(public_url).hostname or "localhost",
        sequence=appointment.sequence,
        cancelled=appointment.status == "cancelled",
        changed_at=appointment.updated_at,
        start=card.start,
        end=card.end,
        service=service_of(appointment).job(),
        vehicle=card.vehicle.called if card.vehicle else None,
        price=price_text(card.price),
        number=appointment.number,
        shop=location.name,
        shop_email=location.email,
        address=location.address,
        manage_url=card.manage_url,
    )
