"""When a job can start: hours, closures, notice, horizon, grid and free bays, right on every day of the year."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Opening:
    """A span of a weekday (Monday is 0) in minutes after local midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True)
class Shop:
    """When a location takes jobs. No openings at all: its hours are unknown, and nothing can be booked."""

    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closures: frozenset[date]
    minimum_notice: timedelta
    horizon_days: int
    grid_minutes: int


@dataclass(frozen=True)
class Job:
    """The customer's time, and the buffer after it in which the bay is not free yet."""

    duration: timedelta
    buffer: timedelta

    @property
    def length(self) -> timedelta:
        return self.duration + self.buffer


@dataclass(frozen=True)
class Slot:
    """Both ends in the shop's zone; the buffer is not in it."""

    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """`Tue, Nov 24, 10:00 AM PST`."""
        at = self.start
        return f"{at:%a}, {at:%b} {at.day}, {at.hour % 12 or 12}:{at:%M %p %Z}"


@dataclass(frozen=True)
class Busy:
    """What is taken in one bay: starts and ends in order, none overlapping another."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]

    def free(self, start: datetime, end: datetime) -> bool:
        before = bisect_left(self.starts, end)
        return before == 0 or self.ends[before - 1] <= start


Bays = Mapping[UUID, Busy]


class Refusal(StrEnum):
    IN_PAST = "in_past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    CLOSED = "closed"
    OFF_GRID = "off_grid"
    OUTSIDE_HOURS = "outside_hours"


def free_slots(shop: Shop, job: Job, bays: Bays, days: Sequence[date], now: datetime) -> list[Slot]:
    """In order, only those at which some bay is free from the start to the end of the buffer."""
    last_day = now.astimezone(shop.zone).date() + timedelta(days=shop.horizon_days)
    earliest = max(now + shop.minimum_notice, now + timedelta(microseconds=1))
    return [
        slot_at(shop, job, start)
        for day in days
        if day <= last_day
        for start in starts_on(shop, job, day)
        if start >= earliest and any(busy.free(start, start + job.length) for busy in bays.values())
    ]


def slot_at(shop: Shop, job: Job, start: datetime) -> Slot:
    return Slot(start.astimezone(shop.zone), (start.astimezone(UTC) + job.duration).astimezone(shop.zone))


def refusal(shop: Shop, job: Job, start: datetime, now: datetime) -> Refusal | None:
    """Why the job cannot start then, free bays apart; None when it can. Agrees with `free_slots`."""
    local = start.astimezone(shop.zone)
    if start <= now:
        return Refusal.IN_PAST
    if not shop.openings:
        return Refusal.OUTSIDE_HOURS
    if start < now + shop.minimum_notice:
        return Refusal.TOO_SOON
    if local.date() > now.astimezone(shop.zone).date() + timedelta(days=shop.horizon_days):
        return Refusal.TOO_FAR
    if start.astimezone(UTC) in set(starts_on(shop, job, local.date())):
        return None
    return _hours_refusal(shop, local)


def _hours_refusal(shop: Shop, local: datetime) -> Refusal:
    weekdays = {opening.weekday for opening in shop.openings}
    if local.date() in shop.closures or local.weekday() not in weekdays:
        return Refusal.CLOSED
    minute = local.hour * 60 + local.minute
    if minute % shop.grid_minutes or local.second or local.microsecond:
        return Refusal.OFF_GRID
    return Refusal.OUTSIDE_HOURS


def starts_on(shop: Shop, job: Job, day: date) -> Iterator[datetime]:
    """In UTC and in order: each grid time of the local wall clock at which the job fits into an opening of the day."""
    if day in shop.closures:
        return
    begins = midnight(shop.zone, day)
    plain = midnight(shop.zone, day + timedelta(days=1)) - begins == timedelta(days=1)
    for opening in sorted(shop.openings, key=lambda o: o.opens_minute):
        if opening.weekday != day.weekday():
            continue
        closes = _wall(day, opening.closes_minute).replace(tzinfo=shop.zone).astimezone(UTC)
        first = -(-opening.opens_minute // shop.grid_minutes) * shop.grid_minutes
        for minute in range(first, opening.closes_minute, shop.grid_minutes):
            start = begins + timedelta(minutes=minute) if plain else instant(shop.zone, day, minute)
            if start is not None and start + job.length <= closes:
                yield start


def instant(zone: ZoneInfo, day: date, minute: int) -> datetime | None:
    """The UTC instant of a local wall time: the first of a doubled one, None for one that the clock skips."""
    wall = _wall(day, minute)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == wall else None


def midnight(zone: ZoneInfo, day: date) -> datetime:
    """The UTC instant at which the local day begins."""
    return _wall(day, 0).replace(tzinfo=zone).astimezone(UTC)


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def nearest(slots: Sequence[Slot], wished: datetime, count: int) -> list[Slot]:
    """The `count` slots nearest to the wished start, in order; the wished one itself is not among them."""
    # In a doubled hour a zone's time never equals the same instant in another zone (PEP 495), hence UTC.
    others = (slot for slot in slots if slot.start.astimezone(UTC) != wished.astimezone(UTC))
    return sorted(
        sorted(others, key=lambda s: (abs(s.start - wished), s.start))[:count], key=lambda s: s.start
    )


def whole_days(zone: ZoneInfo, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The local days that an all-day block touches, as one span; an end at midnight does not touch its day."""
    first = start.astimezone(zone).date()
    last = max(first, (end.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date())
    return midnight(zone, first), midnight(zone, last + timedelta(days=1))
