"""When a message that nobody asked for right now may reach a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from phonenumbers import NumberParseException, parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

OPENS = time(9)
CLOSES = time(20)
"""Inside the legal 8:00-21:00 (47 CFR 64.1200(c)(1)) and inside the stricter states' 9:00-20:00."""

_ROUNDS = 8
_FAR_APART_ZONES = 3
"""A number that may be in more zones than this (toll-free) says nothing about where its owner is."""


def next_allowed(moment: datetime, zones: Sequence[ZoneInfo]) -> datetime:
    """`moment` itself, or the end of the quiet hours it falls in, in every one of `zones` at once.

    Zones whose days never meet (they do within one country) give the first zone's answer.
    """
    candidate = moment
    for _ in range(_ROUNDS):
        moved = candidate
        for zone in zones:
            moved = _after_quiet(moved, zone)
        if moved == candidate:
            return candidate
        candidate = moved
    return _after_quiet(moment, zones[0])


def _after_quiet(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return moment
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, zone).astimezone(moment.tzinfo)


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
