"""Free times: hours, notice, horizon, closures, bays, and both daylight-saving days."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from booking.domain.capacity import Busy, Capacity
from booking.domain.slots import (
    Job,
    Opening,
    Refusal,
    Shop,
    footprint_of,
    free_jobs,
    nearest,
    possible_jobs,
    slot_of,
    whole_days,
)

ONE_BAY = Capacity({uuid4(): Busy()}, {})
HOUR = Job(timedelta(hours=1), timedelta(0))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def shop(zone="America/Los_Angeles", *, opens=0, closes=360, grid=60, **changes):
    openings = tuple(Opening(weekday, opens, closes) for weekday in range(7))
    made = Shop(ZoneInfo(zone), openings, frozenset(), timedelta(0), 400, grid)
    return replace(made, **changes)


def slots_on(place, days, job=HOUR, capacity=ONE_BAY, now=LONG_AGO):
    return [slot_of(place.zone, found) for found in free_jobs(possible_jobs(place, job, days, now), capacity)]


def labels(place, day, job=HOUR, capacity=ONE_BAY, now=LONG_AGO):
    return [slot.label for slot in slots_on(place, [day], job, capacity, now)]


@dataclass(frozen=True)
class Night:
    """Midnight to six, hourly, on one day of one zone."""

    id: str
    zone: str
    day: date
    times: str
    zones: str


NIGHTS = [
    Night("spring Los Angeles", "America/Los_Angeles", date(2026, 3, 8), "12 1 3 4 5", "PST PST PDT PDT PDT"),
    Night("spring New York", "America/New_York", date(2026, 3, 8), "12 1 3 4 5", "EST EST EDT EDT EDT"),
    Night("spring Phoenix", "America/Phoenix", date(2026, 3, 8), "12 1 2 3 4 5", "MST MST MST MST MST MST"),
    Night(
        "autumn Los Angeles",
        "America/Los_Angeles",
        date(2026, 11, 1),
        "12 1 2 3 4 5",
        "PDT PDT PST PST PST PST",
    ),
    Night(
        "autumn New York", "America/New_York", date(2026, 11, 1), "12 1 2 3 4 5", "EDT EDT EST EST EST EST"
    ),
    Night("autumn Phoenix", "America/Phoenix", date(2026, 11, 1), "12 1 2 3 4 5", "MST MST MST MST MST MST"),
]


@pytest.mark.parametrize("night", NIGHTS, ids=lambda n: n.id)
def test_each_wall_time_of_a_clock_change_is_offered_once_if_it_exists(night):
    found = labels(shop(night.zone), night.day)
    assert [label.split()[3].partition(":")[0] for label in found] == night.times.split()
    assert [label.split()[-1] for label in found] == night.zones.split()


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 8), [(0, 6)]),
        (date(2026, 11, 1), [(0, 4), (1, 5)]),
        (date(2026, 11, 2), [(0, 5), (1, 6)]),
    ],
)
def test_a_job_over_the_clock_change_takes_its_true_time(day, hours):
    slots = slots_on(shop(), [day], Job(timedelta(hours=5), timedelta(0)))
    assert [(slot.start.hour, slot.end.hour) for slot in slots] == hours


def test_a_label_names_day_date_time_and_zone():
    day = date(2026, 11, 24)
    assert labels(shop(opens=600, closes=660), day) == ["Tue, Nov 24, 10:00 AM PST"]
    assert labels(shop("America/Phoenix", opens=720, closes=780), day) == ["Tue, Nov 24, 12:00 PM MST"]


def test_duration_and_buffer_fit_into_each_span_of_the_day():
    split = shop(grid=30, openings=(Opening(1, 540, 720), Opening(1, 780, 930)))
    job = Job(timedelta(hours=2), timedelta(minutes=30))
    times = [label.split(", ")[2] for label in labels(split, date(2026, 11, 24), job)]
    assert times == ["9:00 AM PST", "9:30 AM PST", "1:00 PM PST"]


def test_grid_times_are_those_of_the_wall_clock():
    found = labels(
        shop(opens=555, closes=660, grid=30), date(2026, 11, 24), Job(timedelta(minutes=30), timedelta(0))
    )
    assert [label.split(", ")[2] for label in found] == ["9:30 AM PST", "10:00 AM PST", "10:30 AM PST"]


def test_the_shop_may_be_open_until_the_end_of_the_day():
    found = labels(shop(opens=22 * 60, closes=24 * 60), date(2026, 11, 24))
    assert [label.split(", ")[2] for label in found] == ["10:00 PM PST", "11:00 PM PST"]


def test_closures_weekdays_without_hours_and_unknown_hours_have_no_slots():
    day = date(2026, 11, 26)
    assert labels(shop(), day)
    assert labels(shop(closures=frozenset({day})), day) == []
    assert labels(shop(openings=(Opening(0, 0, 360),)), day) == []
    assert labels(shop(openings=()), day) == []


def test_notice_and_horizon_bound_the_offer():
    now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    near = shop(minimum_notice=timedelta(minutes=90), horizon_days=1)
    days = [date(2026, 11, 24) + timedelta(days=n) for n in range(3)]
    slots = slots_on(near, days, now=now)
    assert slots[0].start == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert slots[-1].start.date() == date(2026, 11, 25)


def test_a_slot_is_offered_while_one_bay_is_free_for_all_of_it():
    def busy(start, end):
        base = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
        return Busy((base + timedelta(hours=start),), (base + timedelta(hours=end),))

    two_hours = Job(timedelta(hours=1), timedelta(hours=1))
    bays = Capacity({uuid4(): busy(0, 3), uuid4(): busy(3, 6)}, {})
    assert [label.split(", ")[2] for label in labels(shop(), date(2026, 11, 24), two_hours, bays)] == [
        "12:00 AM PST",
        "1:00 AM PST",
        "3:00 AM PST",
        "4:00 AM PST",
    ]


def test_without_a_bay_there_is_no_slot():
    assert labels(shop(), date(2026, 11, 24), capacity=Capacity({}, {})) == []


@dataclass(frozen=True)
class Wish:
    id: str
    at: str
    why: Refusal | None


DAYTIME = replace(
    shop(opens=540, closes=1080, grid=30),
    openings=tuple(Opening(weekday, 540, 1080) for weekday in range(5)),
    closures=frozenset({date(2026, 11, 26)}),
    minimum_notice=timedelta(hours=2),
    horizon_days=30,
)
WISHES = [
    Wish("good", "2026-11-24T10:00:00-08:00", None),
    Wish("the last that fits", "2026-11-24T17:00:00-08:00", None),
    Wish("before now", "2026-11-23T08:00:00-08:00", Refusal.IN_PAST),
    Wish("now", "2026-11-23T09:00:00-08:00", Refusal.IN_PAST),
    Wish("short notice", "2026-11-23T10:30:00-08:00", Refusal.TOO_SOON),
    Wish("next year", "2027-01-05T10:00:00-08:00", Refusal.TOO_FAR),
    Wish("holiday", "2026-11-26T10:00:00-08:00", Refusal.CLOSED),
    Wish("Sunday", "2026-11-29T10:00:00-08:00", Refusal.CLOSED),
    Wish("early", "2026-11-24T08:00:00-08:00", Refusal.OUTSIDE_HOURS),
    Wish("not done by closing", "2026-11-24T17:30:00-08:00", Refusal.OUTSIDE_HOURS),
    Wish("odd minute", "2026-11-24T10:07:00-08:00", Refusal.OFF_GRID),
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda w: w.id)
def test_a_wish_is_refused_for_the_reason_that_helps(wish):
    now = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    found = footprint_of(DAYTIME, HOUR, datetime.fromisoformat(wish.at), now)
    assert (found if isinstance(found, Refusal) else None) == wish.why


def test_the_nearest_others_come_in_order():
    jobs = possible_jobs(shop(), HOUR, [date(2026, 11, 24)], LONG_AGO)
    found = nearest(jobs, jobs[3].bay[0], ONE_BAY, 3)
    assert found == [jobs[1], jobs[2], jobs[4]]


def test_the_wished_time_itself_is_no_alternative_even_in_a_doubled_hour():
    jobs = possible_jobs(shop(), HOUR, [date(2026, 11, 1)], LONG_AGO)
    wished = datetime(2026, 11, 1, 1, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
    found = [slot_of(wished.tzinfo, job).start.hour for job in nearest(jobs, wished, ONE_BAY, 3)]
    assert found == [0, 2, 3]


def test_an_all_day_block_spans_the_local_days_it_touches():
    zone = ZoneInfo("America/Los_Angeles")
    start = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)
    assert whole_days(zone, start, datetime(2026, 11, 2, 8, 0, tzinfo=UTC)) == (
        start,
        datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
    )
    assert whole_days(zone, start + timedelta(hours=3), start + timedelta(hours=3)) == (
        start,
        datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
    )
