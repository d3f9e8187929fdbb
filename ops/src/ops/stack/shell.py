"""Runs another program and gives back what it said."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0


async def run(
    *command: str,
    timeout_seconds: float = 60,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
) -> Outcome:
    """Output and errors together. 127 = no such program, 124 = it took too long and was killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=None if env is None else {**os.environ, **env},
            cwd=folder,
        )
    except (FileNotFoundError, PermissionError) as error:
        return Outcome(127, str(error))
    try:
        output, _ = await asyncio.wait_for(
            process.communicate(None if stdin is None else stdin.encode()), timeout_seconds
        )
    except TimeoutError:
        await _kill(process)
        return Outcome(124, f"{command[0]} gave no answer in {timeout_seconds:.0f} s")
    except asyncio.CancelledError:
        await _kill(process)
        raise
    return Outcome(process.returncode or 0, output.decode(errors="replace"))


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)  # process.kill() may reap the child behind the loop's back
    await process.wait()
