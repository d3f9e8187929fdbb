"""Facts in words: one set of functions for whatever a customer reads, in their language and on the shop's clock."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from string import Formatter
from zoneinfo import ZoneInfo

from shared.events import CatalogService, Price, Vehicle
from shared.prices import amount_text

from chat.domain.language import Language
from chat.domain.values import Appointment, OpeningDay

DAY = timedelta(days=1)


@cache
def _words() -> dict[str, dict[Language, str]]:
    return tomllib.loads(files("chat.domain.reply").joinpath("render.toml").read_text("utf-8"))


def word(name: str, language: Language, **places: object) -> str:
    return _words()[name][language].format(**places)


def joined(parts: Iterable[tuple[str, bool]]) -> str:
    """Words (and whether they are a fact's) as one text: a fact that ends with a full stop (`2:30 p. m.`) ends its sentence, too."""
    text, of_fact = "", False
    for words, is_fact in parts:
        ended = of_fact and text.endswith(".") and words.startswith(".")
        text += words[1:] if ended else words
        of_fact = is_fact
    return text


def filled(template: str, values: Mapping[str, object]) -> str:
    """Raises `KeyError` for a place without a value."""
    parts: list[tuple[str, bool]] = []
    for words, place, _, _ in Formatter().parse(template):
        parts += [(words, False)] if words else []
        parts += [(str(values[place]), True)] if place else []
    return joined(parts)


def moment(start: datetime, timezone: str, language: Language = "en", now: datetime | None = None) -> str:
    """`Thursday, December 3, 9:00 AM`; with `now` also that it is today or tomorrow."""
    local = start.astimezone(ZoneInfo(timezone))
    day = day_text(local.date(), language)
    if now is not None:
        today = now.astimezone(ZoneInfo(timezone)).date()
        near = {today: "today", today + DAY: "tomorrow"}.get(local.date())
        day = word(near, language, day=day) if near else day
    return word("moment", language, day=day, clock=clock(local.time(), language))


def day_text(day: date, language: Language = "en") -> str:
    """`Tuesday, November 24`."""
    name = weekday_name(day.weekday(), language)
    return word("weekday_date", language, weekday=name, date=date_text(day.month, day.day, language))


def date_text(month: int, day: int, language: Language = "en") -> str:
    return word("date", language, month=word("months", language).split()[month - 1], day=day)


def weekday_name(index: int, language: Language = "en") -> str:
    return word("weekdays", language).split()[index]


def clock_at(value: datetime, timezone: str, language: Language = "en") -> str:
    return clock(value.astimezone(ZoneInfo(timezone)).time(), language)


def clock(value: time, language: Language = "en") -> str:
    half = word("halves", language).split(" ")[value.hour >= 12]
    return f"{value.hour % 12 or 12}:{value:%M} {half}"


def length(minutes: int, language: Language = "en") -> str:
    """`3 hours`, `1 hour and 30 minutes`."""
    hours, rest = divmod(minutes, 60)
    said = [word("hour", language) if hours == 1 else word("hours", language, n=hours)] if hours else []
    said += [word("minutes", language, n=rest)] if rest or not hours else []
    return listed(said, "and", language)


def listed(said: Sequence[str], how: str, language: Language, between: str = ", ") -> str:
    """`how`: `and` or `or`."""
    if len(said) < 2:
        return "".join(said)
    return word(how, language, first=between.join(said[:-1]), last=said[-1])


def times(starts: Iterable[datetime], timezone: str, language: Language, now: datetime) -> str:
    return listed([moment(start, timezone, language, now) for start in starts], "or", language, "; ")


def total(prices: Sequence[Price]) -> Price:
    """Of several jobs: an estimate where one of them is. Raises `ValueError` where one has no amount."""
    lows = [p.amount_cents for p in prices if p.amount_cents is not None and p.kind != "on_request"]
    if len(lows) < len(prices):
        raise ValueError("a price on request cannot be added")
    highs = [p.max_cents or p.amount_cents or 0 for p in prices]
    if all(p.kind == "exact" for p in prices):
        return Price(kind="exact", amount_cents=sum(lows))
    open_ended = any(p.kind == "from" or (p.kind == "range" and p.max_cents is None) for p in prices)
    return Price(
        kind="from" if open_ended else "range",
        amount_cents=sum(lows),
        max_cents=None if open_ended else sum(highs),
    )


def list_price(service: CatalogService, vehicle_class: str | None) -> Price:
    """Of the catalogue, for that class; over all classes when it is not known."""
    kind = service.price.kind
    for price in service.class_prices:
        if price.vehicle_class == vehicle_class:
            return _price(kind, price.amount_cents, price.max_cents)
    if vehicle_class is None and service.class_prices:
        own = service.price.amount_cents
        amounts = [p.amount_cents for p in service.class_prices] + ([] if own is None else [own])
        highs = [service.price.max_cents, *(p.max_cents for p in service.class_prices)]
        return _price(kind, min(amounts), max(amounts + [high for high in highs if high is not None]))
    return service.price


def catalog_price(service: CatalogService, vehicle_class: str | None, language: Language = "en") -> str:
    return amount_text(list_price(service, vehicle_class), language)


def _price(kind: str, low: int, high: int | None) -> Price:
    if kind != "from" and high is not None and high > low:
        return Price(kind="range", amount_cents=low, max_cents=high)
    return Price(kind="from" if kind in {"from", "range"} else "exact", amount_cents=low)


def day_hours(day: OpeningDay, language: Language) -> str:
    """`9:00 AM to 6:00 PM`, `closed (Stocktaking)`."""
    spans = [
        word("span", language, opens=clock(s.opens, language), closes=clock(s.closes, language))
        for s in day.spans
    ]
    note = f" ({day.note})" if day.note else ""
    return (", ".join(spans) or word("closed", language)) + note


def week_hours(days: Sequence[OpeningDay], language: Language) -> str:
    """`Monday to Friday 9:00 AM to 6:00 PM; Sunday closed`: days that are alike in one."""
    said = []
    for hours, alike in groupby(days, lambda day: day_hours(day, language)):
        first, *rest = [weekday_name(day.date.weekday(), language) for day in alike]
        said.append(f"{word('to', language, first=first, last=rest[-1]) if rest else first} {hours}")
    return "; ".join(said)


def appointment(booked: Appointment, language: Language, now: datetime) -> str:
    return word(
        "appointment",
        language,
        service=booked.service.job(language),
        car=for_your(booked.vehicle, language),
        time=moment(booked.start, booked.timezone, language, now),
        shop=booked.location.name,
        address=booked.location.address,
        number=booked.number,
    )


def for_your(vehicle: Vehicle | None, language: Language) -> str:
    return word("for_your", language, car=vehicle.named) if vehicle and vehicle.named else ""
