"""Pytest fixtures of the project; loaded by entry point wherever the test kit is installed."""

import ipaddress
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ops.stack.down import clean
from ops.stack.infrastructure import delete_vhost, provision_broker
from ops.stack.model import Servers
from ops.stack.stackfile import StackFile, read_stack
from ops.stack.up import up
from playwright.async_api import Browser, Page
from shared.events import ServiceName
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import sandbox  # noqa: F401 - before pytest takes the name for the folder of its tests
from testkit import broker
from testkit.browser import chromium
from testkit.customer import Customer
from testkit.databases import Databases
from testkit.infrastructure import found_servers

ROOT = Path(__file__).parents[4]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return OneSystem(config, log)


class OneSystem(LoadScopeScheduling):  # type: ignore[misc]  # xdist tells no types
    """Of parallel workers one plays all that needs the whole system, so that it is started once; else a file stays together."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "system" if path.startswith("tests/") else path


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """A connection that leaves this machine fails the test that made it."""
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test tried to reach {address[0]}")
        real_connect(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = real_connect  # type: ignore[method-assign]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    """Where the run keeps what it started; short, since Unix sockets live in it."""
    path = Path(tempfile.mkdtemp(prefix="leads-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
async def servers(state_dir: Path) -> AsyncIterator[Servers]:
    async with found_servers(state_dir) as found:
        yield found


@pytest.fixture(scope="session")
async def _databases(servers: Servers) -> AsyncIterator[Databases]:
    databases = Databases(servers)
    yield databases
    await databases.drop_templates()


@pytest.fixture(scope="session")
def migrated_database(_databases: Databases) -> Callable[[ServiceName], AbstractAsyncContextManager[str]]:
    """`async with migrated_database("chat") as url`: a fresh database with that service's schema and role."""
    return _databases.migrated


@pytest.fixture(scope="session")
def owner_of(_databases: Databases) -> Callable[[str], str]:
    """Address of a migrated database -> that of its owner, for what no service may: alter, truncate, drop."""
    return _databases.owner_url


@pytest.fixture(scope="session")
async def _brokers(servers: Servers) -> AsyncIterator[dict[str, str]]:
    name = f"tk_{secrets.token_hex(3)}"
    addresses = await provision_broker(servers, name, secret=secrets.token_hex(16))
    await broker.declare(addresses["ops"])
    yield addresses
    await delete_vhost(servers, name)


@pytest.fixture
async def broker_accounts(_brokers: dict[str, str]) -> dict[str, str]:
    """Account (a service, or `ops`) -> address, on a broker with the project's topology and empty queues."""
    await broker.purge(_brokers["ops"])
    return _brokers


@pytest.fixture
def rabbitmq_url(broker_accounts: dict[str, str]) -> str:
    """The same broker with every right."""
    return broker_accounts["ops"]


@pytest.fixture(scope="session")
async def stack(servers: Servers, state_dir: Path) -> AsyncIterator[StackFile]:
    """The whole system as `make up` starts it, against the sandbox; one for the run, so tests use leads of their own."""
    stack_dir = state_dir / "stack"
    stack_dir.mkdir()
    os.environ.setdefault("DATABASE_URL", servers.postgres_admin_url)
    os.environ.setdefault("RABBITMQ_URL", servers.rabbitmq_admin_url)
    await up(ROOT, stack_dir, "off")
    running = read_stack(stack_dir)
    assert running is not None
    yield running
    await clean(stack_dir)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=70, trust_env=False) as client:
        yield client


@pytest.fixture
def new_customer(stack: StackFile, http: httpx2.AsyncClient) -> Callable[[], Customer]:
    return lambda: Customer(stack, http)


@pytest.fixture
def customer(new_customer: Callable[[], Customer]) -> Customer:
    return new_customer()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
async def phone_page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A page on a phone; a screenshot of how it ended is kept in test-results, and page errors fail the test."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    results = ROOT / "test-results"
    results.mkdir(exist_ok=True)
    await page.screenshot(path=results / f"{request.node.name}.png", full_page=True)
    await context.close()
    assert errors == []
