"""When a customer would like to come, as said in free words and resolved at the location's clock."""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from chat.domain.language import in_english, plain
from chat.domain.values import Slot

PartOfDay = Literal["morning", "afternoon", "evening"]
Order = Literal["earliest", "latest"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
WEEKDAY = re.compile(
    r"\b(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|(?<!it )(?<!car )(?<!has )(?<!just )sat(?:urday)?|(?<!the )(?<!of )(?<!hot )sun(?:day)?|(?<=the )sunday)s?\b"
    r"(?! (?:strip|visor|roof|damage|light))"
)
MONTH_DAY = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?!\w)")
NUMERIC_DAY = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?\b")
_ISO_DAY = re.compile(r"\b((?:19|20)\d\d)-(\d{1,2})-(\d{1,2})\b")
_YEAR_AFTER = re.compile(r",?\s+(?:of\s+|del?\s+)?((?:19|20)\d\d)\b")
_STANDS_FREE = (
    r"(?=\s*(?:$|[,.;:!?)@-])|\s+(?:\d|(?:at|in|of|or|and|on|to|till?|until|if|but|is|are|was|works?|would|will|should|could|can|please|pls|then|instead|around"
    r"|about|after|before|mornings?|afternoons?|evenings?|noon|early|late|good|ok|okay|fine|great|perfect|for|with|from|through|both|either|too|maybe|i|i'm|we|you|my|thanks|sounds|also"
    r"|not|no|mon[a-z]*|tue[a-z]*|wed[a-z]*|thu[a-z]*|fri[a-z]*|sat[a-z]*|sun[a-z]*|por|a|en|o|y|si|para|puede|me|esta|seria|mejor|tambien|gracias|hay|tiene[ns]?|del?)\b))"
)
"""What a number is a day or an hour before: of a thing that is counted or named (`the 3rd gen`, `friday 2 doors`) it is neither."""
DAY_OF_MONTH = re.compile(rf"\b(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)\b{_STANDS_FREE}")
CLOCK = re.compile(r"\b(\d{1,2})(?::(\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)(?!\w)|\b(\d{1,2}):(\d{2})\b")
_TIME_OF_DAY = r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?"
_AT_HOUR = re.compile(r"\b(?:at|around|about|by)\s+(\d{1,2})\b(?![:/\d]|\s*(?:min|hour|day|%|\$))")
_HOUR_AGREED = re.compile(
    r"\b(1[0-2]|[1-9]) (?:works|would (?:be|work)|is (?:good|fine|great|perfect|ok(?:ay)?)|sounds (?:good|great|fine))\b"
)
_AFTER = re.compile(rf"\b(?:after|past|from)\s+{_TIME_OF_DAY}\b")
_BEFORE = re.compile(rf"\b(?:before|until)\s+{_TIME_OF_DAY}\b")
_BETWEEN = re.compile(rf"\b(?:between|from)\s+{_TIME_OF_DAY}\s*(?:and|to|-)\s*{_TIME_OF_DAY}\b")
_FREE_FROM = re.compile(
    r"\b(?:(?:get|getting|got|am|i'm) (?:off|out|free|done)(?: (?:of )?(?:work|school|class))?|off work|(?:work|working|busy) (?:til|till|until)"
    rf"|(?:salgo|saliendo)(?: (?:del?|de la|de mi) \w+)?|trabajo hasta)(?:\s+(?:at|around|about|like|las))*\s+{_TIME_OF_DAY}\b"
)
"""`I get off at 4`: from then on."""
_AT_WORK = re.compile(
    rf"\b(?:work|working|trabajo)\s+(?:from\s+|between\s+)?{_TIME_OF_DAY}\s*(?:to|til|till|until|and|-)\s*(?P<until>{_TIME_OF_DAY})\b"
)
_DONE_BY = re.compile(
    rf"\b(?:done|ready|finished|out of there|list[oa]|acabado|terminado)\s+(?:by|before|antes de|para)\s+(?:las?\s+)?{_TIME_OF_DAY}\b"
)
_HOUR_RANGE = re.compile(
    rf"\b{_TIME_OF_DAY}\s*-\s*(\d{{1,2}})(?::(\d{{2}}))?\s*(am|pm)\b|(?<=like ){_TIME_OF_DAY}\s*-\s*{_TIME_OF_DAY}\b"
)
_LUNCH = re.compile(r"(?<!after )\b(?:lunch|lonche|almuerzo|hora de (?:la )?comida)")
_LUNCH_TIME = time(11, 30), time(13, 30)
_JOINED = r"\s*(?:,|/|&|\b(?:or|and|o|y)\b)\s*(?:(?:on|maybe)\s+)?"
_SEVERAL_WEEKDAYS = re.compile(rf"{WEEKDAY.pattern}(?:{_JOINED}{WEEKDAY.pattern})+")
_WEEKDAY_RANGE = re.compile(
    rf"{WEEKDAY.pattern}\s*(?:-|through|thru)\s*{WEEKDAY.pattern}|\bfrom {WEEKDAY.pattern} to {WEEKDAY.pattern}"
)
_OR_A_WEEK_LATER = re.compile(
    r"\bor (?:maybe )?the (?:(?:one|week) after|(?:next|following) one)\b|\bo el (?:siguiente|que sigue)\b"
)
_WORKDAYS = re.compile(r"\b(?:a weekday|weekdays|during the week|entre semana)\b")
_IN_DAYS = re.compile(r"\bin (\d{1,2}|a|one|two|three|four) (day|week)s?\b")
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4}
_HOURS_OF_A_CLOCK = 12
_LAST_MORNING_HOUR = 7
"""A bare hour up to seven is meant in the afternoon: no shop opens before."""
_PAST_DAYS = 180
"""A date named without its year that went by less long ago than this is meant in this year, and over."""

_PARTS: dict[PartOfDay, tuple[time, time]] = {
    "morning": (time(0), time(12)),
    "afternoon": (time(12), time(17)),
    "evening": (time(17), time(23, 59)),
}
_HOURS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = dict(
    zip(
        [
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
            "twenty-first",
            "twenty-second",
            "twenty-third",
            "twenty-fourth",
            "twenty-fifth",
            "twenty-sixth",
            "twenty-seventh",
            "twenty-eighth",
            "twenty-ninth",
            "thirtieth",
            "thirty-first",
        ],
        range(4, 32),
        strict=True,
    )
)
_HOUR_WORD = re.compile(rf"\b(at|after|before|around|about|by|between|and)\s+({'|'.join(_HOURS)})\b")
_HOUR_PM = re.compile(rf"\b({'|'.join(_HOURS)})\s*(am|pm|o'?clock)\b")
_O_CLOCK = re.compile(r"\b(?:at )?(\d{1,2}) ?o'?clock\b")
_WEEKDAY_NUMBER = re.compile(
    rf"({WEEKDAY.pattern}),? (\d{{1,2}})(?! ?[ap]\.? ?m\b| ?(?:or \d|and \d|to \d|(?:of )?{_MONTH})|[:./\d%-]){_STANDS_FREE}"
)
"""`friday 10`: an hour where it can be one, else a day of the month."""
_HALF_PAST = re.compile(r"\bhalf past (\d{1,2})\b")
_ORDINAL_WORD = re.compile(rf"\b({'|'.join(sorted(_ORDINALS, key=len, reverse=True))})\b")


@dataclass(frozen=True)
class Wish:
    """Days and times are local at the location.

    `span`: first and last day. `weekdays`: Monday is 0; none: all of them. `order`: which of many are wanted.
    `done_by`: when the job must be over.

    What is wrong with the day named, for a question: `mismatch` is a date with the weekday (Monday 0) that it is not,
    `impossible` a month (`None`: whichever) and a day that it does not have, `past` a day that is over.
    """

    day: date | None = None
    part: PartOfDay | None = None
    at: time | None = None
    not_before: time | None = None
    not_after: time | None = None
    done_by: time | None = None
    span: tuple[date, date] | None = None
    weekdays: frozenset[int] = frozenset()
    order: Order | None = None
    mismatch: tuple[date, int] | None = None
    impossible: tuple[int | None, int] | None = None
    past: date | None = None

    @property
    def said(self) -> bool:
        return self != Wish()

    @property
    def doubtful(self) -> bool:
        """The day must be asked for again."""
        return bool(self.mismatch or self.impossible or self.past)

    @property
    def first_day(self) -> date | None:
        return self.day or (self.span[0] if self.span else None)


def wish_in(text: str, now_local: datetime) -> Wish:
    words = _in_digits(in_english(plain(text)))
    wish = _day(words, now_local.date())
    done_by = _bound(_DONE_BY, words)
    hours = _DONE_BY.sub(" ", words)
    if _on_a_weekend(wish):
        hours = _FREE_FROM.sub(" ", _AT_WORK.sub(" ", hours))
    not_before, not_after = _bounds(hours)
    return replace(
        wish,
        part=_part(words),
        at=None if not_before or not_after else _clock(hours),
        not_before=not_before,
        not_after=not_after,
        done_by=done_by,
    )


def says_when_free(words: str) -> bool:
    """`I get off at 4`."""
    return any(pattern.search(_in_digits(words)) for pattern in (_FREE_FROM, _AT_WORK))


_SHIFT = re.compile(
    r"\b(half an|half|an?|one|two|three|\d{1,2}|media|una?|dos|tres) ?(hours?|hrs?|minutes?|mins?|horas?|minutos?)\b.*?"
    r"\b(later|earlier|after|before|sooner|mas tarde|mas temprano|despues|antes)\b"
)
_SHIFTS = {"a": 1, "an": 1, "one": 1, "una": 1, "un": 1, "two": 2, "dos": 2, "three": 3, "tres": 3}
_HALVES = {"half", "half an", "media"}


def later_or_earlier(words: str) -> timedelta | None:
    """`an hour later` and the like, from a time that both know."""
    match = _SHIFT.search(plain(words))
    if match is None:
        return None
    count = 0.5 if match[1] in _HALVES else _SHIFTS.get(match[1]) or int(match[1])
    shift = timedelta(hours=count) if match[2].startswith("h") else timedelta(minutes=count)
    back = match[3] in {"earlier", "before", "sooner", "mas temprano", "antes"}
    return -shift if back else shift


def doubt(wish: Wish) -> str | None:
    """What is wrong with the day that was named, and what is right; `None`: nothing."""
    if wish.mismatch:
        named, weekday = wish.mismatch
        other = named + timedelta(days=(weekday - named.weekday() + 3) % 7 - 3)
        return f"{named:%B} {named.day}, {named.year} is a {named:%A}, not a {WEEKDAYS[weekday].title()}; the nearest {WEEKDAYS[weekday].title()} is {other:%B} {other.day}"
    if wish.past:
        return f"{wish.past:%A, %B} {wish.past.day}, {wish.past.year} is over"
    if wish.impossible:
        month, day = wish.impossible
        return f"there is no day {f'{month}/' if month else ''}{day}"
    return None


def contradicts(wish: Wish, day: date) -> bool:
    """Whether that day is what the doubtful words may have meant, so that they must be asked for again first."""
    if wish.mismatch:
        named, weekday = wish.mismatch
        return day == named or day.weekday() == weekday
    return wish.past is not None and (day.month, day.day) == (wish.past.month, wish.past.day)


def window(wish: Wish) -> tuple[time, time]:
    """From when to when of a day a job may start."""
    low, high = _PARTS[wish.part] if wish.part else (time.min, time.max)
    if wish.at is not None:
        return wish.at, wish.at
    return max(low, wish.not_before or low), min(high, wish.not_after or high)


def on_day(day: date, wish: Wish) -> bool:
    return (
        (wish.day is None or day == wish.day)
        and (wish.span is None or wish.span[0] <= day <= wish.span[1])
        and (not wish.weekdays or day.weekday() in wish.weekdays)
    )


def fits(slot: Slot, wish: Wish, timezone: str) -> bool:
    """Whether the slot is what was asked for, at the location's clock."""
    start, end = (moment.astimezone(ZoneInfo(timezone)) for moment in (slot.start, slot.end))
    in_time = wish.done_by is None or (end.date() == start.date() and end.time() <= wish.done_by)
    return in_time and is_meant(start, wish)


def is_meant(local: datetime, wish: Wish) -> bool:
    low, high = window(wish)
    return on_day(local.date(), wish) and low <= local.time() <= high


def three_of(slots: Iterable[Slot], timezone: str, count: int = 3) -> tuple[Slot, ...]:
    """At most three, in order, over as many days as there are: a choice of one day is no choice."""
    zone = ZoneInfo(timezone)
    by_day: dict[date, list[Slot]] = {}
    for slot in sorted(slots, key=lambda s: s.start):
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    picked: list[Slot] = []
    rank = 0
    while len(picked) < min(count, sum(map(len, by_day.values()))):
        layer = [_spread(day, rank) for day in by_day.values() if rank < len(day)]
        picked += layer[: count - len(picked)]
        rank += 1
    return tuple(sorted(picked, key=lambda s: s.start))


def _spread(day: list[Slot], rank: int) -> Slot:
    """First of the day, then from its end: two neighbouring half hours are hardly two choices."""
    order = [day[0], *reversed(day[1:])]
    return order[rank]


def _in_digits(words: str) -> str:
    """`at four` and `the fourteenth` as `at 4` and `the 14th`."""
    words = re.sub(r"\b(by|until|para(?: el)?) noon\b", r"\1 12 pm", words)
    words = _ORDINAL_WORD.sub(lambda m: f"{_ORDINALS[m[1]]}th", words)
    words = _HOUR_WORD.sub(lambda m: f"{m[1]} {_HOURS.index(m[2]) + 1}", words)
    words = _HOUR_PM.sub(
        lambda m: (
            f"{'at ' if 'clock' in m[2] else ''}{_HOURS.index(m[1]) + 1} {m[2] if 'clock' not in m[2] else ''}"
        ),
        words,
    )
    words = _WEEKDAY_NUMBER.sub(
        lambda m: f"{m[1]} at {m[3]}" if 1 <= int(m[3]) <= _HOURS_OF_A_CLOCK else f"{m[1]} the {m[3]}th",
        words,
    )
    return _HALF_PAST.sub(r"\1:30", _O_CLOCK.sub(r"at \1", words))


def _day(words: str, today: date) -> Wish:  # noqa: PLR0911 - one line for each kind
    """Only the fields that name days."""
    named = _named_day(words, today)
    weekday = _weekday(words, today)
    if named.doubtful:
        return named
    if named.day is None and (several := _several_weekdays(words)):
        return Wish(span=_span(words, today), weekdays=several)
    if named.day and weekday and named.day.weekday() != weekday.weekday():
        return Wish(mismatch=(named.day, weekday.weekday()))
    if re.search(r"\b(yesterday|last (week|month|night|mon|tue|wed|thu|fri|sat|sun))", words):
        return Wish(past=today - timedelta(days=1))
    if weekday and _OR_A_WEEK_LATER.search(words):
        return Wish(span=(weekday, weekday + timedelta(days=7)), weekdays=frozenset({weekday.weekday()}))
    if day := named.day or _relative_day(words, today) or weekday:
        return Wish(day=day)
    workdays = frozenset(range(5)) if _WORKDAYS.search(words) else frozenset()
    return Wish(span=_span(words, today), weekdays=workdays)


def _on_a_weekend(wish: Wish) -> bool:
    """Where work ends at no hour."""
    named = wish.weekdays or {day.weekday() for day in (wish.day, *(wish.span or ())) if day}
    return bool(named) and named <= {5, 6}


def _several_weekdays(words: str) -> frozenset[int]:
    """`wed or thurs`, `monday through friday`."""
    if match := _WEEKDAY_RANGE.search(words):
        first, last = (weekday_index(day) for day in match.groups() if day)
        return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    if match := _SEVERAL_WEEKDAYS.search(words):
        return frozenset(weekday_index(one[1]) for one in WEEKDAY.finditer(match[0]))
    return frozenset()


def _relative_day(words: str, today: date) -> date | None:
    if re.search(r"\bday after tomorrow\b", words):
        return today + timedelta(days=2)
    if re.search(r"\b(tomorrow|tmrw|tmr|tomo)\b", words):
        return today + timedelta(days=1)
    if re.search(r"\b(today|tonight|this (morning|afternoon|evening))\b", words):
        return today
    if match := _IN_DAYS.search(words):
        count = _COUNTS.get(match[1]) or int(match[1])
        return today + timedelta(days=count * (7 if match[2] == "week" else 1))
    return None


def _span(words: str, today: date) -> tuple[date, date] | None:
    monday = today - timedelta(days=today.weekday())
    following = 7 if re.search(r"\bnext (week|weekend)\b", words) else 0
    if re.search(r"\bweekend\b", words):
        saturday = monday + timedelta(days=5 + following)
        return max(saturday, today), saturday + timedelta(days=1)
    if re.search(r"\b(next|this|in the|the rest of the) week\b", words):
        return max(monday + timedelta(days=following), today), monday + timedelta(days=following + 6)
    return None


def _weekday(words: str, today: date) -> date | None:
    """The next such day, never today; `next friday` is the one of the following week."""
    match = WEEKDAY.search(words)
    if match is None:
        return None
    index = weekday_index(match[1])
    ahead = (index - today.weekday()) % 7 or 7
    if re.search(rf"\bnext\s+{match[1]}", words) and today.weekday() + ahead < 7:
        ahead += 7
    return today + timedelta(days=ahead)


def weekday_index(word: str) -> int:
    """Monday is 0; `word` is a weekday's name or its beginning, lower case."""
    return next(i for i, name in enumerate(WEEKDAYS) if name.startswith(word[:3]))


def month_number(word: str) -> int:
    return MONTHS.index(word[:3]) + 1


def _named_day(words: str, today: date) -> Wish:
    if match := _ISO_DAY.search(words):
        return _in_month(today, int(match[2]), int(match[3]), int(match[1]))
    if match := MONTH_DAY.search(words):
        return _in_month(today, month_number(match[1]), int(match[2]), _year_after(match, words))
    if match := _DAY_MONTH.search(words):
        return _in_month(today, month_number(match[2]), int(match[1]), _year_after(match, words))
    if match := NUMERIC_DAY.search(words):
        year = int(match[3]) if match[3] else None
        return _numeric(today, int(match[1]), int(match[2]), year and (year if year > 99 else 2000 + year))
    if (match := DAY_OF_MONTH.search(words)) and _means_a_date(words, match):
        return _day_number(today, int(match[1]))
    return Wish()


def _year_after(match: re.Match[str], words: str) -> int | None:
    year = _YEAR_AFTER.match(words, match.end())
    return int(year[1]) if year else None


def _numeric(today: date, first: int, second: int, year: int | None) -> Wish:
    """As in the United States, month first; `30/11` can only be the other way round."""
    if first > 12 >= second:
        first, second = second, first
    if not 1 <= first <= 12:
        return Wish(impossible=(first, second))
    return _in_month(today, first, second, year)


def _in_month(today: date, month: int, day: int, year: int | None) -> Wish:
    """Without a year, the next such day; one that went by lately is over."""
    try:
        named = date(year or today.year, month, day)
    except ValueError:
        return Wish(impossible=(month, day))
    if named < today and (year or (today - named).days < _PAST_DAYS):
        return Wish(past=named)
    return Wish(day=named if named >= today else date(today.year + 1, month, day))


def _day_number(today: date, day: int) -> Wish:
    """The next month that has such a day, this one first."""
    if not 1 <= day <= 31:
        return Wish(impossible=(None, day))
    month = today.replace(day=1)
    while monthrange(month.year, month.month)[1] < day or month.replace(day=day) < today:
        month = (month + timedelta(days=32)).replace(day=1)
    return Wish(day=month.replace(day=day))


def _means_a_date(words: str, match: re.Match[str]) -> bool:
    """`the 3rd one` counts offers; `the 14th` names a day."""
    return re.match(r"\s*(one|option|slot|time)", words[match.end() :]) is None


def _part(words: str) -> PartOfDay | None:
    if re.search(r"\b(mornings?|before noon|early|first thing)\b", words):
        return "morning"
    if re.search(r"\b(afternoons?|after lunch)\b", words):
        return "afternoon"
    if re.search(r"\b(evenings?|tonight|after work|late)\b", words):
        return "evening"
    return None


def _bounds(words: str) -> tuple[time | None, time | None]:
    if match := _AT_WORK.search(words):
        return _time(*match.group(5, 6, 7)), None
    if match := _FREE_FROM.search(words):
        return _time(match[1], match[2], match[3]), None
    if match := _BETWEEN.search(words) or _HOUR_RANGE.search(words):
        found = match.groups()[:6] if match[1] else match.groups()[6:]
        first, first_minute, first_half, last, last_minute, last_half = found
        low = _time(first, first_minute, first_half or (last_half if int(first) < int(last) else None))
        return low, _time(last, last_minute, last_half)
    if _LUNCH.search(words):
        return _LUNCH_TIME
    return _bound(_AFTER, words), _bound(_BEFORE, words)


def _bound(pattern: re.Pattern[str], words: str) -> time | None:
    match = pattern.search(words)
    return _time(match[1], match[2], match[3]) if match else None


def _clock(words: str) -> time | None:
    if re.search(r"\bnoon\b", words) and "before noon" not in words:
        return time(12)
    if match := CLOCK.search(words):
        return _time(match[1] or match[4], match[2] or match[5], match[3])
    if match := _AT_HOUR.search(words) or _HOUR_AGREED.search(words):
        return _time(match[1], None, None)
    return None


def _time(hour: str, minute: str | None, half: str | None) -> time | None:
    hours, minutes = int(hour), int(minute or 0)
    if half and half.startswith("p") and hours < 12:
        hours += 12
    elif half and half.startswith("a") and hours == 12:
        hours = 0
    elif not half and hours <= _LAST_MORNING_HOUR:
        hours += 12
    return time(hours, minutes) if hours < 24 and minutes < 60 else None
