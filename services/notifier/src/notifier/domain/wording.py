"""How names, cars, times and money read in a message; what customers typed is made harmless here."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.events import Vehicle

_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['\u2019-])*", re.UNICODE)
_NOT_A_NAME = frozenset(
    {
        "n/a",
        "na",
        "none",
        "null",
        "unknown",
        "test",
        "customer",
        "guest",
        "lead",
        "no",
        "mr",
        "mrs",
        "ms",
        "dr",
        "the",
    }
)
_LONGEST_NAME = 30
_LONGEST_WISH = 60


def greeting(name: str) -> str:
    """`Hi Ana`, or `Hi there` when the name is missing or is not one."""
    return f"Hi {first_name(name) or 'there'}"


def first_name(name: str) -> str | None:
    word = name.strip().split(" ")[0].strip(",.")
    usable = _NAME.fullmatch(word) and len(word) <= _LONGEST_NAME and word.lower() not in _NOT_A_NAME
    if not usable:
        return None
    return word.capitalize() if word.isupper() or word.islower() else word


def vehicle_name(vehicle: Vehicle | None) -> str | None:
    """`2021 Honda Civic`, with what is known of it."""
    if vehicle is None or not (vehicle.make or vehicle.model):
        return None
    parts = (str(vehicle.year) if vehicle.year else None, vehicle.make, vehicle.model)
    return harmless(" ".join(part for part in parts if part), _LONGEST_WISH)


def wish(vehicle: Vehicle | None, interest: str | None) -> str:
    """What the message is about: the car, else what was asked for, else simply the vehicle."""
    return vehicle_name(vehicle) or harmless(interest or "", _LONGEST_WISH) or "vehicle"


def harmless(text: str, longest: int = 4000) -> str:
    """One line without braces, brackets and control characters, so that it can pose as neither markup nor template."""
    line = " ".join(re.sub(r"[{}<>\x00-\x1f\x7f]", " ", text).split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def when(moment: datetime, zone: str) -> str:
    """`Tue, Nov 24, 10:00 AM PST`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a, %b} {local.day}, {local.hour % 12 or 12}:{local:%M %p %Z}"


def money(cents: int) -> str:
    return f"${cents // 100:,}" + (f".{cents % 100:02}" if cents % 100 else "")


def phone_as_read(phone: str) -> str:
    """`(619) 555-0194` for a number of the North American plan, anything else as it is."""
    digits = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", phone)
    return f"({digits[1]}) {digits[2]}-{digits[3]}" if digits else phone
