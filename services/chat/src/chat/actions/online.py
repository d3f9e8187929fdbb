"""The assistant with a model: Claude speaks, tools act, and every fact comes out of the ledger."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import structlog
from pydantic import ValidationError
from shared.telemetry.logs import without_words

from chat.actions.assistant import AssistantAway, Judged, NothingToShow, Say, Step, Turn, buttons_of
from chat.actions.offline import OfflineAssistant
from chat.actions.toolbox import TOOLS, use
from chat.actions.tools import NotPossible, Tools
from chat.clients.booking import BookingAway
from chat.clients.claims import ClaimDetector
from chat.clients.claude import (
    Ask,
    Claude,
    ClaudeAway,
    ClaudeGarbled,
    Finished,
    Heard,
    Judge,
    Spoken,
    TextDelta,
    ToolCall,
    ToolResults,
)
from chat.domain import phrases
from chat.domain.conversation import Facts
from chat.domain.prompt import JudgeAsk, Prompt, briefing, facts_of, prompt_for, told
from chat.domain.reply.ledger import Ledger, Setting, ledger_of
from chat.domain.reply.review import Review, Reviewed
from chat.domain.reply.screen import Doubt
from chat.domain.reply.tags import Sentences, Tag, pieces
from chat.domain.values import AppointmentPart, Part, vehicle_text

log = structlog.get_logger()

MAX_CALLS = 6
MOST_CUTS = 4
"""Of a sentence that are looked at."""
TRIES = 2
"""Where all sentences of a call were dropped, the (stronger) model is told why, once."""


@dataclass(frozen=True)
class Doubts:
    """Who finds claims in plain words, from which chance on, and who decides over them. Without a judge they are dropped."""

    detector: ClaimDetector
    from_chance: float
    judge: Judge | None = None
    judge_seconds: float = 1.5


class ClaudeAssistant:
    """A button is answered from data at once; words go to the model."""

    name: Literal["claude"] = "claude"

    def __init__(
        self,
        claude: Claude,
        offline: OfflineAssistant,
        answer_seconds: float,
        doubts: Doubts,
    ) -> None:
        self._claude = claude
        self._offline = offline
        self._answer_seconds = answer_seconds
        self._doubts = doubts

    async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        if turn.action is not None:
            async for step in self._offline.answer(turn, tools):
                yield step
            return
        deadline = asyncio.get_running_loop().time() + self._answer_seconds
        steps = _Speech(self._claude, self._doubts, turn, tools).steps()
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    step = await anext(steps)
                yield step
        except StopAsyncIteration:
            return
        except (ClaudeAway, TimeoutError) as error:
            raise AssistantAway(type(error).__name__) from error
        except ClaudeGarbled as error:
            raise NothingToShow(type(error).__name__) from error


class _Speech:
    """One answer: calls of the model, tools in between, sentences reviewed as they end."""

    def __init__(self, claude: Claude, doubts: Doubts, turn: Turn, tools: Tools) -> None:
        self._claude = claude
        self._doubts = doubts
        self._turn = turn
        self._tools = tools
        self._prompt: Prompt = prompt_for(self._ledger(), tools.facts, turn.history)
        self._messages: list[Spoken | ToolResults] = [
            Spoken(role == "user", text) for role, text in self._prompt.messages
        ]
        self._parts: dict[str, Part] = {}
        self._told: list[str] = []
        self._tries = 0

    async def steps(self) -> AsyncIterator[Step]:
        something = False
        for _ in range(MAX_CALLS):
            heard = _Hearing(self._turn, self._ledger(), self._doubts, self._tools.facts, self._told)
            async for step in heard.steps(self._claude.stream(self._ask(), self._turn.spent.append)):
                something = something or isinstance(step, Say)
                yield step
            if heard.not_known:
                self._tools.unanswered.append(self._turn.last_text)
            if heard.calls:
                known = len(self._tools.receipts)
                await self._use_tools(heard)
                held = any(receipt.tool == "hold_slot" for receipt in self._tools.receipts[known:])
                if closing := self._closing(held=held):
                    yield closing
                    return
            elif something:
                yield Say("", self._all_parts())
                return
            else:
                self._object_to(heard)
        raise NothingToShow("no answer within the calls allowed")

    def _ask(self) -> Ask:
        return Ask(
            self._prompt.rules, self._prompt.briefing, tuple(self._messages), TOOLS, strong=self._tries > 0
        )

    def _ledger(self) -> Ledger:
        facts, turn = self._tools.facts, self._turn
        vehicle = facts.vehicle or turn.lead.vehicle
        setting = Setting(
            shop=turn.shop,
            lead=turn.lead,
            now=turn.now,
            vehicle=vehicle,
            vehicle_class=facts.vehicle_class or (vehicle.vehicle_class if vehicle else None),
            appointment=facts.appointment,
            said=tuple(said.text for said in turn.history if said.by_customer),
        )
        return ledger_of(self._tools.receipts, setting)

    def _object_to(self, heard: "_Hearing") -> None:
        self._tries += 1
        if self._tries >= TRIES or not heard.dropped:
            raise NothingToShow(f"nothing left to say: {heard.stop_reason}")
        reasons = "; ".join(f"{said!r}: {doubt.reason}" for said, doubt in heard.dropped)
        self._messages += [
            Spoken(by_customer=False, text="..."),
            Spoken(
                by_customer=True,
                text=f"[automatic check, not the customer] Nothing of that was shown. {reasons}. Answer again, with tags.",
            ),
        ]

    async def _use_tools(self, heard: "_Hearing") -> None:
        results = [(call.id, await self._use(call)) for call in heard.calls]
        self._messages.append(ToolResults(heard.content, results))

    async def _use(self, call: ToolCall) -> str:
        """The result as the model reads it; a refusal is a result, too."""
        try:
            used = await use(self._tools, call.name, call.input)
        except ValidationError as error:
            return json.dumps(
                {"error": "invalid input", "fields": [e["loc"] for e in error.errors()]}, default=str
            )
        except NotPossible as error:
            return json.dumps({"error": "not possible now", "reason": str(error)})
        except BookingAway:
            raise NothingToShow("booking is away: templates know what may be said then") from None
        self._parts |= used.parts
        self._told.append(told(call.name, used.result))
        return self._told[-1]

    def _closing(self, *, held: bool) -> Say | None:  # noqa: PLR0911 - one line for each thing that binds
        """What binds the customer or the shop is read back from data, never in the model's words. `held`: by these calls."""
        tools, facts = self._tools, self._tools.facts
        language = self._turn.language
        buttons = buttons_of(self._turn, tools)
        if tools.hand_off_wish is not None:
            return Say(phrases.handed_off(self._turn.shop, tools.hand_off_wish.opening, language), (buttons,))
        if tools.changed is not None and facts.appointment is not None:
            text = {"booked": phrases.booked, "moved": phrases.moved, "cancelled": phrases.cancelled}[
                tools.changed
            ]
            return Say(text(facts.appointment, language), (AppointmentPart.of(facts.appointment, language),))
        if facts.state == "cancel_confirm" and facts.booked is not None:
            return Say(phrases.ask_cancel(facts.booked, language), (buttons,))
        if not held or facts.hold is None:
            return None
        if facts.booked is not None:
            return Say(phrases.move_read_back(facts.booked, facts.hold, language), (buttons,))
        if facts.quote is None:
            return None
        vehicle = vehicle_text(self._turn.lead.vehicle)
        return Say(phrases.read_back(facts.quote, facts.hold, self._turn.shop, vehicle, language), (buttons,))

    def _all_parts(self) -> tuple[Part, ...]:
        return tuple(self._parts.values())


class _Hearing:
    """One call of the model: a sentence leaves when it is whole and reviewed; behind one in doubt the rest waits for the judge.

    `told`: what the tools answered in this turn, as the model read it, so that the judge sees no less.
    """

    def __init__(self, turn: Turn, ledger: Ledger, doubts: Doubts, facts: Facts, told: Sequence[str]) -> None:
        self._turn = turn
        self._ledger = ledger
        self._facts = facts
        self._doubts = doubts
        self._told = told
        self._review = Review(ledger, turn.language)
        self._waiting: list[Reviewed] = []
        self.dropped: list[tuple[str, Doubt]] = []
        self.not_known = False
        self.calls: list[ToolCall] = []
        self.content: Sequence[object] = ()
        self.stop_reason = ""

    async def steps(self, stream: AsyncGenerator[Heard, None]) -> AsyncIterator[Say | Judged]:
        """What was not said to its end (`max_tokens`) is not said."""
        sentences = Sentences()
        async with aclosing(stream):
            while (heard := await self._next(stream)) is not None:
                match heard:
                    case TextDelta(text):
                        for step in await self._taken(self._review.of(sentences.feed(text))):
                            yield step
                    case ToolCall():
                        self.calls.append(heard)
                    case Finished(stop_reason, content):
                        self.stop_reason, self.content = stop_reason, content
        self._check_stop()
        if self.stop_reason != "max_tokens":
            for step in await self._taken(self._review.of(sentences.end())):
                yield step
        for step in await self._taken(self._review.end()):
            yield step
        for step in await self._decided():
            yield step

    async def _next(self, stream: AsyncIterator[Heard]) -> Heard | None:
        try:
            return await self._turn.stop.next_of(stream)
        except StopAsyncIteration:
            return None

    def _check_stop(self) -> None:
        if self.stop_reason not in {"end_turn", "tool_use", "stop_sequence", "max_tokens"}:
            raise NothingToShow(f"the model stopped: {self.stop_reason}")
        if self.stop_reason == "max_tokens":
            self.calls = []

    async def _taken(self, reviewed: Iterable[Reviewed]) -> list[Say | Judged]:
        """What may leave now."""
        found = await self._with_claims(list(reviewed))
        leave: list[Say | Judged] = []
        for sentence in found:
            if self._waiting or (sentence.doubt and not sentence.doubt.final):
                self._waiting.append(sentence)
            else:
                leave += await self._settled(sentence)
        return leave

    async def _with_claims(self, reviewed: list[Reviewed]) -> list[Reviewed]:
        asked = [s for s in reviewed if s.claims and s.doubt is None]
        chances = await self._doubts.detector.chances([s.claims for s in asked]) if asked else []
        doubted = {
            id(s) for s, chance in zip(asked, chances, strict=True) if chance >= self._doubts.from_chance
        }
        return [replace(s, doubt=_A_CLAIM) if id(s) in doubted else s for s in reviewed]

    async def _decided(self) -> list[Say | Judged]:
        """The sentences that waited, without those that nobody spoke for."""
        in_doubt = [s for s in self._waiting if s.doubt and not s.doubt.final]
        passed = await self._passed(in_doubt) if in_doubt else set()
        return [
            step
            for sentence in self._waiting
            for step in await self._settled(
                replace(sentence, doubt=None) if id(sentence) in passed else sentence
            )
        ]

    async def _passed(self, in_doubt: Sequence[Reviewed]) -> set[int]:
        judge = self._doubts.judge
        if judge is None:
            return set()
        said = self._ledger.setting.said
        filled = "\n".join(dict.fromkeys(line for s in in_doubt for line in self._filled_in(s)))
        facts = "\n".join(
            [
                facts_of(self._ledger.setting),
                briefing(self._ledger, self._facts),
                *(f"Answer of a tool: {told}" for told in self._told),
                f"Filled in by the system, true:\n{filled}",
            ]
        )
        ask = JudgeAsk(facts, said[-1] if said else "", [s.text for s in in_doubt])
        try:
            async with asyncio.timeout(self._doubts.judge_seconds):
                verdicts = await judge.verdicts(ask, self._turn.spent.append)
        except (ClaudeAway, TimeoutError) as error:
            log.info("judge.away", reason=without_words(error))
            return set()
        return {id(s) for s, verdict in zip(in_doubt, verdicts, strict=True) if verdict != "unsupported"}

    def _filled_in(self, sentence: Reviewed) -> Iterator[str]:
        for part in pieces(sentence.said):
            if isinstance(part, Tag):
                yield f"{part} = {self._ledger.rendered(part, self._turn.language)}"

    async def _settled(self, sentence: Reviewed) -> list[Say | Judged]:
        if sentence.doubt is not None:
            return await self._cut(sentence, sentence.doubt)
        if not sentence.text:
            return [Judged(sentence.said, "left_out")]
        self.not_known = self.not_known or sentence.not_known
        return [Say(sentence.text), Judged(sentence.said, "shown")]

    async def _cut(self, sentence: Reviewed, doubt: Doubt) -> list[Say | Judged]:
        """What of it may be shown without a judge is shown."""
        shorter = await self._with_claims(list(islice(self._review.shorter(sentence), MOST_CUTS)))
        kept = next((one for one in shorter if one.doubt is None), None)
        if kept is not None:
            return [Judged(sentence.said, "cut", doubt.kind, doubt.reason), *await self._settled(kept)]
        self.dropped.append((sentence.said, doubt))
        return [Judged(sentence.said, "dropped", doubt.kind, doubt.reason)]


_A_CLAIM = Doubt("claim", "it claims something that no tag proves", final=False)
