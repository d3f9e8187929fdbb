"""A reply of a model, sentence by sentence: what may be shown, what is dropped and what is in doubt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chat.domain.language import Language
from chat.domain.reply.cuts import cuts
from chat.domain.reply.ledger import Ledger, Unproved
from chat.domain.reply.render import joined
from chat.domain.reply.screen import (
    Doubt,
    Screen,
    agrees_only,
    answers,
    asks,
    is_statement,
    only_announces,
    says_not_known,
)
from chat.domain.reply.tags import NotATag, Piece, Tag, pieces
from chat.domain.reply.text import cleaned

Verdict = Literal["supported", "courtesy", "unsupported"]
"""Of a judge: proved by what it was given, no claim at all, or neither."""


@dataclass(frozen=True)
class Reviewed:
    """`said`: as the model wrote it. `text`: as it is shown; empty where it says nothing. `claims`: for the detector, where it is to look.

    `not_known`: it tells the customer that their question has no answer here.
    """

    said: str
    text: str = ""
    doubt: Doubt | None = None
    claims: str = ""
    not_known: bool = False


class Review:
    """Of one reply; a bare yes waits for the sentence that proves it."""

    def __init__(self, ledger: Ledger, language: Language) -> None:
        self._ledger = ledger
        self._language = language
        self._screen = Screen(ledger)
        self._asked = ledger.setting.said[-1] if ledger.setting.said else ""
        self._yes: Reviewed | None = None

    def of(self, sentences: Iterable[str]) -> Iterator[Reviewed]:
        for sentence in sentences:
            found, parts = self._reviewed(cleaned(sentence))
            yes, self._yes = self._yes, None
            if yes is not None:
                proved = answers(parts, self._asked)
                yield _joined(yes, found) if proved else yes
                if proved:
                    continue
            if asks(self._asked) and found.doubt is None and agrees_only(parts):
                self._yes = _in_doubt(found)
            else:
                yield found

    def shorter(self, sentence: Reviewed) -> Iterator[Reviewed]:
        """Of one that may not be shown: what is left of it without the part that it may not be shown for, the longest first."""
        found = (self._reviewed(text)[0] for text in cuts(cleaned(sentence.said)))
        return (one for one in found if one.doubt is None and one.text)

    def end(self) -> Iterator[Reviewed]:
        yes, self._yes = self._yes, None
        if yes is not None:
            yield yes

    def _reviewed(self, said: str) -> tuple[Reviewed, Sequence[Piece]]:
        try:
            parts = pieces(said)
            text = self._written(parts)
        except (NotATag, Unproved) as error:
            return Reviewed(said, doubt=Doubt("tag", str(error))), ()
        if only_announces(parts):
            return Reviewed(said), parts
        if is_statement(parts):
            return Reviewed(said, text), parts
        claims = self._screen.claim_words(parts)
        return Reviewed(said, text, self._screen.doubt(parts), claims, says_not_known(parts)), parts

    def _written(self, parts: Sequence[Piece]) -> str:
        """Two figures side by side never read as one."""
        said: list[tuple[str, bool]] = []
        for part in parts:
            words = part if isinstance(part, str) else self._ledger.rendered(part, self._language)
            apart = said and said[-1][0][-1:].isalnum() and words[:1].isalnum()
            said.append((f" {words}" if apart else words, isinstance(part, Tag)))
        return joined(said)


def _in_doubt(yes: Reviewed) -> Reviewed:
    doubt = Doubt("acceptance", "that agrees to what no tag proves; say what you know", final=False)
    return Reviewed(yes.said, yes.text, doubt)


def _joined(yes: Reviewed, proof: Reviewed) -> Reviewed:
    """They stand and fall together."""
    return Reviewed(f"{yes.said} {proof.said}", f"{yes.text} {proof.text}", proof.doubt, proof.claims)
