"""Runs a whole sandbox inside the caller's event loop, on free ports."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from sandbox.app import create_app
from sandbox.settings import Settings
from sandbox.transport import AbortableProtocol
from sandbox.world import World

KEEP_ALIVE_SECONDS = 75
"""Longer than any client keeps an idle connection (httpx2: 5 s); as long, and both may end it at once, under a request."""
SHUTDOWN_SECONDS = 2


@dataclass(frozen=True)
class Running:
    """`world` is the live state: its `settings.gateway_url` may be set after the start."""

    url: str
    smtp_port: int
    world: World


class _QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # the host process (pytest) keeps its own signal handlers
        yield


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=AbortableProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A sandbox on free ports, whatever ports `settings` names; stopped when the block ends."""
    settings = settings.model_copy(update={"port": 0, "smtp_port": 0})
    app = create_app(settings)
    server = _QuietServer(server_config(app, settings))
    # uvicorn binds the port itself: on a socket made elsewhere asyncio would leave Nagle's delay on (40 ms a call)
    serving = asyncio.create_task(server.serve())
    try:
        world: World = app.state.world
        await _started(server, serving)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Running(url=f"http://{settings.host}:{port}", smtp_port=world.smtp_port, world=world)
    finally:
        world.stopping.set()
        server.should_exit = True
        await serving


async def _started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started:
        if serving.done():
            await serving
            raise RuntimeError("the sandbox did not start")
        await asyncio.sleep(0.005)
