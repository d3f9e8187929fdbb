"""The operators' command, in a process of its own."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any


async def leadctl(settings: dict[str, str], *arguments: str) -> dict[str, Any]:
    """What it printed with `--json`; it must succeed. `settings` are environment variables."""
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")),
        *arguments,
        "--json",
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await command.communicate()
    assert command.returncode == 0
    answer: dict[str, Any] = json.loads(printed)
    return answer
