"""Pytest fixtures of the project; loaded by entry point wherever the test kit is installed."""

import asyncio
import ipaddress
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
from ops.stack.down import clean
from ops.stack.infrastructure import delete_vhost, provision_broker, stop_servers
from ops.stack.model import Servers
from ops.stack.stackfile import StackFile, read_stack
from ops.stack.up import up
from playwright.async_api import Browser, Page
from shared.events import ServiceName
from shared.messaging.topology import declare_at
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

import sandbox  # noqa: F401 - before pytest takes the name for the folder of its tests
from testkit import broker
from testkit.browser import chromium
from testkit.customer import Customer
from testkit.databases import Databases
from testkit.infrastructure import found_servers

ROOT = Path(__file__).parents[4]


SYSTEM = "system"
SERVERS_DIR = pytest.StashKey[Path]()
"""Of the run: all workers know the servers that are started in it. Short, since Unix sockets live in it."""


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("servers_dir")
    config.stash[SERVERS_DIR] = Path(given or tempfile.mkdtemp(prefix="leads-test-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["servers_dir"] = str(node.config.stash[SERVERS_DIR])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or SERVERS_DIR not in config.stash:
        return
    asyncio.run(stop_servers(config.stash[SERVERS_DIR]))
    shutil.rmtree(config.stash[SERVERS_DIR], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What passed at its second try only is told with its first failure, so that nobody overlooks it."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"waited in vain at first: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


_SYSTEMS = frozenset({"stack", "system"})
"""Fixtures: the one that the run shares, and that of the faults. Two cores carry one of them under load at a time."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """By what it asks for, not by what somebody wrote above it."""
    if "servers" in getattr(item, "fixturenames", ()):
        item.add_marker("servers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest first, so that no worker waits for the other at the end."""
    system = {item.nodeid for item in items if not _SYSTEMS.isdisjoint(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: (item.nodeid not in system, not _is_of_the_whole(item.nodeid)))
    _system_tests(config).write_text(json.dumps(sorted(system)))


def _system_tests(config: pytest.Config) -> Path:
    """Where the workers, who all collect the same, tell the scheduler which tests need the whole system."""
    return config.stash[SERVERS_DIR] / "system-tests.json"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return OneSystem(config, log)


class OneSystem(LoadScopeScheduling):  # type: ignore[misc]  # xdist tells no types
    """Of parallel workers one plays all that needs the whole system, so that it is started once; else a file stays together."""

    def _split_scope(self, nodeid: str) -> str:
        return SYSTEM if nodeid in self._system else nodeid.partition("::")[0]

    @cached_property
    def _system(self) -> frozenset[str]:
        """Asked for when every worker has collected."""
        return frozenset(json.loads(_system_tests(self.config).read_text()))


def _is_of_the_whole(nodeid: str) -> bool:
    return nodeid.startswith("tests/")


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


@pytest.fixture(scope="session", autouse=True)
def _trusted_authorities_read_once() -> Iterator[None]:
    """Every HTTP client reads all the machine's authorities when it is made, plain HTTP or not: 50 ms, thousands of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", cache(httpcore2.default_ssl_context))
        yield


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    """Where this worker keeps what it started; short, since Unix sockets live in it."""
    path = Path(tempfile.mkdtemp(prefix="leads-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
async def servers(pytestconfig: pytest.Config) -> AsyncIterator[Servers]:
    async with found_servers(pytestconfig.stash[SERVERS_DIR]) as found:
        yield found


@pytest.fixture(scope="session")
async def _databases(servers: Servers) -> AsyncIterator[Databases]:
    databases = Databases(servers)
    yield databases
    await databases.drop_all()


@pytest.fixture(scope="session")
def migrated_database(_databases: Databases) -> Callable[[ServiceName], AbstractAsyncContextManager[str]]:
    """`async with migrated_database("chat") as url`: a database without a row, with that service's schema and role."""
    return _databases.migrated


@pytest.fixture(scope="session")
def owner_of(_databases: Databases) -> Callable[[str], str]:
    """Address of a migrated database -> that of its owner, for what no service may: alter, truncate, drop."""
    return _databases.owner_url


@pytest.fixture(scope="session")
async def _brokers(servers: Servers) -> AsyncIterator[dict[str, str]]:
    name = f"tk_{secrets.token_hex(3)}"
    addresses = await provision_broker(servers, name, secret=secrets.token_hex(16))
    await declare_at(addresses["ops"])
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
