"""What the assistant asks of a model and hears from it, free of any SDK; and the breaker that all its calls share."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from chat.domain.model_prices import Spent
from chat.domain.prompt import JudgeAsk, ToolSpec
from chat.domain.reply.review import Verdict
from chat.metrics import MODEL_AWAY

log = structlog.get_logger()

BREAKER_FAILURES = 3
BREAKER_SECONDS = 30.0
DOUBT_SECONDS = 1.5
"""How long a first token is waited for once one has not come in its time, until there is a token again."""


@dataclass(frozen=True)
class Spoken:
    """A message of the conversation."""

    by_customer: bool
    text: str


@dataclass(frozen=True)
class ToolResults:
    """`content`: the turn of the model that called, as `Finished` gave it; `results` by the ids of its calls."""

    content: Sequence[object]
    results: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Ask:
    """One call: the same input gives the same bytes, so that the provider's cache can serve its beginning.

    `rules` are the same for all customers of a shop. `strong`: of the stronger model, where one is set.
    """

    rules: str
    briefing: str
    messages: Sequence[Spoken | ToolResults]
    tools: Sequence[ToolSpec]
    strong: bool = False


@dataclass(frozen=True)
class TextDelta:
    text: str


@dataclass(frozen=True)
class ToolCall:
    id: str
    name: str
    input: dict[str, object]


@dataclass(frozen=True)
class Finished:
    """`content` goes back to the model with the tool results."""

    stop_reason: str
    content: Sequence[object] = field(default_factory=list)


Heard = TextDelta | ToolCall | Finished


class ClaudeAway(Exception):
    """No answer to be had from the provider now."""


class ClaudeGarbled(Exception):
    """The provider answered, but with something that cannot be read."""


class Claude(Protocol):
    def stream(self, ask: Ask, spent: Callable[[Spent], None]) -> AsyncGenerator[Heard, None]:
        """Text as it comes, then the tool calls, then `Finished`; `spent` is told also when the stream is left early.

        Raises `ClaudeAway` or `ClaudeGarbled`.
        """
        ...


class Judge(Protocol):
    async def verdicts(self, ask: JudgeAsk, spent: Callable[[Spent], None]) -> Sequence[Verdict]:
        """One for each sentence. Raises `ClaudeAway`."""
        ...


class CircuitBreaker:
    """Open after failures in a row: then nothing is asked until a pause has passed, and one call tries the way first.

    Who waits for a first token need not find out alone: the first that does not come puts all others in doubt, and
    when the breaker opens none waits any more.
    """

    def __init__(
        self,
        failures: int = BREAKER_FAILURES,
        seconds: float = BREAKER_SECONDS,
        doubt_seconds: float = DOUBT_SECONDS,
    ) -> None:
        self._limit = failures
        self._seconds = seconds
        self._doubt_seconds = doubt_seconds
        self._failures = 0
        self._open_until: float | None = None
        self._waits: dict[asyncio.Timeout, float] = {}

    @property
    def open(self) -> bool:
        return self._open_until is not None

    def admits(self) -> bool:
        """Whether this call may be made; after the pause the first one may, and the rest wait for how it went."""
        if self._open_until is None:
            return True
        if time.monotonic() < self._open_until:
            return False
        self._open_until = time.monotonic() + self._seconds
        return True

    @asynccontextmanager
    async def waiting(self, seconds: float) -> AsyncIterator[None]:
        """For a first token. Raises `TimeoutError`, which counts as a failure: after `seconds`, in doubt earlier."""
        now = time.monotonic()
        doubted = self._failures > 0 and not self.open  # the one call that tries the way has all its time
        try:
            async with asyncio.timeout(min(seconds, self._doubt_seconds) if doubted else seconds) as wait:
                self._waits[wait] = now
                try:
                    yield
                finally:
                    del self._waits[wait]
        except TimeoutError:
            self.failed("no first token in its time")
            raise

    def succeeded(self) -> None:
        if self.open:
            log.info("claude.back")
        self._failures, self._open_until = 0, None
        MODEL_AWAY.set(0)

    def failed(self, reason: str) -> None:
        """Staff are told once for each time that the provider goes away: one log line at error, one gauge."""
        self._failures += 1
        if self._failures >= self._limit:
            if not self.open:
                log.error("claude.away", reason=reason, failures=self._failures)
                MODEL_AWAY.set(1)
            self._open_until = time.monotonic() + self._seconds
        self._shorten_waits()

    def _shorten_waits(self) -> None:
        now = asyncio.get_running_loop().time() if self._waits else 0.0
        for wait, since in self._waits.items():
            ends_at = wait.when()
            if not wait.expired() and ends_at is not None:
                wait.reschedule(now if self.open else min(ends_at, since + self._doubt_seconds))
