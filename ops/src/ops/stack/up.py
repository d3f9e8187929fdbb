"""Brings the whole system up, or says that it already is."""

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared.messaging.topology import declare_at

from ops.stack import supervise
from ops.stack.accounts import OPERATORS
from ops.stack.down import halt
from ops.stack.environment import (
    PACKAGES,
    TENANT,
    Claude,
    Plan,
    operator_settings,
    programs,
    secrets_of,
    write_settings,
)
from ops.stack.health import unready, wait_until_ready
from ops.stack.infrastructure import provision_broker, provision_database, servers
from ops.stack.model import Servers
from ops.stack.ports import chosen_ports
from ops.stack.processes import tagged
from ops.stack.provision import owner_url
from ops.stack.screen import StackError, say, step
from ops.stack.shell import run
from ops.stack.stackfile import StackFile, locked, read_stack, write_stack
from ops.stack.state import instance_id, secret


async def up(root: Path, state_dir: Path, claude: Claude) -> None:
    """Whatever goes wrong, nothing it started stays alive."""
    with _only_one(state_dir):
        if await _already_up(state_dir, claude):
            return
        try:
            await bring_up(root, state_dir, claude)
        except BaseException:
            say("  · stopping what was started")
            await halt(state_dir)
            raise


async def is_healthy(state_dir: Path, stack: StackFile) -> bool:
    states = supervise.watched(state_dir)
    all_run = states and all(one.state == supervise.RUNNING for one in states.values())
    return bool(all_run) and not await unready(addresses(stack))


def addresses(stack: StackFile) -> dict[str, str]:
    return {"sandbox": stack.sandbox, **stack.services, "gateway": stack.gateway}


def chosen_claude(asked: str) -> Claude:
    """What was asked for; else the real one when the caller has a key, else the deterministic assistant. Raises `StackError`."""
    if asked == "sandbox" or asked.startswith(("http://", "https://")):
        return asked
    if asked:
        raise StackError(f"CLAUDE={asked}: sandbox or the address of a Messages API")
    return "key" if _anthropic_key() else "off"


async def _already_up(state_dir: Path, claude: Claude) -> bool:
    stack = read_stack(state_dir)
    if stack and stack.claude == claude and await is_healthy(state_dir, stack):
        say(f"already up: {stack.gateway}")
        return True
    if stack or tagged(instance_id(state_dir)):
        say("  · an earlier stack is broken or was started otherwise: it is restarted")
        await halt(state_dir)
    return False


async def bring_up(root: Path, state_dir: Path, claude: Claude) -> None:
    """On the servers that the state directory already has, if it has some; cleans nothing up when it fails."""
    found = await servers(state_dir)
    with chosen_ports(state_dir) as ports:
        plan = await _prepare(root, state_dir, claude, found, ports)
        with step("migrations and topology"):
            await asyncio.gather(asyncio.to_thread(_migrate_all, plan), declare_at(plan.brokers[OPERATORS]))
        stack = _stack_file(plan, found)
        await supervise.start(state_dir, programs(plan))
        await wait_until_ready(state_dir, addresses(stack))
    with step("sample shop"):
        await _leadctl(plan, "import", "tenant", str(root / "samples/tenant.yaml"), "--live")
        await _leadctl(plan, "import", "catalog", str(root / "samples/catalog.csv"))
    with locked(state_dir):
        pids = {name: one.pid for name, one in supervise.watched(state_dir).items()}
        write_stack(state_dir, stack.model_copy(update={"processes": pids}))
    say(f"up: {stack.gateway}   the customer's phone and the shop's board: {stack.sandbox}")


async def _prepare(
    root: Path, state_dir: Path, claude: Claude, found: Servers, ports: Mapping[str, int]
) -> Plan:
    name = f"leads_{instance_id(state_dir)}"
    database_secret = secret(state_dir, "database")
    with step(f"database and virtual host {name}"):
        databases, brokers = await asyncio.gather(
            provision_database(found.postgres_admin_url, name, secret=database_secret),
            provision_broker(found, name, secret=secret(state_dir, "broker")),
        )
    plan = Plan(
        root=root,
        state_dir=state_dir,
        ports=ports,
        databases=databases,
        owners={service: owner_url(url, database_secret) for service, url in databases.items()},
        brokers=brokers,
        rabbitmq_api=found.rabbitmq_api,
        claude=claude,
        anthropic_key=_anthropic_key(),
    )
    write_settings(plan)
    return plan


def _stack_file(plan: Plan, found: Servers) -> StackFile:
    return StackFile(
        gateway=plan.url("gateway"),
        sandbox=plan.url("sandbox"),
        smtp=f"127.0.0.1:{plan.ports['sandbox-smtp']}",
        tenant=TENANT,
        claude=plan.claude,
        rabbitmq_url=plan.brokers[OPERATORS],
        rabbitmq_api=found.rabbitmq_api,
        databases=dict(plan.databases),
        services=plan.services,
        processes={},
        secrets=secrets_of(plan.state_dir),
    )


def _migrate_all(plan: Plan) -> None:
    """In this process: five interpreters that read the same packages take far longer than the migrations. Needs a thread."""
    from shared.db.migrate import upgrade  # noqa: PLC0415 - `down` and `status` need no Alembic

    for name, package in PACKAGES.items():
        try:
            upgrade(package, plan.owners[name])
        except Exception as error:
            raise StackError(f"the migration of {name} failed: {error!r}") from error


async def _leadctl(plan: Plan, *arguments: str) -> None:
    program = str(Path(sys.executable).with_name("leadctl"))
    outcome = await run(program, *arguments, env=operator_settings(plan), timeout_seconds=120)
    if not outcome.ok:
        raise StackError(f"leadctl {' '.join(arguments)} failed:\n{outcome.output[-3000:]}")


def _anthropic_key() -> str:
    return os.environ.get("CHAT_ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_API_KEY", "")


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("another `up` of this checkout is at work") from None
        yield
