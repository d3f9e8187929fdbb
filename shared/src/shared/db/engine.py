"""Engine, sessions, and the only place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

Sessions: TypeAlias = async_sessionmaker[AsyncSession]

POOL_SIZE = 10
"""Kept open. A PostgreSQL as installed takes 100 connections, which the five services and the people share."""
OVERFLOW = 4
"""These are closed after use and made anew, which costs as much as several transactions: for the rare peak only."""
CONNECT_TIMEOUT_SECONDS = 5
COMMAND_TIMEOUT_SECONDS = 30

_BEGIN = "BEGIN"
_SET_TENANT = "SELECT set_config('app.tenant_id', '{}', true)"


ANY_DATABASE = "postgresql+asyncpg://"
"""For SQLAlchemy, which is told how to connect by `connect`: it would read TLS in an address in its own way."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Begins its next transaction in the scope of `next_tenant`: one round trip instead of two."""

    next_tenant: UUID | None = None

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's
        if self.next_tenant is not None and query.startswith(_BEGIN):
            query, self.next_tenant = f"{query} {_SET_TENANT.format(self.next_tenant)}", None
        return str(await super().execute(query, *args, timeout=timeout))


async def connect(
    database_url: str,
    *,
    connect_seconds: float = CONNECT_TIMEOUT_SECONDS,
    command_seconds: float | None = None,
    **server_settings: str,
) -> asyncpg.Connection:
    """The one way to a database: its address is libpq's for everybody, TLS and all (`shared/tls.py`)."""
    return await asyncpg.connect(  # noqa: TID251 - here
        asyncpg_url(database_url),
        timeout=connect_seconds,
        command_timeout=command_seconds,
        connection_class=Connection,
        server_settings=server_settings,
    )


def asyncpg_url(database_url: str) -> str:
    for prefix in ("postgresql+asyncpg://", "postgres://"):
        if database_url.startswith(prefix):
            return "postgresql://" + database_url.removeprefix(prefix)
    return database_url


def relay_url(database_url: str) -> str:
    """The same place as the service's relay sees it: a role of its own, before whom the outbox hides no tenant's events."""
    parts = urlsplit(asyncpg_url(database_url))
    account, _, where = parts.netloc.rpartition("@")
    user, colon, password = account.partition(":")
    return parts._replace(netloc=f"{user}_relay{colon}{password}@{where}").geturl()


def create_engine(database_url: str, pool_size: int = POOL_SIZE) -> AsyncEngine:
    return create_async_engine(
        ANY_DATABASE,
        async_creator=partial(connect, database_url, command_seconds=COMMAND_TIMEOUT_SECONDS),
        pool_size=pool_size,
        max_overflow=OVERFLOW,
        # The connection that was used last: its statements are prepared on both sides, those of ten in turn hardly ever.
        pool_use_lifo=True,
        hide_parameters=True,  # errors are logged, personal data is not
    )


def create_pool(database_url: str, most: int) -> asyncpg.Pool:
    """Of connections made when they are needed, for hot paths without SQLAlchemy; to be awaited once in the loop that uses it.

    A connection that comes back is not reset, which would be a round trip: whoever leaves something in it must end it.
    """

    async def open_one(*_: object, **__: object) -> asyncpg.Connection:
        return await connect(database_url, command_seconds=COMMAND_TIMEOUT_SECONDS)

    return asyncpg.create_pool(min_size=0, max_size=most, connect=open_one, reset=_leave_as_it_is)


async def _leave_as_it_is(_: asyncpg.Connection) -> None: ...


def create_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: Sessions, tenant_id: UUID | None) -> AsyncIterator[AsyncSession]:
    """Commits at the end, rolls back on any error. Rows of tenant tables are seen and written for `tenant_id` only.

    `None` is for tables that belong to no tenant: row-level security then hides every tenant row.
    """
    async with sessions() as session, session.begin():
        connection = await _driver_of(session)
        connection.next_tenant = tenant_id
        try:
            yield session
            await session.flush()  # here, since its first statement may begin the transaction
        finally:
            connection.next_tenant = None  # of a transaction without a statement, which never began


async def _driver_of(session: AsyncSession) -> Connection:
    raw = await (await session.connection()).get_raw_connection()
    return cast("Connection", raw.driver_connection)


async def as_written(session: AsyncSession, statement: str, *values: object) -> CursorResult[Any]:
    """A statement in PostgreSQL's own words (`$1`), for what every transaction does: SQLAlchemy has nothing to compile or to look up."""
    return await (await session.connection()).exec_driver_sql(statement, values)


@asynccontextmanager
async def one_statement(sessions: Sessions) -> AsyncIterator[AsyncConnection]:
    """Each statement is a transaction of its own, without the round trips of BEGIN and COMMIT. It sees no tenant's rows."""
    async with sessions.kw["bind"].connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")
