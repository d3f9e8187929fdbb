"""Engine, sessions, and the only place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

Sessions: TypeAlias = async_sessionmaker[AsyncSession]

POOL_SIZE = 10
"""Kept open. A PostgreSQL as installed takes 100 connections, which the five services and the people share."""
OVERFLOW = 4
"""These are closed after use and made anew, which costs as much as several transactions: for the rare peak only."""
CONNECT_TIMEOUT_SECONDS = 5
COMMAND_TIMEOUT_SECONDS = 30

_SET_TENANT = text("SELECT set_config('app.tenant_id', :tenant_id, true)")


def sqlalchemy_url(database_url: str) -> str:
    """`postgresql://` as operators write it, with the driver that SQLAlchemy wants named."""
    return asyncpg_url(database_url).replace("postgresql://", "postgresql+asyncpg://", 1)


def asyncpg_url(database_url: str) -> str:
    for prefix in ("postgresql+asyncpg://", "postgres://"):
        if database_url.startswith(prefix):
            return "postgresql://" + database_url.removeprefix(prefix)
    return database_url


def create_engine(database_url: str, pool_size: int = POOL_SIZE) -> AsyncEngine:
    return create_async_engine(
        sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=OVERFLOW,
        hide_parameters=True,  # errors are logged, personal data is not
        connect_args={"timeout": CONNECT_TIMEOUT_SECONDS, "command_timeout": COMMAND_TIMEOUT_SECONDS},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: Sessions, tenant_id: UUID | None) -> AsyncIterator[AsyncSession]:
    """Commits at the end, rolls back on any error. Rows of tenant tables are seen and written for `tenant_id` only.

    `None` is for tables that belong to no tenant: row-level security then hides every tenant row.
    """
    async with sessions() as session, session.begin():
        if tenant_id is not None:
            await session.execute(_SET_TENANT, {"tenant_id": str(tenant_id)})
        yield session
