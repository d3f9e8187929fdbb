"""A sandbox on real sockets, and a gateway that keeps what the sandbox sends it."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import httpx2
import pytest
from sandbox.server import Running, running
from sandbox.settings import Settings
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from testkit.doors import a_door


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Gateway:
    """Answers `answers` in turn (status and headers), then 202."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    text: str = ""

    async def receive(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:  # a test ended with a delivery on its way: it was not received
            return Response(status_code=400)
        self.got.append(Got(request.url.path, dict(request.headers), body))
        status, headers = self.answers.popleft() if self.answers else (202, {})
        return Response(self.text, status, headers)

    def at(self, path: str) -> list[Got]:
        return [got for got in self.got if got.path.startswith(path)]


@pytest.fixture(scope="session")
async def _gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    async with a_door(gateway.receive) as gateway.url:
        yield gateway


@pytest.fixture(scope="session")
async def _running(_gateway: Gateway) -> AsyncIterator[Running]:
    async with running(Settings(gateway_url=_gateway.url)) as sandbox:
        yield sandbox


@pytest.fixture
async def gateway(_gateway: Gateway) -> Gateway:
    _gateway.got.clear()
    _gateway.answers.clear()
    _gateway.text = ""
    return _gateway


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


@pytest.fixture
async def sandbox(_running: Running, gateway: Gateway) -> AsyncIterator[Running]:
    """Fails the test behind which the server logged an error: a broken answer does not always reach the client."""
    _running.world.reset()
    errors = _Errors()
    logging.getLogger("uvicorn.error").addHandler(errors)
    yield _running
    logging.getLogger("uvicorn.error").removeHandler(errors)
    assert errors.seen == []


@pytest.fixture(scope="session")
async def _http(_running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=_running.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture(scope="session")
async def _shop(_running: Running) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {_running.world.settings.shopmonkey_api_key}"}
    url = f"{_running.url}/shopmonkey/v3"
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
async def http(sandbox: Running, _http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    return _http


@pytest.fixture
async def shop(sandbox: Running, _shop: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client with ShopMonkey's key."""
    return _shop


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    async def wait(promise: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(5):
            while not await promise():  # noqa: ASYNC110 - polled over HTTP
                await asyncio.sleep(0.01)

    return wait
