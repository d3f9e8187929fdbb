"""Processes of this instance: every one carries a tag in its environment, so that none can be left behind unseen."""

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

TAG = "LEADS_STACK"


def tagged(instance: str) -> set[int]:
    """Pids whose environment carries the tag; empty on a system without /proc. The caller itself is never among them."""
    needle = f"{TAG}={instance}".encode()
    return {pid for pid in _pids() if pid != os.getpid() and needle in _environment(pid).split(b"\0")}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


async def end(
    pids: Iterable[int], *, first: signal.Signals = signal.SIGTERM, grace_seconds: float = 15
) -> None:
    """Sends `first`, waits, and kills what is still there."""
    targets = set(pids)
    for wanted, seconds in ((first, grace_seconds), (signal.SIGKILL, 5.0)):
        targets = {pid for pid in targets if alive(pid)}
        for pid in targets:
            _send(pid, wanted)
        deadline = time.monotonic() + seconds
        while any(map(alive, targets)) and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.05)


def _send(pid: int, wanted: signal.Signals) -> None:
    try:
        os.kill(pid, wanted)
    except ProcessLookupError:
        return


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"
