"""Receipt-bound speech: no price, time, date or promise in an answer without a tool result behind it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from chat.domain.wishes import (
    CLOCK,
    DAY_OF_MONTH,
    MONTH_DAY,
    NUMERIC_DAY,
    WEEKDAY,
    month_number,
    weekday_index,
)


@dataclass(frozen=True)
class Receipt:
    """One tool result of this conversation; `refused` results prove nothing but their alternatives."""

    tool: str
    result: Mapping[str, object]
    refused: bool = False


@dataclass(frozen=True)
class Proof:
    """What the receipts of a conversation allow an answer to say. `moments` are local at the location."""

    cents: frozenset[int] = frozenset()
    moments: tuple[datetime, ...] = ()
    promises: frozenset[str] = frozenset()
    appointment: str | None = None


@dataclass(frozen=True)
class Veto:
    """Why a sentence may not be shown; told to the model, never to the customer."""

    reason: str


_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
_ABBREVIATION = re.compile(
    r"\b(?:a\.m|p\.m|mr|mrs|dr|st|ave|blvd|no|approx|vs|etc|e\.g|i\.e)\.$", re.IGNORECASE
)

_MONEY = re.compile(
    r"[$€£\uff04]\s?(\d[\d,]*(?:\.\d+)?)\s?(k\b)?|(?<![\d.,])(\d[\d,]*(?:\.\d+)?)\s?(?:us)?\s?(?:dollars?|bucks|usd|cents?)\b",
    re.IGNORECASE,
)
_WORD_MONEY = re.compile(
    r"\b(?:dollars?|bucks)\b|\b(?:for |it'?s |is |completely |totally )free\b|\bfree of charge\b|\bno (?:extra )?charge\b|"
    r"\bcomplimentary\b|\d+\s?%\s?(?:off|discount)|\bhalf (?:off|price)\b",
    re.IGNORECASE,
)
_BARE_HOUR = re.compile(
    r"\b(?:at|from|until|till|by|before|after)\s+(\d{1,2})\b(?!\s?[%:/\d$-]|\s*(?:am|pm|a\.m|p\.m|minutes?|hours?|days?|weeks?))"
)
_DONE: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "booked",
        re.compile(
            r"\b(?:booked|scheduled|confirmed|all set|locked in|see you (?:on|at|then|there))\b",
            re.IGNORECASE,
        ),
    ),
    ("moved", re.compile(r"\b(?:moved|rescheduled|changed your appointment)\b", re.IGNORECASE)),
    ("cancelled", re.compile(r"\b(?:cancell?ed)\b", re.IGNORECASE)),
    (
        "held",
        re.compile(
            r"\b(?:reserved|i(?:'m| am) holding|i(?:'ve| have) held|held for you|on hold for you)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "handed_off",
        re.compile(
            r"\b(?:will|'ll|going to) (?:\w+ )?(?:call|contact|reach out|text|email|get back|follow up|join|step in)\b"
            r"|\b(?:notified|alerted|told) (?:the |our |a )?(?:team|staff|shop|manager|person)\b",
            re.IGNORECASE,
        ),
    ),
)
_NOT_DONE = re.compile(
    r"\b(?:not|isn't|hasn't|haven't|can't|cannot|nothing|no (?:appointment|booking)|once|until|if|before|unless|when you|"
    r"would you|shall i|should i|do you|want (?:me|to)|can i|could i|to (?:be|get))\b|n't\b",
    re.IGNORECASE,
)
"""Said before the claim, it takes the claim back; said after it (`you're booked, no problem`), it does not."""
_PROMISES = {
    "book": "booked",
    "move_appointment": "moved",
    "cancel_appointment": "cancelled",
    "hold_slot": "held",
    "hand_off": "handed_off",
}


def sentences(text: str) -> list[str]:
    """Whole sentences, in order; joining them with spaces reads as the text did."""
    pieces: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if pieces and _ABBREVIATION.search(pieces[-1]):
            pieces[-1] += f" {piece}"
        elif piece.strip():
            pieces.append(piece.strip())
    return pieces


def proof_of(receipts: Iterable[Receipt], timezone: str, appointment: str | None = None) -> Proof:
    """`appointment`: the status of the conversation's appointment, which also proves."""
    zone = ZoneInfo(timezone)
    found = _Found(zone)
    promises: set[str] = set()
    for receipt in receipts:
        found.walk("", receipt.result)
        if not receipt.refused and receipt.tool in _PROMISES:
            promises.add(_PROMISES[receipt.tool])
    if appointment == "booked":
        promises.add("booked")
    if appointment == "cancelled":
        promises = (promises - {"booked", "moved"}) | {"cancelled"}
    return Proof(frozenset(found.cents), tuple(found.moments), frozenset(promises), appointment)


@dataclass
class _Found:
    zone: ZoneInfo
    cents: set[int] = field(default_factory=set)
    moments: list[datetime] = field(default_factory=list)

    def walk(self, key: str, value: object) -> None:
        match value:
            case Mapping():
                for name, inner in value.items():
                    self.walk(str(name), inner)
            case list() | tuple():
                for inner in value:
                    self.walk(key, inner)
            case bool():
                return
            case int() if key.endswith("_cents"):
                self.cents.add(value)
            case str() if key in {"start", "end", "expires_at", "valid_until", "day"}:
                self._moment(value)

    def _moment(self, value: str) -> None:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return
        self.moments.append(
            moment.astimezone(self.zone) if moment.tzinfo else moment.replace(tzinfo=self.zone)
        )


def verdict(sentence: str, proof: Proof) -> Veto | None:
    """`None`: the sentence may be shown."""
    return _money(sentence, proof) or _moments(sentence, proof) or _claims(sentence, proof)


def _money(sentence: str, proof: Proof) -> Veto | None:
    for match in _MONEY.finditer(sentence):
        cents = _cents(match)
        if cents not in proof.cents:
            return Veto(f"no tool result holds the amount {match[0].strip()!r}")
    rest = _MONEY.sub(" ", sentence)
    if words := _WORD_MONEY.search(rest):
        return Veto(f"no tool result holds {words[0].strip()!r}; say prices only as tools give them")
    return None


def _cents(match: re.Match[str]) -> int | None:
    number = (match[1] or match[3]).replace(",", "")
    whole, _, fraction = number.partition(".")
    if len(fraction) > 2 or match[2]:
        return None
    if match[3] and "cent" in match[0].lower():
        return int(whole)
    return int(whole) * 100 + int((fraction + "00")[:2])


def _moments(sentence: str, proof: Proof) -> Veto | None:
    lowered = sentence.lower()
    days = list(_days(lowered))
    times = list(_times(lowered))
    fitting = [m for m in proof.moments if all(day.fits(m.date()) for day in days)]
    several = (
        [m for m in proof.moments if any(day.fits(m.date()) for day in days)] if days else list(proof.moments)
    )
    for day in days:
        if not any(day.fits(m.date()) for m in proof.moments):
            return Veto(f"no tool result holds the day {day.words!r}")
    if len(days) > 1 and _one_day(days) and not fitting:
        return Veto("weekday and date in the sentence do not belong to one tool result")
    for words, moment in times:
        if not any(
            m.time().replace(tzinfo=None, second=0, microsecond=0) == moment for m in (fitting or several)
        ):
            return Veto(f"no tool result holds the time {words!r} on that day")
    return None


@dataclass(frozen=True)
class _Day:
    words: str
    kind: str
    weekday: int | None = None
    month: int | None = None
    day: int | None = None

    def fits(self, other: date) -> bool:
        return (
            (self.weekday is None or other.weekday() == self.weekday)
            and (self.month is None or other.month == self.month)
            and (self.day is None or other.day == self.day)
        )


def _one_day(days: Sequence[_Day]) -> bool:
    """One weekday and one date in a sentence speak of the same day."""
    kinds = [day.kind for day in days]
    return kinds.count("weekday") <= 1 and len(kinds) - kinds.count("weekday") <= 1


def _days(lowered: str) -> Iterable[_Day]:
    for match in WEEKDAY.finditer(lowered):
        if match[0] not in {"sat", "sun", "wed", "mon", "may"} or re.search(rf"\b{match[0]},", lowered):
            yield _Day(match[0], "weekday", weekday=weekday_index(match[1]))
    for match in MONTH_DAY.finditer(lowered):
        yield _Day(match[0], "date", month=month_number(match[1]), day=int(match[2]))
    for match in NUMERIC_DAY.finditer(lowered):
        yield _Day(match[0], "date", month=int(match[1]), day=int(match[2]))
    bare = MONTH_DAY.sub(" ", lowered)
    for match in DAY_OF_MONTH.finditer(bare):
        if int(match[1]) > 3 or "the " in match[0]:
            yield _Day(match[0], "date", day=int(match[1]))


def _times(lowered: str) -> Iterable[tuple[str, time]]:
    for match in CLOCK.finditer(lowered):
        hour, minute = int(match[1] or match[4]), int(match[2] or match[5] or 0)
        half = (match[3] or "")[:1]
        hour = hour % 12 + (12 if half == "p" else 0) if half else hour
        if hour < 24 and minute < 60:
            yield match[0], time(hour, minute)
    if "noon" in re.findall(r"[a-z]+", lowered):
        yield "noon", time(12)
    for match in _BARE_HOUR.finditer(CLOCK.sub(" ", MONTH_DAY.sub(" ", lowered))):
        hour = int(match[1])
        if 1 <= hour <= 12:
            yield match[0], time(hour % 12 + (12 if hour < 8 or hour == 12 else 0))


def _claims(sentence: str, proof: Proof) -> Veto | None:
    for promise, pattern in _DONE:
        found = pattern.search(sentence)
        if found and promise not in proof.promises and not _NOT_DONE.search(sentence[: found.start()]):
            return Veto(f"nothing was {promise.replace('_', ' ')}: no tool result says {found[0]!r}")
    return None
