"""PostgreSQL and RabbitMQ as containers of this instance, on free ports of 127.0.0.1."""

import os
from pathlib import Path

from ops.stack import postgres, rabbit
from ops.stack.model import Postgres, Private, Rabbit
from ops.stack.processes import TAG
from ops.stack.screen import StackError
from ops.stack.shell import run
from ops.stack.state import instance_id, secret

PULL_SECONDS = 600


async def engine_answers() -> bool:
    return (await run("docker", "info", "--format", "{{.ServerVersion}}", timeout_seconds=10)).ok


async def has_image(image: str) -> bool:
    """Already there, or pulled now."""
    if (await run("docker", "image", "inspect", image, timeout_seconds=20)).ok:
        return True
    return (await run("docker", "pull", "--quiet", image, timeout_seconds=PULL_SECONDS)).ok


async def container_postgres(state_dir: Path) -> Postgres | None:
    image = os.environ.get("POSTGRES_IMAGE", "postgres:17.6")
    if not await has_image(image):
        return None
    name, password = f"leads-{instance_id(state_dir)}-postgres", secret(state_dir, "postgres")
    volume = f"{name}:{os.environ.get('POSTGRES_VOLUME_DIR', '/var/lib/postgresql/data')}"
    await _run(
        state_dir, name, "-p", "127.0.0.1::5432", "-v", volume, "-e", f"POSTGRES_PASSWORD={password}", image
    )
    url = f"postgresql://postgres:{password}@127.0.0.1:{await _port(name, 5432)}/postgres"
    await postgres.wait_until_usable(url, 60)
    return Postgres(where=f"container {image}", admin_url=url, private=Private(kind="container", name=name))


async def container_rabbit(state_dir: Path) -> Rabbit | None:
    image = os.environ.get("RABBITMQ_IMAGE", "rabbitmq:4.1.4-management")
    if not await has_image(image):
        return None
    name, password = f"leads-{instance_id(state_dir)}-rabbitmq", secret(state_dir, "rabbitmq")
    account = ("-e", "RABBITMQ_DEFAULT_USER=leads", "-e", f"RABBITMQ_DEFAULT_PASS={password}")
    ports = ("-p", "127.0.0.1::5672", "-p", "127.0.0.1::15672")
    volume = (
        "-v",
        f"{name}:/var/lib/rabbitmq",
        "--hostname",
        "rabbitmq",
    )  # the data folder is named after the host
    await _run(state_dir, name, *ports, *volume, *account, image)
    url = f"amqp://leads:{password}@127.0.0.1:{await _port(name, 5672)}/"
    api = await rabbit.wait_until_usable(url, await _port(name, 15672), rabbit.START_SECONDS)
    return Rabbit(
        where=f"container {image}", admin_url=url, api=api, private=Private(kind="container", name=name)
    )


async def stop_container(private: Private) -> None:
    await run("docker", "stop", "--time", "20", private.name, timeout_seconds=40)
    await run("docker", "rm", "--force", private.name, timeout_seconds=40)


async def remove_volumes(state_dir: Path) -> None:
    prefix = f"leads-{instance_id(state_dir)}-"
    await run(
        "docker", "volume", "rm", "--force", f"{prefix}postgres", f"{prefix}rabbitmq", timeout_seconds=20
    )


async def _run(state_dir: Path, name: str, *options: str) -> None:
    await run("docker", "rm", "--force", name, timeout_seconds=40)
    label = f"{TAG}={instance_id(state_dir)}"
    outcome = await run(
        "docker", "run", "--detach", "--name", name, "--label", label, *options, timeout_seconds=60
    )
    if not outcome.ok:
        raise StackError(f"docker could not start {name}: {outcome.output.strip()}")


async def _port(name: str, inside: int) -> int:
    outcome = await run("docker", "port", name, f"{inside}/tcp")
    if not outcome.ok:
        raise StackError(f"{name} has no port {inside}: {outcome.output.strip()}")
    return int(outcome.output.split()[0].rpartition(":")[2])
