"""Two transactions side by side, in an order that the test sets."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from shared.db.engine import Sessions, transaction
from sqlalchemy import text

from testkit.patience import eventually

FirstT = TypeVar("FirstT")
SecondT = TypeVar("SecondT")

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def beside(
    sessions: Sessions, table: str, first: Coroutine[Any, Any, FirstT], second: Coroutine[Any, Any, SecondT]
) -> tuple[FirstT, SecondT]:
    """`second` begins when `first` has come to where it writes to `table`, and `first` goes on when `second` waits for anything."""
    async with _standing_still(sessions, table):
        tasks: tuple[asyncio.Task[FirstT], asyncio.Task[SecondT]]
        begun = asyncio.create_task(first)
        await _waiting(sessions, 1)
        tasks = begun, asyncio.create_task(second)
        await _waiting(sessions, 2)
    return await asyncio.gather(*tasks)


@asynccontextmanager
async def _standing_still(sessions: Sessions, table: str) -> AsyncIterator[None]:
    async with transaction(sessions, None) as session:
        await session.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        yield


async def _waiting(sessions: Sessions, count: int) -> None:
    async def found() -> bool:
        async with transaction(sessions, None) as session:
            return bool(await session.scalar(_WAITING) == count)

    await eventually(found)
