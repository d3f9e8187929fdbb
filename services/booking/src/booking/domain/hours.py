"""The hours of a location as operators write them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from booking.domain.slots import Opening

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BadHours(Exception):
    """The message names the day and says what is wrong with its hours."""


@dataclass(frozen=True)
class Timetable:
    """Everything that decides when a location can be booked."""

    openings: tuple[Opening, ...]
    closures: Mapping[date, str]
    bays: tuple[str, ...]
    minimum_notice_minutes: int
    horizon_days: int
    grid_minutes: int

    def plain(self) -> dict[str, object]:
        """As operators write it."""
        return {
            "hours": write_hours(self.openings),
            "closures": [
                {"date": day.isoformat(), "note": self.closures[day]} for day in sorted(self.closures)
            ],
            "bays": sorted(self.bays),
            "minimum_notice_minutes": self.minimum_notice_minutes,
            "horizon_days": self.horizon_days,
            "grid_minutes": self.grid_minutes,
        }


def read_hours(hours: Mapping[str, Sequence[tuple[str, str]]]) -> tuple[Opening, ...]:
    """`{"mon": [["09:00", "18:00"]]}`; `24:00` is the end of the day. Raises `BadHours`."""
    openings: list[Opening] = []
    for day, spans in hours.items():
        if day not in WEEKDAYS:
            raise BadHours(f"{day!r} is not one of {', '.join(WEEKDAYS)}")
        openings += _read_day(day, spans)
    return tuple(sorted(openings, key=lambda o: (o.weekday, o.opens_minute)))


def _read_day(day: str, spans: Sequence[tuple[str, str]]) -> list[Opening]:
    read = sorted((_minute(day, opens), _minute(day, closes)) for opens, closes in spans)
    end = -1
    for opens, closes in read:
        if opens >= closes:
            raise BadHours(f"{day}: {clock(opens)} to {clock(closes)} is no span of a day")
        if opens < end:
            raise BadHours(f"{day}: spans overlap at {clock(opens)}")
        end = closes
    return [Opening(WEEKDAYS.index(day), opens, closes) for opens, closes in read]


def _minute(day: str, clock: str) -> int:
    hour, _, minute = clock.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(minute) < 60):
        raise BadHours(f"{day}: {clock!r} is not a time like 09:00")
    total = int(hour) * 60 + int(minute)
    if total > 24 * 60:
        raise BadHours(f"{day}: {clock!r} is after the end of the day")
    return total


def write_hours(openings: Sequence[Opening]) -> dict[str, list[list[str]]]:
    written: dict[str, list[list[str]]] = {}
    for opening in sorted(openings, key=lambda o: (o.weekday, o.opens_minute)):
        spans = written.setdefault(WEEKDAYS[opening.weekday], [])
        spans.append([clock(opening.opens_minute), clock(opening.closes_minute)])
    return written


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
