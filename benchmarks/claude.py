"""The chat with the sandbox as Claude: what we add to its first sentence, and how soon others answer when it hangs."""

import asyncio
import os
import re
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
STORED_SECONDS = 2
"""Until the answers that were seen are stored, too, and cannot be taken for the next ones."""
WORDS = "I can help you with prices, open times and booking. What would you like to know?"
FIRST_SENTENCE = "I can help you with prices, open times and booking."
QUESTION = "Hello there, what can you do?"
CHUNK_BYTES = 65_536
_TEXT = re.compile(r'"text": "([^"]*)"')

Row = tuple[str, str, str, str]


async def figures(stack: StackFile, http: httpx2.AsyncClient) -> list[Row]:
    tokens = await chat_figures.customers(stack, http, CUSTOMERS)
    async with watched_claude(stack) as watch, a_chat_with_claude(stack, http, watch.url) as chat:
        return [*await added(stack, http, chat, watch, tokens), await hanging(stack, http, chat, tokens)]


class Watch:
    """Stands before the sandbox's Claude: when a question came in, and when the first sentence of its answer went out."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = ""
        self.asked_at = 0.0
        self.said_at = 0.0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await asyncio.gather(self._ask(reader, ours), self._answer(theirs, writer))
        except OSError:
            pass
        finally:
            ours.close()
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if data.startswith(b"POST "):
                self.asked_at = time.perf_counter()
            to.write(data)
        to.close()

    async def _answer(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        heard = ""
        while data := await reader.read(CHUNK_BYTES):
            heard += data.decode()
            to.write(data)
            if FIRST_SENTENCE in "".join(_TEXT.findall(heard)):
                self.said_at, heard = time.perf_counter(), ""
        to.close()


@asynccontextmanager
async def watched_claude(stack: StackFile) -> AsyncIterator[Watch]:
    watch = Watch(int(stack.sandbox.rpartition(":")[2]))
    async with await asyncio.start_server(watch.connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        watch.url = f"http://127.0.0.1:{port}/anthropic"
        yield watch


@asynccontextmanager
async def a_chat_with_claude(stack: StackFile, http: httpx2.AsyncClient, claude: str) -> AsyncIterator[str]:
    """A replica of the running chat beside it, whatever assistant that one has; it answers the messages that it takes."""
    own = environment_of(stack.processes["chat"]) | {
        "CHAT_PORT": str(free_ports(1)[0]),
        "CHAT_ANTHROPIC_API_KEY": "sample",
        "CHAT_ANTHROPIC_BASE_URL": claude,
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


async def added(
    stack: StackFile, http: httpx2.AsyncClient, chat: str, watch: Watch, tokens: Sequence[str]
) -> list[Row]:
    """What is ours before Claude is asked and after its first sentence, to the customer's stream."""
    before, own, after = [], [], []
    for round_ in range(ROUNDS + CUSTOMERS):
        await script(stack, http)
        headers = {"Authorization": f"Bearer {tokens[round_ % CUSTOMERS]}"}
        started, seconds = await chat_figures.first_byte_since(http, chat, headers, QUESTION)
        if round_ >= CUSTOMERS:  # the first of each customer warmed up
            before.append(watch.asked_at - started)
            own.append(watch.said_at - watch.asked_at)
            after.append(started + seconds - watch.said_at)
    load = f"{ROUNDS}, one at a time, load {os.getloadavg()[0]:.1f}"
    theirs = f"Claude's own {statistics.median(own) * 1000:.1f} (p50, the sandbox)"
    both = [one + two for one, two in zip(before, after, strict=True)]
    return [
        ("message → first sentence of Claude, ours alone, p50 / p95", _ms(both), load, theirs),
        ("of it until Claude is asked (stored, understood, prompted)", _ms(before), load, theirs),
        ("of it from Claude's sentence to the customer (checked, streamed)", _ms(after), load, theirs),
    ]


def _ms(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    return f"{ordered[len(ordered) // 2] * 1000:.1f} / {ordered[int(len(ordered) * 0.95)] * 1000:.1f}"


async def script(stack: StackFile, http: httpx2.AsyncClient) -> None:
    answer = await http.put(f"{stack.sandbox}/control/anthropic/script", json=[{"text": WORDS}])
    answer.raise_for_status()


async def hanging(stack: StackFile, http: httpx2.AsyncClient, chat: str, tokens: Sequence[str]) -> Row:
    """One customer finds Claude hanging, the others write 3 s later, and all once more."""
    fault = f"{stack.sandbox}/control/faults/anthropic"
    await asyncio.sleep(STORED_SECONDS)
    (await http.put(fault, json={"mode": "timeout", "seconds": HANG_SECONDS})).raise_for_status()
    try:
        first = asyncio.create_task(asked(http, chat, tokens[0]))
        await asyncio.sleep(3)
        behind = await asyncio.gather(*(asked(http, chat, token) for token in tokens[1:]))
        alone = await first
        await asyncio.sleep(STORED_SECONDS)
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
