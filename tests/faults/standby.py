"""A streaming replica of the suite's own PostgreSQL, which may take its place."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from ops.stack.ports import free_port
from ops.stack.processes import TAG, end
from ops.stack.shell import run as shell
from ops.stack.state import instance_id
from testkit.patience import eventually

from faults.system import PATIENCE_SECONDS, System, gone

NAME = "standby"
_SYNCHRONOUS = "SELECT 1 FROM pg_stat_replication WHERE application_name = $1 AND sync_state = 'sync'"


@asynccontextmanager
async def standby(system: System) -> AsyncIterator["Standby"]:
    """It has confirmed whatever the primary has: nothing that was acknowledged is lost with the primary."""
    made = Standby(system)
    await made.start()
    try:
        yield made
    finally:
        await made.retire()


class Standby:
    def __init__(self, system: System) -> None:
        pid = system.database_pid
        self._system = system
        self._home = system.database_home
        self._folder = self._home / NAME
        self._programs = Path(f"/proc/{pid}/exe").resolve().parent
        self._user = Path(f"/proc/{pid}").stat()
        self._port = free_port()
        self._promoted = False

    async def start(self) -> None:
        admin = urlsplit(self._system.postgres.admin_url)
        primary = (
            f"host=127.0.0.1 port={admin.port} user={admin.username} password={admin.password} "
            f"application_name={NAME}"
        )
        await self._run("pg_basebackup", "-D", str(self._folder), "-R", "-c", "fast", "-d", primary)
        await self._run(
            "pg_ctl", "start", "-w", "-s", "-t", "60", "-D", str(self._folder), "-l", str(self._home / "standby.log"),
            "-o", f"-c listen_addresses=127.0.0.1 -p {self._port} -c unix_socket_directories='' -c max_connections=200",
        )  # fmt: skip
        await self._on_primary(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        await eventually(self._is_synchronous, within_seconds=PATIENCE_SECONDS)

    async def take_over(self) -> None:
        """The primary dies with all that it was about to say; then the replica is the database, behind the same proxy."""
        end_at_once(self._system.database_pid)
        await gone(self._system.database_pid)
        self._system.database.cut()
        await self._run("pg_ctl", "promote", "-w", "-t", "60", "-D", str(self._folder))
        self._promoted = True
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        self._system.use_database(self._port, pid)

    async def retire(self) -> None:
        """What was promoted stays the database, in the place where the next start looks for it."""
        if self._promoted:
            await self._system.end_database(signal.SIGINT)
            shutil.rmtree(self._home / "data")
            self._folder.rename(self._home / "data")
            await self._system.start_database()
            return
        await self._on_primary("ALTER SYSTEM RESET synchronous_standby_names")
        with suppress(OSError):
            await end([int((self._folder / "postmaster.pid").read_text().split()[0])], first=signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _is_synchronous(self) -> bool:
        return bool(await self._system.rows(_SYNCHRONOUS, NAME))

    async def _on_primary(self, statement: str) -> None:
        connection = await asyncpg.connect(self._system.postgres.admin_url)
        try:
            await connection.execute(statement)
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    async def _run(self, program: str, *arguments: str) -> None:
        """As the server's own user, in a session of its own, found again by `make clean`."""
        command = [str(self._programs / program), *arguments]
        if os.getuid() == 0:
            user = f"--reuid={self._user.st_uid}", f"--regid={self._user.st_gid}"
            command = ["setpriv", *user, "--clear-groups", *command]
        environment = {"HOME": str(self._home), TAG: instance_id(self._system.state_dir)}
        outcome = await shell("setsid", *command, env=environment, folder=self._home, timeout_seconds=120)
        assert outcome.ok, f"{program}: {outcome.output}"


def end_at_once(pid: int) -> None:
    """The server with all its children, as when the machine loses its power."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
