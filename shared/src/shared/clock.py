"""Work that a clock starts: due rows, polls, retries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

log = structlog.get_logger()


class Clock:
    """Calls `work` every `seconds`, at once after `wake()`, and again without a pause while it answers True (more is due)."""

    def __init__(self, name: str, work: Callable[[], Awaitable[bool]], seconds: float) -> None:
        self._name = name
        self._work = work
        self._seconds = seconds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the end of the block; work under way is cancelled then, so each step of it must be safe to break off."""
        task = asyncio.create_task(self._run(), name=self._name)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if not await self._work_once():
                # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await self._wake.wait()

    async def _work_once(self) -> bool:
        try:
            return await self._work()
        except Exception:
            # The clock's edge: what is due stays due, the next round tries again.
            log.exception("clock.failed", clock=self._name)
            return False
