"""The servers of a test run: from the environment or localhost, else testcontainers, else private local processes."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from ops.stack import docker, postgres, rabbit
from ops.stack.infrastructure import servers
from ops.stack.model import Servers
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.rabbitmq import RabbitMqContainer

POSTGRES_IMAGE = os.environ.get("POSTGRES_IMAGE", "postgres:17.6")
RABBITMQ_IMAGE = os.environ.get("RABBITMQ_IMAGE", "rabbitmq:4.1.4-management")


@asynccontextmanager
async def found_servers(state_dir: Path) -> AsyncIterator[Servers]:
    """Never skips: without any way to PostgreSQL and RabbitMQ it fails with the line that says what to install.

    Workers with the same `state_dir` share what the first of them starts there, until `stop_servers`.
    """
    if await _wants_containers():
        with ExitStack() as containers:
            yield _start_containers(containers)
        return
    with (state_dir / "servers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = await servers(state_dir)
    yield found


async def _wants_containers() -> bool:
    choice = os.environ.get("INFRA", "")
    if choice in {"local", "native"}:
        return False
    return choice == "docker" or (not await _servers_answer() and await docker.engine_answers())


async def _servers_answer() -> bool:
    if "DATABASE_URL" in os.environ or "RABBITMQ_URL" in os.environ:
        return True
    return await postgres.local_postgres() is not None and await rabbit.local_rabbit() is not None


def _start_containers(containers: ExitStack) -> Servers:
    """Also told to what the tests start by the environment, so that one pair of servers serves the whole run."""
    database = containers.enter_context(PostgresContainer(POSTGRES_IMAGE, driver=None))
    broker = containers.enter_context(RabbitMqContainer(RABBITMQ_IMAGE).with_exposed_ports(5672, 15672))
    host = broker.get_container_host_ip()
    account = f"{broker.username}:{broker.password}"
    found = Servers(
        postgres_admin_url=database.get_connection_url(),
        rabbitmq_admin_url=f"amqp://{account}@{host}:{broker.get_exposed_port(5672)}/",
        rabbitmq_api=f"http://{account}@{host}:{broker.get_exposed_port(15672)}",
    )
    os.environ["DATABASE_URL"] = found.postgres_admin_url
    os.environ["RABBITMQ_URL"] = found.rabbitmq_admin_url
    return found
