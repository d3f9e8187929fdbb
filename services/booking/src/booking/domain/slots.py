"""When a job can start: hours, breaks, closures, holidays, notice, horizon, grid, right on every day of the year."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, cached_property, partial
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import holidays

from booking.domain.capacity import Capacity, Footprint, Span, fits

MAX_JOB_DAYS = 14
"""A job that is not done so many days after it began is not begun: something closes the shop for long."""

_MINUTE = timedelta(minutes=1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Opening:
    """A span of a weekday (Monday is 0) in minutes after local midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int


Minutes = tuple[int, int]
"""A span of a day in minutes after local midnight."""


@dataclass(frozen=True)
class Shop:
    """When a location takes jobs. No openings and no special days: its hours are unknown.

    In a break nobody works: a job under way pauses. The hours of a special day take the place of everything else that
    is said about that day.
    """

    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closures: frozenset[date]
    minimum_notice: timedelta
    horizon_days: int
    grid_minutes: int
    breaks: tuple[Opening, ...] = ()
    special_days: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)
    keeps_holidays: bool = False

    def hours_on(self, day: date) -> list[Minutes]:
        """In order."""
        if day in self.special_days:
            return sorted(self.special_days[day])
        if day in self.closures or (self.keeps_holidays and day in us_holidays(day.year)):
            return []
        return self._week[day.weekday()][0]

    def breaks_on(self, day: date) -> list[Minutes]:
        return [] if day in self.special_days else self._week[day.weekday()][1]

    @cached_property
    def longest_opening(self) -> timedelta:
        """Working time of the longest opening of the week."""
        openings = (_working(hours, breaks) for usual, breaks in self._week for hours in usual)
        return max((sum(end - start for start, end in spans) for spans in openings), default=0) * _MINUTE

    @cached_property
    def _week(self) -> list[tuple[list[Minutes], list[Minutes]]]:
        """Hours and breaks of each weekday, in order."""
        return [(_of_weekday(self.openings, day), _of_weekday(self.breaks, day)) for day in range(7)]


def _of_weekday(openings: Iterable[Opening], weekday: int) -> list[Minutes]:
    return sorted((o.opens_minute, o.closes_minute) for o in openings if o.weekday == weekday)


@cache
def us_holidays(year: int) -> frozenset[date]:
    """Federal holidays, and the days on which those of a weekend are kept."""
    return frozenset(holidays.country_holidays("US", years=year))


def holiday_on(day: date) -> str | None:
    name: str | None = holidays.country_holidays("US", years=day.year).get(day)
    return name


@dataclass(frozen=True)
class Job:
    """A technician works for `duration` and `buffer`; the car then cures in the bay alone.

    A job longer than the shop's longest opening pauses at closing and goes on at the next opening; a shorter one is
    done within the opening in which it starts.
    """

    duration: timedelta
    buffer: timedelta
    cure: timedelta = timedelta(0)
    skills: frozenset[str] = frozenset()

    @property
    def work(self) -> timedelta:
        return self.duration + self.buffer


@dataclass(frozen=True)
class Slot:
    """Both ends in the shop's zone; the end is when the customer has the car back."""

    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """`Tue, Nov 24, 10:00 AM PST`."""
        at = self.start
        clock = f"{at.hour % 12 or 12}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
        return f"{_WEEKDAYS[at.weekday()]}, {_MONTHS[at.month - 1]} {at.day}, {clock} {at.tzname()}"


class Refusal(StrEnum):
    IN_PAST = "in_past"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    CLOSED = "closed"
    OFF_GRID = "off_grid"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True)
class Shift:
    """One opening of one day; `spans` in UTC and in order, breaks left out. `starts`: the grid times in it."""

    spans: tuple[Span, ...]
    starts: tuple[datetime, ...]


class _Jobs:
    """All that a job could be at a shop, with each day looked at once."""

    def __init__(self, shop: Shop, job: Job) -> None:
        self._zone = shop.zone
        self._job = job
        self._work = job.work
        self._pauses = job.work > shop.longest_opening
        self._shifts = cache(partial(shifts_on, shop))

    def on(self, day: date) -> Iterator[tuple[datetime, Footprint | None]]:
        """Each grid time of the day, with None where the job does not fit."""
        today = self._shifts(day)
        for number, shift in enumerate(today):
            for start in shift.starts:
                spans = self._spans(today[number:], day) if self._pauses else shift.spans
                yield start, self._footprint(spans, start)

    def _spans(self, today: Sequence[Shift], day: date) -> Iterator[Span]:
        for shift in today:
            yield from shift.spans
        for n in range(1, MAX_JOB_DAYS + 1):
            for shift in self._shifts(day + timedelta(days=n)):
                yield from shift.spans

    def _footprint(self, spans: Iterable[Span], start: datetime) -> Footprint | None:
        job = self._job
        work = _work(spans, start, self._work)
        if work is None:
            return None
        done = work[-1][1]
        if not job.cure:
            return Footprint((start, done), work, _after(work, job.duration), job.skills)
        cured = done + job.cure
        return Footprint((start, cured), work, self._next_open(cured), job.skills)

    def _next_open(self, at: datetime) -> datetime:
        """`at` itself while the shop is open (also in a break), else the next opening."""
        day = at.astimezone(self._zone).date()
        for n in range(MAX_JOB_DAYS + 1):
            for shift in self._shifts(day + timedelta(days=n)):
                if shift.spans[-1][1] >= at:
                    return max(at, shift.spans[0][0])
        return at


def possible_jobs(shop: Shop, job: Job, days: Sequence[date], now: datetime) -> list[Footprint]:
    """In order: each time at which the job could start if bays and technicians were free."""
    last_day = now.astimezone(shop.zone).date() + timedelta(days=shop.horizon_days)
    earliest = max(now + shop.minimum_notice, now + timedelta(microseconds=1))
    jobs = _Jobs(shop, job)
    return [
        footprint
        for day in days
        if day <= last_day
        for start, footprint in jobs.on(day)
        if footprint is not None and start >= earliest
    ]


def free_jobs(jobs: Iterable[Footprint], capacity: Capacity) -> Iterator[Footprint]:
    """Those of the possible jobs for which a bay and a technician are free."""
    return (job for job in jobs if fits(job, capacity))


def nearest(jobs: Iterable[Footprint], wished: datetime, capacity: Capacity, count: int) -> list[Footprint]:
    """The `count` free ones nearest to the wished start, in order; the wished one itself is not among them."""
    wished = wished.astimezone(UTC)
    others = sorted((abs(job.bay[0] - wished), job) for job in jobs if job.bay[0] != wished)
    return sorted(islice(free_jobs((job for _, job in others), capacity), count))


def slot_of(zone: ZoneInfo, job: Footprint) -> Slot:
    return Slot(job.bay[0].astimezone(zone), job.ends_at.astimezone(zone))


def footprint_of(shop: Shop, job: Job, start: datetime, now: datetime) -> Footprint | Refusal:
    """What the job takes if it starts then, or why it cannot, capacity apart. Agrees with `possible_jobs`."""
    local = start.astimezone(shop.zone)
    if start <= now:
        return Refusal.IN_PAST
    if not shop.openings and not shop.special_days:
        return Refusal.OUTSIDE_HOURS
    if start < now + shop.minimum_notice:
        return Refusal.TOO_SOON
    if local.date() > now.astimezone(shop.zone).date() + timedelta(days=shop.horizon_days):
        return Refusal.TOO_FAR
    on_grid = dict(_Jobs(shop, job).on(local.date()))
    return on_grid.get(start.astimezone(UTC)) or _hours_refusal(shop, local)


def _hours_refusal(shop: Shop, local: datetime) -> Refusal:
    if not shop.hours_on(local.date()):
        return Refusal.CLOSED
    minute = local.hour * 60 + local.minute
    if minute % shop.grid_minutes or local.second or local.microsecond:
        return Refusal.OFF_GRID
    return Refusal.OUTSIDE_HOURS


def _work(spans: Iterable[Span], start: datetime, amount: timedelta) -> tuple[Span, ...] | None:
    """The first `amount` of the spans from `start` on; None when they are not enough."""
    work: list[Span] = []
    for opens, closes in spans:
        begins = max(opens, start)
        if closes - begins >= amount:
            work.append((begins, begins + amount))
            return tuple(work)
        if closes > begins:
            work.append((begins, closes))
            amount -= closes - begins
    return None


def _after(work: tuple[Span, ...], amount: timedelta) -> datetime:
    """When so much of the work is done."""
    for begins, ends in work:
        if ends - begins >= amount:
            return begins + amount
        amount -= ends - begins
    return work[-1][1]


def shifts_on(shop: Shop, day: date) -> list[Shift]:
    """In order; an opening of which nothing is left is none."""
    hours = shop.hours_on(day)
    if not hours:
        return []
    begins = midnight(shop.zone, day)
    plain = midnight(shop.zone, day + timedelta(days=1)) - begins == timedelta(days=1)

    def boundary(minute: int) -> datetime:
        return begins + minute * _MINUTE if plain else _boundary(shop.zone, day, minute)

    def instant(minute: int) -> datetime | None:
        return begins + minute * _MINUTE if plain else _instant(shop.zone, day, minute)

    breaks = shop.breaks_on(day)
    shifts = []
    for opens, closes in hours:
        working = _working((opens, closes), breaks)
        cut = ((boundary(start), boundary(end)) for start, end in working)
        spans = tuple(span for span in cut if span[0] < span[1])
        on_grid = (
            instant(minute) for start, end in working for minute in _grid(shop.grid_minutes, start, end)
        )
        if spans:
            shifts.append(Shift(spans, tuple(start for start in on_grid if start is not None)))
    return shifts


def _grid(step: int, start: int, end: int) -> range:
    return range(-(-start // step) * step, end, step)


def _working(hours: Minutes, breaks: Iterable[Minutes]) -> list[Minutes]:
    """The hours without the breaks, which are in order."""
    start, closes = hours
    spans: list[Minutes] = []
    for pauses, resumes in takewhile(lambda pause: pause[0] < closes, breaks):
        if pauses > start:
            spans.append((start, pauses))
        start = max(start, resumes)
    return [*spans, (start, closes)] if start < closes else spans


def _instant(zone: ZoneInfo, day: date, minute: int) -> datetime | None:
    """The UTC instant of a local wall time: the first of a doubled one, None for one that the clock skips."""
    wall = _wall(day, minute)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == wall else None


def _boundary(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """The first UTC instant at which the local clock shows that time or, where it skips it, a later one."""
    at = _instant(zone, day, minute)
    if at is not None:
        return at
    at = _wall(day, minute).replace(tzinfo=zone).astimezone(UTC)
    offset = at.astimezone(zone).utcoffset()
    while (at - _MINUTE).astimezone(zone).utcoffset() == offset:
        at -= _MINUTE
    return at


def midnight(zone: ZoneInfo, day: date) -> datetime:
    """The UTC instant at which the local day begins."""
    return _wall(day, 0).replace(tzinfo=zone).astimezone(UTC)


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def whole_days(zone: ZoneInfo, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The local days that an all-day block touches, as one span; an end at midnight does not touch its day."""
    first = start.astimezone(zone).date()
    last = max(first, (end.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date())
    return midnight(zone, first), midnight(zone, last + timedelta(days=1))
