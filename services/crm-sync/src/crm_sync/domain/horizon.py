"""How far ahead their calendar matters: past every hour that anybody may book."""

from collections.abc import Iterator
from datetime import datetime, timedelta

LOOK_BACK = timedelta(days=7)
"""A block of several days may have begun before today."""
LOOK_AHEAD = timedelta(days=380)
"""Booking takes no horizon beyond 365 days, and no job that lasts more than a fortnight."""
SERIES_LOOK_BACK = timedelta(days=2 * 366)
"""How long ago a repeating appointment may have begun that nobody has told us of."""
_WEEK = timedelta(weeks=1)
_NEAR_WEEKS = 13
_FAR_WEEKS = 4

Span = tuple[datetime, datetime]


def calendar_windows(now: datetime) -> Iterator[Span]:
    """What to search, one after the other: by the week where it is full, by four of them further out."""
    yield from _windows(now - LOOK_BACK, now + _NEAR_WEEKS * _WEEK, _WEEK)
    yield from _windows(now + _NEAR_WEEKS * _WEEK, now + LOOK_AHEAD, _FAR_WEEKS * _WEEK)


def past_windows(now: datetime) -> Iterator[Span]:
    """Where repeating ones may have begun: a search shows them at their first time only."""
    return _windows(now - SERIES_LOOK_BACK, now - LOOK_BACK, _FAR_WEEKS * _WEEK)


def _windows(first: datetime, last: datetime, step: timedelta) -> Iterator[Span]:
    while first < last:
        yield first, min(first + step, last)
        first += step


def series_span(now: datetime) -> Span:
    """What is told of a repeating one. By whole months, so that there is no news of it every day."""
    last = now + LOOK_AHEAD
    return _month(now - LOOK_BACK), _month(last.replace(day=1) + timedelta(days=32))


def _month(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
