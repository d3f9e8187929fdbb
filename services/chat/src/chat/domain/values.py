"""The values a conversation holds: as booking answers them, as they are kept, and as the page shows them."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shared.events import CatalogChanged, Service, Vehicle


class Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Action(Fact):
    """A button: pressing it sends `id` back."""

    id: str
    label: str


class QuoteLine(Fact):
    label: str
    amount_cents: int


class Quote(Fact):
    """`total_cents` is `None` where the price is on request."""

    id: UUID
    service: Service
    vehicle_class: str | None = None
    lines: tuple[QuoteLine, ...] = ()
    total_cents: int | None = None
    kind: Literal["exact", "from", "range", "on_request"] = "exact"
    valid_until: AwareDatetime
    catalog_version: int = 0


class Slot(Fact):
    """`label` is booking's own wording: weekday, date, time and zone at the location."""

    start: AwareDatetime
    end: AwareDatetime
    label: str


class SlotList(Fact):
    timezone: str
    slots: tuple[Slot, ...] = ()


class Hold(Fact):
    """`id` is `None` for a time that a booked appointment is to move to: booking swaps both in one step."""

    id: UUID | None = None
    start: AwareDatetime
    end: AwareDatetime
    expires_at: AwareDatetime | None = None
    label: str = ""


class OpeningSpan(Fact):
    opens: time
    closes: time


class OpeningDay(Fact):
    """Closed without spans; `note` says why where there is a reason."""

    date: date
    spans: tuple[OpeningSpan, ...] = ()
    note: str | None = None


class OpeningHours(Fact):
    """Local at the location."""

    timezone: str
    open_now: bool
    opens_next: AwareDatetime | None = None
    days: tuple[OpeningDay, ...] = ()


class Shop(Fact):
    name: str
    address: str
    phone: str


class Appointment(Fact):
    id: UUID
    number: str
    status: Literal["booked", "cancelled"]
    start: AwareDatetime
    end: AwareDatetime
    timezone: str
    service: Service
    total_cents: int | None = None
    location: Shop
    manage_url: str


class OfferedSlot(Slot):
    action: str


class SlotsPart(Fact):
    kind: Literal["slots"] = "slots"
    timezone: str
    quote_id: UUID | None = None
    slots: tuple[OfferedSlot, ...]


class QuotePart(Fact):
    kind: Literal["quote"] = "quote"
    quote: Quote


class AppointmentPart(Fact):
    kind: Literal["appointment"] = "appointment"
    appointment: Appointment


class ActionsPart(Fact):
    kind: Literal["actions"] = "actions"
    actions: tuple[Action, ...]


Part = Annotated[SlotsPart | QuotePart | AppointmentPart | ActionsPart, Field(discriminator="kind")]


def slots_part(offer: SlotList, quote_id: UUID | None) -> SlotsPart:
    offered = tuple(
        OfferedSlot(start=s.start, end=s.end, label=s.label, action=f"slot:{s.start.isoformat()}")
        for s in offer.slots
    )
    return SlotsPart(timezone=offer.timezone, quote_id=quote_id, slots=offered)


class ShopFacts(Fact):
    """The location as the customer may know it, and its catalogue (`None`: not received yet)."""

    name: str
    timezone: str
    address: str
    phone: str
    catalog: CatalogChanged | None = None
    assistant_on: bool = True

    @property
    def card(self) -> Shop:
        return Shop(name=self.name, address=self.address, phone=self.phone)


class LeadFacts(Fact):
    first_name: str
    vehicle: Vehicle | None = None
    interest: str | None = None


def vehicle_text(vehicle: Vehicle | None) -> str | None:
    """`2021 Honda Civic`, with what is known; `None` when nothing is."""
    if vehicle is None:
        return None
    words = [str(part) for part in (vehicle.year, vehicle.make, vehicle.model) if part]
    return " ".join(words) or vehicle.vehicle_class
