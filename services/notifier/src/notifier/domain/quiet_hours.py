"""When a message that nobody asked for right now may reach a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from phonenumbers import NumberParseException, parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number


@dataclass(frozen=True)
class Hours:
    """From `opens` until just before `closes`."""

    opens: time
    closes: time


class Rule(Protocol):
    """Stricter than our own hours; on a day without hours nobody may be written to."""

    def hours_on(self, day: date) -> Hours | None: ...


OURS = Hours(time(9), time(20))
"""Inside the legal 8:00-21:00 (47 CFR 64.1200(c)(1)), on every day."""

_ROUNDS = 32
_FAR_APART_ZONES = 3
"""A number that may be in more zones than this (toll-free) says nothing about where its owner is."""


def next_allowed(moment: datetime, zones: Sequence[ZoneInfo], rules: Sequence[Rule] = ()) -> datetime:
    """`moment` itself, or the end of the quiet hours it falls in, in every one of `zones` at once.

    Zones whose days never meet (they do within one country) are asked without the first, which is the shop's.
    """
    candidate = moment
    for _ in range(_ROUNDS):
        moved = candidate
        for zone in zones:
            moved = _after_quiet(moved, zone, rules)
        if moved == candidate:
            return candidate
        candidate = moved
    return next_allowed(moment, zones[1:], rules)


def last_allowed(moment: datetime, zones: Sequence[ZoneInfo]) -> datetime:
    """The newest before it by our own hours, an hour before they end, so that what is a little late goes all the same."""
    candidate = moment
    for _ in range(_ROUNDS):
        moved = candidate
        for zone in zones:
            moved = _before_quiet(moved, zone)
        if moved == candidate:
            return candidate
        candidate = moved
    return last_allowed(moment, zones[1:])


def _before_quiet(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    last = time(OURS.closes.hour - 1)
    if OURS.opens <= local.time() <= last:
        return moment
    day = local.date() if local.time() > last else local.date() - timedelta(days=1)
    return datetime.combine(day, last, zone).astimezone(moment.tzinfo)


def _after_quiet(moment: datetime, zone: ZoneInfo, rules: Sequence[Rule]) -> datetime:
    local = moment.astimezone(zone)
    day, hours = local.date(), hours_on(local.date(), rules)
    if hours and hours.opens <= local.time() < hours.closes:
        return moment
    if hours is None or local.time() >= hours.closes:
        day, hours = _next_open(day, rules)
    return datetime.combine(day, hours.opens, zone).astimezone(moment.tzinfo)


def _next_open(day: date, rules: Sequence[Rule]) -> tuple[date, Hours]:
    while True:
        day += timedelta(days=1)
        hours = hours_on(day, rules)
        if hours:
            return day, hours


def hours_on(day: date, rules: Sequence[Rule]) -> Hours | None:
    """What our own hours and all of `rules` have in common."""
    found = [OURS, *(rule.hours_on(day) for rule in rules)]
    known = [hours for hours in found if hours]
    common = Hours(max(hours.opens for hours in known), min(hours.closes for hours in known))
    return common if len(known) == len(found) and common.opens < common.closes else None


def zones_of(shop_zone: str, phone: str | None) -> list[ZoneInfo]:
    """The shop's zone first, then those that the number's area code lies in."""
    names = dict.fromkeys([shop_zone, *_zones_of_number(phone)])
    return [ZoneInfo(name) for name in names]


def _zones_of_number(phone: str | None) -> Iterable[str]:
    if phone is None:
        return ()
    try:
        names = time_zones_for_number(parse(phone))
    except NumberParseException:
        return ()
    known = [name for name in names if name != UNKNOWN_TIMEZONE]
    return known if len(known) <= _FAR_APART_ZONES else ()
