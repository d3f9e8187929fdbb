"""A vendor's answer ends: by its size, by its time, or by being told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from shared.http.vendors import MAX_ANSWER_BYTES, AnswerTooLarge, VendorTransport

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"


@asynccontextmanager
async def vendor(answer: Answer, *, call_seconds: float = 60) -> AsyncIterator[httpx2.AsyncClient]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        assert b"accept-encoding: identity\r\n" in asked.lower()
        try:
            await answer(writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = VendorTransport(call_seconds=call_seconds)
    async with server, httpx2.AsyncClient(base_url=base_url, transport=transport, timeout=60) as client:
        yield client


async def tell(writer: asyncio.StreamWriter, size: int) -> None:
    writer.write(HEAD % size)
    chunk = b"x" * 65_536
    for _ in range(size // len(chunk)):
        writer.write(chunk)
        await writer.drain()


async def test_an_answer_of_fifty_megabytes_is_not_read_to_its_end() -> None:
    async with vendor(lambda writer: tell(writer, 50 * 1024 * 1024)) as client:
        with pytest.raises(AnswerTooLarge):
            await client.get("/")


async def test_the_largest_answer_is_read_whole() -> None:
    async with vendor(lambda writer: tell(writer, MAX_ANSWER_BYTES)) as client:
        assert len((await client.get("/")).content) == MAX_ANSWER_BYTES


@pytest.mark.parametrize("head", [b"", HEAD % 1000])
async def test_an_answer_that_trickles_is_not_heard_for_ever(head: bytes) -> None:
    """Each byte comes in time for a limit on the single read."""

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for byte in HEAD + b"x" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with vendor(trickle, call_seconds=1) as client:
        with pytest.raises(httpx2.ReadTimeout, match="as a whole"):
            await client.get("/")
