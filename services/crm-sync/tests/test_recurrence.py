"""A repeating appointment takes place at its hour of the shop's clock, in whatever frame its rule is written."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from crm_sync.domain.horizon import LOOK_AHEAD, calendar_windows, past_windows, series_span
from crm_sync.domain.recurrence import NoRule, occurrences

LOS_ANGELES, PHOENIX = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Phoenix")
WITHIN = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))


@dataclass(frozen=True)
class Case:
    """Begins on Monday, October 26, 2026; the clock changes on November 1. `expected`: days and hours of the shop's clock."""

    id: str
    rule: str
    expected: tuple[str, ...]
    hour: int = 9
    zone: ZoneInfo = LOS_ANGELES


MONDAYS = ("10-26 09", "11-02 09", "11-09 09", "11-16 09", "11-23 09")
CASES = (
    Case("in UTC", "DTSTART:20261026T160000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO", MONDAYS),
    Case("in local time called UTC", "DTSTART:20261026T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO", MONDAYS),
    Case("with a zone", "DTSTART;TZID=America/Los_Angeles:20261026T090000\nRRULE:FREQ=WEEKLY", MONDAYS),
    Case("the rule alone", "FREQ=WEEKLY", MONDAYS),
    Case("where the clock never changes", "RRULE:FREQ=WEEKLY", MONDAYS, zone=PHOENIX),
    Case(
        "an evening, which in UTC is the next day",
        "DTSTART:20261027T020000Z\nRRULE:FREQ=WEEKLY;BYDAY=TU",
        ("10-26 19", "11-02 19", "11-09 19", "11-16 19"),
        hour=19,
    ),
    Case(
        "an exception after the clock change, in UTC",
        "DTSTART:20261026T160000Z\nRRULE:FREQ=WEEKLY\nEXDATE:20261109T170000Z",
        ("10-26 09", "11-02 09", "11-16 09", "11-23 09"),
    ),
    Case(
        "an exception by its day, and one more date",
        "RRULE:FREQ=WEEKLY;COUNT=2\nEXDATE;VALUE=DATE:20261102\nRDATE:20261104T090000",
        ("10-26 09", "11-04 09"),
    ),
    Case("until a day", "RRULE:FREQ=DAILY;UNTIL=20261028", ("10-26 09", "10-27 09", "10-28 09")),
    Case("until a moment", "RRULE:FREQ=DAILY;UNTIL=20261027T160000Z", ("10-26 09", "10-27 09")),
    Case("every second week", "RRULE:FREQ=WEEKLY;INTERVAL=2", ("10-26 09", "11-09 09", "11-23 09")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_time_is_at_the_shop_s_hour(case: Case) -> None:
    start = datetime(2026, 10, 26, case.hour, tzinfo=case.zone).astimezone(UTC)
    found = occurrences(case.rule, (start, start + timedelta(hours=2)), case.zone, WITHIN)
    assert tuple(f"{begins.astimezone(case.zone):%m-%d %H}" for begins, _ in found) == case.expected
    assert {end - begins for begins, end in found} == {timedelta(hours=2)}


@pytest.mark.parametrize(
    "rule", ["", "DTSTART:20261026T090000", "RRULE:FREQ=SOMETIMES", "RRULE:FREQ=HOURLY", "RRULE:"]
)
def test_a_text_that_is_no_rule_is_refused(rule: str) -> None:
    start = datetime(2026, 10, 26, 16, tzinfo=UTC)
    with pytest.raises(NoRule):
        occurrences(rule, (start, start + timedelta(hours=1)), LOS_ANGELES, WITHIN)


IMPOSSIBLE = "BYMONTH=2;BYMONTHDAY=30"


@pytest.mark.parametrize(
    "rule",
    [
        *(f"FREQ={often};{IMPOSSIBLE}" for often in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;BYMINUTE=1,2,3",
        "DTSTART:99991231T000000\nRRULE:FREQ=DAILY",
        "DTSTART:20261399T000000\nRRULE:FREQ=DAILY",
    ],
)
def test_a_rule_that_would_not_end_is_refused(rule: str) -> None:
    start = datetime(2026, 10, 26, 16, tzinfo=UTC)
    with pytest.raises(NoRule):
        occurrences(rule, (start, start + timedelta(hours=1)), LOS_ANGELES, WITHIN)


@pytest.mark.parametrize("year", [1, 2, 1800])
def test_one_that_began_before_any_shop_is_refused(year: int) -> None:
    start = datetime(year, 1, 1, tzinfo=UTC)
    with pytest.raises(NoRule):
        occurrences("FREQ=DAILY", (start, start + timedelta(hours=1)), LOS_ANGELES, WITHIN)


def test_all_rules_of_one_appointment_share_the_days_to_try() -> None:
    start = datetime(1990, 1, 1, 16, tzinfo=UTC)
    span = (start, start + timedelta(hours=1))
    assert len(occurrences("\n".join(["RRULE:FREQ=DAILY"] * 4), span, LOS_ANGELES, WITHIN)) == 54
    with pytest.raises(NoRule):
        occurrences("\n".join(["RRULE:FREQ=DAILY"] * 5), span, LOS_ANGELES, WITHIN)


def test_a_daily_one_of_many_years_is_told_for_the_time_ahead() -> None:
    start = datetime(2012, 1, 2, 16, tzinfo=UTC)
    found = occurrences("RRULE:FREQ=DAILY", (start, start + timedelta(hours=1)), LOS_ANGELES, WITHIN)
    assert len(found) == 54


def test_the_windows_leave_no_gap() -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    windows = [*past_windows(now), *calendar_windows(now)]
    assert all(one[1] == following[0] for one, following in pairwise(windows))
    assert windows[-1][1] == now + LOOK_AHEAD
    first, last = series_span(now)
    assert first < now < now + LOOK_AHEAD < last
    assert series_span(now.replace(day=20)) == series_span(now.replace(day=25))
