"""The shapes of booking's answers and requests over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator
from shared.events import Addon, ClassPrice, Price

from booking.actions.changing import Managed
from booking.actions.facts import Card
from booking.actions.opening import OpeningHours
from booking.domain import masking
from booking.domain.catalog import Offer, published
from booking.domain.hours import clock
from booking.domain.invitation import Invitation
from booking.domain.opening import OpenDay
from booking.domain.slots import Slot
from booking.tables import Hold, Location, Quote


def _in_this_age(start: datetime) -> datetime:
    """Far from the ends of the calendar, where changing the zone overflows."""
    if not 2000 <= start.year < 3000:
        raise ValueError("must be a time that can be meant")
    return start


Start = Annotated[AwareDatetime, AfterValidator(_in_this_age)]


class SlotOut(BaseModel):
    start: datetime
    end: datetime
    label: str

    @classmethod
    def of(cls, slot: Slot) -> Self:
        return cls(start=slot.start, end=slot.end, label=slot.label)


class SlotsOut(BaseModel):
    timezone: str
    slots: list[SlotOut]


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


class ServiceOut(BaseModel):
    code: str
    name: str


class CatalogServiceOut(BaseModel):
    id: str
    code: str
    name: str
    description: str
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


class QuoteIn(BaseModel):
    service: str = Field(min_length=1, max_length=200)
    vehicle_class: str | None = Field(default=None, max_length=40)
    addons: list[Annotated[str, Field(max_length=60)]] = Field(default=[], max_length=50)


class LineOut(BaseModel):
    label: str
    amount_cents: int


class QuoteOut(BaseModel):
    id: UUID
    service: ServiceOut
    vehicle_class: str | None
    lines: list[LineOut]
    total_cents: int
    kind: str
    valid_until: datetime
    catalog_version: int

    @classmethod
    def of(cls, quote: Quote) -> Self:
        return cls(
            id=quote.id,
            service=ServiceOut(code=quote.service_code, name=quote.service_name),
            vehicle_class=quote.vehicle_class,
            lines=[LineOut.model_validate(line) for line in quote.lines],
            total_cents=quote.total_cents,
            kind=quote.kind,
            valid_until=quote.valid_until,
            catalog_version=quote.catalog_version,
        )


class HoldIn(BaseModel):
    quote_id: UUID
    start: Start


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
    start: Start | None = None

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
    service: ServiceOut
    total_cents: int
    location: PlaceOut
    manage_url: str

    @classmethod
    def of(cls, card: Card) -> Self:
        return cls.model_validate(appointment_json(card))


class ContactOut(BaseModel):
    name_masked: str
    email_masked: str | None
    phone_masked: str | None


class ManagedAppointmentOut(AppointmentOut):
    contact: ContactOut


class ManagedOut(BaseModel):
    appointment: ManagedAppointmentOut
    chat_url: str


class MoveIn(BaseModel):
    start: Start


class CancelIn(BaseModel):
    reason: str | None = Field(default=None, max_length=500, pattern=r"^[^\x00]*$")


def appointment_json(card: Card) -> dict[str, object]:
    appointment, location = card.appointment, card.location
    return {
        "id": appointment.id,
        "number": appointment.number,
        "status": appointment.status,
        "start": card.start,
        "end": card.end,
        "timezone": location.timezone,
        "service": {"code": appointment.service_code, "name": appointment.service_name},
        "total_cents": appointment.total_cents,
        "location": {"name": location.name, "address": location.address, "phone": location.phone},
        "manage_url": card.manage_url,
    }


def managed_json(managed: Managed) -> ManagedOut:
    contact = managed.lead.contact
    masked = {
        "name_masked": masking.mask_name(contact["name"]),
        "email_masked": masking.mask_email(contact.get("email")),
        "phone_masked": masking.mask_phone(contact.get("phone")),
    }
    shown = {**appointment_json(managed.card), "contact": masked}
    return ManagedOut(appointment=ManagedAppointmentOut.model_validate(shown), chat_url=managed.chat_url)


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
        service=appointment.service_name,
        number=appointment.number,
        shop=location.name,
        shop_email=location.email,
        address=location.address,
        manage_url=card.manage_url,
    )
