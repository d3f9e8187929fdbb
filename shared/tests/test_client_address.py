"""The customer's address, over real sockets: told by a trusted proxy, and by nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from shared.http import app as frame
from shared.http.limits import client_ip
from shared.settings import ServiceSettings


def build(_: ServiceSettings) -> FastAPI:
    app = FastAPI()

    @app.get("/me")
    def me(request: Request) -> str:
        return client_ip(request)

    return app


@asynccontextmanager
async def served(monkeypatch: pytest.MonkeyPatch, **settings: str) -> AsyncIterator[str]:
    """As `python -m <service> serve` does."""
    options: dict[str, Any] = {}
    monkeypatch.setattr("sys.argv", ["sample", "serve"])
    monkeypatch.setattr(frame, "configure_logs", lambda *_: None)
    monkeypatch.setattr(frame, "configure_traces", lambda *_: None)
    monkeypatch.setattr(uvicorn, "run", lambda app, **given: options.update(app=app, **given))
    values = {
        "database_url": "postgresql://sample:sample@localhost/sample",
        "rabbitmq_url": "",
        "port": 0,
        **settings,
    }
    frame.main("sample", "sample", lambda: ServiceSettings(**values), build)  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(**options))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - until it listens
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


@pytest.mark.parametrize(
    ("trusted", "told", "address"),
    [
        ("127.0.0.1,::1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8", "203.0.113.66, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8,10.0.0.0/8", "198.51.100.7, 10.0.0.5", "198.51.100.7"),
        ("10.0.0.0/8", "198.51.100.7", "127.0.0.1"),
        ("", "198.51.100.7", "127.0.0.1"),
    ],
)
async def test_who_is_believed(
    monkeypatch: pytest.MonkeyPatch, trusted: str, told: str, address: str
) -> None:
    """What a customer wrote into the header themself stands left of what the proxy added."""
    async with served(monkeypatch, trusted_proxies=trusted) as url, httpx2.AsyncClient(timeout=60) as client:
        answer = await client.get(f"{url}/me", headers={"X-Forwarded-For": told})
    assert answer.json() == address
