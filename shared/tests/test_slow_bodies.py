"""A body that does not come to its end keeps no connection: what a service answers who calls it without the gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request
from shared.http import app as frame
from shared.http import problems
from shared.http.app import RequestFrame
from starlette.responses import StreamingResponse

BODY_SECONDS = 0.3


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(frame, "BODY_SECONDS", BODY_SECONDS)
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestFrame)
    app.state.release = asyncio.Event()

    @app.post("/parsed")
    async def parsed(body: dict[str, str]) -> str:
        return body["words"]

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            yield "one"
            await app.state.release.wait()
            yield "two"

        return StreamingResponse(words())

    return app


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[Callable[[], object]]:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - until it listens
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: asyncio.open_connection("127.0.0.1", port)
    finally:
        server.should_exit = True
        await serving


def head(target: str, *fields: str) -> bytes:
    return "\r\n".join([f"{target} HTTP/1.1", "Host: sample", *fields, "", ""]).encode()


BEGUN = {
    "of 1000 bytes": ("Content-Length: 1000", b"{"),
    "of any length": ("Transfer-Encoding: chunked", b"1\r\n{\r\n"),
}


@pytest.mark.parametrize(("length", "begun"), BEGUN.values(), ids=BEGUN)
@pytest.mark.parametrize("path", ["/parsed", "/raw"])
async def test_a_body_that_never_comes_is_answered_and_its_connection_closed(app, path, length, begun):
    async with served(app) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        writer.write(head(f"POST {path}", "Content-Type: application/json", length) + begun)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer


async def test_a_byte_now_and_then_does_not_keep_a_connection(app):
    async with served(app) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        writer.write(head("POST /raw", "Content-Length: 1000"))
        heard = asyncio.create_task(reader.read())
        while not (await asyncio.wait([heard], timeout=BODY_SECONDS / 5))[0]:
            writer.write(b"x")
        writer.close()
    assert heard.result().startswith(b"HTTP/1.1 408 ")


async def test_a_slow_body_that_comes_in_time_and_an_answer_that_takes_longer_pass(app):
    async with served(app) as connect, asyncio.timeout(10):
        reader, writer = await connect()
        stream, asking = await connect()
        asking.write(head("GET /stream"))
        await stream.readuntil(b"one")
        writer.write(head("POST /raw", "Content-Length: 3"))
        for part in (b"a", b"b", b"c"):
            await asyncio.wait([asyncio.create_task(app.state.release.wait())], timeout=BODY_SECONDS / 10)
            writer.write(part)
        assert (await reader.readuntil(b"\r\n\r\n3")).startswith(b"HTTP/1.1 200 ")
        late, begins = await connect()
        begins.write(head("POST /raw", "Content-Length: 3"))
        assert (await late.read()).startswith(b"HTTP/1.1 408 ")  # the time of a body is over
        app.state.release.set()
        await stream.readuntil(b"two")
        for one in (writer, asking, begins):
            one.close()
