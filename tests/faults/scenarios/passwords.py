"""Every password of the broker and of the database is changed while customers come."""

import json
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

import asyncpg
import pytest
from ops.stack import rabbit
from ops.stack.environment import PACKAGES
from ops.stack.stackfile import read_stack
from ops.stack.state import write_private
from shared.events import SERVICES

from faults.proxy import Proxy
from faults.scenarios.table import Run, scenario
from faults.system import System


@scenario(30)
async def passwords_of_the_broker_rotated(run: Run) -> None:
    """As docs/operations.md says, and worse: the last service to learn its new one has lost its connections before."""
    system, before = run.system, broker_urls(run.system)
    with_new_passwords(system, before.values())
    after = broker_urls(system)
    names = {name: f"LEADCTL_{prefix(name)}_RABBITMQ_URL" for name in SERVICES}
    more = {names[service]: after[service] for service in SERVICES}
    await run.moment()
    await system.leadctl(
        "broker", "provision", more={**more, "LEADCTL_ADMIN_RABBITMQ_API": str(system.rabbit.api)}
    )
    await restart_one_by_one(run, system.broker)
    for service in SERVICES:
        assert not await rabbit.answers(before[service]), f"the old password of {service} is still good"
        assert await rabbit.answers(after[service])
    run.injected.append("new password of each service on the broker, connections cut before the last restart")


@scenario(30)
async def passwords_of_the_database_rotated(run: Run) -> None:
    """The same on PostgreSQL: until its restart a service that lost its connections answers 503, and nobody 401."""
    system, before = run.system, dict(run.system.stack.databases)
    with_new_passwords(system, before.values())
    after = system.stack.databases
    await run.moment()
    await system.leadctl(
        "database", "provision", more={"LEADCTL_ADMIN_DATABASE_URL": system.postgres.admin_url}
    )
    await restart_one_by_one(run, system.database)
    for service in SERVICES:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(before[service])
        await (await asyncpg.connect(after[service])).close()
    run.injected.append(
        "new password of each service in the database, connections cut before the last restart"
    )


def broker_urls(system: System) -> dict[str, str]:
    programs = json.loads((system.state_dir / "programs.json").read_text())
    return {name: programs[name]["env"][f"{prefix(name)}_RABBITMQ_URL"] for name in PACKAGES}


def with_new_passwords(system: System, addresses: Iterable[str]) -> None:
    """In every file that the stack reads its settings from."""
    fresh = {str(urlsplit(address).password): secrets.token_hex(16) for address in addresses}
    for name in ("programs.json", "env", "stack.json"):
        text = (system.state_dir / name).read_text()
        for old, new in fresh.items():
            text = text.replace(old, new)
        write_private(system.state_dir / name, text)
    stack = read_stack(system.state_dir)
    assert stack is not None
    system.stack = stack


async def restart_one_by_one(run: Run, connections: Proxy) -> None:
    *most, last = run.dice.sample(SERVICES, len(SERVICES))
    for service in most:
        await run.system.restart(service)
    connections.cut()
    await run.moment(1, 2)
    await run.system.restart(last)
    await run.system.ready()


def prefix(service: str) -> str:
    return service.replace("-", "_").upper()
