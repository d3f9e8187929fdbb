"""Finds PostgreSQL and RabbitMQ in the documented order, or starts private ones; the test kit builds on this too."""

import asyncio
import os
from pathlib import Path
from typing import Literal

from ops.stack import docker, postgres, rabbit
from ops.stack.model import Postgres, Private, Rabbit, Servers
from ops.stack.provision import drop_database, provision_database
from ops.stack.rabbit import delete_vhost, provision_broker
from ops.stack.screen import StackError, say
from ops.stack.state import instance_id, secret, write_private

__all__ = [
    "Private", "Servers", "delete_vhost", "drop_database", "instance_id", "provision_broker", "provision_database",
    "secret", "servers", "stop_servers",
]  # fmt: skip

Choice = Literal["any", "local", "docker", "native"]


async def servers(state_dir: Path) -> Servers:
    """Servers to work on; those it started are listed in `private` and stay up until `stop_servers`.

    Servers that this state directory started before and that still run are taken again.
    Raises StackError with one line that says what to install or to start.
    """
    if earlier := await _still_running(state_dir):
        say("  · PostgreSQL and RabbitMQ: started earlier for this checkout")
        return earlier
    found = await asyncio.gather(_postgres(state_dir), _rabbit(state_dir), return_exceptions=True)
    database, broker = found
    private = [one.private for one in found if isinstance(one, Postgres | Rabbit) and one.private]
    if isinstance(database, BaseException) or isinstance(broker, BaseException):
        await _stop_all(private)
        raise next(one for one in found if isinstance(one, BaseException))
    taken = Servers(
        postgres_admin_url=database.admin_url,
        rabbitmq_admin_url=broker.admin_url,
        rabbitmq_api=broker.api,
        private=private,
    )
    write_private(_record(state_dir), taken.model_dump_json(indent=2))
    return taken


async def stop_servers(state_dir: Path) -> None:
    """Ends what `servers` started for this state directory; the data stays, and the addresses stay on record."""
    known = recorded_servers(state_dir)
    if known and known.private:
        await _stop_all(known.private)
        write_private(_record(state_dir), known.model_copy(update={"private": []}).model_dump_json(indent=2))


def recorded_servers(state_dir: Path) -> Servers | None:
    record = _record(state_dir)
    return Servers.model_validate_json(record.read_text()) if record.exists() else None


def _record(state_dir: Path) -> Path:
    return state_dir / "servers.json"


async def _still_running(state_dir: Path) -> Servers | None:
    known = recorded_servers(state_dir)
    if known is None or not known.private:
        return None
    if await postgres.refusal(known.postgres_admin_url) is None and await rabbit.answers(
        known.rabbitmq_admin_url
    ):
        return known
    await stop_servers(state_dir)
    return None


async def _postgres(state_dir: Path) -> Postgres:
    found = await _find_postgres(state_dir)
    say(f"  · PostgreSQL: {found.where}")
    return found


async def _find_postgres(state_dir: Path) -> Postgres:
    choice = _choice()
    if choice in {"any", "local"}:
        if url := os.environ.get("DATABASE_URL"):
            if reason := await postgres.refusal(url):
                raise StackError(f"DATABASE_URL cannot be used: {reason}")
            return Postgres(where="DATABASE_URL", admin_url=url)
        if local := await postgres.local_postgres():
            return local
    if (
        choice in {"any", "docker"}
        and await docker.engine_answers()
        and (container := await docker.container_postgres(state_dir))
    ):
        return container
    if choice in {"any", "native"}:
        return await postgres.start_postgres(state_dir)
    raise StackError(f"INFRA={choice}: no PostgreSQL that can be used")


async def _rabbit(state_dir: Path) -> Rabbit:
    found = await _find_rabbit(state_dir)
    say(f"  · RabbitMQ: {found.where}")
    return found


async def _find_rabbit(state_dir: Path) -> Rabbit:
    choice = _choice()
    if choice in {"any", "local"}:
        if url := os.environ.get("RABBITMQ_URL"):
            return await rabbit.given_rabbit(url)
        if local := await rabbit.local_rabbit():
            return local
    if (
        choice in {"any", "docker"}
        and await docker.engine_answers()
        and (container := await docker.container_rabbit(state_dir))
    ):
        return container
    if choice in {"any", "native"}:
        return await rabbit.start_rabbit(state_dir)
    raise StackError(f"INFRA={choice}: no RabbitMQ that can be used")


def _choice() -> Choice:
    match os.environ.get("INFRA", ""):
        case "":
            return "any"
        case "local" | "docker" | "native" as forced:
            return forced
        case other:
            raise StackError(f"INFRA={other}: use local, docker or native")


async def _stop_all(private: list[Private]) -> None:
    stops = {
        "postgres": postgres.stop_postgres,
        "rabbitmq": rabbit.stop_rabbit,
        "container": docker.stop_container,
    }
    await asyncio.gather(*(stops[one.kind](one) for one in private))
