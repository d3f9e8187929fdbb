"""The shapes of booking's answers to staff."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from shared.events import BookedAddon, Contact, Price, Service, Vehicle

from booking.actions.calendar import Day, Entry, EntryKind, Resource, StaffCalendar, Taken
from booking.actions.facts import Card
from booking.domain.hours import clock
from booking.wire import QuoteIn, SpanOut

Status = Literal["booked", "cancelled", "no_show"]


class ResourceOut(BaseModel):
    id: UUID
    name: str
    active: bool

    @classmethod
    def of(cls, one: Resource) -> Self:
        return cls(id=one.id, name=one.name, active=one.active)


class CalendarDayOut(BaseModel):
    """No spans: closed. `note` says why a day is not as usual."""

    date: date
    spans: list[SpanOut]
    breaks: list[SpanOut]
    note: str | None = None

    @classmethod
    def of(cls, day: Day) -> Self:
        spans, breaks = (
            [SpanOut(opens=clock(start), closes=clock(end)) for start, end in minutes]
            for minutes in (day.open.spans, day.breaks)
        )
        return cls(date=day.open.day, spans=spans, breaks=breaks, note=day.open.note)


class TakenOut(BaseModel):
    """`cures_from`: from then on nobody works, and the car stays in the bay."""

    resource_id: UUID
    start: datetime
    end: datetime
    cures_from: datetime | None = None


class CustomerOut(BaseModel):
    """Empty once the person was erased."""

    lead_id: UUID
    name: str = ""
    phone: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        contact = Contact.model_validate(_read(row["contact"])) if row["contact"] else None
        known = {"name": contact.name, "phone": contact.phone} if contact else {}
        return cls(lead_id=row["lead_id"], **known)


class EntryOut(BaseModel):
    """`taken` is empty for what stands in no bay: the shop is full then, or the customer did not come.

    `block`: an appointment of the shop's own in the CRM. Of `time_off` the id is the technician's.
    """

    kind: EntryKind
    id: UUID
    start: datetime
    end: datetime
    taken: list[TakenOut]
    status: Status | None = None
    number: str | None = None
    customer: CustomerOut | None = None
    vehicle: str | None = None
    service: str | None = None
    price: Price | None = None
    overbooked: bool | None = None
    all_day: bool | None = None
    expires_at: datetime | None = None
    note: str | None = None

    @classmethod
    def of(cls, entry: Entry, zone: ZoneInfo, bays: set[UUID]) -> Self:
        row = entry.row
        cure = timedelta(minutes=row["cure_minutes"] if entry.kind == "appointment" else 0)
        return cls(
            kind=entry.kind,
            id=entry.id,
            start=entry.start.astimezone(zone),
            end=entry.end.astimezone(zone),
            taken=[_taken(one, zone, cure if one.resource_id in bays else None) for one in entry.taken],
            **_SAID[entry.kind](row),
        )


def _taken(one: Taken, zone: ZoneInfo, cure: timedelta | None) -> TakenOut:
    start, end = one.start.astimezone(zone), one.end.astimezone(zone)
    cures_from = max(one.start, one.end - cure).astimezone(zone) if cure else None
    return TakenOut(resource_id=one.resource_id, start=start, end=end, cures_from=cures_from)


def _said_of_appointment(row: Mapping[str, Any]) -> dict[str, Any]:
    addons = tuple(BookedAddon.model_validate(one) for one in _read(row["addons"]))
    service = Service(code=row["service_code"], name=row["service_name"], addons=addons)
    price = {"kind": row["price_kind"], "amount_cents": row["total_cents"], "max_cents": row["max_cents"]}
    vehicle = Vehicle.model_validate(_read(row["vehicle"])) if row["vehicle"] else None
    return {
        "status": row["status"],
        "number": row["number"],
        "customer": CustomerOut.of(row),
        "vehicle": vehicle.called if vehicle else None,
        "service": service.job(),
        "price": Price.model_validate(price),
        "overbooked": row["overbooked"],
    }


def _said_of_hold(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customer": CustomerOut.of(row),
        "service": row["service_name"],
        "expires_at": row["expires_at"],
    }


_SAID: Mapping[EntryKind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "appointment": _said_of_appointment,
    "hold": _said_of_hold,
    "block": lambda row: {"all_day": row["all_day"]},
    "time_off": lambda row: {"note": row["note"]},
}


def _read(json_text: Any) -> Any:
    return json.loads(json_text) if isinstance(json_text, str) else json_text


class CalendarLocationOut(BaseModel):
    id: UUID
    code: str
    name: str


class StaffCalendarOut(BaseModel):
    """All that the page draws of these days. No days: the hours are not known."""

    location: CalendarLocationOut
    timezone: str
    now: datetime
    days: list[CalendarDayOut]
    bays: list[ResourceOut]
    technicians: list[ResourceOut]
    entries: list[EntryOut]

    @classmethod
    def of(cls, calendar: StaffCalendar) -> Self:
        location = calendar.location
        zone, bays = ZoneInfo(location.timezone), {bay.id for bay in calendar.bays}
        return cls(
            location=CalendarLocationOut(id=location.location_id, code=location.code, name=location.name),
            timezone=location.timezone,
            now=calendar.now.astimezone(zone),
            days=[CalendarDayOut.of(day) for day in calendar.days],
            bays=[ResourceOut.of(bay) for bay in calendar.bays],
            technicians=[ResourceOut.of(one) for one in calendar.technicians],
            entries=[EntryOut.of(entry, zone, bays) for entry in calendar.entries],
        )


class StaffQuoteIn(QuoteIn):
    lead_id: UUID


class StaffBookingOut(BaseModel):
    """The appointment as it stands now."""

    id: UUID
    number: str
    status: Status
    start: datetime
    end: datetime

    @classmethod
    def of(cls, card: Card) -> Self:
        booked = card.appointment
        shown = {"id": booked.id, "number": booked.number, "status": booked.status}
        return cls.model_validate({**shown, "start": card.start, "end": card.end})
