"""Claude through the official SDK: one streamed call with its time-outs, retries and circuit breaker, and the judge's small one.

The SDK's types stay in here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar, cast, get_args

import httpx2
from anthropic import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
    Timeout,
)
from anthropic.lib.streaming import AsyncMessageStream
from anthropic.types import (
    AssistantMessageParam,
    ContentBlock,
    Message,
    MessageParam,
    TextBlockParam,
    ToolParam,
    ToolResultBlockParam,
    UserMessageParam,
)
from shared.http.vendors import VendorTransport
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from chat.clients.claude import (
    Ask,
    CircuitBreaker,
    ClaudeAway,
    ClaudeGarbled,
    Finished,
    Heard,
    Spoken,
    TextDelta,
    ToolCall,
    ToolResults,
)
from chat.domain.model_prices import Spent
from chat.domain.prompt import JUDGE_RULES, JudgeAsk, ToolSpec
from chat.domain.reply.review import Verdict
from chat.metrics import MODEL_CALLS

ValueT = TypeVar("ValueT")

CONNECT_SECONDS = 2
"""A provider that cannot even be reached is not waited for: the retry and the other assistant are quicker."""
KEPT_OPEN_SECONDS = 60
"""A connection to the provider: without one, its handshake comes before the first token."""
MAX_TOKENS = 1024
STALL_SECONDS = 5.0
"""Without a token in mid-answer: then it is not coming."""
ATTEMPTS = 2
RETRYABLE_STATUS = 429
SPEND_LIMIT = "enforced_spend_limit_reached"


class AnthropicClaude:
    """Model and judge. `stronger_model`: asked where the usual one twice gave no answer or none that may be shown; `None`: nobody."""

    def __init__(
        self,
        client: AsyncAnthropic,
        model: str,
        first_token_seconds: float,
        stronger_model: str | None = None,
        breaker: CircuitBreaker | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._client = client
        self._stall_seconds = stall_seconds
        self._model = model
        self._stronger = stronger_model
        self._first_token_seconds = first_token_seconds
        self._breaker = breaker or CircuitBreaker()

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, ask: Ask, spent: Callable[[Spent], None]) -> AsyncGenerator[Heard, None]:
        if not self._breaker.admits():
            raise ClaudeAway("the circuit breaker is open")
        async with AsyncExitStack() as stack:
            try:
                first, stream = await self._opened(stack, ask)
                stack.callback(_tell_spent, stream, spent)
                if first is not None:
                    yield first
                events = aiter(stream)
                while (event := await self._next(events)) is not None:
                    if event.type == "text":
                        yield TextDelta(event.text)
                final = await stream.get_final_message()
            except TimeoutError as error:
                raise ClaudeAway("no token in its time") from error
            except (APIError, httpx2.HTTPError) as error:
                # Not its words: they may quote what was said.
                reason = f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip()
                self._breaker.failed(reason)
                raise ClaudeAway(reason) from error
            except (ValueError, AssertionError) as error:
                self._breaker.failed("no answer that can be read")
                raise ClaudeGarbled("no answer that can be read") from error
            except GeneratorExit:
                self._breaker.succeeded()
                raise
        self._breaker.succeeded()
        for heard in _told(final):
            yield heard

    async def verdicts(self, ask: JudgeAsk, spent: Callable[[Spent], None]) -> Sequence[Verdict]:
        """Without retries: who waits for it has little time. Its failures say nothing of the answers' calls."""
        try:
            async with self._client.messages.stream(
                model=self._model,
                max_tokens=MAX_TOKENS,
                system=[TextBlockParam(type="text", text=JUDGE_RULES, cache_control={"type": "ephemeral"})],
                messages=[UserMessageParam(role="user", content=ask.text)],
                tools=[_tool(ask.tool)],
                tool_choice={"type": "tool", "name": ask.tool.name},
            ) as stream:
                message = await stream.get_final_message()
        except (APIError, httpx2.HTTPError, ValueError, AssertionError) as error:
            raise ClaudeAway(type(error).__name__) from error
        spent(_spent(message))
        return _verdicts(message, len(ask.sentences))

    async def _next(self, events: AsyncIterator[ValueT]) -> ValueT | None:
        """`None` at the end. Raises `TimeoutError` where nothing comes any more."""
        try:
            async with asyncio.timeout(self._stall_seconds):
                return await anext(events, None)
        except TimeoutError:
            self._breaker.failed("the answer stopped in the middle")
            raise

    async def _opened(
        self, stack: AsyncExitStack, ask: Ask
    ) -> tuple[TextDelta | None, AsyncMessageStream[None]]:
        """The stream at its first content; nothing was said yet, so another call, then another model, may be tried."""
        usual = self._stronger if ask.strong and self._stronger else self._model
        try:
            return await self._tried(stack, ask, usual, ATTEMPTS)
        except (APIError, httpx2.HTTPError, TimeoutError) as error:
            if self._stronger in {None, usual} or self._breaker.open or not _worth_the_stronger(error):
                raise
            return await self._tried(stack, ask, str(self._stronger), 1)

    async def _tried(
        self, stack: AsyncExitStack, ask: Ask, model: str, attempts: int
    ) -> tuple[TextDelta | None, AsyncMessageStream[None]]:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=wait_random(0.1, 0.4),
            retry=retry_if_exception(_worth_another_try),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._call(stack, ask, model)
        raise ClaudeAway("not tried")

    async def _call(
        self, stack: AsyncExitStack, ask: Ask, model: str
    ) -> tuple[TextDelta | None, AsyncMessageStream[None]]:
        outcome = "failed"
        try:
            async with self._breaker.waiting(self._first_token_seconds), AsyncExitStack() as call:
                stream = await call.enter_async_context(
                    self._client.messages.stream(
                        model=model,
                        max_tokens=MAX_TOKENS,
                        cache_control={"type": "ephemeral"},
                        system=_system(ask),
                        messages=[one for m in ask.messages for one in _messages(m)],
                        tools=[_tool(t) for t in ask.tools],
                    )
                )
                first = await _first_text(stream)
                outcome = "answered"
                stack.push_async_exit(call.pop_all())
                return first, stream
        finally:
            MODEL_CALLS.labels(model, outcome).inc()


def _verdicts(message: Message, count: int) -> Sequence[Verdict]:
    """Raises `ClaudeAway` for anything but one known word a sentence."""
    said: Any = next((block.input for block in message.content if block.type == "tool_use"), None)
    found = said.get("verdicts") if isinstance(said, dict) else None
    if not isinstance(found, list) or len(found) != count or not all(v in get_args(Verdict) for v in found):
        raise ClaudeAway("no verdicts that can be read")
    return cast("Sequence[Verdict]", found)


def anthropic_client(api_key: str, base_url: str | None, call_seconds: float) -> AsyncAnthropic:
    return AsyncAnthropic(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        timeout=Timeout(call_seconds, connect=CONNECT_SECONDS),
        http_client=DefaultAsyncHttpxClient(
            transport=VendorTransport(call_seconds=call_seconds, kept_seconds=KEPT_OPEN_SECONDS)
        ),
    )


def _system(ask: Ask) -> list[TextBlockParam]:
    """The rules come first: that much the provider's cache can keep."""
    return [
        TextBlockParam(type="text", text=ask.rules, cache_control={"type": "ephemeral"}),
        TextBlockParam(type="text", text=ask.briefing),
    ]


def _messages(said: Spoken | ToolResults) -> list[MessageParam]:
    if isinstance(said, Spoken):
        if said.by_customer:
            return [UserMessageParam(role="user", content=said.text)]
        return [AssistantMessageParam(role="assistant", content=said.text)]
    results = [
        ToolResultBlockParam(type="tool_result", tool_use_id=id_, content=text) for id_, text in said.results
    ]
    called = cast("list[ContentBlock]", list(said.content))
    return [
        AssistantMessageParam(role="assistant", content=called),
        UserMessageParam(role="user", content=results),
    ]


def _tool(spec: ToolSpec) -> ToolParam:
    return ToolParam(name=spec.name, description=spec.description, input_schema=dict(spec.schema))


def _told(final: Message) -> list[Heard]:
    """Raises `ClaudeGarbled` for a tool call whose input is no object: the model's fault, not the provider's."""
    calls: list[Heard] = []
    for block in final.content:
        if block.type == "tool_use":
            if not isinstance(block.input, dict):
                raise ClaudeGarbled("the input of a tool is no object")
            calls.append(ToolCall(block.id, block.name, block.input))
    return [*calls, Finished(final.stop_reason or "end_turn", list(final.content))]


def _tell_spent(stream: AsyncMessageStream[None], spent: Callable[[Spent], None]) -> None:
    """As far as the provider counted: a stream left early has told its input and the output's beginning."""
    try:
        message = stream.current_message_snapshot
    except AssertionError:
        return
    spent(_spent(message))


def _spent(message: Message) -> Spent:
    usage = message.usage
    return Spent(
        model=message.model,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
        cache_write_tokens=usage.cache_creation_input_tokens or 0,
    )


async def _first_text(stream: AsyncMessageStream[None]) -> TextDelta | None:
    """The first text, or `None` at the first sign of another block (thinking, a tool call): the model is answering.

    Raises `ValueError` where nothing of a message came: a page of HTML with status 200 is no answer.
    """
    event = None
    async for event in stream:
        if event.type == "text":
            return TextDelta(event.text)
        if event.type == "content_block_start" and event.content_block.type != "text":
            return None
    if event is None:
        raise ValueError("not a message")
    return None


def _worth_another_try(error: BaseException) -> bool:
    """A first token that did not come in time has used the time up."""
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or (
            error.status_code == RETRYABLE_STATUS and SPEND_LIMIT not in str(error.body)
        )
    return isinstance(error, APIConnectionError | httpx2.TransportError) and not isinstance(
        error, TimeoutError
    )


def _worth_the_stronger(error: BaseException) -> bool:
    return _worth_another_try(error) or isinstance(error, TimeoutError)
