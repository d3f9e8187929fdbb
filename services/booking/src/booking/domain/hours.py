"""The hours of a location as operators write them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking.domain.slots import Minutes, Opening

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BadHours(Exception):
    """The message names the day and says what is wrong with its hours."""


@dataclass(frozen=True)
class SpecialDay:
    """`spans` in minutes after local midnight take the place of everything else that is said about the day."""

    spans: tuple[Minutes, ...]
    note: str


@dataclass(frozen=True)
class TimeOff:
    """Both ends are times of the shop's wall clock, without a zone."""

    starts_at: datetime
    ends_at: datetime
    note: str

    def plain(self) -> dict[str, object]:
        return {
            "from": self.starts_at.isoformat(timespec="minutes"),
            "to": self.ends_at.isoformat(timespec="minutes"),
            "note": self.note,
        }


@dataclass(frozen=True)
class Worker:
    """A technician as operators write one."""

    name: str
    skills: tuple[str, ...]
    time_off: tuple[TimeOff, ...]

    def plain(self) -> dict[str, object]:
        return {
            "name": self.name,
            "skills": sorted(self.skills),
            "time_off": [off.plain() for off in sorted(self.time_off, key=lambda off: off.starts_at)],
        }


@dataclass(frozen=True)
class Timetable:
    """Everything that decides when a location can be booked."""

    openings: tuple[Opening, ...]
    breaks: tuple[Opening, ...]
    closures: Mapping[date, str]
    special_days: Mapping[date, SpecialDay]
    keeps_holidays: bool
    bays: tuple[str, ...]
    technicians: tuple[Worker, ...]
    minimum_notice_minutes: int
    horizon_days: int
    grid_minutes: int

    def plain(self) -> dict[str, object]:
        """As operators write it."""
        return {
            "hours": write_hours(self.openings),
            "breaks": write_hours(self.breaks),
            "closures": [
                {"date": day.isoformat(), "note": self.closures[day]} for day in sorted(self.closures)
            ],
            "special_days": [
                {"date": day.isoformat(), "hours": _write_spans(special.spans), "note": special.note}
                for day, special in sorted(self.special_days.items())
            ],
            "holidays": self.keeps_holidays,
            "bays": sorted(self.bays),
            "technicians": [worker.plain() for worker in sorted(self.technicians, key=lambda w: w.name)],
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
        openings += [Opening(WEEKDAYS.index(day), *span) for span in read_spans(day, spans)]
    return tuple(sorted(openings, key=lambda o: (o.weekday, o.opens_minute)))


def read_spans(day: str, spans: Sequence[tuple[str, str]]) -> list[Minutes]:
    """In order. `day`, with the field it stands in, is for the message of `BadHours`."""
    read = sorted((_minute(day, opens), _minute(day, closes)) for opens, closes in spans)
    end = -1
    for opens, closes in read:
        if opens >= closes:
            raise BadHours(f"{day}: {clock(opens)} to {clock(closes)} is no span of a day")
        if opens < end:
            raise BadHours(f"{day}: spans overlap at {clock(opens)}")
        end = closes
    return read


def read_time_off(begins: str, ends: str, note: str) -> TimeOff:
    """`2026-12-24` is a whole day, also as the last one; `2026-12-24T13:00` a time by the shop's clock. Raises `BadHours`."""
    try:
        starts_at, ends_at = datetime.fromisoformat(begins), datetime.fromisoformat(ends)
    except ValueError as error:
        raise BadHours(f"time_off: {begins!r} to {ends!r}: use 2026-12-24 or 2026-12-24T13:00") from error
    if starts_at.tzinfo or ends_at.tzinfo:
        raise BadHours(f"time_off: {begins!r} to {ends!r}: leave the zone out, the shop's clock is meant")
    if len(ends) == len("2026-12-24"):
        ends_at += timedelta(days=1)
    if ends_at <= starts_at:
        raise BadHours(f"time_off: {ends!r} is not after {begins!r}")
    return TimeOff(starts_at, ends_at, note)


def in_utc(zone: ZoneInfo, wall: datetime) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


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
        spans += _write_spans([(opening.opens_minute, opening.closes_minute)])
    return written


def _write_spans(spans: Sequence[Minutes]) -> list[list[str]]:
    return [[clock(opens), clock(closes)] for opens, closes in sorted(spans)]


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
