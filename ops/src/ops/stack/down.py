"""Takes the whole system down and proves that nothing of it is left."""

import asyncio
import shutil
import signal
from pathlib import Path

from ops.stack import docker, postgres, rabbit, supervise
from ops.stack.infrastructure import delete_vhost, drop_database, recorded_servers, stop_servers
from ops.stack.model import Servers
from ops.stack.processes import end, tagged
from ops.stack.screen import StackError, step
from ops.stack.state import instance_id


async def down(state_dir: Path) -> None:
    with step("stopped"):
        await halt(state_dir)


async def halt(state_dir: Path) -> None:
    """Raises StackError with the pids if a process outlived even SIGKILL. A second Ctrl-C does not interrupt it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        await supervise.stop(state_dir)
        await stop_servers(state_dir)
        instance = instance_id(state_dir)
        await end(tagged(instance))
        (state_dir / "stack.json").unlink(missing_ok=True)
        if left := tagged(instance):
            raise StackError(f"still alive: {sorted(left)}")
    finally:
        signal.signal(signal.SIGINT, before)


async def clean(state_dir: Path) -> None:
    """Down, and every trace of this instance removed: its data too."""
    await supervise.stop(state_dir)
    known = recorded_servers(state_dir)
    if known:
        with step("dropped the database and the virtual host"):
            await _forget(known, f"leads_{instance_id(state_dir)}")
    await down(state_dir)
    if known and any(one.kind == "container" for one in known.private):
        await docker.remove_volumes(state_dir)
    await asyncio.to_thread(_remove_files, state_dir)


async def _forget(known: Servers, name: str) -> None:
    """Skips a server that no longer answers: a private one's data goes with its files."""
    if await postgres.refusal(known.postgres_admin_url) is None:
        await drop_database(known.postgres_admin_url, name)
    if await rabbit.answers(known.rabbitmq_admin_url):
        await delete_vhost(known, name)


def _remove_files(state_dir: Path) -> None:
    home = postgres.private_home(state_dir)
    if home.is_relative_to("/var/tmp"):  # noqa: S108 - the place private_home names
        shutil.rmtree(home.parent, ignore_errors=True)
    supervise.socket_path(state_dir).unlink(missing_ok=True)
    shutil.rmtree(state_dir)
