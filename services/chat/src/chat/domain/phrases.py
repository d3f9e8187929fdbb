"""What the deterministic assistant says: the sentences of `phrases.toml`, filled with what booking answered."""

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

from shared.events import Addon, CatalogService, KnowledgeEntry, Price, Vehicle
from shared.events.notification import Media
from shared.prices import amount_text, price_text

from chat.domain.conversation import Owner, State, action_ids
from chat.domain.language import Language
from chat.domain.reply.render import (
    catalog_price,
    clock_at,
    date_text,
    day_hours,
    day_text,
    filled,
    length,
    list_price,
    moment,
    weekday_name,
)
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
    Tier,
    TiersPart,
    phone_text,
    vehicle_text,
)
from chat.domain.wishes import Wish


@cache
def templates() -> dict[str, dict[Language, str]]:
    return tomllib.loads(files("chat.domain").joinpath("phrases.toml").read_text("utf-8"))


def say(phrase: str, language: Language = "en", **values: object) -> str:
    """The template `phrase` with its places filled."""
    if isinstance(phone := values.get("phone"), str):
        values["phone"] = phone_text(phone)
    return filled(templates()[phrase][language], values)


def pictures(media: Iterable[Media], language: Language = "en") -> str:
    """What stands in the conversation for them."""
    return " ".join(
        say("a_picture" if one.content_type.startswith("image/") else "a_file", language) for one in media
    )


def button(action: str, language: Language = "en") -> Action:
    return Action(id=action, label=say(f"button_{action}", language))


def buttons(*actions: str, language: Language = "en") -> ActionsPart:
    return ActionsPart(actions=tuple(button(action, language) for action in actions))


def actions_of(
    state: State,
    owner: Owner,
    language: Language = "en",
    *,
    person_asked: bool = False,
    assistant_on: bool = True,
) -> tuple[Action, ...]:
    ids = action_ids(state, owner, person_asked=person_asked, assistant_on=assistant_on)
    return tuple(button(action, language) for action in ids)


def greeting(
    lead: LeadFacts, shop: ShopFacts, service: CatalogService | None, language: Language = "en"
) -> str:
    about = service.called(language) if service else lead.asked_for
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


def _quoted_for(quote: Quote, vehicle: str | None, language: Language) -> str:
    """`vehicle`: for a quote that was kept before quotes told theirs."""
    return target(quote.vehicle.named if quote.vehicle else vehicle, quote.vehicle_class, language)


def _booked_for(vehicle: Vehicle | None, language: Language) -> str:
    return target(vehicle.named, vehicle.vehicle_class, language) if vehicle else ""


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
        return on_request(quote.service.called(language), shop, language)
    return say(
        "price" if ask_for_time else "price_only",
        language,
        service=_job(quote, language),
        target=_quoted_for(quote, vehicle, language),
        total=amount_text(quote.price, language),
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
        service=service.called(language),
        target=target(None, vehicle_class, language),
        shop=shop.name,
        price=catalog_price(service, vehicle_class, language),
    )


def addon(added: Addon, vehicle_class: str | None, language: Language = "en") -> str:
    of_class = {price.vehicle_class: price.amount_cents for price in added.class_prices}
    cents = of_class.get(vehicle_class or "", added.amount_cents)
    price_ = amount_text(Price(kind="exact", amount_cents=cents), language)
    return say("addon", language, addon=added.name, price=price_)


def _job(quote: Quote, language: Language) -> str:
    """The service with its add-ons."""
    return " + ".join([quote.service.called(language), *(line.label for line in quote.lines[1:])])


def price_range(service: CatalogService, shop: ShopFacts, language: Language = "en") -> str:
    return say(
        "price_range",
        language,
        service=service.called(language),
        shop=shop.name,
        price=catalog_price(service, None, language),
    )


def class_prices(
    service: CatalogService, classes: Iterable[str], shop: ShopFacts, language: Language = "en"
) -> str:
    lines = "\n".join(
        f"- {class_label(name, language)}: {catalog_price(service, name, language)}" for name in classes
    )
    return say("class_prices", language, service=service.called(language), shop=shop.name, lines=lines)


def valid(quote: Quote, shop: ShopFacts, language: Language = "en") -> str:
    phrase = "price_valid" if quote.kind == "exact" else "estimate_valid"
    return say(phrase, language, until=moment(quote.valid_until, shop.timezone, language))


def service_list(
    services: Iterable[CatalogService],
    vehicle_class: str | None,
    shop: ShopFacts,
    language: Language = "en",
    *,
    phrase: str = "service_list",
) -> str:
    lines = "\n".join(
        f"- {s.called(language)}: {catalog_price(s, vehicle_class, language)}" for s in services
    )
    return say(phrase, language, shop=shop.name, lines=lines)


def offer(
    slots: tuple[Slot, ...],
    shop: ShopFacts,
    language: Language = "en",
    *,
    opening: str = "open_times",
    closed: str = "",
) -> str:
    """`opening`: the phrase above the times; `closed`: what it says of the day that was wished."""
    return say(
        "offer",
        language,
        opening=say(opening, language, shop=shop.name, closed=closed),
        times="\n".join(f"- {moment(slot.start, shop.timezone, language)}" for slot in slots),
        zone=shop.timezone.replace("_", " "),
    )


def labelled(slots: SlotList, language: Language) -> SlotList:
    """The offer with the labels that the customer reads."""
    worded = tuple(
        s.model_copy(update={"label": moment(s.start, slots.timezone, language)}) for s in slots.slots
    )
    return slots.model_copy(update={"slots": worded})


def none_open(shop: ShopFacts, language: Language = "en") -> str:
    return say("none_open", language, shop=shop.name, phone=shop.phone)


def tiers(
    services: Sequence[CatalogService],
    differs: Sequence[str],
    vehicle_class: str | None,
    language: Language = "en",
) -> str:
    """The same job in its films, side by side."""
    lines = "\n".join(
        f"- {service.called(language)}: {catalog_price(service, vehicle_class, language)}. {text}"
        for service, text in zip(services, differs, strict=True)
    )
    return say("tiers", language, target=target(None, vehicle_class, language), lines=lines)


def tiers_part(
    services: Sequence[CatalogService],
    differs: Sequence[str],
    vehicle: Vehicle | None,
    vehicle_class: str | None,
    language: Language = "en",
) -> TiersPart:
    """What `tiers` says, as a card. What sets them apart the shop says in English only: elsewhere it is left out."""
    shown = tuple(
        Tier(
            action=f"service:{service.code}",
            name=service.called(language),
            price=list_price(service, vehicle_class),
            duration_minutes=service.duration_minutes,
            differs=(text or None) if language == "en" else None,
        )
        for service, text in zip(services, differs, strict=True)
    )
    return TiersPart(vehicle=vehicle, vehicle_class=vehicle_class, tiers=shown)


def read_back(
    quote: Quote,
    hold: Hold,
    shop: ShopFacts,
    vehicle: str | None,
    language: Language = "en",
    *,
    phrase: str = "read_back",
) -> str:
    """`phrase`: `read_back_unheld` while booking is away."""
    until = clock_at(hold.expires_at, shop.timezone, language) if hold.expires_at else None
    return say(
        phrase,
        language,
        service=_job(quote, language),
        target=_quoted_for(quote, vehicle, language),
        total=price_text(quote.price, language),
        time=moment(hold.start, shop.timezone, language),
        shop=shop.name,
        address=shop.address,
        held=say("held", language, until=until) if until else "",
    )


def move_read_back(appointment: Appointment, hold: Hold, language: Language = "en") -> str:
    return say(
        "move_read_back",
        language,
        service=appointment.service.job(language),
        target=_booked_for(appointment.vehicle, language),
        number=appointment.number,
        old=moment(appointment.start, appointment.timezone, language),
        new=moment(hold.start, appointment.timezone, language),
    )


def booked(appointment: Appointment, language: Language = "en") -> str:
    price_ = appointment.agreed_price
    total = f", {price_text(price_, language)}" if price_ else ""
    return _appointment("booked", appointment, language, total=total)


def moved(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("moved", appointment, language)


def cancelled(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("cancelled", appointment, language)


def changed_by_shop(
    phrase: Literal["moved_by_shop", "cancelled_by_shop", "restored_by_shop"],
    appointment: Appointment,
    free: Sequence[datetime],
    language: Language = "en",
) -> str:
    """`free`: other times, where the shop put it at one at which it is busy."""
    end = moment(appointment.end, appointment.timezone, language)
    told = _appointment(phrase, appointment, language, end=end)
    if not free:
        return told
    times = "; ".join(moment(start, appointment.timezone, language) for start in free)
    return f"{told} {say('busy_then', language, times=times)}"


def status(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("status", appointment, language)


def another_car(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("another_car", appointment, language)


def ask_cancel(appointment: Appointment, language: Language = "en") -> str:
    return _appointment("ask_cancel", appointment, language)


def _appointment(phrase: str, appointment: Appointment, language: Language, **values: str) -> str:
    return say(
        phrase,
        language,
        service=appointment.service.job(language),
        target=_booked_for(appointment.vehicle, language),
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
    lines = "\n".join(f"- {day_text(day.date, language)}: {day_hours(day, language)}" for day in opening.days)
    return now + say(
        "hours_week", language, shop=shop.name, lines=lines, zone=shop.timezone.replace("_", " ")
    )


def open_now(opening: OpeningHours | None, shop: ShopFacts, today: date, language: Language = "en") -> str:
    """Yes or no, and until or from when."""
    if opening is None:
        return say("hours_unknown", language, shop=shop.name, phone=shop.phone)
    if not opening.open_now and opening.opens_next is None:
        return say("closed_now_unknown", language, shop=shop.name)
    if not opening.open_now and opening.opens_next is not None:
        opens = moment(opening.opens_next, shop.timezone, language)
        return say("closed_now_until", language, shop=shop.name, opens=opens)
    day = "".join(_opening_day(one, shop, language) for one in opening.days if one.date == today)
    return say("open_now_until", language, shop=shop.name, day=day).strip()


def closed_on(
    opening: OpeningHours | None, day: date, shop: ShopFacts, language: Language = "en"
) -> str | None:
    """That the shop is closed that day; `None` where it is open, or nobody knows."""
    closed = [one for one in (opening.days if opening else ()) if one.date == day and not one.spans]
    return _opening_day(closed[0], shop, language) if closed else None


def late(appointment: Appointment | None, shop: ShopFacts, language: Language = "en") -> str:
    if appointment is None:
        return say("late_unbooked", language, phone=shop.phone)
    time_ = moment(appointment.start, appointment.timezone, language)
    return say("late", language, service=appointment.service.job(language), time=time_, phone=shop.phone)


def said_of(entry: KnowledgeEntry, language: Language = "en") -> str:
    """What the shop says; in English where it says nothing in Spanish."""
    return (entry.es or entry.en) if language == "es" else entry.en


def _opening_day(day: OpeningDay, shop: ShopFacts, language: Language) -> str:
    named, hours_ = day_text(day.date, language), day_hours(day, language)
    return say(
        "hours_day" if day.spans else "hours_closed", language, day=named, shop=shop.name, hours=hours_
    )


def duration(service: CatalogService, shop: ShopFacts, language: Language = "en") -> str:
    return say(
        "duration",
        language,
        service=service.called(language),
        time=length(service.duration_minutes, language),
        shop=shop.name,
    )


def duration_list(services: Iterable[CatalogService], language: Language = "en") -> str:
    lines = "\n".join(f"- {s.called(language)}: {length(s.duration_minutes, language)}" for s in services)
    return say("duration_list", language, lines=lines)


def which_day(wish: Wish, language: Language = "en") -> str:
    """The question that a doubtful day calls for."""
    if wish.mismatch:
        named, weekday = wish.mismatch
        return say(
            "mismatch",
            language,
            date=date_text(named.month, named.day, language),
            weekday=weekday_name(named.weekday(), language),
            named=weekday_name(weekday, language),
        )
    if wish.impossible:
        month, day = wish.impossible
        known = month is not None and 1 <= month <= 12
        text = date_text(month, day, language) if known and month else f"{month}/{day}" if month else str(day)
        return say("impossible", language, date=text)
    return say("past", language)


def refused(code: str, shop: ShopFacts, language: Language = "en") -> str:
    return say("refused", language, reason=_reason(code, shop, language))


def _reason(code: str, shop: ShopFacts, language: Language) -> str:
    known = f"refused_{code}"
    return say(known if known in templates() else "refused_other", language, shop=shop.name)


def instead(code: str, slots: tuple[Slot, ...], shop: ShopFacts, language: Language = "en") -> str:
    """Why a time cannot be had, and others."""
    if code == "slot_taken":
        return taken(slots, shop, language)
    reason = _reason(code, shop, language)
    return f"{say('not_then', language, reason=reason)} {offer(slots, shop, language)}"


def taken(slots: tuple[Slot, ...], shop: ShopFacts, language: Language = "en") -> str:
    if not slots:
        return f"{say('taken', language)} {none_open(shop, language)}"
    return offer(slots, shop, language, opening="taken_times")
