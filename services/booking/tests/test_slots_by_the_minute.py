"""Free times against a shop that is watched minute by minute, in every zone of the US and over both clock changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from booking.domain.capacity import Busy, Capacity, Technician
from booking.domain.slots import (
    MAX_JOB_DAYS,
    Job,
    Opening,
    Refusal,
    Shop,
    footprint_of,
    free_jobs,
    possible_jobs,
    us_holidays,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MINUTE = timedelta(minutes=1)
ZONES = [
    "America/New_York",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Chicago",
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
]
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
BAY, OTHER_BAY, TECHNICIAN = UUID(int=1), UUID(int=2), UUID(int=3)


@dataclass(frozen=True)
class Watched:
    """One minute as somebody sees it who stands before the shop with a watch.

    `opening`: which opening of which day it belongs to. `fresh`: the clock shows this time for the first time today.
    """

    at: datetime
    clock: int
    day: date
    fresh: bool
    opening: tuple[date, int] | None
    working: bool


def hours_of(shop, day):
    if day in shop.special_days:
        return sorted(shop.special_days[day]), []
    of_day = [[(o.opens_minute, o.closes_minute) for o in spans if o.weekday == day.weekday()]
              for spans in (shop.openings, shop.breaks)]  # fmt: skip
    if day in shop.closures or (shop.keeps_holidays and day in us_holidays(day.year)):
        return [], []
    return sorted(of_day[0]), of_day[1]


def watch(shop, first, days):
    minutes = []
    for n in range(days):
        day = first + timedelta(days=n)
        hours, breaks = hours_of(shop, day)
        if not hours:
            continue
        now = datetime(day.year, day.month, day.day, tzinfo=shop.zone).astimezone(UTC)
        latest = -1
        while (local := now.astimezone(shop.zone)).date() == day:
            clock = local.hour * 60 + local.minute
            fresh = clock > latest
            latest = max(latest, clock)
            opening = next((i for i, (a, b) in enumerate(hours) if a <= latest < b), None)
            pause = any(a <= latest < b for a, b in breaks)
            minutes.append(
                Watched(now, clock, day, fresh, None if opening is None else (day, opening),
                        opening is not None and not pause)
            )  # fmt: skip
            now += MINUTE
    return minutes


def expected(shop, job, capacity, day, now):
    """Start to work minutes and end, of every slot of the day."""
    pauses = job.work > shop.longest_opening
    minutes = watch(shop, day, 1 + MAX_JOB_DAYS * (pauses + (job.cure > timedelta(0))))
    working = [m for m in minutes if m.working]
    found = {}
    for position, minute in enumerate(working):
        if minute.day != day:
            break
        if not minute.fresh or minute.clock % shop.grid_minutes or not in_time(shop, minute, now):
            continue
        ahead = working[position:]
        if not pauses:
            ahead = [m for m in ahead if m.opening == minute.opening]
        ahead = [m for m in ahead if (m.day - day).days <= MAX_JOB_DAYS]
        work = ahead[: int(job.work / MINUTE)]
        if len(work) * MINUTE < job.work:
            continue
        done = work[-1].at + MINUTE
        free = done + job.cure
        if not has_room(capacity, job, (minute.at, free), [m.at for m in work]):
            continue
        end = work[int(job.duration / MINUTE) - 1].at + MINUTE
        if job.cure:
            end = collected(working, free)
        found[minute.at] = (end, {m.at for m in work})
    return found


def in_time(shop, minute, now):
    horizon = now.astimezone(shop.zone).date() + timedelta(days=shop.horizon_days)
    return minute.at > now and minute.at >= now + shop.minimum_notice and minute.day <= horizon


def has_room(capacity, job, bay, work):
    bays = any(
        not any(s < bay[1] and bay[0] < e for s, e in zip(taken.starts, taken.ends, strict=True))
        for taken in capacity.bays.values()
    )
    crew = [
        not any(s <= at < e for at in work for s, e in zip(one.busy.starts, one.busy.ends, strict=True))
        for one in capacity.technicians.values()
        if job.skills <= one.skills
    ]
    return bays and (any(crew) or not capacity.technicians)


def collected(working, at):
    """The first moment from `at` on at which the shop is between its first and last work, closing time included.

    `at` itself if the shop does not open any more.
    """
    last = next((m for m in working if m.at >= at - MINUTE), None)
    if last is None:
        return at
    return max(at, next(m.at for m in working if m.opening == last.opening))


def found(shop, job, capacity, day, now):
    return {
        one.bay[0]: (
            one.ends_at,
            {start + n * MINUTE for start, end in one.work for n in range(int((end - start) / MINUTE))},
        )
        for one in free_jobs(possible_jobs(shop, job, [day], now), capacity)
    }


def a_shop(zone, **changes):
    usual = {
        "openings": tuple(Opening(weekday, 30, 360) for weekday in range(7)),
        "closures": frozenset(),
        "minimum_notice": timedelta(0),
        "horizon_days": 400,
        "grid_minutes": 30,
    }
    return Shop(ZoneInfo(zone), **(usual | changes))


@pytest.mark.parametrize("day", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("zone", ZONES)
def test_over_a_clock_change_every_zone_offers_what_the_watch_says(zone, day):
    shop = a_shop(zone, breaks=(Opening(6, 135, 150),))
    job = Job(timedelta(minutes=70), timedelta(minutes=20), timedelta(minutes=45))
    capacity = Capacity({BAY: Busy()}, {})
    slots = found(shop, job, capacity, day, LONG_AGO)
    assert slots
    assert slots == expected(shop, job, capacity, day, LONG_AGO)


minutes_of_day = st.integers(0, 96).map(lambda quarter: quarter * 15)


@st.composite
def day_spans(draw, most):
    marks = sorted(draw(st.sets(minutes_of_day, max_size=2 * most)))
    return list(zip(marks[::2], marks[1::2], strict=False))


@st.composite
def shops(draw):
    week = draw(st.lists(day_spans(2), min_size=7, max_size=7))
    pauses = draw(st.lists(day_spans(1), min_size=7, max_size=7))
    return a_shop(
        draw(st.sampled_from(ZONES)),
        openings=tuple(Opening(n, *span) for n, spans in enumerate(week) for span in spans),
        breaks=tuple(Opening(n, *span) for n, spans in enumerate(pauses) for span in spans),
        closures=frozenset(draw(st.sets(st.sampled_from([SPRING, AUTUMN, date(2026, 11, 2)]), max_size=1))),
        special_days={AUTUMN: tuple(draw(day_spans(2))) or ((600, 660),)} if draw(st.booleans()) else {},
        keeps_holidays=draw(st.booleans()),
        minimum_notice=timedelta(minutes=draw(st.sampled_from([0, 90]))),
        horizon_days=draw(st.sampled_from([0, 60])),
        grid_minutes=draw(st.sampled_from([15, 30, 45])),
    )


@st.composite
def taken(draw, day):
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    starts = draw(st.lists(st.integers(0, 40 * 4), max_size=3))
    lengths = draw(st.lists(st.integers(1, 16), min_size=len(starts), max_size=len(starts)))
    return Busy.of(
        (begin + 15 * start * MINUTE, begin + 15 * (start + length) * MINUTE)
        for start, length in zip(starts, lengths, strict=True)
    )


jobs = st.builds(
    Job,
    st.sampled_from([15, 50, 180, 500, 1300]).map(lambda minutes: minutes * MINUTE),
    st.sampled_from([0, 25]).map(lambda minutes: minutes * MINUTE),
    st.sampled_from([0, 60, 700]).map(lambda minutes: minutes * MINUTE),
    st.sampled_from([frozenset(), frozenset({"ppf"})]),
)
days = st.sampled_from([SPRING, AUTUMN, date(2026, 11, 11), date(2026, 7, 2), date(2026, 10, 31)])


@settings(deadline=None, derandomize=True, max_examples=40)
@given(shop=shops(), job=jobs, day=days, capacity=st.data(), hours_ago=st.integers(-12, 30))
def test_what_is_offered_is_what_the_watch_says_and_what_is_accepted(shop, job, day, capacity, hours_ago):
    crew = {TECHNICIAN: Technician(capacity.draw(st.sampled_from([frozenset(), job.skills])),
                                   capacity.draw(taken(day)))}  # fmt: skip
    room = Capacity(
        {BAY: capacity.draw(taken(day)), OTHER_BAY: capacity.draw(taken(day))},
        crew if capacity.draw(st.booleans()) else {},
    )
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(hours=hours_ago)
    assert found(shop, job, room, day, now) == expected(shop, job, room, day, now)
    possible = {one.bay[0]: one for one in possible_jobs(shop, job, [day], now)}
    for n in range(-4, 96):
        start = datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + n * 15 * MINUTE
        answer = footprint_of(shop, job, start, now)
        if start.astimezone(shop.zone).date() == day:
            assert answer == possible[start] if start in possible else isinstance(answer, Refusal)
