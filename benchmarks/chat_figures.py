"""The chat under many customers: 200 conversations at once, and what an open stream costs."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
from ops.stack.stackfile import StackFile

CONVERSATIONS = 200
STREAMS = 500
Row = tuple[str, str, str, str]


async def figures(stack: StackFile, http: httpx2.AsyncClient) -> list[Row]:
    tokens = await customers(stack, http, CONVERSATIONS)
    return [await at_once(stack, tokens), await open_streams(stack, tokens)]


async def customers(stack: StackFile, http: httpx2.AsyncClient, count: int) -> list[str]:
    """Their chat tokens, from the mails that they got."""
    run = secrets.token_hex(4)
    emails = [f"bench.{run}.{n}@example.com" for n in range(count)]
    for number, email in enumerate(emails):
        lead = {"email": email, "phone": f"+1619557{number:04d}", "service": "front tint"}
        (await http.post(f"{stack.sandbox}/control/leads", json=lead)).raise_for_status()
    return [await token_of(stack, http, email) for email in emails]


async def token_of(stack: StackFile, http: httpx2.AsyncClient, email: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        params = {"to": email, "channel": "email"}
        mails = (await http.get(f"{stack.sandbox}/control/inbox", params=params)).json()
        if mails and (link := re.search(r"/c/([\w.=-]+)", mails[0]["text"])):
            return link[1]
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no chat link for {email}")


async def at_once(stack: StackFile, tokens: Sequence[str]) -> Row:
    """All ask the same moment and wait for their answer."""
    limits = httpx2.Limits(max_connections=len(tokens))
    async with httpx2.AsyncClient(timeout=70, trust_env=False, limits=limits) as http:
        times = sorted(await asyncio.gather(*(asked(stack, http, token) for token in tokens)))
    p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
    return (
        "question → whole answer, p50 / p95",
        f"{p50 * 1000:.0f} / {p95 * 1000:.0f}",
        f"{len(tokens)} conversations at once, deterministic assistant",
        "600 ms of it is the wait for the end of a burst",
    )


async def asked(stack: StackFile, http: httpx2.AsyncClient, token: str) -> float:
    body = {"client_id": str(uuid4()), "text": "How much is it?"}
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=30"}
    started = time.perf_counter()
    while time.perf_counter() - started < 300:
        answer = await http.post(f"{stack.gateway}/api/chat/message", json=body, headers=headers)
        if answer.status_code == 200:
            return time.perf_counter() - started
    raise TimeoutError(f"no answer within 5 minutes: {answer.status_code}")


async def first_byte(http: httpx2.AsyncClient, base: str, headers: dict[str, str], words: str) -> float:
    """Seconds from sending the message to the first `delta` or `message` of the answer on the stream."""
    return (await first_byte_since(http, base, headers, words))[1]


async def first_byte_since(
    http: httpx2.AsyncClient, base: str, headers: dict[str, str], words: str
) -> tuple[float, float]:
    """The same, behind the moment of sending (`perf_counter`)."""
    listening = asyncio.Event()
    answer = asyncio.create_task(_answer_seen(http, base, headers, listening))
    await listening.wait()
    started = time.perf_counter()
    body = {"client_id": str(uuid4()), "text": words}
    (await http.post(f"{base}/api/chat/message", json=body, headers=headers)).raise_for_status()
    async with asyncio.timeout(30):
        return started, await answer - started


async def _answer_seen(
    http: httpx2.AsyncClient, base: str, headers: dict[str, str], listening: asyncio.Event
) -> float:
    session = (await http.get(f"{base}/api/chat/session/me", headers=headers)).json()
    resume = {**headers, "Last-Event-ID": str(session["messages"][-1]["seq"])}
    async with http.stream("GET", f"{base}/api/chat/stream", headers=resume) as stream:
        event = ""
        async for line in stream.aiter_lines():
            if line.startswith("event:"):
                event = line.removeprefix("event:").strip()
            of_assistant = event == "delta" or (event == "message" and '"assistant"' in line)
            if line.startswith("data:") and of_assistant and listening.is_set():
                return time.perf_counter()
            if event == "state":
                listening.set()  # the page is open: what it opens with has been read
    raise RuntimeError("the stream ended without an answer")


async def open_streams(stack: StackFile, tokens: Sequence[str]) -> Row:
    """Memory of the chat process with and without them, straight to its port."""
    pid = stack.processes["chat"]
    before = megabytes(pid)
    limits = httpx2.Limits(max_connections=STREAMS)
    async with (
        httpx2.AsyncClient(timeout=60, trust_env=False, limits=limits) as http,
        AsyncExitStack() as opened,
    ):
        for number in range(STREAMS):
            await opened.enter_async_context(listening(stack, http, tokens[number % len(tokens)]))
        after = megabytes(pid)
    return (
        "memory of the chat process with open streams",
        f"{after:.0f} MB",
        f"{STREAMS} streams",
        f"{before:.0f} MB before; {(after - before) * 1024 / STREAMS:.0f} KB a stream",
    )


@asynccontextmanager
async def listening(stack: StackFile, http: httpx2.AsyncClient, token: str) -> AsyncIterator[None]:
    url, headers = f"{stack.services['chat']}/api/chat/stream", {"Authorization": f"Bearer {token}"}
    async with http.stream("GET", url, headers=headers) as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if line.startswith("event: state"):
                break
        yield


def megabytes(pid: int) -> float:
    """Resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
