"""The whole system on servers of its own, which may be killed: who runs, where, and how to break it."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import asyncpg
import httpx2
from ops.stack import supervise
from ops.stack.down import clean
from ops.stack.environment import PACKAGES
from ops.stack.model import Postgres, Private, Rabbit, Servers
from ops.stack.ports import DEFAULTS, free_ports
from ops.stack.postgres import start_postgres
from ops.stack.processes import TAG, alive
from ops.stack.provision import database_url, role_name
from ops.stack.rabbit import start_rabbit, stop_rabbit
from ops.stack.screen import StackError
from ops.stack.shell import Outcome, run
from ops.stack.stackfile import StackFile, read_stack
from ops.stack.state import instance_id, write_private
from ops.stack.up import bring_up
from testkit.patience import eventually

from faults.proxy import Proxy

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
POLLING_OFF = {"CRM_SYNC_POLL_SECONDS": "86400"}
"""Polling finds the leads that a webhook lost, and would hide the loss."""


@dataclass
class System:
    """`database` and `broker` are the proxies through which every service reaches its servers."""

    state_dir: Path
    stack: StackFile
    postgres: Postgres
    rabbit: Rabbit
    database: Proxy
    broker: Proxy
    http: httpx2.AsyncClient
    replicas: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reader: asyncpg.Connection | None = None
    _phones: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def name(self) -> str:
        """Of the database and of the virtual host."""
        return f"leads_{instance_id(self.state_dir)}"

    def new_phone(self) -> str:
        """Another one for each customer: two with one number would share an inbox."""
        return f"+1619555{next(self._phones):04d}"

    @property
    def broker_url(self) -> str:
        """As the administrator, past the proxy."""
        return urlsplit(self.rabbit.admin_url)._replace(path=f"/{self.name}").geturl()

    def role(self, service: str) -> bytes:
        return role_name(self.name, service).encode()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[asyncpg.Connection]:
        """The database as its superuser, whom no row-level security binds, past the proxy."""
        connection = await asyncpg.connect(database_url(self.postgres.admin_url, self.name))
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """On a connection that is kept, since the audit asks often; opened anew after the server's end."""
        async with self._reading:
            if self._reader is None or self._reader.is_closed():
                self._reader = await asyncpg.connect(database_url(self.postgres.admin_url, self.name))
            found: list[asyncpg.Record] = await self._reader.fetch(query, *values)
            return found

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.terminate()

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
        connection = await aio_pika.connect(self.broker_url)
        async with connection:
            yield await connection.channel(publisher_confirms=True, on_return_raises=True)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """The sandbox's control API, which is never under a fault."""
        answer = await self.http.request(method, f"{self.stack.sandbox}/control{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    @asynccontextmanager
    async def vendor_fault(self, vendor: str, **fault: object) -> AsyncIterator[None]:
        await self.control("PUT", f"/faults/{vendor}", fault)
        try:
            yield
        finally:
            await self.control("PUT", f"/faults/{vendor}", {"mode": "none"})

    # Services

    def pid(self, service: str) -> int:
        return supervise.watched(self.state_dir)[service].pid

    async def kill(self, service: str) -> None:
        """kill -9; the supervisor starts it again at once. One that is just starting is waited for."""

        async def running() -> int:
            return self.pid(service)

        pid = await eventually(running, within_seconds=PATIENCE_SECONDS)
        os.kill(pid, signal.SIGKILL)
        await gone(pid)

    async def stop(self, service: str) -> None:
        """SIGTERM and its time, as a roll-out does it."""
        await self._supervisor("stop", service)

    async def start(self, service: str) -> None:
        await self._supervisor("start", service)

    async def restart(self, service: str) -> None:
        await self.stop(service)
        await self.start(service)
        await self.ready(service)

    async def _supervisor(self, *command: str) -> None:
        program = str(Path(sys.executable).with_name("supervisorctl"))
        outcome = await run(program, "-s", f"unix://{supervise.socket_path(self.state_dir)}", *command)
        if not outcome.ok and "already" not in outcome.output:
            raise StackError(f"supervisorctl {command}: {outcome.output}")

    async def ready(self, *services: str) -> None:
        """All of them when none is named."""

        async def all_answer() -> bool:
            answers = [await self._is_ready(self.stack.services[one]) for one in services or PACKAGES]
            return all(answers)

        await eventually(all_answer, within_seconds=PATIENCE_SECONDS, every_seconds=0.2)

    async def _is_ready(self, origin: str) -> bool:
        try:
            return (await self.http.get(f"{origin}/readyz", timeout=5)).is_success
        except httpx2.HTTPError:
            return False

    @asynccontextmanager
    async def with_settings(self, settings: Mapping[str, Mapping[str, str]]) -> AsyncIterator[None]:
        """The services restart with these beside their own, and without them when the block ends."""
        own = {service: self._programs()[service] for service in settings}
        await self._relaunch(
            {name: {**one, "env": {**one["env"], **settings[name]}} for name, one in own.items()}
        )
        try:
            yield
        finally:
            await self._relaunch(own)

    async def _relaunch(self, programs: Mapping[str, Any]) -> None:
        self._write_programs({**self._programs(), **programs})
        await asyncio.gather(*(self.restart(service) for service in programs))

    @asynccontextmanager
    async def behind_a_proxy(self, service: str) -> AsyncIterator[Proxy]:
        """The gateway and the other services reach it through the proxy; they restart before and after."""
        proxy = Proxy(_port(self.stack.services[service]))
        await proxy.start()
        own = {name: one for name, one in self._programs().items() if name != service}
        led = {name: _led_through(one, proxy) for name, one in own.items()}
        changed = [name for name, one in led.items() if one != own[name]]
        await self._relaunch_any({name: led[name] for name in changed})
        try:
            yield proxy
        finally:
            await self._relaunch_any({name: own[name] for name in changed})
            await proxy.close()

    async def _relaunch_any(self, programs: Mapping[str, Any]) -> None:
        """The gateway last: it knows the others."""
        await self._relaunch({name: one for name, one in programs.items() if name != "gateway"})
        if "gateway" in programs:
            self._write_programs({**self._programs(), "gateway": programs["gateway"]})
            await self._supervisor("restart", "gateway")
            await eventually(self._gateway_answers, within_seconds=PATIENCE_SECONDS)

    def _programs(self) -> dict[str, Any]:
        programs: dict[str, Any] = json.loads((self.state_dir / "programs.json").read_text())
        return programs

    def _write_programs(self, programs: dict[str, Any]) -> None:
        write_private(self.state_dir / "programs.json", json.dumps(programs))

    def settings_of(self, service: str) -> dict[str, str]:
        settings: dict[str, str] = self._programs()[service]["env"]
        return settings

    @asynccontextmanager
    async def with_replicas(
        self, services: Iterable[str] = PACKAGES, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[None]:
        """A second process of each service; the gateway knows both. Their relays stand by."""
        chosen = list(services)
        ports = dict(zip(chosen, free_ports(len(chosen)), strict=True))
        programs = self._programs()
        for service, port in ports.items():
            self._launch(service, programs[service], port, settings or {})
        await self._set_upstreams({name: f"127.0.0.1:{port}" for name, port in ports.items()}, programs)
        try:
            for port in ports.values():
                await eventually(
                    lambda port=port: self._is_ready(f"http://127.0.0.1:{port}"),
                    within_seconds=PATIENCE_SECONDS,
                )
            yield
        finally:
            await self._set_upstreams({}, programs)
            for replica in self.replicas.values():
                replica.terminate()
            for replica in self.replicas.values():
                await asyncio.to_thread(replica.wait)
            self.replicas.clear()

    def _launch(self, service: str, program: dict[str, Any], port: int, settings: Mapping[str, str]) -> None:
        prefix = service.replace("-", "_").upper()
        own = {f"{prefix}_PORT": str(port), TAG: instance_id(self.state_dir)}
        settings = {**program["env"], **settings, **own}
        with (self.state_dir / "logs" / f"{service}-2.log").open("ab") as log:
            self.replicas[service] = subprocess.Popen(
                program["command"], env={**os.environ, **settings}, stdout=log, stderr=log
            )

    async def _set_upstreams(self, second: Mapping[str, str], programs: dict[str, Any]) -> None:
        gateway = dict(programs["gateway"], env=dict(programs["gateway"]["env"]))
        for service, upstream in second.items():
            gateway["env"][f"{service.replace('-', '_').upper()}_UPSTREAM"] += f" {upstream}"
        self._write_programs({**programs, "gateway": gateway})
        await self._supervisor("restart", "gateway")
        await eventually(self._gateway_answers, within_seconds=PATIENCE_SECONDS)

    async def _gateway_answers(self) -> bool:
        try:
            return (await self.http.get(f"{self.stack.gateway}/healthz")).is_success
        except httpx2.HTTPError:
            return False

    # PostgreSQL

    @property
    def database_home(self) -> Path:
        """The folder of the server's `data`."""
        return Path(_private(self.postgres).name)

    @property
    def database_pid(self) -> int:
        pid = _private(self.postgres).pid
        assert pid is not None
        return pid

    async def end_database(self, how: signal.Signals) -> None:
        """SIGINT is an orderly stop. SIGQUIT is `immediate`: no checkpoint, recovery at the next start; SIGKILL leaves even less."""
        pid = self.database_pid
        with suppress(ProcessLookupError):  # one that ended by itself
            os.kill(pid, how)
        await gone(pid)
        self.database.cut()

    async def start_database(self) -> None:
        """Tries until it stands, as a machine's service manager does."""

        async def started() -> Postgres | None:
            try:
                return await start_postgres(self.state_dir)
            except StackError:  # the old server's children still end
                return None

        self._database_is(await eventually(started, within_seconds=PATIENCE_SECONDS, every_seconds=0.5))

    def use_database(self, port: int, pid: int) -> None:
        """Another server of the same data: the proxy leads there from now on."""
        private = _private(self.postgres).model_copy(update={"pid": pid})
        url = _moved(self.postgres.admin_url, port)
        self._database_is(self.postgres.model_copy(update={"admin_url": url, "private": private}))

    def _database_is(self, server: Postgres) -> None:
        self.postgres = server
        self.database.target_port = _port(server.admin_url)
        self.remember_servers()

    # RabbitMQ

    async def end_broker(self, how: signal.Signals) -> None:
        """SIGTERM is an orderly stop; SIGKILL ends the whole process group of the node."""
        private = _private(self.rabbit)
        assert private.pid is not None
        if how is signal.SIGKILL:
            os.killpg(private.pid, signal.SIGKILL)
            await gone(private.pid)
        await stop_rabbit(private)
        self.broker.cut()

    async def start_broker(self) -> None:
        self.rabbit = await start_rabbit(self.state_dir)
        self.broker.target_port = _port(self.rabbit.admin_url)
        self.remember_servers()

    async def rabbitmqctl(self, *command: str) -> Outcome:
        """With the node's own environment: its name, its cookie, its name server."""
        pid = _private(self.rabbit).pid
        pairs = (line.split("=", 1) for line in _environment_of(pid) if "=" in line)
        program = (
            shutil.which("rabbitmqctl", path="/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin") or "rabbitmqctl"
        )
        outcome = await run(program, *command, env=dict(pairs), timeout_seconds=120)
        if not outcome.ok:
            raise StackError(f"rabbitmqctl {command}: {outcome.output}")
        return outcome

    async def wipe_broker(self) -> None:
        """Deletes the virtual host with all that is in it, and makes an empty one with the same rights."""
        host, rights = f"/api/vhosts/{self.name}", ("permissions", "topic-permissions")
        kept = {kind: (await self._broker_api("GET", f"{host}/{kind}")).json() for kind in rights}
        await self._broker_api("DELETE", host)
        await self._broker_api("PUT", host, {})
        for kind, rows in kept.items():
            for row in rows:
                await self._broker_api("PUT", f"/api/{kind}/{self.name}/{row['user']}", row)

    async def _broker_api(self, method: str, path: str, body: object = None) -> httpx2.Response:
        answer = await self.http.request(method, f"{self.rabbit.api}{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer

    async def leadctl(
        self, *arguments: str, also: tuple[int, ...] = (), more: Mapping[str, str] | None = None
    ) -> str:
        """Exit codes beside 0 that are well: `also`; settings beside those of the stack: `more`."""
        lines = (self.state_dir / "env").read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        program = str(Path(sys.executable).with_name("leadctl"))
        outcome = await run(program, *arguments, env={**settings, **(more or {})}, timeout_seconds=600)
        if not outcome.ok and outcome.code not in also:
            raise StackError(f"leadctl {arguments}: {outcome.output}")
        return outcome.output

    def remember_servers(self) -> None:
        """For `ops.stack`, which sees the proxies and ends the servers behind them."""
        known = Servers(
            postgres_admin_url=_moved(self.postgres.admin_url, self.database.port),
            rabbitmq_admin_url=_moved(self.rabbit.admin_url, self.broker.port),
            rabbitmq_api=self.rabbit.api,
            private=[_private(self.postgres), _private(self.rabbit)],
        )
        write_private(self.state_dir / "servers.json", known.model_dump_json(indent=2))


@asynccontextmanager
async def running_system() -> AsyncIterator[System]:
    state_dir = Path(tempfile.mkdtemp(prefix="leads-faults-"))
    postgres, rabbit = await asyncio.gather(start_postgres(state_dir), start_rabbit(state_dir))
    database, broker = Proxy(_port(postgres.admin_url)), Proxy(_port(rabbit.admin_url))
    await database.start()
    await broker.start()
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        nothing = StackFile.model_construct()
        system = System(state_dir, nothing, postgres, rabbit, database, broker, http)
        system.remember_servers()
        # Not the default ports: between the choice and the start another checkout's stack may take those.
        ports = dict(zip(DEFAULTS, free_ports(len(DEFAULTS)), strict=True))
        write_private(state_dir / "ports.json", json.dumps(ports))
        try:
            with _environment(POLLING_OFF):
                await bring_up(ROOT, state_dir, "sandbox")
            started = read_stack(state_dir)
            assert started is not None
            system.stack = started
            yield system
        finally:
            keep_logs(state_dir)
            await system.close()
            await clean(state_dir)
            await database.close()
            await broker.close()


def _led_through(program: dict[str, Any], proxy: Proxy) -> dict[str, Any]:
    target, through = f"127.0.0.1:{proxy.target_port}", f"127.0.0.1:{proxy.port}"
    env = {name: value.replace(target, through) for name, value in program["env"].items()}
    return {**program, "env": env}


def keep_logs(state_dir: Path) -> None:
    """What the services wrote outlives the run, for whoever looks into a failure."""
    kept = ROOT / "test-results" / "faults"
    if (state_dir / "logs").exists():
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(state_dir / "logs", kept)


async def gone(pid: int) -> None:
    async def is_gone() -> bool:
        return not alive(pid)

    await eventually(is_gone, within_seconds=PATIENCE_SECONDS, every_seconds=0.02)


def _private(server: Postgres | Rabbit) -> Private:
    assert server.private is not None, "the fault suite needs servers that it started itself"
    return server.private


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _moved(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()


def _environment_of(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")


class _environment:  # noqa: N801 - reads as a statement
    """Settings that `bring_up` passes on to the services, for the time of the block."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._values}
        os.environ.update(self._values)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
