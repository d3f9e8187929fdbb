"""`.run/stack.json`: where everything is while the stack runs; for leadctl, tests and load tools."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from ops.stack.environment import Claude
from ops.stack.state import write_private


class StackFile(BaseModel):
    """`rabbitmq_api`: None when the broker has no management API. `databases`: service -> URL of its own role."""

    gateway: str
    sandbox: str
    smtp: str
    tenant: str
    claude: Claude
    rabbitmq_url: str
    rabbitmq_api: str | None
    databases: dict[str, str]
    services: dict[str, str]
    processes: dict[str, int]
    secrets: dict[str, str]


def read_stack(state_dir: Path) -> StackFile | None:
    path = state_dir / "stack.json"
    return StackFile.model_validate_json(path.read_text()) if path.exists() else None


def write_stack(state_dir: Path, stack: StackFile) -> None:
    write_private(state_dir / "stack.json", stack.model_dump_json(indent=2) + "\n")


def remember_pid(state_dir: Path, program: str, pid: int) -> None:
    """Nothing to do before the file exists: `up` writes the first pids itself."""
    with locked(state_dir):
        stack = read_stack(state_dir)
        if stack and program in stack.processes:
            write_stack(state_dir, stack.model_copy(update={"processes": {**stack.processes, program: pid}}))


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """`up` and the listener both rewrite the file; the later one must see what the earlier one wrote."""
    with (state_dir / "stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
