"""When a customer would like to come, as said in free words and resolved at the location's clock."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from chat.domain.values import Slot

PartOfDay = Literal["morning", "afternoon", "evening"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

WEEKDAY = re.compile(
    r"\b(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)s?\b"
)
MONTH_DAY = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?!:)"
)
NUMERIC_DAY = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/\d{2,4})?\b")
DAY_OF_MONTH = re.compile(r"\b(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)\b")
CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)(?!\w)|\b(\d{1,2}):(\d{2})\b")
_AT_HOUR = re.compile(r"\b(?:at|around|about|by)\s+(\d{1,2})\b(?![:/\d])")
_AFTER = re.compile(r"\bafter\s+(\d{1,2})(?::(\d{2}))?\s*(am|pm)?")
_BEFORE = re.compile(r"\bbefore\s+(\d{1,2})(?::(\d{2}))?\s*(am|pm)?")
_LAST_MORNING_HOUR = 7
"""A bare hour up to seven is meant in the afternoon: no shop opens before."""

_PARTS: dict[PartOfDay, tuple[time, time]] = {
    "morning": (time(0), time(12)),
    "afternoon": (time(12), time(17)),
    "evening": (time(17), time(23, 59)),
}


@dataclass(frozen=True)
class Wish:
    """`day` and times are local at the location. `contradiction`: weekday and date named do not go together."""

    day: date | None = None
    part: PartOfDay | None = None
    at: time | None = None
    not_before: time | None = None
    not_after: time | None = None
    contradiction: str | None = None

    @property
    def said(self) -> bool:
        return self != Wish()


def wish_in(text: str, now_local: datetime) -> Wish:
    lowered = text.lower()
    day, contradiction = _day(lowered, now_local.date())
    not_before, not_after = _bound(_AFTER, lowered), _bound(_BEFORE, lowered)
    exact = None if not_before or not_after else _clock(lowered)
    return Wish(
        day=day,
        part=_part(lowered),
        at=exact,
        not_before=not_before,
        not_after=not_after,
        contradiction=contradiction,
    )


def fits(slot: Slot, wish: Wish, timezone: str) -> bool:
    """Whether the slot is what was asked for, at the location's clock."""
    local = slot.start.astimezone(ZoneInfo(timezone))
    low, high = _PARTS[wish.part] if wish.part else (time.min, time.max)
    return (
        (wish.day is None or local.date() == wish.day)
        and (wish.at is None or local.time().replace(tzinfo=None) == wish.at)
        and low <= local.time() <= high
        and (wish.not_before is None or local.time() >= wish.not_before)
        and (wish.not_after is None or local.time() <= wish.not_after)
    )


def three_of(slots: tuple[Slot, ...], timezone: str, count: int = 3) -> tuple[Slot, ...]:
    """At most three, in order, over as many days as there are: a choice of one day is no choice."""
    zone = ZoneInfo(timezone)
    by_day: dict[date, list[Slot]] = {}
    for slot in sorted(slots, key=lambda s: s.start):
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    picked: list[Slot] = []
    rank = 0
    while len(picked) < min(count, len(slots)):
        layer = [_spread(day, rank) for day in by_day.values() if rank < len(day)]
        picked += layer[: count - len(picked)]
        rank += 1
    return tuple(sorted(picked, key=lambda s: s.start))


def _spread(day: list[Slot], rank: int) -> Slot:
    """First of the day, then from its end: two neighbouring half hours are hardly two choices."""
    order = [day[0], *reversed(day[1:])]
    return order[rank]


def _day(lowered: str, today: date) -> tuple[date | None, str | None]:
    named = _named_day(lowered, today)
    weekday = _weekday(lowered, today)
    if named and weekday and named.weekday() != weekday.weekday():
        return None, f"{named:%B} {named.day} is a {named:%A}, not a {weekday:%A}"
    if named or weekday:
        return named or weekday, None
    if re.search(r"\b(day after tomorrow)\b", lowered):
        return today + timedelta(days=2), None
    if re.search(r"\b(tomorrow|tmrw|mañana)\b", lowered):
        return today + timedelta(days=1), None
    if re.search(r"\b(today|tonight|this (morning|afternoon|evening))\b", lowered):
        return today, None
    return None, None


def _weekday(lowered: str, today: date) -> date | None:
    """The next such day, never today; `next friday` is the one of the following week."""
    match = WEEKDAY.search(lowered)
    if match is None:
        return None
    index = weekday_index(match[1])
    ahead = (index - today.weekday()) % 7 or 7
    if re.search(rf"\bnext\s+{match[1]}", lowered) and today.weekday() + ahead < 7:
        ahead += 7
    return today + timedelta(days=ahead)


def weekday_index(word: str) -> int:
    """Monday is 0; `word` is a weekday's name or its beginning, lower case."""
    return next(i for i, name in enumerate(WEEKDAYS) if name.startswith(word[:3]))


def month_number(word: str) -> int:
    return MONTHS.index(word[:3]) + 1


def _named_day(lowered: str, today: date) -> date | None:
    if match := MONTH_DAY.search(lowered):
        return _coming(today, month_number(match[1]), int(match[2]))
    if match := NUMERIC_DAY.search(lowered):
        return _coming(today, int(match[1]), int(match[2]))
    if (match := DAY_OF_MONTH.search(lowered)) and _means_a_date(lowered, match):
        this_month = _coming(today, today.month, int(match[1]), or_next_year=False)
        following = today.month % 12 + 1
        return this_month or _coming(today, following, int(match[1]))
    return None


def _means_a_date(lowered: str, match: re.Match[str]) -> bool:
    """`the 3rd one` counts offers; `the 14th` names a day."""
    return re.match(r"\s*(one|option|slot|time)", lowered[match.end() :]) is None


def _coming(today: date, month: int, day: int, *, or_next_year: bool = True) -> date | None:
    try:
        this_year = date(today.year, month, day)
    except ValueError:
        return None
    if this_year >= today:
        return this_year
    return date(today.year + 1, month, day) if or_next_year and (month, day) != (2, 29) else None


def _part(lowered: str) -> PartOfDay | None:
    if re.search(r"\b(mornings?|before noon|early)\b", lowered):
        return "morning"
    if re.search(r"\b(afternoons?|after lunch)\b", lowered):
        return "afternoon"
    if re.search(r"\b(evenings?|tonight|after work|late)\b", lowered):
        return "evening"
    return None


def _bound(pattern: re.Pattern[str], lowered: str) -> time | None:
    match = pattern.search(lowered)
    return _time(match[1], match[2], match[3]) if match else None


def _clock(lowered: str) -> time | None:
    if re.search(r"\bnoon\b", lowered) and "before noon" not in lowered:
        return time(12)
    if match := CLOCK.search(lowered):
        return _time(match[1] or match[4], match[2] or match[5], match[3])
    if match := _AT_HOUR.search(lowered):
        return _time(match[1], None, None)
    return None


def _time(hour: str, minute: str | None, half: str | None) -> time | None:
    hours, minutes = int(hour), int(minute or 0)
    if half and half.startswith("p") and hours < 12:
        hours += 12
    elif half and half.startswith("a") and hours == 12:
        hours = 0
    elif not half and hours <= _LAST_MORNING_HOUR:
        hours += 12
    return time(hours, minutes) if hours < 24 and minutes < 60 else None
