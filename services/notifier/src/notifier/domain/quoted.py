"""What a customer says in an e-mail, without the mail that is answered; never nothing where there is anything to read."""

import re
from collections.abc import Iterator

import html_text
import quotequail
from lxml.etree import LxmlError

LONGEST_TEXT = 50_000
LONGEST_HTML = 200_000
"""Of a newsletter's size; what is behind is cut off."""
LONGEST_PARSED_LINES = 1_000
"""The library's time grows with their square; a longer mail, which nobody types, stands as it is behind them."""
ROUNDS = 10
"""Quotes in one mail that are answered between; behind that many the rest stands as it is."""

_UNREADABLE = (LxmlError, ValueError, RecursionError)
_ADDED_BY_A_PROGRAM = re.compile(
    r"(?:(?:sent from|enviado desde)(?: (?>(?:my|mi|the|el|la|all-new|new|nuevo|yahoo|aol|google|gmail|outlook|hotmail|mail|correo|email"
    r"|app|for|para|on|en|iphone|ipad|ios|android|windows|mac|samsung|galaxy|motorola|pixel|huawei|xiaomi|blackberry|nokia|verizon"
    r"|t-mobile|at&t|4g|5g|lte|wireless|smartphone|phone|mobile|cell|tel[eé]fono|celular|m[oó]vil|tablet|tableta|device|dispositivo"
    r"|de|inteligente|[\w-]{0,5}\d[\w+]{0,3})(?=[ .!]|$)))+|(?:get|obt\w+) outlook (?:for|para) (?:ios|android)(?: ?[<(]\S+[>)])?)[.!]?",
    re.IGNORECASE,
)
"""The whole line, of such words alone: whoever goes on behind it says something.

A word is read in one way only (atomic): model numbers can be split in many, and a line of them would take years.
"""
_QUOTED_SUBJECT = re.compile(r"(?:re|aw|fwd?|rv|tr|wg)\s*:", re.IGNORECASE)
_FORWARDED = re.compile(r"(?:fwd?|rv|tr|wg)\s*:", re.IGNORECASE)


def new_words(text: str, html: str, subject: str) -> str:
    """Of the plain part, else of the HTML; where both hold only what looks quoted, that is what the customer says.

    Of a mail that was forwarded to us the whole is.
    """
    text, html = text.replace("\r\n", "\n")[:LONGEST_TEXT], html[:LONGEST_HTML]
    readings = _whole(text, html) if _FORWARDED.match(subject) else _replies(text, html)
    return next((words for words in readings if words), "")


def _replies(text: str, html: str) -> Iterator[str]:
    yield _joined(_around_quotes(text))
    yield _joined(_around_quotes_in_html(html))
    yield _unmarked(text)
    yield from _whole(text, html)


def _whole(text: str, html: str) -> Iterator[str]:
    yield text.strip()
    yield _as_text(html)


def is_quoted(subject: str) -> bool:
    """Whether it is that of the mail that is answered or forwarded, and nothing the sender says."""
    return _QUOTED_SUBJECT.match(subject.strip()) is not None


def _joined(parts: list[str]) -> str:
    return "\n\n".join(words for part in parts if (words := _own_lines(part)))


def _own_lines(part: str) -> str:
    """Without short quotes, which the library leaves in, and what a phone adds. A signature stays: people write below it, too."""
    lines = _unmarked(part).split("\n")
    return "\n".join(line for line in lines if not _ADDED_BY_A_PROGRAM.fullmatch(line.strip())).strip()


def _unmarked(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">")).strip()


def _around_quotes(text: str) -> list[str]:
    lines = text.split("\n")
    parts, text = [], "\n".join(lines[:LONGEST_PARSED_LINES])
    for _ in range(ROUNDS):
        found = quotequail.unwrap(text)
        if not found:
            break
        parts.append(found.get("text_top", ""))
        text = found.get("text_bottom", "")
    return [*parts, text, "\n".join(lines[LONGEST_PARSED_LINES:])]


def _around_quotes_in_html(html: str) -> list[str]:
    parts: list[str] = []
    if _as_text(html).count("\n") > LONGEST_PARSED_LINES:
        return parts
    try:
        for _ in range(ROUNDS):
            found = quotequail.unwrap_html(html) if html else None
            if not found:
                break
            parts.append(_as_text(found.get("html_top", "")))
            html = found.get("html_bottom", "")
    except _UNREADABLE:
        return []
    return [*parts, _as_text(html)]


def _as_text(html: str) -> str:
    try:
        return html_text.extract_text(html).strip() if html else ""
    except _UNREADABLE:
        return html
