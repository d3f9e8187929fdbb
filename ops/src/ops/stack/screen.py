"""What a person sees while the stack starts and stops: one line per step, with its seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StackError(Exception):
    """The stack cannot go on; the message is the one line that tells the person what to do."""


def say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"  ✗ {name}  {time.monotonic() - began:.1f} s")
        raise
    say(f"  ✓ {name}  {time.monotonic() - began:.1f} s")


def tail(log: Path, lines: int = 20) -> str:
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
