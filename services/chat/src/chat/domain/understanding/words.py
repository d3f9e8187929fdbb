"""A customer's words as they are read: in English, spelling put right, against the catalogue and the lists of words that are rules."""

import re
import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from chat.domain.catalog import catalog_words, match_class, match_service, match_tier
from chat.domain.intents import Context
from chat.domain.language import glossary_words, in_english, plain
from chat.domain.spelling import corrected
from chat.domain.values import Slot
from chat.domain.wishes import Wish, fits


@cache
def lexicon() -> dict[str, list[str]]:
    """With apostrophes or without, as people type."""
    text = files("chat.domain").joinpath("lexicon.toml").read_text("utf-8")
    return {topic: [w.replace("'", "'?") for w in words] for topic, words in tomllib.loads(text).items()}


@cache
def pattern_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$])(?:{'|'.join(lexicon()[name])})(?!\w)")


def has(words: str, topic: str) -> bool:
    return pattern_of(topic).search(words) is not None


def read(text: str, context: Context) -> str:
    return in_english(corrected(plain(text), catalog_words(context.services) | glossary_words()))


def local(context: Context) -> datetime:
    return context.now.astimezone(ZoneInfo(context.timezone))


def fits_start(start: datetime, wish: Wish, context: Context) -> bool:
    return fits(Slot(start=start, end=start, label=""), wish, context.timezone)


def only(words: str, topic: str) -> bool:
    return re.fullmatch(rf"\W*(?:{'|'.join(lexicon()[topic])})\W*", words) is not None


def named(words: str, context: Context) -> tuple[str | None, str | None]:
    """The service and the class of car that are wanted: `all windows except the windshield` names no windshield."""
    wanted = _EXCLUDED.sub(" ", words)
    service = match_service(wanted, context.services) or match_tier(wanted, context.services, context.service)
    return service.code if service else None, match_class(words, context.vehicle_classes)


_EXCLUDED = re.compile(
    r"\b(?:except|excluding|without|minus|instead of|but not|excepto|menos|sin|en (?:vez|lugar) de|not|no)(?: for)?(?: (?:the|de|el|la|los|las|my))?"
    r" (?:windshield|(?:window )?tint|ceramic|carbon|dyed|front|back|rear)(?: (?:tint|window|windows|glass|one|windshield))?\b"
)


def names_a_part(words: str) -> bool:
    """Windows of a car that are fewer than all of them and other than the front ones."""
    return _PART.search(words) is not None


_SIDE = r"(?:back|rear|(?:driver|passenger)'?s?(?: side)?|quarter|one|single|1)"
_PART = re.compile(
    rf"\b{_SIDE} (?:(?:side|door|passenger|small|little|only|two|2|seat) )*(?:windows?|glass|doors?|windshield|side|ones?|half)\b|\b(?:the|just|only) (?:backs?|rears?)\b"
    r"|\bsun ?roof\b|\bmoon ?roof\b|\bquemacocos\b|\bmedallon\b|\b(?:de atras|traser[oa]s?)\b|\bun[oa]? (?:solo |sola |only )?(?:vidrio|ventana|puerta)\b"
)
_ALONE = re.compile(
    r"\b(?:only|just|without|except|excluding|minus|sin|menos|excepto|nomas|leave out|skip(?:ping)?)\b"
)


def names_a_part_alone(words: str) -> bool:
    """`without the back window`."""
    return names_a_part(words) and _ALONE.search(words) is not None


def names_only(words: str) -> bool:
    return _ALONE.search(words) is not None
