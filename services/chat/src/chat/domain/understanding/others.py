"""Other times than those that both know (on offer, or booked), asked for from where these stand: later, sooner, the week after, the same day."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from chat.domain.intents import Context
from chat.domain.open_times import USUAL_DAYS
from chat.domain.understanding.words import local
from chat.domain.wishes import Order, Wish, later_or_earlier

_WEEK_AFTER = re.compile(
    r"\bweek (?:after|later|that follows)\b|\bfollowing week\b|\b(?:otra |next )?semana (?:siguiente|que sigue|despues)\b|\bsiguiente semana\b"
)
_NEXT_WEEK = re.compile(r"\bnext week\b|\botra semana\b")
_WEEKS_OUT = re.compile(
    r"\b(\d{1,2}|a|one|two|three|four|couple(?: of)?) weeks? (?:out|from now|away|ahead)\b"
)
_COUNTS = {"a": 1, "one": 1, "two": 2, "couple": 2, "couple of": 2, "three": 3, "four": 4}
_A_DAY_ON = re.compile(
    r"\b(?:(?:a|one|the|next) day (?:after|later)|(?:the )?next day|(?:back|push(?: it)?|move(?: it)?|it) (?:by )?(?:a|one) day|un dia (?:despues|mas)|(?:al|el|para el) (?:otro )?dia siguiente|al otro dia)\b(?! tomorrow)"
)
_SAME_DAY = re.compile(r"\b(?:(?:that )?same day|that day|(?:ese|el) mismo dia|ese dia)\b")
_SAME_TIME = re.compile(r"\b(?:same (?:time|hour)|mism[ao] hora)\b")
_PLACED_DAY = re.compile(
    r"\b(?:first|1st|second|2nd|third|3rd|last|primer|segundo|tercer|ultimo) (?:day|date|dia)\b"
)
_LATER_DAY = re.compile(
    r"\btoo soon\b|\bfurther out\b|\blater (?:date|day|on in the)|\blater (?:this|that|in the) (?:week|month)\b|\bmas adelante\b|\bmuy pronto\b"
)
_SOONER = re.compile(r"\b(?:sooner|before (?:that|then|those|these)|mas pronto|antes)\b(?! (?:de )?\d)")
_LATER = re.compile(r"\b(?:later|mas tarde)\b")
_EARLIER = re.compile(r"\b(?:earlier|mas temprano)\b")
_OF_TIMES = re.compile(
    r"\b(?:any(?:thing)?|something|some|nothing|got|have|hay|tiene[ns]?|algo|nada|times?|slots?|hours?|horas?|day|dia|one|bit|lil|little|poco|too)\b"
)
_FEW_WORDS = 4
"""In which `later` speaks of the times; in more it may be when they write again."""


@dataclass(frozen=True)
class _Known:
    """The times that both know, at the location's clock."""

    today: date
    starts: tuple[datetime, ...]

    @property
    def first(self) -> date:
        return min(self.starts).date()

    @property
    def last(self) -> date:
        return max(self.starts).date()

    @property
    def hours(self) -> list[time]:
        return [start.time() for start in self.starts]


def beside_the_known(  # noqa: PLR0911 - one line for each kind
    words: str, wish: Wish, context: Context, *, parting: bool, placed: datetime | None = None
) -> Wish | None:
    """`None`: the words ask for nothing from there. `wish`: what else they say of the time.

    `placed`: the time on offer that they name by its place. `parting`: `later` is when they write again.
    """
    known = _known(context, placed)
    if known is None or wish.day or wish.at or wish.not_before or wish.not_after:
        return None
    if (shift := later_or_earlier(words)) is not None and len(known.starts) == 1:
        return Wish(day=known.first, at=(known.starts[0] + shift).time())
    if days := _days(words, known):
        return at_the_same_time(words, replace(wish, span=_within(wish.span, days)), context)
    if parting or (len(words.split()) > _FEW_WORDS and not _OF_TIMES.search(words)):
        return None
    same_day = placed is not None or context.booked or _SAME_DAY.search(words) is not None
    usual = (known.first, known.last + timedelta(days=USUAL_DAYS))
    span = wish.span or ((known.first, known.last) if same_day else usual)
    if _LATER.search(words):
        order: Order | None = "latest" if len(known.starts) > 1 else None
        return replace(wish, span=span, not_before=_moved(max(known.hours), 1), order=order)
    if _EARLIER.search(words):
        return replace(wish, span=span, not_after=_moved(min(known.hours), -1))
    return None


def at_the_same_time(words: str, wish: Wish, context: Context) -> Wish:
    """`Monday, same time`: that of the appointment."""
    if context.appointment is None or wish.at or not _SAME_TIME.search(words):
        return wish
    return replace(wish, at=context.appointment.astimezone(local(context).tzinfo).time())


def placed_day(words: str) -> bool:
    """Whether a place in the list is said of a day: `the first day is good but later`."""
    return _PLACED_DAY.search(words) is not None


def _known(context: Context, placed: datetime | None) -> _Known | None:
    offered: list[datetime | None] = [slot.start for slot in context.offered]
    starts = [placed] if placed else offered or [context.appointment or context.held]
    zone = local(context).tzinfo
    found = tuple(start.astimezone(zone) for start in starts if start)
    return _Known(local(context).date(), found) if found else None


def _days(words: str, known: _Known) -> tuple[date, date] | None:  # noqa: PLR0911 - one line for each kind
    if match := _WEEKS_OUT.search(words):
        begins = known.today + timedelta(weeks=_COUNTS.get(match[1]) or int(match[1]))
        return begins, begins + timedelta(days=6)
    if _WEEK_AFTER.search(words):
        return _week_after(known.last)
    if _NEXT_WEEK.search(words):
        coming = _week_after(known.today)
        return coming if known.last < coming[0] or coming[1] < known.first else _week_after(known.last)
    if _A_DAY_ON.search(words):
        following = known.last + timedelta(days=1)
        return following, following
    if _LATER_DAY.search(words):
        return known.last + timedelta(days=1), known.last + timedelta(days=USUAL_DAYS)
    if _SOONER.search(words) and known.first > known.today:
        return known.today, known.first - timedelta(days=1)
    return None


def _week_after(day: date) -> tuple[date, date]:
    monday = day + timedelta(days=7 - day.weekday())
    return monday, monday + timedelta(days=6)


def _within(named: tuple[date, date] | None, days: tuple[date, date]) -> tuple[date, date]:
    """`named`: the week or month that the words name, too: "later in the week" ends with it."""
    if named is None or not days[0] <= named[1] < days[1]:
        return days
    return days[0], named[1]


def _moved(hour: time, minutes: int) -> time:
    """Within the day."""
    moved = datetime.combine(date.min + timedelta(days=1), hour) + timedelta(minutes=minutes)
    return moved.time() if moved.date() == date.min + timedelta(days=1) else hour
