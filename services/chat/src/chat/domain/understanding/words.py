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
    service = match_service(words, context.services) or match_tier(words, context.services, context.service)
    return service.code if service else None, match_class(words, context.vehicle_classes)
