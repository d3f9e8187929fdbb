"""What a service answers when it is stopped while requests are open."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from shared.http import problems
from shared.http.app import RequestFrame
from starlette.responses import StreamingResponse


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestFrame)

    @app.post("/slow")
    async def slow() -> str:
        await asyncio.sleep(60)
        return "done"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            yield "one"
            await asyncio.sleep(60)

        return StreamingResponse(words())

    return app


async def test_what_could_not_be_finished_is_to_be_asked_again_and_a_stream_just_ends(app: FastAPI) -> None:
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - until it listens
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        asked = asyncio.create_task(client.post(f"{url}/slow", json={}))
        async with client.stream("GET", f"{url}/stream") as heard:
            words = heard.aiter_text()
            assert await anext(words) == "one"
            while len(server.server_state.tasks) < 2:  # noqa: ASYNC110 - both are under way
                await asyncio.sleep(0.01)
            server.should_exit = True
            with pytest.raises(httpx2.RemoteProtocolError):
                await anext(words)
        answer = await asked
    await serving
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "0")
    assert answer.headers["connection"] == "close"
    assert answer.json()["code"] == "stopping"
