"""Stands in front of the sandbox's vendors: what is asked is carried out there, and the answer is spoiled on its way back."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import httpx2

Mood = Literal["well", "huge", "trickle", "redirect"]

HUGE_BYTES = 50 * 1024 * 1024
CHUNK = b" " * 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Front:
    """`asked` counts each request by what it said, so that a storm of the same one shows."""

    def __init__(self, sandbox: str) -> None:
        self.mood: Mood = "well"
        self.asked: Counter[bytes] = Counter()
        self.spoiled: Counter[str] = Counter()
        self.port = 0
        self._sandbox = sandbox
        self._http = httpx2.AsyncClient(base_url=sandbox, timeout=60, trust_env=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Front"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        async with server, self._http:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, httpx2.HTTPError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            mood = self.mood
            self.asked[head.split(b"\r\n")[0] + body] += 1
            self.spoiled[mood] += mood != "well"
            await self._answer(writer, mood, await self._carried_out(head, body))
        writer.close()

    async def _carried_out(self, head: bytes, body: bytes) -> httpx2.Response:
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        kept = {name: headers[name] for name in headers if name.lower() not in {"host", "connection"}}
        return await self._http.request(method, path, content=body, headers=kept)

    async def _answer(self, writer: asyncio.StreamWriter, mood: Mood, answer: httpx2.Response) -> None:
        """Each of them is the true answer to somebody patient; a redirect leads to where it would be asked once more."""
        match mood:
            case "well":
                await _write(writer, answer, answer.content)
            case "huge":
                await _write(writer, answer, answer.content, padding=HUGE_BYTES)
            case "redirect":
                target = f"location: {self._sandbox}{answer.request.url.raw_path.decode()}\r\n"
                writer.write(
                    f"HTTP/1.1 307 Moved\r\n{target}content-length: 0\r\nconnection: close\r\n\r\n".encode()
                )
                await writer.drain()
            case "trickle":
                _write_head(writer, answer, len(answer.content))
                for byte in answer.content:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(1)


async def _write(
    writer: asyncio.StreamWriter, answer: httpx2.Response, content: bytes, padding: int = 0
) -> None:
    """Spaces behind a JSON value change nothing but its size."""
    _write_head(writer, answer, len(content) + padding)
    writer.write(content)
    for _ in range(padding // len(CHUNK)):
        writer.write(CHUNK)
        await writer.drain()
    await writer.drain()


def _write_head(writer: asyncio.StreamWriter, answer: httpx2.Response, length: int) -> None:
    kind = answer.headers.get("content-type", "application/json")
    writer.write(
        f"HTTP/1.1 {answer.status_code} Told\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n"
        "connection: close\r\n\r\n".encode()
    )
