"""The port behind which the assistants stand: a turn in, checked sentences out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from chat.actions.tools import Tools
from chat.domain.language import Language
from chat.domain.prompt import Said
from chat.domain.values import LeadFacts, Part, ShopFacts


@dataclass(frozen=True)
class Turn:
    """What is to be answered: the messages since the last answer, and the conversation before them.

    `action` is the button pressed last; `text` the words typed, of all unanswered messages; `last_text` the newest only.
    """

    reply_id: UUID
    shop: ShopFacts
    lead: LeadFacts
    history: tuple[Said, ...]
    text: str
    last_text: str
    action: str | None
    misses: int
    now: datetime
    language: Language = "en"


@dataclass(frozen=True)
class Say:
    """Words that may be shown now, with what belongs below them."""

    text: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Miss:
    """The message was not understood; several in a row call for a person."""


@dataclass(frozen=True)
class NotShown:
    """A sentence that failed the check, and why; kept for the record."""

    sentence: str
    reason: str


Step = Say | Miss | NotShown


class AssistantAway(Exception):
    """No answer from this assistant; the next one is to start over."""


class NothingToShow(AssistantAway):
    """The provider answered, but not with anything that may be shown: templates speak, this turn only."""


class Assistant(Protocol):
    @property
    def name(self) -> Literal["claude", "offline"]: ...

    def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        """Raises `AssistantAway`; what was said before then is to be forgotten."""
        ...


@dataclass
class Reply:
    """The answer as it grows."""

    sentences: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    not_shown: list[NotShown] = field(default_factory=list)
    missed: bool = False
    complete: bool = False

    def take(self, step: Step) -> None:
        match step:
            case Say(text, parts):
                self.sentences.append(text)
                self.parts.extend(parts)
            case Miss():
                self.missed = True
            case NotShown():
                self.not_shown.append(step)

    @property
    def text(self) -> str:
        return " ".join(sentence for sentence in self.sentences if sentence)
