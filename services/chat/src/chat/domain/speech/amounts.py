"""Amounts of money and shares in a sentence that was folded, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = r"\d(?:[\d,]*\d)?(?:\.\d+)?"
_MONEY = re.compile(
    rf"(?:\busd? ?)?[$€£] ?({_NUMBER})(?: ?(k|grand|thousand|mil|million)\b)?"
    rf"|\busd ?({_NUMBER})"
    rf"|(?<![\d.,/])({_NUMBER}) ?(k|grand|thousand|mil)?(?: ?(?:us |u\.s\. )?(?:dollars?|bucks?|usd|dolar(?:es)?|euros?|pesos?|[$€£])|(?<=k)\b|(?<=grand)\b)"
    rf"(?: (?:and|con|y) (\d\d?) (?:cents?|centavos?))?"
    rf"|(?<![\d.,/])({_NUMBER}) ?(?:cents?|centavos?)\b"
)
_SIGN = re.compile(r"[$€£]|\b(?:dollars?|bucks?|dolar(?:es)?|euros?|pesos?|cents?|centavos?|grand|usd)\b")
_SHARE = re.compile(r"\d+(?:\.\d+)? ?(?:%|percent\b|por ciento\b)")


@dataclass(frozen=True)
class AmountSaid:
    """`cents` is `None` where the words are no exact amount in dollars (`$4.5k`, euros, a tenth of a cent)."""

    words: str
    span: tuple[int, int]
    cents: int | None


def amounts(text: str) -> Iterator[AmountSaid]:
    for match in _MONEY.finditer(text):
        yield AmountSaid(match[0].strip(), match.span(), _cents(match))


def _cents(match: re.Match[str]) -> int | None:
    first, first_scale, usd, plain, plain_scale, and_cents, only_cents = match.groups()
    if first_scale or plain_scale or re.search(r"[€£]|euro|peso", match[0]):
        return None
    if only_cents:
        return int(only_cents) if only_cents.isdigit() else None
    if not re.fullmatch(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?|\d+(?:\.\d+)?", first or usd or plain):
        return None
    whole, _, fraction = (first or usd or plain).replace(",", "").partition(".")
    if len(fraction) > 2 or (fraction and and_cents):
        return None
    return int(whole) * 100 + int((fraction + "00")[:2]) + int(and_cents or 0)


def stray_sign(text: str) -> re.Match[str] | None:
    """Money named without an amount that could be read; `text` without what `amounts` found."""
    return _SIGN.search(text)


def shares(text: str) -> Iterator[re.Match[str]]:
    return _SHARE.finditer(text)
