"""The port behind which the assistants stand: a turn in, checked sentences out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from chat.actions.tools import Tools
from chat.domain import phrases
from chat.domain.conversation import Owner
from chat.domain.language import Language
from chat.domain.model_prices import Spent
from chat.domain.prompt import Said
from chat.domain.values import ActionsPart, LeadFacts, Part, ShopFacts

PieceT = TypeVar("PieceT")


class Unwanted(Exception):
    """Newer words or a person came in: nobody wants the rest of this answer."""


class StopSign:
    """Raised by whoever learns that an answer in the making is unwanted; a model's stream ends at it."""

    def __init__(self) -> None:
        self._waiting: asyncio.Timeout | None = None
        self.raised = False

    def put_up(self) -> None:
        self.raised = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def next_of(self, pieces: AsyncIterator[PieceT]) -> PieceT:
        """Raises `Unwanted`, also while waiting; `StopAsyncIteration` at the end."""
        if self.raised:
            raise Unwanted
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await anext(pieces)
        except TimeoutError:
            if self.raised:
                raise Unwanted from None
            raise
        finally:
            self._waiting = None


@dataclass(frozen=True)
class Turn:
    """What is to be answered: the messages since the last answer, and the conversation before them.

    `action` is the button pressed last; `text` the words typed, of all unanswered messages; `last_text` the newest only.
    `misses` and `refusals`: answers that did not help and bookings that failed so far, in a row. `person_offered`: why a person
    is on offer since the last answer; `person_asked`: one is awaited.
    """

    reply_id: UUID
    shop: ShopFacts
    lead: LeadFacts
    history: tuple[Said, ...]
    text: str
    last_text: str
    action: str | None
    misses: int
    refusals: int
    now: datetime
    language: Language = "en"
    person_offered: str | None = None
    person_asked: bool = False
    stop: StopSign = field(default_factory=StopSign)
    spent: list[Spent] = field(default_factory=list)
    """What the calls of the model cost, as they are made."""


def buttons_of(turn: Turn, tools: Tools) -> ActionsPart:
    """Those of where the conversation stands."""
    asked = (turn.person_asked or tools.hand_off_wish is not None) and not tools.nobody_wanted
    actions = phrases.actions_of(tools.facts.state, Owner.ASSISTANT, turn.language, person_asked=asked)
    return ActionsPart(actions=actions)


@dataclass(frozen=True)
class Say:
    """Words that may be shown now, with what belongs below them."""

    text: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Miss:
    """The message was not understood; several in a row call for a person."""


@dataclass(frozen=True)
class Judged:
    """A model's sentence and what became of it; kept for the record.

    `left_out`: it only announced what came. `cut`: a part of it was dropped, the rest is the next one.
    """

    sentence: str
    outcome: Literal["shown", "cut", "dropped", "left_out"]
    kind: str = ""
    reason: str = ""


Step = Say | Miss | Judged


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
    judged: list[Judged] = field(default_factory=list)
    missed: bool = False
    complete: bool = False

    def take(self, step: Step) -> None:
        match step:
            case Say(text, parts):
                self.sentences.append(text)
                self.parts.extend(parts)
            case Miss():
                self.missed = True
            case Judged():
                self.judged.append(step)

    @property
    def text(self) -> str:
        return " ".join(sentence for sentence in self.sentences if sentence)
