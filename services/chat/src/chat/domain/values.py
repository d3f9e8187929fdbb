"""The values a conversation holds: as booking answers them, as they are kept, and as the page shows them."""

import re
from datetime import date, time
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from shared.events import CatalogChanged, KnowledgeEntry, Price, Service, Vehicle

from chat.domain.language import Language


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
    """`total_cents` is `None` where the price is on request; `max_cents`: up to where a range goes. `addons` by their codes."""

    id: UUID
    service: Service
    vehicle: Vehicle | None = None
    vehicle_class: str | None = None
    lines: tuple[QuoteLine, ...] = ()
    addons: tuple[str, ...] = ()
    total_cents: int | None = None
    max_cents: int | None = None
    kind: Literal["exact", "from", "range", "on_request"] = "exact"
    valid_until: AwareDatetime
    catalog_version: int = 0

    @property
    def price(self) -> Price:
        return Price(kind=self.kind, amount_cents=self.total_cents, max_cents=self.max_cents)


class Slot(Fact):
    """`label` is booking's own wording: weekday, date, time and zone at the location."""

    start: AwareDatetime
    end: AwareDatetime
    label: str


class SlotList(Fact):
    """`last_day`: the last for which the shop takes bookings by now."""

    timezone: str
    last_day: date | None = None
    slots: tuple[Slot, ...] = ()


class Hold(Fact):
    """`id` is `None` for a time that a booked appointment is to move to: booking swaps both in one step."""

    id: UUID | None = None
    start: AwareDatetime
    end: AwareDatetime
    expires_at: AwareDatetime | None = None
    label: str = ""


def _midnight(closes: object) -> object:
    return "00:00" if closes == "24:00" else closes


class OpeningSpan(Fact):
    """`closes` at 00:00 is the midnight at the end of the day, which booking writes as 24:00."""

    opens: time
    closes: Annotated[time, BeforeValidator(_midnight)]


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
    vehicle: Vehicle | None = None
    total_cents: int | None = None
    price: Price | None = None
    location: Shop
    manage_url: str

    @property
    def agreed_price(self) -> Price | None:
        """One that was kept before prices had kinds has its total."""
        if self.price is not None or self.total_cents is None:
            return self.price
        return Price(kind="exact", amount_cents=self.total_cents)


def _worded(service: Service, language: Language) -> Service:
    """With the name that the customer reads."""
    return service.model_copy(update={"name": service.job(language), "addons": ()})


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

    @classmethod
    def of(cls, quote: Quote, language: Language) -> Self:
        named = quote.service.called(language)
        lines = tuple(
            line.model_copy(update={"label": named}) if line.label == quote.service.name else line
            for line in quote.lines
        )
        update = {"service": _worded(quote.service, language), "lines": lines}
        return cls(quote=quote.model_copy(update=update))


class AppointmentPart(Fact):
    kind: Literal["appointment"] = "appointment"
    appointment: Appointment

    @classmethod
    def of(cls, appointment: Appointment, language: Language) -> Self:
        service = _worded(appointment.service, language)
        return cls(appointment=appointment.model_copy(update={"service": service}))


class Tier(Fact):
    """One way to have a job done; `differs`: what sets it apart from the others."""

    action: str
    name: str
    price: Price
    duration_minutes: int
    differs: str | None = None


class TiersPart(Fact):
    """The ways to have one job done side by side, the cheapest first; prices are the list's for the class of the car."""

    kind: Literal["tiers"] = "tiers"
    vehicle: Vehicle | None = None
    vehicle_class: str | None = None
    tiers: tuple[Tier, ...]


class ActionsPart(Fact):
    kind: Literal["actions"] = "actions"
    actions: tuple[Action, ...]


Part = Annotated[
    SlotsPart | QuotePart | AppointmentPart | TiersPart | ActionsPart, Field(discriminator="kind")
]


def phone_text(phone: str) -> str:
    """`(619) 555-0100`, where the number is one of North America's."""
    found = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", phone)
    return f"({found[1]}) {found[2]}-{found[3]}" if found else phone


def slots_part(offer: SlotList, quote_id: UUID | None) -> SlotsPart:
    offered = tuple(
        OfferedSlot(start=s.start, end=s.end, label=s.label, action=f"slot:{s.start.isoformat()}")
        for s in offer.slots
    )
    return SlotsPart(timezone=offer.timezone, quote_id=quote_id, slots=offered)


class ShopFacts(Fact):
    """The location as the customer may know it, its catalogue (`None`: not received yet), and what else it says."""

    name: str
    timezone: str
    address: str
    phone: str
    catalog: CatalogChanged | None = None
    knowledge: tuple[KnowledgeEntry, ...] = ()
    assistant_on: bool = True

    @property
    def card(self) -> Shop:
        return Shop(name=self.name, address=self.address, phone=self.phone)


class LeadFacts(Fact):
    """`interest` is what was typed, for looking up services; `asked_for` what of it may be repeated, in the shop's words."""

    first_name: str
    vehicle: Vehicle | None = None
    interest: str | None = None
    asked_for: str | None = None


def vehicle_text(vehicle: Vehicle | None) -> str | None:
    """`2021 Honda Civic`, with what is known of such cars, else the class; `None` when nothing is."""
    if vehicle is None:
        return None
    return vehicle.named or vehicle.vehicle_class
