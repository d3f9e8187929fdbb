"""Whether somebody's words mean "write to me no more"; a model may add to this verdict, never take from it."""

import re
from dataclasses import dataclass
from typing import Literal

from shared.events.notification import OutboundChannel

PROVIDER_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
"""Twilio answers these by itself and then blocks the number; a second receipt from us would be one too many."""

STOP_WORDS = PROVIDER_WORDS | {"REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"}
START_WORDS = frozenset({"START", "UNSTOP"})

_NOT = r"\b(?:do\s?n[o']?t|do not|never|no longer)\s+(?:ever\s+)?"
_SEND = r"send\s+(?:me|us)\s+(?:any\s+)?(?:more\s+)?"
_STOP = r"(?<!n't )(?<!not )(?<!never )\b(?:stop|quit|cease|no more)\s+(?:sending\s+)?(?:me\s+)?(?:(?:any|all|these|the|your)\s+)?(?:more\s+)?"
_TEXT = re.compile(
    rf"{_NOT}(?:(?:text|message|sms)\s+(?:me|us|this)|{_SEND}(?:text|message|sms))|{_STOP}(?:texts?\b|texting|sms|messages|messaging)",
    re.IGNORECASE,
)
_MAIL = re.compile(
    rf"{_NOT}(?:e-?mail\s+(?:me|us|this)|{_SEND}e-?mail)|{_STOP}(?:e-?mails|e-?mailing)", re.IGNORECASE
)
_ALL = re.compile(
    rf"{_NOT}(?:contact|write\s+to|write)\s+(?:me|us)|{_STOP}(?:contacting|writing)"
    r"|\bunsubscribe\s+me\b|\bopt\s+me\s+out\b|\bleave me alone\b"
    r"|\b(?:take|remove)\s+me\s+(?:off|from)\s+(?:your|the|this)\s+(?:\w+\s+)?list\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class OptOut:
    """`channels`: what the person does not want any more."""

    how: Literal["keyword", "free_text"]
    channels: tuple[OutboundChannel, ...]


def opt_out_in(text: str, channel: OutboundChannel | None) -> OptOut | None:
    """`channel`: where it was said, `None`: in the web chat, where a bare "stop" is about the chat and not an opt-out."""
    if channel is not None and _keyword(text) in STOP_WORDS:
        return OptOut("keyword", (channel,))
    plain = text.replace("\u2019", "'")
    if _ALL.search(plain):
        return OptOut("free_text", ("sms", "email"))
    channels: list[OutboundChannel] = []
    if _TEXT.search(plain):
        channels.append("sms")
    if _MAIL.search(plain):
        channels.append("email")
    return OptOut("free_text", tuple(channels)) if channels else None


def opts_in(text: str) -> bool:
    return _keyword(text) in START_WORDS


def answered_by_provider(text: str) -> bool:
    return _keyword(text) in PROVIDER_WORDS


def _keyword(text: str) -> str:
    return " ".join(text.upper().split()).strip(".!\"' ")
