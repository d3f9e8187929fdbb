"""Other times than those on offer, asked for from where these stand: later, earlier, sooner, the week after."""

import re
from datetime import date, datetime, time, timedelta

from chat.domain.intents import Context
from chat.domain.open_times import USUAL_DAYS
from chat.domain.understanding.words import local
from chat.domain.wishes import Wish

_WEEK_AFTER = re.compile(
    r"\bweek (?:after|later|that follows)\b|\b(?:following|next) week\b|\b(?:otra |next )?semana (?:siguiente|que sigue|despues)\b|\bsiguiente semana\b"
)
_WEEKS_OUT = re.compile(
    r"\b(\d{1,2}|a|one|two|three|four|couple(?: of)?) weeks? (?:out|from now|away|ahead)\b"
)
_COUNTS = {"a": 1, "one": 1, "two": 2, "couple": 2, "couple of": 2, "three": 3, "four": 4}
_LATER_DAY = re.compile(
    r"\btoo soon\b|\bfurther out\b|\blater (?:date|day|on in the)|\blater (?:this|that|in the) (?:week|month)\b|\bmas adelante\b|\bmuy pronto\b"
)
_SOONER = re.compile(r"\b(?:sooner|before (?:that|then|those|these)|mas pronto|antes)\b(?! (?:de )?\d)")
_LATER = re.compile(r"\b(?:later|mas tarde)\b")
_EARLIER = re.compile(r"\b(?:earlier|mas temprano)\b")
_OF_TIMES = re.compile(
    r"\b(?:any(?:thing)?|something|some|nothing|got|have|hay|tiene[ns]?|algo|nada|times?|slots?|hours?|horas?|day|one|bit|little|poco|too)\b"
)
_FEW_WORDS = 4
"""In which `later` speaks of the times; in more it may be when they write again."""


def beside_the_offer(words: str, wish: Wish, context: Context, *, parting: bool) -> Wish | None:
    """`None`: the words ask for nothing from there. `wish`: what else they say of the time. `parting`: `later` is when they write again."""
    if not context.offered or wish.day or wish.at or wish.not_before or wish.not_after:
        return None
    today = local(context).date()
    starts = [slot.start.astimezone(local(context).tzinfo) for slot in context.offered]
    if days := _days(words, today, min(starts).date(), max(starts).date()):
        return Wish(span=_within(wish.span, days), part=wish.part)
    if parting or (len(words.split()) > _FEW_WORDS and not _OF_TIMES.search(words)):
        return None
    span = wish.span or (min(starts).date(), max(starts).date() + timedelta(days=USUAL_DAYS))
    hours = [start.time() for start in starts]
    if _LATER.search(words):
        return Wish(span=span, not_before=_moved(max(hours), 1), part=wish.part, order="latest")
    if _EARLIER.search(words):
        return Wish(span=span, not_after=_moved(min(hours), -1), part=wish.part)
    return None


def _days(words: str, today: date, first: date, last: date) -> tuple[date, date] | None:
    if match := _WEEKS_OUT.search(words):
        begins = today + timedelta(weeks=_COUNTS.get(match[1]) or int(match[1]))
        return begins, begins + timedelta(days=6)
    if _WEEK_AFTER.search(words):
        monday = last + timedelta(days=7 - last.weekday())
        return monday, monday + timedelta(days=6)
    if _LATER_DAY.search(words):
        return last + timedelta(days=1), last + timedelta(days=USUAL_DAYS)
    if _SOONER.search(words) and first > today:
        return today, first - timedelta(days=1)
    return None


def _within(named: tuple[date, date] | None, days: tuple[date, date]) -> tuple[date, date]:
    """`named`: the week or month that the words name, too: "later in the week" ends with it."""
    if named is None or not days[0] <= named[1] < days[1]:
        return days
    return days[0], named[1]


def _moved(hour: time, minutes: int) -> time:
    """Within the day."""
    moved = datetime.combine(date.min + timedelta(days=1), hour) + timedelta(minutes=minutes)
    return moved.time() if moved.date() == date.min + timedelta(days=1) else hour
