"""What the chat adds to Claude's own first token, with the sandbox as Claude."""

import time
from collections.abc import Awaitable, Callable

import httpx2
from ops.stack.stackfile import StackFile

ROUNDS = 30
WORDS = "I can help you with prices, open times and booking. What would you like to know?"
FIRST_SENTENCE = "I can help you with prices, open times and booking."

FirstByte = Callable[[], Awaitable[float]]


def plays_claude(stack: StackFile) -> bool:
    return stack.claude == "sandbox"


async def own_first_sentence(stack: StackFile, http: httpx2.AsyncClient) -> float:
    """Seconds from asking the sandbox to the end of its first sentence: nothing is shown before that one is whole."""
    await script(stack, http)
    body = {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    heard, started = "", time.perf_counter()
    async with http.stream(
        "POST", f"{stack.sandbox}/anthropic/v1/messages", json=body, headers={"x-api-key": "sample"}
    ) as stream:
        async for line in stream.aiter_lines():
            if '"text_delta"' in line:
                heard += line.rpartition('"text": "')[2].partition('"')[0]
            if FIRST_SENTENCE in heard:
                return time.perf_counter() - started
    raise RuntimeError(f"the sandbox's Claude said something else: {heard!r}")


async def script(stack: StackFile, http: httpx2.AsyncClient) -> None:
    answer = await http.put(f"{stack.sandbox}/control/anthropic/script", json=[{"text": WORDS}])
    answer.raise_for_status()


async def added(
    stack: StackFile, http: httpx2.AsyncClient, first_byte: FirstByte
) -> tuple[list[float], list[float]]:
    """Claude's own seconds, and those that the chat needed more, round by round."""
    own: list[float] = []
    more: list[float] = []
    for _ in range(ROUNDS):
        own.append(await own_first_sentence(stack, http))
        await script(stack, http)
        more.append(await first_byte() - own[-1])
    return own, more
