"""When a repeating appointment of ShopMonkey's takes place.

Its `rruleset` is kept as text (RFC 5545). Whether its times are in UTC or the shop's own is not documented, so only their
distances count: the first one is the appointment's own start, and every one is at its hour of the shop's clock.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, takewhile
from typing import Self
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, rruleset, rrulestr

MOST_OCCURRENCES = 1000
"""Of one appointment, in all of the time that is looked at: twice a day for more than a year."""
MOST_DAYS = 60_000
"""That all rules of one appointment may try: some four daily ones of forty years. An impossible one would go on to the year 9999."""
_DAYS_A_STEP = {YEARLY: 366, MONTHLY: 31, WEEKLY: 7, DAILY: 1}
_MOMENT = re.compile(r"\d{8}(?:T\d{6})?")
_HOUR = timedelta(hours=1)

Span = tuple[datetime, datetime]


class NoRule(ValueError):
    """The text is no rule that a shop's calendar could mean."""


class _Work:
    """What was tried for one appointment."""

    def __init__(self) -> None:
        self.days = 0

    def step(self, days: int) -> None:
        self.days += days
        if self.days > MOST_DAYS:
            raise NoRule("too many days to try")


class _Interval(int):
    """A rule adds it at each step, also at one that finds nothing: the only place where its search can be stopped."""

    def __new__(cls, interval: int, _work: _Work, _days: int) -> Self:
        return super().__new__(cls, interval)

    def __init__(self, _interval: int, work: _Work, days: int) -> None:
        self._step = partial(work.step, days)

    def __radd__(self, other: int) -> int:
        self._step()
        return int(self) + other

    def __mul__(self, other: int) -> int:
        self._step()
        return int(self) * other


def occurrences(text: str, first: Span, zone: ZoneInfo, within: Span) -> list[Span]:
    """Those that begin within the time, in order, in UTC. `first` is the appointment's own time. Raises `NoRule`."""
    try:
        begins = first[0].astimezone(zone).replace(tzinfo=None)
        written = _start(text) or begins
        shift = begins - written
        frame = [moment.astimezone(zone).replace(tzinfo=None) - shift for moment in within]
        starts = list(islice(_starts(text, written, frame[0], frame[1]), MOST_OCCURRENCES + 1))
    except NoRule:
        raise
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        raise NoRule(str(error)) from error
    if len(starts) > MOST_OCCURRENCES:
        raise NoRule("too many occurrences")
    length = first[1] - first[0]
    return [_span(start + shift, length, zone) for start in starts]


def _starts(text: str, written: datetime, since: datetime, until: datetime) -> Iterator[datetime]:
    """In the frame in which the rule is written."""
    rules, work = rruleset(), _Work()
    lines = [f"RRULE:{line}" if line.startswith("FREQ=") else line for line in text.splitlines()]
    if not any(line.upper().startswith(("RRULE", "RDATE")) for line in lines):
        raise NoRule("no rule")
    for line in lines:
        name, _, value = line.partition(":")
        match name.partition(";")[0].strip().upper():
            case "RRULE":
                rules.rrule(_rule(value, written, work))
            case "RDATE":
                for at in _moments(value, written):
                    rules.rdate(at)
            case _:
                pass
    left_out = [
        at
        for line in text.splitlines()
        if line.upper().startswith("EXDATE")
        for at in _moments(line, written)
    ]
    return (
        start
        for start in takewhile(lambda start: start <= until, rules)
        # In UTC an exception beyond the clock change is an hour away from the others.
        if since <= start and not any(abs(start - at) <= _HOUR for at in left_out)
    )


def _rule(value: str, written: datetime, work: _Work) -> rrule:
    if re.search("BY(HOUR|MINUTE|SECOND)", value.upper()):
        raise NoRule("several times a day")
    plain = re.sub(r"(UNTIL=\d{8})(?:T(\d{6})Z?)?", lambda found: f"{found[1]}T{found[2] or '235959'}", value)
    rule = rrulestr(plain, dtstart=written, ignoretz=True)
    if not isinstance(rule, rrule) or rule._freq > DAILY:  # noqa: SLF001 - it has no other way to say it
        raise NoRule("more often than daily")
    rule._interval = _Interval(rule._interval, work, _DAYS_A_STEP[rule._freq])  # noqa: SLF001 - there is no other way to stop it
    return rule


def _start(text: str) -> datetime | None:
    line = next((line for line in text.splitlines() if line.upper().startswith("DTSTART")), "")
    found = _MOMENT.search(line.partition(":")[2])
    return _moment(found[0]) if found else None


def _moments(value: str, written: datetime) -> Iterator[datetime]:
    for found in _MOMENT.finditer(value.rpartition(":")[2]):
        at = _moment(found[0])
        yield at if "T" in found[0] else datetime.combine(at.date(), written.time())


def _moment(digits: str) -> datetime:
    return datetime.strptime(digits, "%Y%m%dT%H%M%S" if "T" in digits else "%Y%m%d")  # noqa: DTZ007 - of the rule's frame


def _span(wall: datetime, length: timedelta, zone: ZoneInfo) -> Span:
    """At a time that the clock skips: as much later as it skips."""
    start = wall.replace(tzinfo=zone).astimezone(UTC)
    return start, start + length
