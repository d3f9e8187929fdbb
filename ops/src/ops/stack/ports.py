"""Which port each part listens on: what it had last time, else its default, else a free one."""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ops.stack.state import write_private

DEFAULTS = {
    "gateway": 8080,
    "sandbox": 8090,
    "sandbox-smtp": 8025,
    "ingest": 8101,
    "chat": 8102,
    "booking": 8103,
    "crm-sync": 8104,
    "notifier": 8105,
}


@contextmanager
def chosen_ports(state_dir: Path) -> Iterator[dict[str, int]]:
    """Keeps links of an earlier run valid where it can. Until the block ends no other stack of this user chooses the same."""
    remembered = _remembered(state_dir / "ports.json")
    chosen: dict[str, int] = {}
    with ExitStack() as reserved:
        for name, default in DEFAULTS.items():
            chosen[name] = next(
                port
                for port in _candidates(remembered.get(name, default), default)
                if _is_free(port) and _reserve(reserved, port)
            )
        write_private(state_dir / "ports.json", json.dumps(chosen, indent=2))
        yield chosen


def _candidates(*wanted: int) -> Iterator[int]:
    yield from wanted
    while True:
        yield free_port()


def _reserve(reserved: ExitStack, port: int) -> bool:
    """A port that was chosen looks free until its program listens; so whoever chooses locks a file of its name."""
    folder = Path(tempfile.gettempdir()) / f"leads-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    reserved.enter_context(lock)
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """Different ones: all are held open until the last is known."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _remembered(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    return {str(name): int(port) for name, port in json.loads(path.read_text()).items()}
