"""Claude through the official SDK: one streamed call, with its timeouts, its one retry and its circuit breaker."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol

from anthropic import APIConnectionError, APIError, APIStatusError, AsyncAnthropic
from anthropic.lib.streaming import AsyncMessageStream
from anthropic.types import ContentBlock, MessageParam, ToolParam
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

MAX_TOKENS = 1024
ATTEMPTS = 2
BREAKER_FAILURES = 3
BREAKER_SECONDS = 30.0
RETRYABLE_STATUS = 429
SPEND_LIMIT = "enforced_spend_limit_reached"


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
    content: list[ContentBlock] = field(default_factory=list)


Heard = TextDelta | ToolCall | Finished


class ClaudeAway(Exception):
    """No answer to be had from the provider now."""


class Claude(Protocol):
    def stream(
        self, system: str, messages: Sequence[MessageParam], tools: Sequence[ToolParam]
    ) -> AsyncIterator[Heard]:
        """Text as it comes, then the tool calls, then `Finished`. Raises `ClaudeAway`."""
        ...


class CircuitBreaker:
    """Open after failures in a row: then nothing is asked until a pause has passed, and one failure opens it again."""

    def __init__(self, failures: int = BREAKER_FAILURES, seconds: float = BREAKER_SECONDS) -> None:
        self._limit = failures
        self._seconds = seconds
        self._failures = 0
        self._open_until = 0.0

    @property
    def open(self) -> bool:
        return time.monotonic() < self._open_until

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = time.monotonic() + self._seconds


class AnthropicClaude:
    def __init__(self, client: AsyncAnthropic, model: str, first_token_seconds: float) -> None:
        self._client = client
        self._model = model
        self._first_token_seconds = first_token_seconds
        self._breaker = CircuitBreaker()

    async def close(self) -> None:
        await self._client.close()

    async def stream(
        self, system: str, messages: Sequence[MessageParam], tools: Sequence[ToolParam]
    ) -> AsyncIterator[Heard]:
        if self._breaker.open:
            raise ClaudeAway("the circuit breaker is open")
        try:
            async with AsyncExitStack() as stack:
                first, stream = await self._opened(stack, system, messages, tools)
                if first is not None:
                    yield first
                async for event in stream:
                    if event.type == "text":
                        yield TextDelta(event.text)
                final = await stream.get_final_message()
        except (APIError, TimeoutError) as error:
            self._breaker.failed()
            raise ClaudeAway(f"{type(error).__name__}: {str(error)[:200]}") from error
        self._breaker.succeeded()
        for block in final.content:
            if block.type == "tool_use":
                yield ToolCall(block.id, block.name, dict(block.input))
        yield Finished(final.stop_reason or "end_turn", list(final.content))

    async def _opened(
        self,
        stack: AsyncExitStack,
        system: str,
        messages: Sequence[MessageParam],
        tools: Sequence[ToolParam],
    ) -> tuple[TextDelta | None, AsyncMessageStream[None]]:
        """The stream at its first piece of content; nothing was said yet, so a refused call may be made once more."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random(0.1, 0.4),
            retry=retry_if_exception(_worth_another_try),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                async with asyncio.timeout(self._first_token_seconds):
                    stream = await stack.enter_async_context(
                        self._client.messages.stream(
                            model=self._model,
                            max_tokens=MAX_TOKENS,
                            system=system,
                            messages=list(messages),
                            tools=list(tools),
                        )
                    )
                    return await _first_text(stream), stream
        raise ClaudeAway("not tried")


async def _first_text(stream: AsyncMessageStream[None]) -> TextDelta | None:
    """The first text, or `None` at the first sign of another block (thinking, a tool call): the model is answering."""
    async for event in stream:
        if event.type == "text":
            return TextDelta(event.text)
        if event.type == "content_block_start" and event.content_block.type != "text":
            return None
    return None


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or (
            error.status_code == RETRYABLE_STATUS and SPEND_LIMIT not in str(error.body)
        )
    return isinstance(error, APIConnectionError) and not isinstance(error, TimeoutError)
