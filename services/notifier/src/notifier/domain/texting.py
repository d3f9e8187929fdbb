"""Words as a text message takes them: in the cheap alphabet where they fit it, and never longer than a few segments."""

import re
import unicodedata

SEGMENTS = 5
"""A text of more is cut, with the link to the rest."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")
"""Of the same alphabet, at two places each."""
_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u2022": "-",
        "\u00a0": " ",
        "\t": " ",
    }
)
_PER_SEGMENT = 153
_PER_UNICODE_SEGMENT = 67
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")


def as_text(words: str, link: str = "") -> str:
    """In GSM-7 where no letter is lost by it. What is cut off is behind `link`."""
    plain = _in_gsm(words)
    if length(plain) <= SEGMENTS * _per_segment(plain):
        return plain
    tail = f"... {link}" if link else "..."
    return _cut(plain, SEGMENTS * _per_segment(plain) - length(tail)) + tail


def length(text: str) -> int:
    """In the places of its alphabet."""
    if _is_gsm(text):
        return sum(2 if letter in _GSM_TWICE else 1 for letter in text)
    return len(text.encode("utf-16-le")) // 2


def segments(text: str) -> int:
    """That a text is sent and paid in."""
    whole = 160 if _is_gsm(text) else 70
    return 1 if length(text) <= whole else -(-length(text) // _per_segment(text))


def _is_gsm(text: str) -> bool:
    return all(letter in _GSM or letter in _GSM_TWICE for letter in text)


def _per_segment(text: str) -> int:
    return _PER_SEGMENT if _is_gsm(text) else _PER_UNICODE_SEGMENT


def _in_gsm(words: str) -> str:
    """Accents go where GSM-7 has none for the letter, and so do pictures; a letter of another script keeps all as it is."""
    kept = []
    for letter in words.translate(_PLAIN):
        known = letter in _GSM or letter in _GSM_TWICE
        base = letter if known else unicodedata.normalize("NFKD", letter)
        found = "".join(part for part in base if part in _GSM or part in _GSM_TWICE)
        if not found and letter.isalnum():
            return words
        kept.append(found)
    return "".join(kept)


def _cut(text: str, room: int) -> str:
    """After the last sentence or line that fits, else after the last word."""
    while length(text) > room:
        text = text[: -max(1, (length(text) - room) // 2)]
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    if ends and ends[-1] > len(text) // 2:
        return text[: ends[-1]].rstrip() + " "
    return text.rsplit(" ", 1)[0].rstrip() + " "
