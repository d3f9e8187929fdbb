"""One service as a process of its own, for what only a real kill -9 shows."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ops.stack.environment import PACKAGES
from shared.events import ServiceName


@asynccontextmanager
async def service_process(service: ServiceName, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs until it is killed or the block ends; `settings` without the service's prefix. Not waited for: ask what it did."""
    package = PACKAGES[service]
    environment = {f"{package}_{name}".upper(): value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", package, "serve"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        await kill(process)


async def kill(process: asyncio.subprocess.Process) -> None:
    """kill -9: nothing of it is left to clean up, least of all by itself."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
