"""Claude's scripted answers: content blocks and faults, in the order they were written down."""

import asyncio
from collections import deque
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.rows import Row


class ScriptElement(BaseModel):
    """One content block, one fault, or the end of a turn: exactly one of them.

    `input` belongs to `tool`, and `raw_input` is sent in its place letter by letter, broken JSON included. `chunk`: the
    characters of one delta of the text. `stop_reason` ends the turn with a reason of its own. `cut` tears the
    connection down in the middle of the stream.
    """

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    tool: str | None = None
    input: Row = Field(default_factory=dict)
    raw_input: str | None = None
    chunk: int = Field(default=12, ge=1)
    thinking: str | None = None
    stop_reason: str | None = None
    cut: bool | None = None
    error: int | None = Field(default=None, ge=400, le=599)
    delay_s: float | None = Field(default=None, ge=0)
    end_turn: bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ScriptElement":
        kinds = ("text", "tool", "thinking", "error", "cut", "stop_reason", "delay_s", "end_turn")
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise ValueError(f"one of {', '.join(kinds)}")
        return self


@dataclass(frozen=True)
class Say:
    text: str
    chunk: int = 12


@dataclass(frozen=True)
class Think:
    text: str


@dataclass(frozen=True)
class Use:
    """`raw_input`: sent in place of the input, as it stands."""

    tool: str
    input: Row
    raw_input: str | None = None


@dataclass(frozen=True)
class Fail:
    status: int


@dataclass(frozen=True)
class Stop:
    reason: str


@dataclass(frozen=True)
class Cut:
    """The connection is torn down."""


@dataclass(frozen=True)
class Pause:
    seconds: float


Step = Say | Think | Use | Fail | Pause | Stop | Cut


def next_turn(script: deque[ScriptElement]) -> list[Step]:
    """Takes one turn off the script.

    A turn ends at `end_turn`, at a `stop_reason`, at an error, at a `cut`, at the end of the script, and after its tool calls: Claude waits for their
    results, so what is written behind them (unless it is another tool call) belongs to the next turn.
    """
    turn: list[Step] = []
    while script:
        element = script.popleft()
        if element.end_turn is not None:
            break
        turn.append(_step(element))
        ends = element.error is not None or element.cut is not None or element.stop_reason is not None
        if ends or (element.tool is not None and not _tool_follows(script)):
            break
    if script and script[0].end_turn is not None and turn and isinstance(turn[-1], Use | Fail | Stop | Cut):
        script.popleft()
    return turn


def _tool_follows(script: deque[ScriptElement]) -> bool:
    return bool(script) and script[0].tool is not None


def _step(element: ScriptElement) -> Step:  # noqa: PLR0911 - one line for each element
    match element:
        case ScriptElement(text=str(text)):
            return Say(text, element.chunk)
        case ScriptElement(thinking=str(text)):
            return Think(text)
        case ScriptElement(tool=str(tool)):
            return Use(tool, element.input, element.raw_input)
        case ScriptElement(error=int(status)):
            return Fail(status)
        case ScriptElement(stop_reason=str(reason)):
            return Stop(reason)
        case ScriptElement(cut=bool()):
            return Cut()
        case _:
            return Pause(element.delay_s or 0.0)


async def opening(turn: list[Step]) -> list[Step]:
    """Waits out the pauses before the first block, as time to the first token; what is left of the turn."""
    rest = list(turn)
    while rest and isinstance(rest[0], Pause):
        await asyncio.sleep(rest[0].seconds)
        rest.pop(0)
    return rest
