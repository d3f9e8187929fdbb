"""A message in numbers: what it means (the encoder's vector) beside how it is spelt (hashed pieces of its words)."""

import re
import unicodedata
from collections.abc import Iterator
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from shared.understanding.encoder import DIMENSIONS, encode

BUCKETS = 1 << 13
WIDTH = DIMENSIONS + BUCKETS

SPELLING = 1.5
"""Its weight beside the meaning's."""

Matrix: TypeAlias = NDArray[np.float32]

_TOKENS = re.compile(r"[\w']+|[^\w\s]")
_LONG_DRAWN = re.compile(r"(.)\1{2,}")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_UNHEARD = {"Mn", "Me", "Cf"}
_CLAUSE_END = re.compile(r"[,;:.!?\n]+")
_PIECES = range(2, 6)
_PHRASES = range(1, 4)


LONGEST = 2000
"""Characters of one text; `whole.hear_whole` reads what is longer in pieces. It bounds what a stranger's long words cost."""


def plain(text: str) -> str:
    """Without accents, letter case, typographic quotes, invisible signs and drawn-out letters (`stoppp`)."""
    letters = unicodedata.normalize("NFKD", text[:LONGEST].replace("\u2019", "'").casefold())[:LONGEST]
    return _LONG_DRAWN.sub(r"\1", "".join(c for c in letters if unicodedata.category(c) not in _UNHEARD))


def sentences(text: str) -> list[str]:
    """The whole message first, then its sentences where there are several."""
    parts = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    return [text, *parts] if len(parts) > 1 else [text]


def clauses(text: str) -> list[str]:
    """Of two words at least; none where the message is one clause."""
    parts = [part.strip() for part in _CLAUSE_END.split(text)]
    return [part for part in parts if " " in part] if len(parts) > 1 else []


def features(texts: list[str]) -> Matrix:
    """One row a text."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    rows[:, :DIMENSIONS] = encode(texts)
    for row, text in zip(rows, texts, strict=True):
        _count(row[DIMENSIONS:], plain(text))
    return rows


def _count(row: Matrix, text: str) -> None:
    for kind in (_pieces(text), _phrases(text)):
        counts = np.bincount([crc32(piece.encode()) % BUCKETS for piece in kind] or [0], minlength=BUCKETS)
        weights = np.log1p(counts.astype(np.float32))
        row += SPELLING * weights / max(float(np.linalg.norm(weights)), 1.0)


def _pieces(text: str) -> Iterator[str]:
    """Of each word with its edges."""
    for word in _TOKENS.findall(text):
        edged = f" {word} "
        for size in _PIECES:
            for start in range(max(1, len(edged) - size + 1)):
                yield edged[start : start + size]


def _phrases(text: str) -> Iterator[str]:
    words = ["^", *_TOKENS.findall(text), "$"]
    for size in _PHRASES:
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])
