"""When a location is open, as people ask for it: the spans of each day, whether it is open now, when it opens next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking.domain.slots import Opening, midnight

LOOK_AHEAD_DAYS = 62


@dataclass(frozen=True)
class OpenDay:
    """`spans` are minutes after local midnight, in order; none: closed. `note` says why a day is not as usual."""

    day: date
    spans: tuple[tuple[int, int], ...]
    note: str | None


@dataclass(frozen=True)
class Hours:
    """The usual week and the days on which it does not hold. No openings at all: nothing is known."""

    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closures: Mapping[date, str]

    def on(self, day: date) -> OpenDay:
        if day in self.closures:
            return OpenDay(day, (), self.closures[day] or None)
        spans = ((o.opens_minute, o.closes_minute) for o in self.openings if o.weekday == day.weekday())
        return OpenDay(day, tuple(sorted(spans)), None)


def open_days(hours: Hours, first: date, count: int) -> list[OpenDay]:
    """None where the hours are unknown: an unknown day is not a closed one."""
    return [hours.on(first + timedelta(days=n)) for n in range(count)] if hours.openings else []


def is_open_at(hours: Hours, at: datetime) -> bool:
    return any(opens <= at < closes for opens, closes in _moments(hours, at.astimezone(hours.zone).date()))


def opens_next(hours: Hours, after: datetime) -> datetime | None:
    """In the location's zone; None when that is not known for the next two months."""
    today = after.astimezone(hours.zone).date()
    for n in range(LOOK_AHEAD_DAYS):
        for opens, _ in _moments(hours, today + timedelta(days=n)):
            if opens > after:
                return opens.astimezone(hours.zone)
    return None


def _moments(hours: Hours, day: date) -> Sequence[tuple[datetime, datetime]]:
    """In UTC, since times of one zone compare by their wall clock."""
    return [
        (_instant(hours.zone, day, opens), _instant(hours.zone, day, closes))
        for opens, closes in hours.on(day).spans
    ]


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    wall = midnight(zone, day).astimezone(zone).replace(tzinfo=None) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)
