"""A web server of the test's own, in its event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class _QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # pytest keeps its own signal handlers
        yield


@asynccontextmanager
async def a_door(receive: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    """Its URL; `receive` answers whatever is asked there, by GET or POST."""
    app = Starlette(routes=[Route("/{path:path}", receive, methods=["GET", "POST"])])
    server = _QuietServer(uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
