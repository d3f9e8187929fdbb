"""What the deterministic assistant says: the sentences of `phrases.toml`, filled with what booking answered."""

import tomllib
from collections.abc import Iterable
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.domain.conversation import Owner, State, action_ids
from chat.domain.language import Language
from chat.domain.money import catalog_price, dollars, total_text
from chat.domain.soft import Soft
from chat.domain.values import (
    Action,
    ActionsPart,
    Appointment,
    Hold,
    LeadFacts,
    OpeningDay,
    OpeningHours,
    Quote,
    ShopFacts,
    Slot,
    SlotList,
    vehicle_text,
)
from chat.domain.wishes import Wish


@cache
def templates() -> dict[str, dict[Language, str]]:
    return tomllib.loads(files("chat.domain").joinpath("phrases.toml").read_text("utf-8"))


def say(phrase: str, language: Language = "en", **values: object) -> str:
    """The template `phrase` with its places filled."""
    return templates()[phrase][language].format(**values)


def button(action: str, language: Language = "en") -> Action:
    return Action(id=action, label=say(f"button_{action}", language))


def buttons(*actions: str, language: Language = "en") -> ActionsPart:
    return ActionsPart(actions=tuple(button(action, language) for action in actions))


def actions_of(state: State, owner: Owner, language: Language = "en") -> tuple[Action, ...]:
    return tuple(button(action, language) for action in action_ids(state, owner))


def greeting(
    lead: LeadFacts, shop: ShopFacts, service: CatalogService | None, language: Language = "en"
) -> str:
    about = service.name if service else lead.interest
    vehicle = vehicle_text(lead.vehicle)
    request = ""
    if about:
        asked = about + (say("for_your", language, vehicle=vehicle) if vehicle else "")
        request = say("asked_about", language, asked=asked)
    elif vehicle:
        request = say("asked_vehicle", language, vehicle=vehicle)
    hello = say("hello", language, name=f" {lead.first_name}" if lead.first_name else "")
    return say("greeting", language, hello=hello, shop=shop.name, request=request)


def target(vehicle: str | None, vehicle_class: str | None, language: Language = "en") -> str:
    """` for your 2021 Honda Civic`, or for the class that a price is for; empty when neither is known."""
    if vehicle:
        return say("for_your", language, vehicle=vehicle)
    return say("for_a", language, vehicle_class=class_name(vehicle_class, language)) if vehicle_class else ""


def class_name(vehicle_class: str, language: Language = "en") -> str:
    known = f"class_{vehicle_class}"
    return say(known, language) if known in templates() else vehicle_class


def class_label(vehicle_class: str, language: Language = "en") -> str:
    """On a button: without the article."""
    name = class_name(vehicle_class, language).split(" ", 1)[-1]
    return name[0].upper() + name[1:]


def price(
    quote: Quote,
    shop: ShopFacts,
    vehicle: str | None,
    language: Language = "en",
    *,
    ask_for_time: bool = True,
) -> str:
    if quote.total_cents is None or quote.kind == "on_request":
        return on_request(quote.service.name, shop, language)
    return say(
        "price" if ask_for_time else "price_only",
        language,
        service=quote.service.name,
        target=target(vehicle, quote.vehicle_class, language),
        total=total_text(quote.total_cents, quote.kind, language),
        shop=shop.name,
    )


def on_request(service: str, shop: ShopFacts, language: Language = "en") -> str:
    return say("on_request", language, service=service, shop=shop.name)


def price_from_catalog(
    service: CatalogService, vehicle_class: str | None, shop: ShopFacts, language: Language = "en"
) -> str:
    return say(
        "price_from_catalog",
        language,
        service=service.name,
        target=target(None, vehicle_class, language),
        shop=shop.name,
        price=catalog_price(service, vehicle_class, language),
    )


def price_range(service: CatalogService, shop: ShopFacts, language: Language = "en") -> str:
    return say(
        "price_range",
        language,
        service=service.name,
        shop=shop.name,
        price=catalog_price(service, None, language),
    )


def service_list(
    services: Iterable[CatalogService], vehicle_class: str | None, shop: ShopFacts, language: Language = "en"
) -> str:
    lines = "\n".join(f"- {s.name}: {catalog_price(s, vehicle_class, language)}" for s in services)
    return say("service_list", language, shop=shop.name, lines=lines)


def offer(
    slots: tuple[Slot, ...], shop: ShopFacts, language: Language = "en", *, opening: str = "open_times"
) -> str:
    """`opening`: the phrase above the times."""
    return say(
        "offer",
        language,
        opening=say(opening, language, shop=shop.name),
        times="\n".join(f"- {slot_label(slot, shop.timezone, language)}" for slot in slots),
        zone=shop.timezone.replace("_", " "),
    )


def slot_label(slot: Slot, timezone: str, language: Language = "en") -> str:
    """Booking's own wording, or the same time in Spanish."""
    return slot.label if language == "en" else moment(slot.start, timezone, language)


def labelled(slots: SlotList, language: Language) -> SlotList:
    """The offer with the labels that the customer reads."""
    worded = tuple(
        s.model_copy(update={"label": slot_label(s, slots.timezone, language)}) for s in slots.slots
    )
    return slots.model_copy(update={"slots": worded})


def none_open(shop: ShopFacts, language: Language = "en") -> str:
    return say("none_open", language, shop=shop.name, phone=shop.phone)


def read_back(
    quote: Quote, hold: Hold, shop: ShopFacts, vehicle: str | None, language: Language = "en"
) -> str:
    until = clock(hold.expires_at, shop.timezone) if hold.expires_at else None
    return say(
        "read_back",
        language,
        service=quote.service.name,
        target=target(vehicle, quote.vehicle_class, language),
        total=total_text(quote.total_cents, quote.kind, language),
        time=_hold_label(hold, shop.timezone, language),
        shop=shop.name,
        address=shop.address,
        held=say("held", language, until=until) if until else "",
    )


def move_read_back(appointment: Appointment, hold: Hold, language: Language = "en") -> str:
    return say(
        "move_read_back",
        language,
        service=appointment.service.name,
        number=appointment.number,
        old=moment(appointment.start, appointment.timezone, language),
        new=_hold_label(hold, appointment.timezone, language),
    )


def _hold_label(hold: Hold, timezone: str, language: Language) -> str:
    return hold.label if language == "en" and hold.label else moment(hold.start, timezone, language)


def booked(appointment: Appointment, language: Language = "en") -> str:
    total = f", {dollars(appointment.total_cents)}" if appointment.total_cents is not None else ""
    return _appointment("booked", appointment, language, total=total)


def moved(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("moved", appointment, language)


def cancelled(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("cancelled", appointment, language)


def status(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("status", appointment, language)


def ask_cancel(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("ask_cancel", appointment, language)


def _appointment(phrase: str, appointment: Appointment, language: Language, **values: str) -> str:
    return say(
        phrase,
        language,
        service=appointment.service.name,
        time=moment(appointment.start, appointment.timezone, language),
        shop=appointment.location.name,
        address=appointment.location.address,
        number=appointment.number,
        **values,
    )


def wish_kept(start: datetime, timezone: str, language: Language = "en") -> str:
    return say("wish_kept", language, time=moment(start, timezone, language))


def handed_off(shop: ShopFacts, opening: OpeningHours | None, language: Language = "en") -> str:
    """What to expect by the shop's hours."""
    if opening and opening.open_now:
        return say("handed_off_open", language, shop=shop.name, phone=shop.phone)
    if opening and opening.opens_next:
        opens = moment(opening.opens_next, shop.timezone, language)
        return say("handed_off_closed", language, shop=shop.name, phone=shop.phone, opens=opens)
    return say("handed_off", language, shop=shop.name, phone=shop.phone)


def person_offer(
    soft: Soft, shop: ShopFacts, language: Language = "en", *, a_yes_is_taken: bool = False
) -> str:
    """`a_yes_is_taken`: a yes answers another question, so the offer asks for none."""
    if a_yes_is_taken:
        return say("offer_person_beside", language, shop=shop.name)
    return say(f"offer_person_{soft.name.lower()}", language, shop=shop.name)


def ask_call_back(phone: str | None, shop: ShopFacts, language: Language = "en") -> str:
    if phone is None:
        return say("call_back_number", language, shop=shop.name)
    return say("call_back_confirm", language, shop=shop.name, ending=phone[-4:])


def call_back_kept(
    phone: str, shop: ShopFacts, opening: OpeningHours | None, language: Language = "en"
) -> str:
    """Said only with its receipt; when they call follows from the shop's hours, where they are known."""
    when = say("call_back_in_hours", language)
    if opening and opening.open_now:
        when = say("call_back_open", language)
    elif opening and opening.opens_next:
        when = say("call_back_closed", language, opens=moment(opening.opens_next, shop.timezone, language))
    return say("call_back_kept", language, shop=shop.name, ending=phone[-4:], when=when, phone=shop.phone)


def joined(name: str, shop: ShopFacts, language: Language = "en") -> str:
    return say("joined", language, name=name, shop=shop.name)


def given_back(shop: ShopFacts, language: Language = "en") -> str:
    return say("given_back", language, shop=shop.name)


def nobody_yet(shop: ShopFacts, language: Language = "en") -> str:
    return say("nobody_yet", language, shop=shop.name, phone=shop.phone)


def address(shop: ShopFacts, language: Language = "en") -> str:
    return say("address", language, shop=shop.name, address=shop.address, phone=shop.phone)


def hours(opening: OpeningHours | None, shop: ShopFacts, wish: Wish, language: Language = "en") -> str:
    """Of the day asked for, or of the days that booking answered."""
    if opening is None or not opening.days:
        return say("hours_unknown", language, shop=shop.name, phone=shop.phone)
    asked = [day for day in opening.days if day.date == wish.day]
    if asked:
        return _opening_day(asked[0], shop, language)
    now = say("open_now" if opening.open_now else "closed_now", language)
    lines = "\n".join(f"- {day_text(day.date, language)}: {_spans(day, language)}" for day in opening.days)
    return now + say(
        "hours_week", language, shop=shop.name, lines=lines, zone=shop.timezone.replace("_", " ")
    )


def _opening_day(day: OpeningDay, shop: ShopFacts, language: Language) -> str:
    named = day_text(day.date, language)
    if not day.spans:
        note = f" ({day.note})" if day.note else ""
        return say("hours_closed", language, day=named, shop=shop.name, note=note)
    return say("hours_day", language, day=named, shop=shop.name, spans=_spans(day, language))


def _spans(day: OpeningDay, language: Language) -> str:
    spans = ", ".join(
        say("span", language, opens=_of_day(span.opens), closes=_of_day(span.closes)) for span in day.spans
    )
    return spans or say("closed_word", language) + (f" ({day.note})" if day.note else "")


def duration(service: CatalogService, shop: ShopFacts, language: Language = "en") -> str:
    return say("duration", language, service=service.name, time=_length(service, language), shop=shop.name)


def duration_list(services: Iterable[CatalogService], language: Language = "en") -> str:
    lines = "\n".join(f"- {s.name}: {_length(s, language)}" for s in services)
    return say("duration_list", language, lines=lines)


def _length(service: CatalogService, language: Language) -> str:
    hours_, minutes = divmod(service.duration_minutes, 60)
    if hours_ and minutes:
        return say("hours_and_minutes", language, hours=hours_, minutes=minutes)
    return f"{hours_} h" if hours_ else f"{minutes} min"


def which_day(wish: Wish, language: Language = "en") -> str:
    """The question that a doubtful day calls for."""
    if wish.mismatch:
        named, weekday = wish.mismatch
        return say(
            "mismatch",
            language,
            date=date_text(named.month, named.day, language),
            weekday=_word("weekdays", named.weekday(), language),
            named=_word("weekdays", weekday, language),
        )
    if wish.impossible:
        month, day = wish.impossible
        known = month is not None and 1 <= month <= 12
        text = date_text(month, day, language) if known and month else f"{month}/{day}" if month else str(day)
        return say("impossible", language, date=text)
    return say("past", language)


def refused(code: str, shop: ShopFacts, language: Language = "en") -> str:
    known = f"refused_{code}"
    reason = say(known if known in templates() else "refused_other", language, shop=shop.name)
    return say("refused", language, reason=reason)


def taken(slots: tuple[Slot, ...], shop: ShopFacts, language: Language = "en") -> str:
    if not slots:
        return f"{say('taken', language)} {none_open(shop, language)}"
    return offer(slots, shop, language, opening="taken_times")


def moment(start: datetime, timezone: str, language: Language = "en") -> str:
    """`Tue, Nov 24, 10:00 AM PST` at the location's clock; in Spanish with the day written out."""
    local = start.astimezone(ZoneInfo(timezone))
    if language == "es":
        return f"{day_text(local.date(), language)}, {clock(start, timezone)} {local:%Z}"
    return f"{local:%a, %b} {local.day}, {clock(start, timezone)} {local:%Z}"


def day_text(day: date, language: Language = "en") -> str:
    """`Tuesday, November 24`."""
    weekday = _word("weekdays", day.weekday(), language)
    return say("weekday_date", language, weekday=weekday, date=date_text(day.month, day.day, language))


def date_text(month: int, day: int, language: Language = "en") -> str:
    return say("date", language, month=_word("months", month - 1, language), day=day)


def _word(words: str, index: int, language: Language) -> str:
    return say(words, language).split()[index]


def clock(value: datetime, timezone: str) -> str:
    return _of_day(value.astimezone(ZoneInfo(timezone)).time())


def _of_day(value: time) -> str:
    return f"{value.hour % 12 or 12}:{value:%M} {value:%p}"
