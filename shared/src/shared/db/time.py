"""What time it is: the database's clock, which all replicas share, read without asking it each time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.db.engine import Sessions, transaction

log = structlog.get_logger()

READ_EVERY_SECONDS = 30
ANSWER_WITHIN_SECONDS = 2
SAMPLES = 3
"""An answer is taken for the middle of its round trip, so the quickest is the most exact; the first one may have to connect."""
WORTH_TELLING = timedelta(seconds=5)

_READ = text("SELECT clock_timestamp()")


@dataclass(frozen=True)
class _Reading:
    at: datetime
    monotonic_seconds: float


async def _sample(session: AsyncSession) -> tuple[float, _Reading]:
    """The seconds that it took, and what was read."""
    asked = time.monotonic()
    at: datetime = (await session.execute(_READ)).scalar_one()
    answered = time.monotonic()
    return answered - asked, _Reading(at, (asked + answered) / 2)


class DatabaseTime:
    """Counts on from the last reading by the monotonic clock, so that a step of the machine's clock changes nothing."""

    def __init__(self) -> None:
        self._reading: _Reading | None = None

    def now(self) -> datetime:
        """The machine's own time until the database has answered once; without it nothing is decided anyway."""
        if self._reading is None:
            return datetime.now(UTC)
        return self._reading.at + timedelta(seconds=time.monotonic() - self._reading.monotonic_seconds)

    async def read(self, sessions: Sessions) -> None:
        """Raises what the database raises, or `TimeoutError`: then the last reading counts on."""
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS), transaction(sessions, None) as session:
            samples = [await _sample(session) for _ in range(SAMPLES)]
            _, self._reading = min(samples, key=itemgetter(0))

    @asynccontextmanager
    async def followed(self, sessions: Sessions) -> AsyncIterator[None]:
        async def read_again() -> bool:
            await self.read(sessions)
            return False

        try:
            await self.read(sessions)
            self._tell()
        except (OSError, SQLAlchemyError) as error:
            log.warning("time.database_not_reached", reason=type(error).__name__)
        try:
            async with Clock("database-time", read_again, READ_EVERY_SECONDS).running():
                yield
        finally:
            self._reading = None  # which nobody renews: the two clocks drift apart

    def _tell(self) -> None:
        ahead = datetime.now(UTC) - self.now()
        if abs(ahead) > WORTH_TELLING:
            log.warning("time.machine_clock_off", ahead_seconds=round(ahead.total_seconds(), 1))


DATABASE_TIME = DatabaseTime()
"""One process works on one database."""

database_now = DATABASE_TIME.now
