"""The chat with the sandbox as Claude: what we add to its first sentence, and how soon others answer when it hangs."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import chat_figures
import httpx2
from ops.stack.ports import free_ports
from ops.stack.stackfile import StackFile
from testkit.patience import eventually

CUSTOMERS = 12
ROUNDS = 36
START_SECONDS = 60
HANG_SECONDS = 55
WORDS = "I can help you with prices, open times and booking. What would you like to know?"
FIRST_SENTENCE = "I can help you with prices, open times and booking."

Row = tuple[str, str, str, str]


async def figures(stack: StackFile, http: httpx2.AsyncClient) -> list[Row]:
    tokens = await chat_figures.customers(stack, http, CUSTOMERS)
    async with a_chat_with_claude(stack, http) as chat:
        return [await added(stack, http, chat, tokens), await hanging(stack, http, chat, tokens)]


@asynccontextmanager
async def a_chat_with_claude(stack: StackFile, http: httpx2.AsyncClient) -> AsyncIterator[str]:
    """A replica of the running chat beside it, whatever assistant that one has; it answers the messages that it takes."""
    own = environment_of(stack.processes["chat"]) | {
        "CHAT_PORT": str(free_ports(1)[0]),
        "CHAT_ANTHROPIC_API_KEY": "sample",
        "CHAT_ANTHROPIC_BASE_URL": f"{stack.sandbox}/anthropic",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chat", "serve", env=own, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{own['CHAT_PORT']}"
    try:
        await eventually(lambda: ready(http, f"{url}/readyz"), within_seconds=START_SECONDS)
        yield url
    finally:
        process.terminate()
        await process.wait()


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


async def ready(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx2.TransportError:
        return False


async def added(stack: StackFile, http: httpx2.AsyncClient, chat: str, tokens: Sequence[str]) -> Row:
    """Claude's own first sentence beside ours on the customer's stream, in turns."""
    own: list[float] = []
    ours: list[float] = []
    for round_ in range(ROUNDS + CUSTOMERS):
        await script(stack, http)
        own.append(await own_first_sentence(stack, http))
        await script(stack, http)
        headers = {"Authorization": f"Bearer {tokens[round_ % CUSTOMERS]}"}
        ours.append(await chat_figures.first_byte(http, chat, headers, "Hello there, what can you do?"))
    own, ours = own[CUSTOMERS:], ours[CUSTOMERS:]  # the first of each customer warmed up
    alone = statistics.median(own)
    more = sorted(seconds - alone for seconds in ours)
    p50, p95 = more[len(more) // 2], more[int(len(more) * 0.95)]
    return (
        "message → first sentence of Claude, without Claude's own time, p50 / p95",
        f"{p50 * 1000:.1f} / {p95 * 1000:.1f}",
        f"{ROUNDS}, one at a time, load {os.getloadavg()[0]:.1f}",
        f"Claude's own {alone * 1000:.1f} (p50, the sandbox)",
    )


async def own_first_sentence(stack: StackFile, http: httpx2.AsyncClient) -> float:
    """Seconds from asking the sandbox to the end of its first sentence: nothing is shown before that one is whole."""
    body = {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    heard, started = "", time.perf_counter()
    url, headers = f"{stack.sandbox}/anthropic/v1/messages", {"x-api-key": "sample"}
    async with http.stream("POST", url, json=body, headers=headers) as stream:
        async for line in stream.aiter_lines():
            if '"text_delta"' in line:
                heard += line.rpartition('"text": "')[2].partition('"')[0]
            if FIRST_SENTENCE in heard:
                return time.perf_counter() - started
    raise RuntimeError(f"the sandbox's Claude said something else: {heard!r}")


async def script(stack: StackFile, http: httpx2.AsyncClient) -> None:
    answer = await http.put(f"{stack.sandbox}/control/anthropic/script", json=[{"text": WORDS}])
    answer.raise_for_status()


async def hanging(stack: StackFile, http: httpx2.AsyncClient, chat: str, tokens: Sequence[str]) -> Row:
    """One customer finds Claude hanging, the others write 3 s later, and all once more."""
    fault = f"{stack.sandbox}/control/faults/anthropic"
    await asyncio.sleep(1)  # until the last answers are stored
    (await http.put(fault, json={"mode": "timeout", "seconds": HANG_SECONDS})).raise_for_status()
    try:
        first = asyncio.create_task(asked(http, chat, tokens[0]))
        await asyncio.sleep(3)
        behind = await asyncio.gather(*(asked(http, chat, token) for token in tokens[1:]))
        alone = await first
        later = await asyncio.gather(*(asked(http, chat, token) for token in tokens))
    finally:
        (await http.put(fault, json={"mode": "none"})).raise_for_status()
    return (
        "answer while Claude hangs: the first customer / those behind, longest / all once more, longest",
        f"{alone * 1000:.0f} / {max(behind) * 1000:.0f} / {max(later) * 1000:.0f}",
        f"{CUSTOMERS} customers, the others 3 s behind the first",
        "8 s for a first token, then the breaker; 600 ms is the wait for the end of a burst",
    )


async def asked(http: httpx2.AsyncClient, chat: str, token: str) -> float:
    """Until the first byte of the answer."""
    headers = {"Authorization": f"Bearer {token}"}
    return await chat_figures.first_byte(http, chat, headers, "How much is it?")
