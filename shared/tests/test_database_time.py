"""What is due follows the database's clock, whatever the machine's own says."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from shared.db.engine import ANY_DATABASE, Sessions, connect, create_sessions
from shared.db.time import DatabaseTime
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = pytest.mark.postgres

OFF = timedelta(minutes=10)
NEAR = timedelta(minutes=1)


@pytest.mark.parametrize("off", [OFF, -OFF])
async def test_a_machine_whose_clock_is_off_goes_by_the_database(
    owner_database_url: str, off: timedelta
) -> None:
    creator = partial(connect, owner_database_url, search_path="chat, pg_catalog")
    engine = create_async_engine(ANY_DATABASE, async_creator=creator)
    sessions = create_sessions(engine)
    await clock_off_by(sessions, off)
    time = DatabaseTime()
    assert abs(time.now() - datetime.now(UTC)) < NEAR

    async with time.followed(sessions):
        assert abs(time.now() - off - datetime.now(UTC)) < NEAR

    await engine.dispose()


async def test_without_a_database_the_machine_s_clock_counts_until_it_answers() -> None:
    engine = create_async_engine("postgresql+asyncpg://sample@127.0.0.1:9/none")
    time = DatabaseTime()

    async with time.followed(create_sessions(engine)):
        assert abs(time.now() - datetime.now(UTC)) < NEAR

    await engine.dispose()


async def clock_off_by(sessions: Sessions, off: timedelta) -> None:
    """The tests' schema comes before the server's own, so its function is the one that answers."""
    async with sessions() as session, session.begin():
        await session.execute(
            text(
                "CREATE FUNCTION chat.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                f"$$ SELECT pg_catalog.clock_timestamp() + interval '{off.total_seconds()} seconds' $$"
            )
        )
