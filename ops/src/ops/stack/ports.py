"""Which port each part listens on: what it had last time, else its default, else a free one."""

import json
import socket
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


def choose_ports(state_dir: Path) -> dict[str, int]:
    """Keeps links of an earlier run valid where it can; raises nothing when a port was taken meanwhile."""
    remembered = _remembered(state_dir / "ports.json")
    chosen: dict[str, int] = {}
    for name, default in DEFAULTS.items():
        wanted = (remembered.get(name, default), default)
        chosen[name] = next((port for port in wanted if _is_free(port)), None) or free_port()
    write_private(state_dir / "ports.json", json.dumps(chosen, indent=2))
    return chosen


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
