"""A yes that commits, and a no."""

import re
from functools import cache

from chat.domain.catalog import catalog_words, match_service
from chat.domain.conversation import State
from chat.domain.intents import Context
from chat.domain.understanding.words import fits_start, lexicon, local, only, pattern_of, read
from chat.domain.wishes import wish_in

_FEW_WORDS_OF_A_NO = 4


def is_yes(text: str, context: Context) -> bool:
    """An explicit yes with nothing beside it but what agrees: neither `yes, but later` nor `yes` with another time or service.

    What is not known to agree makes it none; asking once more costs less than an appointment that nobody wanted.
    """
    words = read(text, context)
    match = _yes().match(words)
    if match is None or "?" in words:
        return False
    rest = words[match.end() :]
    agreed = {State.CANCEL_CONFIRM: "cancel", State.MOVE_CONFIRM: "move"}.get(context.state)
    service = match_service(rest, context.services)
    if service is not None and service.code != context.service:
        return False
    beside = rest if service is None else _without_words(rest, catalog_words((service,)))
    if not _only_agrees(beside, agreed):
        return False
    wish = wish_in(rest, local(context))
    return not wish.said or (context.held is not None and fits_start(context.held, wish, context))


def _only_agrees(rest: str, *more: str | None) -> bool:
    for topic in ("yes", "thanks", "filler", *more):
        rest = pattern_of(topic).sub(" ", rest) if topic else rest
    return all(only(word, "agreeing") for word in re.findall(r"[\w']+", rest))


def _without_words(text: str, words: set[str]) -> str:
    return " ".join(word for word in text.split() if word not in words)


def is_plain_yes(words: str) -> bool:
    """At the beginning, whatever stands behind it; `words` are read."""
    return _yes().match(words) is not None and "?" not in words


def is_no(words: str) -> bool:
    return len(words.split()) <= _FEW_WORDS_OF_A_NO and _no().match(words) is not None


@cache
def _yes() -> re.Pattern[str]:
    words = lexicon()
    filler, yes = "|".join(words["filler"]), "|".join(words["yes"])
    return re.compile(rf"^\W*(?:(?:{filler})\b\W*)*(?:(?:{yes})\b\W*?)+(?!\s*')")


@cache
def _no() -> re.Pattern[str]:
    words = lexicon()
    return re.compile(rf"^\W*(?:(?:{'|'.join(words['filler'])})\W+)*(?:{'|'.join(words['no'])})(?!\w)")
