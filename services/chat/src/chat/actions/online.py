"""The assistant with a model: Claude speaks, tools act, and no sentence is shown without its receipt."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from datetime import date, datetime
from typing import Literal

from anthropic.types import (
    AssistantMessageParam,
    ContentBlock,
    MessageParam,
    TextBlockParam,
    ToolParam,
    ToolResultBlockParam,
    UserMessageParam,
)
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from chat.actions.assistant import AssistantAway, Judged, NothingToShow, Say, Step, Turn
from chat.actions.offline import OfflineAssistant
from chat.actions.tools import NotPossible, Tools
from chat.clients.booking import BookingAway, BookingRefused
from chat.clients.claude import Ask, Claude, ClaudeAway, ClaudeGarbled, Finished, Heard, TextDelta, ToolCall
from chat.domain import phrases
from chat.domain.conversation import Owner
from chat.domain.prompt import TOOLS, Prompt, prompt_for
from chat.domain.receipts import Proof, Setting, proof_of
from chat.domain.speech.check import verdict
from chat.domain.speech.text import sentences
from chat.domain.speech.verdicts import Passed, Veto
from chat.domain.values import (
    ActionsPart,
    AppointmentPart,
    Part,
    QuotePart,
    SlotList,
    slots_part,
    vehicle_text,
)
from chat.domain.wishes import PartOfDay, Wish

MAX_CALLS = 6
VETOES = 2
"""The first is explained to the (stronger) model, the second ends its turn."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _QuoteInput(_Input):
    service: str
    vehicle_class: str | None = None
    addons: tuple[str, ...] = ()


class _SlotsInput(_Input):
    from_date: date | None = None
    part_of_day: PartOfDay | None = None


class _HoldInput(_Input):
    start: datetime


class _HandOffInput(_Input):
    reason: str = "asked for a person"
    summary: str = ""


TOOL_PARAMS: tuple[ToolParam, ...] = tuple(
    ToolParam(name=spec.name, description=spec.description, input_schema=dict(spec.schema)) for spec in TOOLS
)
_JSON: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


class ClaudeAssistant:
    """A button is answered from data at once; words go to the model."""

    name: Literal["claude"] = "claude"

    def __init__(self, claude: Claude, offline: OfflineAssistant, answer_seconds: float) -> None:
        self._claude = claude
        self._offline = offline
        self._answer_seconds = answer_seconds

    async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        if turn.action is not None:
            async for step in self._offline.answer(turn, tools):
                yield step
            return
        deadline = asyncio.get_running_loop().time() + self._answer_seconds
        steps = _Speech(self._claude, turn, tools).steps()
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    step = await anext(steps)
                yield step
        except StopAsyncIteration:
            return
        except (ClaudeAway, TimeoutError) as error:
            raise AssistantAway(repr(error)) from error
        except ClaudeGarbled as error:
            raise NothingToShow(repr(error)) from error


class _Speech:
    """One answer: calls of the model, tools in between, sentences checked as they end."""

    def __init__(self, claude: Claude, turn: Turn, tools: Tools) -> None:
        self._claude = claude
        self._turn = turn
        self._tools = tools
        self._prompt: Prompt = prompt_for(turn.shop, turn.lead, tools.facts, turn.history, turn.now)
        self._messages: list[MessageParam] = [_said(role, text) for role, text in self._prompt.messages]
        self._parts: dict[str, Part] = {}
        self._vetoes = 0

    async def steps(self) -> AsyncIterator[Step]:
        something = False
        for _ in range(MAX_CALLS):
            heard = _Hearing(self._turn, self._proof())
            async for step in heard.steps(self._claude.stream(self._ask(), self._turn.spent.append)):
                something = something or isinstance(step, Say)
                yield step
            if heard.vetoed is not None:
                self._object_to(heard, heard.vetoed)
                continue
            if not heard.calls:
                if not something:
                    raise NothingToShow(f"no words: {heard.stop_reason}")
                yield Say("", self._all_parts())
                return
            await self._use_tools(heard)
            if closing := self._closing():
                yield closing
                return
        raise NothingToShow("no answer within the calls allowed")

    def _ask(self) -> Ask:
        """The rules come first and are the same for all customers of a shop: that much the provider's cache can keep."""
        rules = TextBlockParam(type="text", text=self._prompt.rules, cache_control={"type": "ephemeral"})
        briefing = TextBlockParam(type="text", text=self._prompt.briefing)
        return Ask((rules, briefing), tuple(self._messages), TOOL_PARAMS, strong=self._vetoes > 0)

    def _proof(self) -> Proof:
        facts, turn = self._tools.facts, self._turn
        vehicle = turn.lead.vehicle
        setting = Setting(
            shop=turn.shop,
            lead=turn.lead,
            now=turn.now,
            vehicle_class=facts.vehicle_class or (vehicle.vehicle_class if vehicle else None),
            appointment=facts.appointment.status if facts.appointment else None,
            said=tuple(said.text for said in turn.history if said.by_customer),
        )
        return proof_of(self._tools.receipts, setting)

    def _object_to(self, heard: "_Hearing", veto: Veto) -> None:
        self._vetoes += 1
        if self._vetoes >= VETOES:
            raise NothingToShow("a second sentence failed the check")
        said = " ".join(heard.shown) or "..."
        correction = (
            f"[automatic check, not the customer] Your next sentence was not shown: {veto.reason}. "
            "Use a tool to get the fact, or leave it out. Continue after what was shown; do not repeat it."
        )
        self._messages += [_said("assistant", said), _said("user", correction)]

    async def _use_tools(self, heard: "_Hearing") -> None:
        results: list[ToolResultBlockParam] = [
            {"type": "tool_result", "tool_use_id": call.id, "content": await self._use(call)}
            for call in heard.calls
        ]
        self._messages.append(AssistantMessageParam(role="assistant", content=heard.content))
        self._messages.append(UserMessageParam(role="user", content=results))

    async def _use(self, call: ToolCall) -> str:
        """The result as the model reads it; a refusal is a result, too."""
        try:
            return await self._dispatch(call)
        except ValidationError as error:
            return json.dumps(
                {"error": "invalid input", "fields": [e["loc"] for e in error.errors()]}, default=str
            )
        except NotPossible as error:
            return json.dumps({"error": "not possible now", "reason": str(error)})
        except BookingRefused as refusal:
            if refusal.alternatives:
                self._keep_offer(SlotList(timezone=self._turn.shop.timezone, slots=refusal.alternatives))
            alternatives = [slot.model_dump(mode="json") for slot in refusal.alternatives]
            return json.dumps({"error": refusal.code, "alternatives": alternatives})
        except BookingAway:
            raise NothingToShow("booking is away: templates know what may be said then") from None

    async def _dispatch(self, call: ToolCall) -> str:  # noqa: C901 - one line for each tool
        match call.name:
            case "list_services":
                self._tools.list_services()
            case "get_quote":
                await self._quote(_QuoteInput.model_validate(call.input))
            case "find_slots":
                await self._slots(_SlotsInput.model_validate(call.input))
            case "hold_slot":
                await self._tools.hold_slot(_HoldInput.model_validate(call.input).start)
            case "book":
                await self._tools.book()
            case "move_appointment":
                await self._tools.move_appointment()
            case "cancel_appointment":
                return await self._cancel()
            case "get_appointment":
                await self._tools.get_appointment()
            case "get_hours":
                await self._tools.get_hours()
            case "hand_off":
                wish = _HandOffInput.model_validate(call.input)
                await self._tools.hand_off("hard", wish.reason, wish.summary)
            case _:
                return json.dumps({"error": f"no tool named {call.name[:40]}"})
        return json.dumps(dict(self._tools.receipts[-1].result))

    async def _quote(self, wanted: _QuoteInput) -> None:
        quote = await self._tools.get_quote(wanted.service, wanted.vehicle_class, wanted.addons)
        self._parts["quote"] = QuotePart(quote=quote)

    async def _slots(self, wanted: _SlotsInput) -> None:
        offer = await self._tools.find_slots(Wish(part=wanted.part_of_day), from_date=wanted.from_date)
        self._keep_offer(offer.slots)

    def _keep_offer(self, offer: SlotList) -> None:
        quote = self._tools.facts.quote
        self._parts["slots"] = slots_part(offer, quote.id if quote else None)

    async def _cancel(self) -> str:
        appointment = await self._tools.cancel_appointment()
        if appointment is None:
            return json.dumps({"asked": "the customer is asked to confirm the cancellation"})
        return json.dumps(dict(self._tools.receipts[-1].result))

    def _closing(self) -> Say | None:  # noqa: PLR0911 - one line for each thing that binds
        """What binds the customer or the shop is read back from data, never in the model's words."""
        tools, facts = self._tools, self._tools.facts
        language = self._turn.language
        buttons = ActionsPart(actions=phrases.actions_of(facts.state, Owner.ASSISTANT, language))
        if tools.hand_off_wish is not None:
            return Say(phrases.handed_off(self._turn.shop, tools.hand_off_wish.opening, language))
        if tools.changed is not None and facts.appointment is not None:
            text = {"booked": phrases.booked, "moved": phrases.moved, "cancelled": phrases.cancelled}[
                tools.changed
            ]
            return Say(text(facts.appointment, language), (AppointmentPart(appointment=facts.appointment),))
        if facts.state == "cancel_confirm" and facts.booked is not None:
            return Say(phrases.ask_cancel(facts.booked, language), (buttons,))
        if not tools.receipts or tools.receipts[-1].tool != "hold_slot" or facts.hold is None:
            return None
        if facts.booked is not None:
            return Say(phrases.move_read_back(facts.booked, facts.hold, language), (buttons,))
        if facts.quote is None:
            return None
        vehicle = vehicle_text(self._turn.lead.vehicle)
        return Say(phrases.read_back(facts.quote, facts.hold, self._turn.shop, vehicle, language), (buttons,))

    def _all_parts(self) -> tuple[Part, ...]:
        return tuple(self._parts.values())


def _said(role: str, text: str) -> MessageParam:
    if role == "user":
        return UserMessageParam(role="user", content=text)
    return AssistantMessageParam(role="assistant", content=text)


class _Hearing:
    """One call of the model: sentences leave when they are whole and checked."""

    def __init__(self, turn: Turn, proof: Proof) -> None:
        self._turn = turn
        self._proof = proof
        self.shown: list[str] = []
        self.vetoed: Veto | None = None
        self.calls: list[ToolCall] = []
        self.content: list[ContentBlock] = []
        self.stop_reason = ""

    async def steps(self, stream: AsyncGenerator[Heard, None]) -> AsyncIterator[Say | Judged]:
        """Ends at the first veto; what was not said to its end (`max_tokens`) is not said."""
        pending = ""
        async with aclosing(stream):
            while (heard := await self._next(stream)) is not None:
                match heard:
                    case TextDelta(text):
                        *whole, pending = _split(pending + text)
                        for step in self._judged(whole):
                            yield step
                    case ToolCall():
                        self.calls.append(heard)
                    case Finished(stop_reason, content):
                        self.stop_reason, self.content = stop_reason, content
                if self.vetoed is not None:
                    return
        self._check_stop()
        if self.stop_reason != "max_tokens":
            for step in self._judged(sentences(pending)):
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

    def _judged(self, whole: Sequence[str]) -> Iterator[Say | Judged]:
        for sentence in whole:
            match verdict(sentence, self._proof):
                case Veto(kind, reason) as veto:
                    self.vetoed = veto
                    yield Judged(sentence, "vetoed", kind, reason)
                    return
                case Passed(""):
                    yield Judged(sentence, "left_out")
                case Passed(text):
                    self.shown.append(text)
                    yield Say(text)
                    yield Judged(text, "shown")


def _split(text: str) -> list[str]:
    """Whole sentences and, last, what may still go on (possibly empty)."""
    found = sentences(text)
    if not found:
        return [text]
    ended = text[-1:].isspace() and found[-1][-1:] in ".!?"
    return [*found, ""] if ended else [*found[:-1], found[-1] + (" " if text[-1:].isspace() else "")]
