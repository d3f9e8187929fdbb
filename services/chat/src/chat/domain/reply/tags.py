"""What stands in an assistant's words for a fact: `{price:q1}`. A closed set, read sentence by sentence as a text comes."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from chat.domain.reply.text import sentences

NAMES = frozenset(
    "price duration time times hours opens closes address phone appointment link total valid about know".split()  # noqa: SIM905
)
STATEMENTS = frozenset({"know", "about"})
"""Whole sentences of the shop's own: what the model writes behind one is a sentence of its own."""

_TAG = re.compile(r"\{([a-z]+)(?::([a-z0-9][a-z0-9_+./-]*))?\}")
_END_OF_STATEMENT = re.compile(rf"(\{{(?:{'|'.join(sorted(STATEMENTS))}):[^{{}}]*\}})[ .]*(?=[ \n])")
LONGEST_TAG = 80


@dataclass(frozen=True)
class Tag:
    """`ref`: what it is of; empty where there is only one."""

    name: str
    ref: str = ""

    def __str__(self) -> str:
        return f"{{{self.name}:{self.ref}}}" if self.ref else f"{{{self.name}}}"


class NotATag(Exception):
    """Braces that hold none of the set."""


Piece: TypeAlias = str | Tag


def pieces(sentence: str) -> tuple[Piece, ...]:
    """Words and tags in order. Raises `NotATag`."""
    found: list[Piece] = []
    at = 0
    for match in _TAG.finditer(sentence):
        found += [sentence[at : match.start()]] if match.start() > at else []
        if match[1] not in NAMES:
            raise NotATag(match[0])
        found.append(Tag(match[1], match[2] or ""))
        at = match.end()
    found += [sentence[at:]] if at < len(sentence) else []
    if stray := next((p for p in found if isinstance(p, str) and re.search(r"[{}]", p)), None):
        raise NotATag(stray.strip()[:LONGEST_TAG])
    return tuple(found)


class Sentences:
    """A text that comes in pieces, as whole sentences; a tag may be split anywhere."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, text: str) -> list[str]:
        """What is whole now."""
        ended = _apart(self._pending + text)
        found = [s for line in ended for s in sentences(line)]
        if not found:
            self._pending += text
            return []
        whole = text[-1:].isspace() and (found[-1][-1:] in ".!?" or _is_statement(found[-1]))
        self._pending = "" if whole else found.pop() + (" " if text[-1:].isspace() else "")
        return found

    def end(self) -> list[str]:
        rest, self._pending = self._pending, ""
        return [s for line in _apart(rest) for s in sentences(line)]


def _apart(text: str) -> list[str]:
    return _END_OF_STATEMENT.sub(r"\1\n", text).split("\n")


def _is_statement(sentence: str) -> bool:
    return sentence.endswith("}") and any(f"{{{name}:" in sentence for name in STATEMENTS)
