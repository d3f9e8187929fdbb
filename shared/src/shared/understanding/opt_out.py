"""Whether somebody's words mean "write to me no more": the carriers' words by rule, everything else by meaning.

Biased towards hearing: below `HEARD` and down to `DOUBTFUL` marketing stops, and the customer is asked once what they meant.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from shared.events.notification import OutboundChannel
from shared.understanding.features import LONGEST, Matrix, clauses, features, plain, sentences

HEARD = 0.95
"""Of the whole message: a sentence alone may say the contrary of the next one."""
DOUBTFUL = 0.3
"""Of the message or one of its sentences. `python -m evals.opt_out` shows what both cost on a set."""

CLEAR_SENTENCE = 0.9
"""And one of its sentences must say so by itself."""
CLEAR_CLAUSE = 0.9
"""A clause torn from its sentence says less: it has to be clear, and then makes a doubt only."""

BOTH: tuple[OutboundChannel, ...] = ("sms", "email")
MOST_PARTS = 20

CARRIER_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
SPANISH_WORDS = frozenset({"alto", "parar", "baja"})
_AMBIGUOUS = frozenset({"stop", "cancel", "end", "quit", "alto", "parar"})
"""In a mail they are judged like other words; in the web chat they may be about the chat."""

_TEXTS = re.compile(r"\b(?:texts?|texting|te?xts?|txting|sms|textos?|mensajes? de texto|texte\w+)\b")
_MAILS = re.compile(r"\b(?:e ?-?mails?|e-?mailing|mail|mailing|inbox|newsletters?|correos?)\b")


@dataclass(frozen=True)
class OptOut:
    """`channels`: what the person does not want any more, all of marketing where they name none. Not `sure`: it may be one."""

    how: Literal["keyword", "free_text"]
    channels: tuple[OutboundChannel, ...]
    language: Literal["en", "es"]
    sure: bool = True


@dataclass(frozen=True)
class _Learnt:
    """Weights of `features`, the constant last; fitted to `opt_out.yaml` by `make understanding`."""

    opt_out: Matrix
    spanish: Matrix


@asynccontextmanager
async def hearing() -> AsyncIterator[None]:
    """Loads the weights beside the start of a service; a message that comes meanwhile waits for them in its thread."""
    loading = asyncio.create_task(hear_opt_out("hello", None))
    try:
        yield
    finally:
        await loading


async def hear_opt_out(text: str, channel: OutboundChannel | None) -> OptOut | None:
    """`channel`: where it was said, `None`: in the web chat. In a thread: a sentence takes some 5 ms."""
    return await asyncio.to_thread(opt_out_in, text, channel)


async def keyword_heard(text: str, channel: OutboundChannel | None) -> OptOut | None:
    """In place of `hear_opt_out`, of words that stand alone: it costs nothing."""
    return _word_alone(text, channel)


def opt_out_in(text: str, channel: OutboundChannel | None) -> OptOut | None:
    if (alone := _word_alone(text, channel)) is not None:
        return alone
    text = plain(text[:LONGEST]) if len(text) > LONGEST else text
    if not plain(text).strip():
        return None
    parts, torn = _parts(text)
    rows = features([*parts, *torn])
    judged = _chances(rows, _learnt().opt_out)
    best = max(judged[: len(parts)])
    if best < DOUBTFUL and max(judged) < CLEAR_CLAUSE:
        return None
    spanish = _chances(rows[:1], _learnt().spanish)[0] > 0.5
    sure = judged[0] >= HEARD and max(judged[1 : len(parts)], default=1.0) >= CLEAR_SENTENCE
    return OptOut("free_text", _channels_named(plain(text)), "es" if spanish else "en", sure)


def chances(text: str) -> list[float]:
    """Of the whole message, its sentences and its clauses: for the evaluation."""
    whole, torn = _parts(text)
    return _chances(features([*whole, *torn]), _learnt().opt_out)


def _parts(text: str) -> tuple[list[str], list[str]]:
    """The message and its sentences, and its clauses; the first and the last of many."""
    return _first_and_last(sentences(text)), _first_and_last(clauses(text))


def _first_and_last(parts: list[str]) -> list[str]:
    half = MOST_PARTS // 2
    return parts if len(parts) <= MOST_PARTS else [*parts[:half], *parts[-half:]]


def spanish_chance(text: str) -> float:
    """That the words are Spanish and not English."""
    return _chances(features([text[:LONGEST]]), _learnt().spanish)[0]


def is_carriers_word(text: str) -> bool:
    """Twilio answers these by itself and then blocks the number; a second receipt from us would be one too many."""
    return text.strip().lower() in CARRIER_WORDS - {"revoke", "optout"}


def _keyword(text: str) -> str:
    """The message's letters, where it is one word but for signs and spaces: `STOP 🛑`, `opt-out`, `s t o p`."""
    return "".join(c for c in plain(text) if c.isalnum())


def _word_alone(text: str, channel: OutboundChannel | None) -> OptOut | None:
    word = _keyword(text)
    return _by_rule(word, channel) if word in CARRIER_WORDS | SPANISH_WORDS else None


def _by_rule(word: str, channel: OutboundChannel | None) -> OptOut | None:
    language: Literal["en", "es"] = "es" if word in SPANISH_WORDS else "en"
    if channel == "sms":
        return OptOut("keyword", ("sms",), language)
    if word not in _AMBIGUOUS:
        return OptOut("keyword", (channel,) if channel else BOTH, language)
    if channel is None and word != "cancel":
        return OptOut("keyword", BOTH, language, sure=False)
    return None


def _channels_named(text: str) -> tuple[OutboundChannel, ...]:
    named: dict[OutboundChannel, bool] = {
        "sms": bool(_TEXTS.search(text)),
        "email": bool(_MAILS.search(text)),
    }
    return tuple(channel for channel in BOTH if named[channel]) or BOTH


def _chances(rows: Matrix, weights: Matrix) -> list[float]:
    return [float(chance) for chance in 1 / (1 + np.exp(-(rows @ weights[:-1] + weights[-1])))]


@cache
def _learnt() -> _Learnt:
    with files("shared.understanding").joinpath("opt_out.npz").open("rb") as file, np.load(file) as kept:
        return _Learnt(kept["opt_out"], kept["spanish"])
