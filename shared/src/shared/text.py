"""What is written to us, at every edge: words of people are cleaned, identifiers with a bad character are refused.

PostgreSQL bears no NUL and no lone surrogate; terminals, mails and models obey characters that nobody sees.
"""

import math
import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_STRAY = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters but for line break and tab
    "\ud800-\udfff"  # halves of a character that JSON can name alone
    "\u202a-\u202e\u2066-\u2069"  # bidi overrides and isolates: what is read is not what is written
    "\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # of no width; joiners of emoji and Persian stay
    "\U000e0000-\U000e0fff"  # tags, which models read and people do not
    f"{_NONCHARACTERS}]"
)
_INVISIBLE = re.compile("[\u200c-\u200f\u061c\ufe00-\ufe0f]")
"""Good in words, and never part of an address or a number."""
MARKS_IN_A_ROW = 30
"""Unicode's own limit (UAX #15, Stream-Safe Text); longer runs are vandalism, and sorting them takes time squared."""
DEEPEST = 100
LONGEST_TYPED = 20_000
"""What nobody types is not cleaned, which costs time, but refused."""
"""Levels of a document; the JSON of vendors has a handful, and each costs stack."""

Text = TypeVar("Text")


def cleaned(written: str) -> str:
    """Without what nobody means to write and without surrounding space; in NFC, lines ended by line feeds."""
    text = _STRAY.sub("", _BREAKS.sub("\n", written))
    if not text.isascii():
        text = unicodedata.normalize("NFC", _without_towers(text))
    return text.strip()


def one_line(written: str) -> str:
    return " ".join(cleaned(written).split())


def address_text(written: str) -> str:
    """An e-mail address or a number, without the invisible characters that come with it from other programs."""
    return _INVISIBLE.sub("", one_line(written))


def cleaned_json(value: Any) -> Any:
    """All words and names in a foreign document cleaned, so that PostgreSQL takes it; a number that is none becomes null.

    Raises `ValueError` where it is nested too deeply.
    """
    return _cleaned_json(value, DEEPEST)


def _cleaned_json(value: Any, levels_left: int) -> Any:
    if not levels_left:
        raise ValueError(f"is nested more than {DEEPEST} levels deep")
    match value:
        case str():
            return cleaned(value)
        case dict():
            return {cleaned(name): _cleaned_json(inner, levels_left - 1) for name, inner in value.items()}
        case list() | tuple():
            return [_cleaned_json(inner, levels_left - 1) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def pieces(words: str, longest: int) -> list[str]:
    """All of it in pieces of at most so many characters, cut at line breaks, else between words; whole where it fits."""
    found = []
    while len(words) > longest:
        breaks = (words.rfind(mark, longest // 2, longest) for mark in ("\n", " "))
        cut = next((at for at in breaks if at > 0), longest)
        found.append(words[:cut].rstrip())
        words = words[cut:].lstrip()
    return [*found, words]


def is_clean(written: str) -> bool:
    """Whether an identifier holds nothing that cannot be stored, seen or compared."""
    return not (_STRAY.search(written) or _BREAKS.search(written) or "\n" in written)


def _without_towers(text: str) -> str:
    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MARKS_IN_A_ROW:
            kept.append(letter)
    return "".join(kept)


def _words(value: Text) -> Text | str:
    return cleaned(_bounded(value)) if isinstance(value, str) else value


def _line(value: Text) -> Text | str:
    return one_line(_bounded(value)) if isinstance(value, str) else value


def _address(value: Text) -> Text | str:
    return address_text(_bounded(value)) if isinstance(value, str) else value


def _none_if_blank(value: Text) -> Text | None:
    return None if isinstance(value, str) and not cleaned(_bounded(value)) else value


def _bounded(typed: str) -> str:
    if len(typed) > LONGEST_TYPED:
        raise ValueError(f"has more than {LONGEST_TYPED} characters")
    return typed


def _code(value: str) -> str:
    if not is_clean(value):
        raise ValueError("holds a control character, an invisible one, or half a character")
    return value


_FIRST_DAY, _AFTER_THE_LAST = date(2000, 1, 1), date(3000, 1, 1)


def in_this_age(moment: datetime) -> datetime:
    """Raises `ValueError` near the ends of the calendar, where changing the zone overflows."""
    if not _FIRST_DAY <= moment.date() < _AFTER_THE_LAST:
        raise ValueError("must be a time that can be meant")
    return moment


Words = Annotated[str, BeforeValidator(_words)]
"""What a person wrote, in several lines. As all of these: cleaned first, so that a limit counts what is kept."""
Line = Annotated[str, BeforeValidator(_line)]
"""A name, a title: what a person wrote, in one line."""
AddressText = Annotated[str, BeforeValidator(_address)]
"""An e-mail address or telephone number as typed."""
Code = Annotated[str, AfterValidator(_code)]
"""An identifier of a machine: refused rather than changed, since a changed one is another."""
BlankIsNone = BeforeValidator(_none_if_blank)
"""Forms send an empty field as an empty text."""
Moment = Annotated[AwareDatetime, AfterValidator(in_this_age)]
Day = Annotated[date, Field(ge=_FIRST_DAY, lt=_AFTER_THE_LAST)]
