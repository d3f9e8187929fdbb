"""How names, cars, wishes and times read in a message; what customers typed is made harmless here."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.events import Vehicle
from shared.words import first_name, in_words_of, unlinked, visible

_NOT_A_NAME = frozenset(
    "n/a na none null undefined unknown test customer guest lead no mr mrs ms dr the".split()  # noqa: SIM905
)


def greeting(name: str) -> str:
    """`Hi Ana`, or `Hi there` when the name is missing or is not one."""
    first = first_name(name) or ""
    bare = first.rstrip(".")
    if not bare or bare.casefold() in _NOT_A_NAME:
        return "Hi there"
    return f"Hi {first if '.' in bare else _capitalized(bare)}"


def _capitalized(name: str) -> str:
    """`ANA` and `ana` are Ana; McAllen stays as it is."""
    uniform = name.islower() or (name.isupper() and len(name) > 1)
    return re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), name) if uniform else name


@dataclass(frozen=True)
class Wanted:
    vehicle: Vehicle | None
    interest: str | None


def wish(wanted: Sequence[Wanted], catalog: Collection[str]) -> str:
    """`Ceramic tint for your 2021 Honda Civic`: what was asked for, in words of the `catalog`, and for which car.

    All cars and wishes are named, each once; where none is known it is `your vehicle`.
    """
    known = [
        (one.vehicle.named if one.vehicle else None, in_words_of(catalog, one.interest)) for one in wanted
    ]
    cars = _each_once(car for car, _ in known)
    jobs = {car: " and ".join(_each_once(job for named, job in known if named == car)) for car in cars}
    of_no_car = _each_once(job for car, job in known if not car and job not in jobs.values())
    same_job = [_for(job, [car for car in cars if jobs[car] == job]) for job in _each_once(jobs.values())]
    no_job = [f"your {car}" for car in cars if not jobs[car]]
    return " and ".join([*same_job, *no_job, *of_no_car]) or "your vehicle"


def _for(job: str, cars: Sequence[str]) -> str:
    return f"{job} for your {' and '.join(cars)}"


def _each_once(words: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


def quoted(text: str, longest: int = 4000) -> str:
    """What somebody else wrote, for the shop to read: harmless, and nothing in it can be clicked."""
    return harmless(unlinked(text), longest)


def files_named(media: Iterable[Mapping[str, str | None]]) -> str:
    """`image/jpeg (https://api.twilio.com/...)`, `application/pdf (quote.pdf)`; an address is Twilio's own, and can be clicked."""
    return "; ".join(
        f"{harmless(one['content_type'] or 'file', 100)} ({one.get('url') or quoted(one.get('name') or 'no name', 200)})"
        for one in media
    )


def harmless(text: str, longest: int = 4000) -> str:
    """One line without braces, brackets and unseen characters, so that it can pose as neither markup nor template."""
    line = " ".join(visible(re.sub(r"[{}<>]", " ", text)).split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def when(moment: datetime, zone: str) -> str:
    """`Tue, Nov 24, 10:00 AM PST`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a, %b} {local.day}, {_clock(local)} {local:%Z}"


def span(start: datetime, end: datetime, zone: str) -> str:
    """`Tue, Nov 24, 10:00 AM to 1:00 PM PST`; an end on another day is told with its day."""
    begins, ends = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    if begins.date() != ends.date():
        return f"{when(start, zone)} to {when(end, zone)}"
    return f"{begins:%a, %b} {begins.day}, {_clock(begins)} to {_clock(ends)} {ends:%Z}"


def _clock(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def phone_as_read(phone: str) -> str:
    """`(619) 555-0194` for a number of the North American plan, anything else as it is."""
    digits = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", phone)
    return f"({digits[1]}) {digits[2]}-{digits[3]}" if digits else phone
