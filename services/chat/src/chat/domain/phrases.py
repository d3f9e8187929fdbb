"""What the deterministic assistant says: every sentence is made from data."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.domain.money import catalog_price, dollars, total_text
from chat.domain.values import Appointment, Hold, LeadFacts, Quote, ShopFacts, Slot, vehicle_text


def greeting(lead: LeadFacts, shop: ShopFacts, service: CatalogService | None) -> str:
    about = service.name if service else lead.interest
    vehicle = vehicle_text(lead.vehicle)
    hello = f"Hi {lead.first_name}!" if lead.first_name else "Hi!"
    asked = " for your ".join(part for part in (about, vehicle) if part)
    request = f" Thanks for asking about {asked}." if about else ""
    if vehicle and not about:
        request = f" Thanks for reaching out about your {vehicle}."
    return (
        f"{hello} This is {shop.name}.{request} I'm the shop's virtual assistant (AI): I can show you prices, "
        "answer questions and book a time, and a person can step in whenever you like. How can I help?"
    )


def price(quote: Quote, shop: ShopFacts, vehicle: str | None, *, extra: str = "") -> str:
    target = (
        f" for your {vehicle}"
        if vehicle
        else (f" for a {quote.vehicle_class}" if quote.vehicle_class else "")
    )
    if quote.total_cents is None or quote.kind == "on_request":
        return on_request(quote.service.name, shop)
    return (
        f"{quote.service.name}{target} is {total_text(quote.total_cents, quote.kind)} at {shop.name}.{extra} "
        "Would you like to pick a time?"
    )


def on_request(service: str, shop: ShopFacts) -> str:
    return (
        f"{service} is priced on request at {shop.name}: it depends on the vehicle. "
        "I can have a person from the shop look at it with you."
    )


def price_from_catalog(service: CatalogService, vehicle_class: str | None, shop: ShopFacts) -> str:
    target = f" for a {vehicle_class}" if vehicle_class else ""
    return (
        f"By our price list, {service.name}{target} at {shop.name} is {catalog_price(service, vehicle_class)}. "
        "I can't reach our booking desk this minute, so this comes from the list and not from a firm quote."
    )


def price_range(service: CatalogService, shop: ShopFacts) -> str:
    return (
        f"{service.name} at {shop.name} is {catalog_price(service, None)}, depending on the vehicle. "
        "What kind of vehicle is it?"
    )


def service_list(services: Iterable[CatalogService], vehicle_class: str | None, shop: ShopFacts) -> str:
    lines = [f"- {s.name}: {catalog_price(s, vehicle_class)}" for s in services]
    return f"Here is what {shop.name} offers:\n" + "\n".join(lines) + "\nWhich one are you interested in?"


NO_CATALOG = (
    "I don't have the price list in front of me right now, and I won't guess a price. "
    "A person from the shop can tell you, or ask me again in a few minutes."
)


def offer(slots: tuple[Slot, ...], shop: ShopFacts, *, lead_in: str = "") -> str:
    times = "\n".join(f"- {slot.label}" for slot in slots)
    opening = lead_in or f"These times are open at {shop.name}:"
    return f"{opening}\n{times}\nWhich one suits you? Times are local at the shop ({shop.timezone.replace('_', ' ')})."


def none_open(shop: ShopFacts) -> str:
    return (
        f"I don't see an open time at {shop.name} in the next weeks. "
        f"You can name another day, or talk to a person at {shop.phone}."
    )


def read_back(quote: Quote, hold: Hold, shop: ShopFacts, vehicle: str | None) -> str:
    until = _clock(hold.expires_at, shop.timezone) if hold.expires_at else None
    held = f" I'm holding it for you until {until}." if until else ""
    return (
        f"Please check: {quote.service.name}"
        + (
            f" for your {vehicle}"
            if vehicle
            else (f" for a {quote.vehicle_class}" if quote.vehicle_class else "")
        )
        + f", {total_text(quote.total_cents, quote.kind)}, {hold.label}, at {shop.name}, {shop.address}.{held} "
        "Shall I book it? Please answer yes or no."
    )


def move_read_back(appointment: Appointment, hold: Hold) -> str:
    return (
        f"Move your {appointment.service.name} ({appointment.number}) from "
        f"{moment(appointment.start, appointment.timezone)} to {hold.label}? Please answer yes or no."
    )


def booked(appointment: Appointment) -> str:
    total = f", {dollars(appointment.total_cents)}" if appointment.total_cents is not None else ""
    return (
        f"You're booked: {appointment.service.name}{total}, {moment(appointment.start, appointment.timezone)}, at "
        f"{appointment.location.name}, {appointment.location.address}. Your booking number is {appointment.number}. "
        "You can move or cancel it here at any time."
    )


def moved(appointment: Appointment) -> str:
    return (
        f"Your appointment was moved: {appointment.service.name} is now on "
        f"{moment(appointment.start, appointment.timezone)} at {appointment.location.name}. "
        f"Your booking number is still {appointment.number}."
    )


def cancelled(appointment: Appointment) -> str:
    return (
        f"Your appointment {appointment.number} on {moment(appointment.start, appointment.timezone)} was cancelled. "
        "Whenever you like, I can find you a new time."
    )


def status(appointment: Appointment) -> str:
    return (
        f"Your appointment: {appointment.service.name}, {moment(appointment.start, appointment.timezone)}, at "
        f"{appointment.location.name}, {appointment.location.address}. Booking number {appointment.number}."
    )


def ask_cancel(appointment: Appointment) -> str:
    return (
        f"Cancel your {appointment.service.name} on {moment(appointment.start, appointment.timezone)}? "
        "Please answer yes or no."
    )


def wish_kept(label: str) -> str:
    return (
        f"I can't reach our booking desk this minute. I've passed your wish on: {label}. It is received, not yet "
        "confirmed; you'll see the answer here as soon as there is one."
    )


def handed_off(shop: ShopFacts) -> str:
    return (
        f"Of course. I've asked a person at {shop.name} to step in, and I'll be quiet now. They answer here during the "
        f"shop's hours; if it is urgent, the number is {shop.phone}."
    )


def joined(name: str, shop: ShopFacts) -> str:
    return f"{name} from {shop.name} has joined the chat."


def given_back(shop: ShopFacts) -> str:
    return f"The virtual assistant of {shop.name} is back."


def nobody_yet(shop: ShopFacts) -> str:
    return (
        f"Nobody at {shop.name} has been able to answer here yet, sorry about that. They still have your message, and the "
        f"number is {shop.phone}. Meanwhile I can help you with prices, or you can pick a time yourself."
    )


def hours(shop: ShopFacts) -> str:
    return (
        f"I don't have the opening hours of {shop.name} here, so the shop will confirm them: {shop.phone}. "
        "What I can show you right away are the times that are open for booking."
    )


def address(shop: ShopFacts) -> str:
    return f"{shop.name} is at {shop.address}. The phone number is {shop.phone}."


def bargain(shop: ShopFacts) -> str:
    return (
        f"I can't change prices or agree to other ones: they come from {shop.name}'s price list. "
        "I'm glad to show you that price, or a person at the shop can talk it over with you."
    )


THANKS = "You're welcome! Anything else I can do for you?"
ASK_ANYTHING = (
    "Sure, go ahead: services, prices, open times or where to find us. What would you like to know?"
)
NOT_UNDERSTOOD = "I'm not sure I got that. I can help with our services, prices and booking a time. What would you like to do?"
OFFER_PERSON = "I'm afraid that is beyond me. I can show you prices and open times, or a person from the shop can step in."
KEPT = "All right, your appointment stays as it is."
WHICH_VEHICLE = "What kind of vehicle is it?"
WHICH_SERVICE = "Which service would you like to book?"
WHICH_SLOT = "More than one of these times fits that. Which one would you like?"
SAY_YES = "Just to be sure: please answer yes to book it, or no for another time."
LET_GO = "No problem, I didn't book it. Would you like another time?"


def contradiction(words: str) -> str:
    return f"Just to be sure about the day: {words}. Which day did you mean?"


def taken(slots: tuple[Slot, ...], shop: ShopFacts) -> str:
    if not slots:
        return f"I'm sorry, that time is taken. {none_open(shop)}"
    return offer(slots, shop, lead_in="I'm sorry, that time was just taken. These are open:")


def refused(code: str, shop: ShopFacts) -> str:
    reasons = {
        "outside_hours": "that time is outside of the shop's hours",
        "in_past": "that time has passed",
        "too_soon": "that is too soon for the shop to be ready",
        "closed": "the shop is closed then",
        "quote_expired": "the price I gave you is out of date, so I need to look it up anew",
        "too_many_bookings": "there are already as many bookings for you as the shop allows",
    }
    reason = reasons.get(code, f"the booking desk at {shop.name} did not accept it")
    return f"I couldn't book that: {reason}. Shall I show you other times?"


def moment(start: datetime, timezone: str) -> str:
    """`Tue, Nov 24, 10:00 AM PST` at the location's clock."""
    local = start.astimezone(ZoneInfo(timezone))
    return f"{local:%a, %b} {local.day}, {_clock(start, timezone)} {local:%Z}"


def _clock(value: datetime, timezone: str) -> str:
    local = value.astimezone(ZoneInfo(timezone))
    return f"{local.hour % 12 or 12}:{local:%M} {local:%p}"
