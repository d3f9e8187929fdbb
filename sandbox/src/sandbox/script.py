"""Claude's scripted answers: content blocks and faults, in the order they were written down."""

import asyncio
from collections import deque
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.rows import Row


class ScriptElement(BaseModel):
    """One content block, one fault, or the end of a turn: exactly one of the five (`input` belongs to `tool`)."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    tool: str | None = None
    input: Row = Field(default_factory=dict)
    error: int | None = Field(default=None, ge=400, le=599)
    delay_s: float | None = Field(default=None, ge=0)
    end_turn: bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ScriptElement":
        given = [self.text, self.tool, self.error, self.delay_s, self.end_turn]
        if sum(value is not None for value in given) != 1:
            raise ValueError("one of text, tool, error, delay_s, end_turn")
        return self


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Use:
    tool: str
    input: Row


@dataclass(frozen=True)
class Fail:
    status: int


@dataclass(frozen=True)
class Pause:
    seconds: float


Step = Say | Use | Fail | Pause


def next_turn(script: deque[ScriptElement]) -> list[Step]:
    """Takes one turn off the script.

    A turn ends at `end_turn`, at an error, at the end of the script, and after its tool calls: Claude waits for their
    results, so what is written behind them (unless it is another tool call) belongs to the next turn.
    """
    turn: list[Step] = []
    while script:
        element = script.popleft()
        if element.end_turn is not None:
            break
        turn.append(_step(element))
        if element.error is not None or (element.tool is not None and not _tool_follows(script)):
            break
    if script and script[0].end_turn is not None and turn and isinstance(turn[-1], Use | Fail):
        script.popleft()
    return turn


def _tool_follows(script: deque[ScriptElement]) -> bool:
    return bool(script) and script[0].tool is not None


def _step(element: ScriptElement) -> Step:
    if element.text is not None:
        return Say(element.text)
    if element.tool is not None:
        return Use(element.tool, element.input)
    if element.error is not None:
        return Fail(element.error)
    return Pause(element.delay_s or 0.0)


async def opening(turn: list[Step]) -> list[Step]:
    """Waits out the pauses before the first block, as time to the first token; what is left of the turn."""
    rest = list(turn)
    while rest and isinstance(rest[0], Pause):
        await asyncio.sleep(rest[0].seconds)
        rest.pop(0)
    return rest
