"""Days, times of day and durations in a sentence that was folded, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

_WEEKDAYS = (
    ("monday", "lunes"),
    ("tuesday", "martes"),
    ("wednesday", "miercoles"),
    ("thursday", "jueves"),
    ("friday", "viernes"),
    ("saturday", "sabado"),
    ("sunday", "domingo"),
)
_MONTHS = (
    ("jan", "ene"),
    ("feb", "feb"),
    ("mar", "mar"),
    ("apr", "abr"),
    ("may", "may"),
    ("jun", "jun"),
    ("jul", "jul"),
    ("aug", "ago"),
    ("sep", "sep"),
    ("oct", "oct"),
    ("nov", "nov"),
    ("dec", "dic"),
)
_WEEKDAY = re.compile(
    r"\b(?:(next|this|coming|proximo|este|el proximo) )?"
    r"(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
    r"|lunes|martes|miercoles|jueves|viernes|sabado|domingo)s?\b\.?(?: (?:el )?(\d{1,2})\b(?!:|\s*(?:am|pm|a\.m|p\.m|de |of |jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))?"
)
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|ene|abr|ago|dic)[a-z]*\.?"
_ISO_DAY = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_MONTH_DAY = re.compile(rf"\b{_MONTH} (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? 20\d\d\b)?")
_DAY_OF_MONTH = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of |de )?{_MONTH}\b(?:(?:,| de| del) 20\d\d\b)?"
)
_NUMERIC_DAY = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(?:20)?\d\d)?\b")
_NTH = re.compile(r"\b(?:the )?(\d{1,2})(?:st|nd|rd|th)\b|\bdia (\d{1,2})\b")
_RELATIVE: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"\bday after tomorrow\b|\bpasado manana\b"), 2),
    (re.compile(r"\btomorrow\b|(?<!la )(?<!por )\bmanana\b(?! por la manana)|\bmanana(?= por la manana)"), 1),
    (
        re.compile(
            r"\btoday\b|\btonight\b|\bhoy\b|\bthis (?=morning|afternoon|evening)|\besta (?=manana|tarde|noche)"
        ),
        0,
    ),
)
_VAGUE_DAY = re.compile(
    r"\bweekdays?\b|\bweekends?\b|\bnext week\b|\bthis week\b|\bnext month\b|\bin (?:a few|\d+) days\b|\b(?:every|any|each) day\b"
    r"|\bfin(?:es)? de semana\b|\b(?:proxima|esta) semana\b|\btodos los dias\b|\bcualquier dia\b|\ben \d+ dias\b"
)
_PARTS = (
    (re.compile(r"\b(?:mornings?|(?:por|de|en) la manana|esta manana)\b"), time(0), time(12)),
    (re.compile(r"\b(?:afternoons?|(?:por|de|en) la tarde|esta tarde)\b"), time(12), time(18)),
    (re.compile(r"\b(?:evenings?|tonight|(?:por|de|en) la noche|esta noche)\b"), time(17), time(23, 59)),
)
_GREETING = re.compile(
    r"\b(?:good (?:morning|afternoon|evening|day)|buen(?:os|as)? (?:dias?|tardes?|noches?)|(?:un )?buen dia)\b"
)

_HALF = r"(?:\s*(am\b|pm\b|a\.m\.?|p\.m\.?|(?:in|de|por) (?:the|la) (?:morning|afternoon|evening|manana|tarde|noche)))"
_CLOCK = re.compile(
    rf"\b(\d{{1,2}}):(\d\d)(?::\d\d)?{_HALF}?"
    rf"|\b(\d{{1,2}}){_HALF}"
    r"|\b(\d{1,2}) ?(?:o'clock|en punto|h\b|hs\b)"
    rf"|\b(?:a )?(?:quarter|15) (past|after|to|of|before) (\d{{1,2}})\b{_HALF}?"
    rf"|\bhalf past (\d{{1,2}})\b{_HALF}?"
    rf"|\b(?:las|la) (\d{{1,2}})(?: (y|menos) (media|\d{{1,2}}))?\b(?!:|\.\d){_HALF}?"
    rf"|\b(\d{{1,2}}) (\d\d){_HALF}?(?!\d)"
    rf"|\b(?:at|by|from|until|till|to|before|after|around) (\d{{1,2}})\b(?![:/%\d$-]|\.\d|\s*(?:am\b|pm\b|a\.m|p\.m|(?:in|de|por) (?:the|la) |hour|minute|min|day|week|year|time|dollar|buck|window))"
)
_NAMED_CLOCK = re.compile(r"\b(noon|midday|mediodia|midnight|medianoche)\b")

_MINUTES = {"minute": 1, "min": 1, "minuto": 1, "hour": 60, "hr": 60, "hora": 60}
_DAYS = {"day": 1, "dia": 1, "week": 7, "semana": 7, "month": 30, "mes": 30, "year": 365, "ano": 365}
_DURATION = re.compile(
    r"\b(?:(\d+(?:[.,]\d+)?)(?: (?:and a half|y medi[oa]))?|(an|una|a|half an|media|a couple of|a few|un par de|unas cuantas|several|varias)|(?=(?:hour and a half|hora y media)\b))[ -]?"
    r"(?<![a-z])(hours?|hrs?|horas?|minutes?|mins?|minutos?|days?|dias?|weeks?|semanas?|months?|meses|mes|years?|anos?)\b"
    r"(?: (and a half|y media))?"
)
_HALVES = re.compile(r"(?<![\d:])(?<!las )\b(\d{1,2}) (?:and a half|y media)\b")
_FOR_GOOD = re.compile(r"\b(?:moment|second|while|time)\b")


@dataclass(frozen=True)
class DaySaid:
    """All that the words say of one day; `None` where they say nothing. `span` is their place in the sentence."""

    words: str
    span: tuple[int, int]
    weekday: int | None = None
    month: int | None = None
    day: int | None = None
    exact: date | None = None

    def fits(self, other: date) -> bool:
        return (
            (self.weekday is None or other.weekday() == self.weekday)
            and (self.month is None or other.month == self.month)
            and (self.day is None or other.day == self.day)
            and (self.exact is None or other == self.exact)
        )


@dataclass(frozen=True)
class TimeSaid:
    """`times`: what the words may mean; without a.m. or p.m. that is either."""

    words: str
    span: tuple[int, int]
    times: tuple[time, ...]


@dataclass(frozen=True)
class PartSaid:
    words: str
    span: tuple[int, int]
    low: time
    high: time


@dataclass(frozen=True)
class DurationSaid:
    """`minutes` is `None` for words that name no number (`a few hours`)."""

    words: str
    span: tuple[int, int]
    minutes: int | None


def days(text: str, today: date) -> Iterator[DaySaid]:
    """Every mention by itself; `blanked` is for the caller: spans may touch but never overlap."""
    rest = text
    for pattern, read in (
        (_ISO_DAY, _iso),
        (_WEEKDAY, lambda m: _weekday(m, today)),
        (_MONTH_DAY, lambda m: _date(m, m[1], m[2])),
        (_DAY_OF_MONTH, lambda m: _date(m, m[2], m[1])),
        (_NUMERIC_DAY, lambda m: DaySaid(m[0], m.span(), month=int(m[1]), day=int(m[2]))),
        (_NTH, lambda m: DaySaid(m[0], m.span(), day=int(m[1] or m[2]))),
    ):
        for match in pattern.finditer(rest):
            if said := read(match):
                yield said
                rest = blanked(rest, match.span())
    for pattern, ahead in _RELATIVE:
        for match in pattern.finditer(rest):
            yield DaySaid(match[0], match.span(), exact=today + timedelta(days=ahead))
            rest = blanked(rest, match.span())


def _iso(match: re.Match[str]) -> DaySaid:
    try:
        exact = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        exact = date.min
    return DaySaid(match[0], match.span(), exact=exact)


def _weekday(match: re.Match[str], today: date) -> DaySaid | None:
    """`Sat` and `sun` are words, too: short forms count with a day, a comma or a full stop behind them."""
    word = match[2]
    after = match.string[match.end() : match.end() + 1]
    if word in {"sat", "sun", "mon", "wed"} and after not in {",", ".", " "} and not match[3]:
        return None
    index = next(i for i, names in enumerate(_WEEKDAYS) if any(n.startswith(word[:3]) for n in names))
    number = int(match[3]) if match[3] else None
    exact = None
    if match[1] in {"next", "this", "coming"} and number is None:
        exact = _relative_weekday(match[1], index, today)
    return DaySaid(match[0], match.span(), weekday=index, day=number, exact=exact)


def _relative_weekday(word: str, index: int, today: date) -> date | None:
    """`Next Friday` is read both ways by people: only the one of this week is ruled out for `next`, so it is exact."""
    ahead = (index - today.weekday()) % 7
    if word == "this":
        return today + timedelta(days=ahead)
    return None


def _date(match: re.Match[str], month: str, day: str) -> DaySaid:
    number = next(i for i, names in enumerate(_MONTHS) if month[:3] in names) + 1
    return DaySaid(match[0], match.span(), month=number, day=int(day))


def vague_day(text: str) -> re.Match[str] | None:
    return _VAGUE_DAY.search(text)


def without_greeting(text: str) -> str:
    return _GREETING.sub(lambda m: " " * len(m[0]), text)


def times(text: str) -> Iterator[TimeSaid]:
    for match in _CLOCK.finditer(text):
        if found := _clock(match):
            yield TimeSaid(match[0], match.span(), found)
    for match in _NAMED_CLOCK.finditer(text):
        hour = 12 if match[1] in {"noon", "midday", "mediodia"} else 0
        yield TimeSaid(match[0], match.span(), (time(hour),))


def _clock(match: re.Match[str]) -> tuple[time, ...]:
    g = match.groups()
    hour, minute, half = next(((h, m, p) for h, m, p in _readings(g) if h is not None), (None, 0, None))
    if hour is None:
        return ()
    return tuple(t for t in _both_halves(hour, minute, half))


def _readings(g: tuple[str | None, ...]) -> Iterator[tuple[int | None, int, str | None]]:
    yield _int(g[0]), _int(g[1]) or 0, g[2]
    yield _int(g[3]), 0, g[4]
    yield _int(g[5]), 0, None
    if g[7] is not None:
        before = g[6] in {"to", "of", "before"}
        yield (_int(g[7]) or 0) - (1 if before else 0), 45 if before else 15, g[8]
    yield _int(g[9]), 30, g[10]
    if g[11] is not None:
        minute = 30 if g[13] == "media" else (_int(g[13]) or 0)
        before = g[12] == "menos"
        yield (_int(g[11]) or 0) - (1 if before else 0), 60 - minute if before else minute, g[14]
    yield _int(g[15]), _int(g[16]) or 0, g[17]
    yield _int(g[18]), 0, None


def _int(digits: str | None) -> int | None:
    return int(digits) if digits is not None else None


def _both_halves(hour: int, minute: int, half: str | None) -> Iterator[time]:
    if not (0 <= hour < 24 and 0 <= minute < 60):
        yield time.max
        return
    if half is None:
        yield time(hour, minute)
        if 0 < hour < 12:
            yield time(hour + 12, minute)
        return
    late = half.startswith("p") or any(word in half for word in ("afternoon", "evening", "tarde", "noche"))
    late = late and "manana" not in half
    yield time(hour % 12 + (12 if late else 0), minute)


def parts_of_day(text: str) -> Iterator[PartSaid]:
    for pattern, low, high in _PARTS:
        for match in pattern.finditer(text):
            yield PartSaid(match[0], match.span(), low, high)


def durations(text: str) -> Iterator[DurationSaid]:
    hours_at = None
    for match in _DURATION.finditer(text):
        yield DurationSaid(match[0], match.span(), _minutes(match))
        if hours_at is None and match[3].startswith(("h", "H")):
            hours_at = match.end()
    if hours_at is not None:
        yield from _elliptic(text, hours_at)


def _elliptic(text: str, start: int) -> Iterator[DurationSaid]:
    """`Carbon about two and a half` behind a length in hours."""
    for match in _HALVES.finditer(text, start):
        if not _DURATION.match(text, match.start()):
            yield DurationSaid(match[0], match.span(), int(match[1]) * 60 + 30)


def _minutes(match: re.Match[str]) -> int | None:
    number, words, unit, and_half = match.groups()
    singular = "mes" if unit in {"mes", "meses"} else unit.rstrip("s")
    base = _MINUTES.get(singular) or _DAYS[singular] * 24 * 60
    if words in {"half an", "media"}:
        return base // 2
    if words is not None and words not in {"an", "una", "a"}:
        return None
    count = float(number.replace(",", ".")) if number else 1.0
    if and_half or (number and ("half" in match[0] or "medi" in match[0])):
        count += 0.5
    return round(count * base)


def blanked(text: str, *spans: tuple[int, int]) -> str:
    """The same text with blanks in the place of what was read."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
