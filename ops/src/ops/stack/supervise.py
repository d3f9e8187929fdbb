"""The supervisor that keeps the programs alive: its configuration, its start, its answers, its end."""

import asyncio
import http.client
import os
import socket
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ops.stack.processes import TAG, alive, end
from ops.stack.screen import StackError, tail
from ops.stack.shell import run
from ops.stack.state import instance_id, write_private

STOP_SECONDS = 12  # a service's graceful stop is 10 s
SOCKET_PATH_LIMIT = 90  # of 107 bytes; the supervisor first binds a longer, temporary name
RUNNING = 20
FATAL = 200
_STATES = {
    0: "stopped",
    10: "starting",
    20: "running",
    30: "backoff",
    40: "stopping",
    100: "exited",
    200: "fatal",
}


@dataclass(frozen=True)
class Watched:
    """One program as the supervisor sees it; `pid` is 0 while it does not run."""

    name: str
    state: int
    pid: int

    @property
    def state_name(self) -> str:
        return _STATES.get(self.state, "unknown")


def socket_path(state_dir: Path) -> Path:
    near = state_dir.resolve() / "supervisor.sock"
    if len(str(near)) <= SOCKET_PATH_LIMIT:
        return near
    return Path(tempfile.gettempdir()) / f"leads-{instance_id(state_dir)}-{os.getuid()}.sock"


def configuration(state_dir: Path, names: Iterable[str]) -> str:
    """In the order of `names`. Holds no secret: each program's settings come through `ops.stack.launch`."""
    home = str(state_dir.resolve()).replace("%", "%%")
    python = sys.executable.replace("%", "%%")
    parts = [_daemon(home, str(socket_path(state_dir)).replace("%", "%%"))]
    parts += [_program(name, home, python, priority) for priority, name in enumerate(names, start=10)]
    return "\n".join([*parts, _listener(home, python)])


async def start(state_dir: Path, names: Iterable[str]) -> None:
    """Raises StackError when it does not answer in 20 s."""
    config = _write_configuration(state_dir, names)
    program = str(Path(sys.executable).with_name("supervisord"))
    environment = {
        TAG: instance_id(state_dir),
        "LEADS_STATE_DIR": str(config.parent),
        "PYTHONUNBUFFERED": "1",
    }
    outcome = await run(program, "--configuration", str(config), env=environment, timeout_seconds=20)
    deadline = time.monotonic() + 20
    while not answers(state_dir):
        if not outcome.ok or time.monotonic() > deadline:
            raise StackError(
                f"supervisord did not start: {outcome.output}{tail(state_dir / 'logs/supervisord.log')}"
            )
        await asyncio.sleep(0.05)


def _write_configuration(state_dir: Path, names: Iterable[str]) -> Path:
    """In an absolute place: the programs are told of its folder."""
    config = state_dir.resolve() / "supervisord.conf"
    logs = config.parent / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    logs.chmod(0o700)  # not the folder above: a private server of another user lives in it
    (logs / "supervisord.log").touch(mode=0o600)  # it opens its own log before it heeds its umask
    write_private(config, configuration(state_dir, names))
    return config


async def stop(state_dir: Path) -> None:
    """Every program gets SIGTERM and its time; harmless when nothing runs."""
    pid = _daemon_pid(state_dir)
    if pid is None:
        return
    if answers(state_dir):
        _ask(state_dir, "shutdown")
        await _until_gone(pid, STOP_SECONDS * 3)
    if alive(pid):
        await end([pid])


def answers(state_dir: Path) -> bool:
    try:
        return bool(_ask(state_dir, "getState"))
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return False


def watched(state_dir: Path) -> dict[str, Watched]:
    """The programs, without the listener; empty when no supervisor answers."""
    try:
        rows = _ask(state_dir, "getAllProcessInfo")
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return {}
    assert isinstance(rows, list)  # noqa: S101 - xmlrpc knows no types
    seen = [Watched(name=str(row["name"]), state=int(row["state"]), pid=int(row["pid"])) for row in rows]
    return {one.name: one for one in seen if one.name != "pids"}


def _daemon_pid(state_dir: Path) -> int | None:
    """None when the pid file is missing or a reused number: the socket or the tag must vouch for it."""
    pidfile = state_dir / "supervisord.pid"
    if not pidfile.exists() or not (text := pidfile.read_text().strip()):
        return None
    pid = int(text)
    return pid if alive(pid) and answers(state_dir) else None


async def _until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process sets no event
        await asyncio.sleep(0.05)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = (str(host), connection)  # what close() closes
        return connection


def _ask(state_dir: Path, method: str) -> object:
    transport = _UnixTransport(socket_path(state_dir))
    with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=transport) as proxy:
        return getattr(proxy.supervisor, method)()


def _daemon(home: str, sock: str) -> str:
    return f"""[unix_http_server]
file={sock}
chmod=0600

[supervisord]
umask=077
pidfile={home}/supervisord.pid
logfile={home}/logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
childlogdir={home}/logs
directory={home}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""


def _program(name: str, home: str, python: str, priority: int) -> str:
    return f"""[program:{name}]
command="{python}" -m ops.stack.launch {name}
priority={priority}
autorestart=true
startsecs=1
startretries=30
stopasgroup=true
killasgroup=true
stopwaitsecs={STOP_SECONDS}
redirect_stderr=true
stdout_logfile={home}/logs/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
"""


def _listener(home: str, python: str) -> str:
    return f"""[eventlistener:pids]
command="{python}" -m ops.stack.pids
events=PROCESS_STATE_RUNNING
priority=1
autorestart=true
stderr_logfile={home}/logs/pids.log
stderr_logfile_maxbytes=1MB
"""
