"""Statements of hot paths: straight on the driver, in the session's own transaction, prepared once on each connection.

Through the session the same statement costs five times the processor time (docs/performance.md).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from sqlalchemy import Table
from sqlalchemy import inspect as sqlalchemy_inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

RowT = TypeVar("RowT", bound=SQLModel)

_SCOPE = "SELECT set_config('app.tenant_id', $1, true)"


async def direct(session: AsyncSession) -> asyncpg.Connection:
    """What the session has changed in its rows is written first (unless in `no_autoflush`); it does not know of what is written here.

    For statements whose text is the same each time. JSON goes in as text.
    """
    if session.autoflush and (session.new or session.dirty or session.deleted):
        await session.flush()
    pooled = await (await session.connection()).get_raw_connection()
    connection: asyncpg.Connection = pooled.driver_connection
    if not connection.is_in_transaction():
        await cast("Any", pooled.dbapi_connection)._start_transaction()  # noqa: SLF001 - as before the session's own first statement
    return connection


async def ask_as_each(
    session: AsyncSession, tenants: Iterable[UUID], question: str, *values: object
) -> dict[UUID, asyncpg.Record]:
    """One row for each tenant, who is `$1`, each in its own scope; the transaction names none, before and after."""
    connection = await direct(session)
    answers = {}
    for tenant_id in tenants:
        await connection.fetchval(_SCOPE, str(tenant_id))
        answers[tenant_id] = await connection.fetchrow(question, tenant_id, *values)
    await connection.fetchval(_SCOPE, "")
    return answers


def columns_of(table: type[SQLModel], alias: str) -> str:
    """For a SELECT whose records `row_of` reads. Named one by one: a new column must not change the answer's form."""
    return ", ".join(f'{alias}."{name}" AS "{alias}.{name}"' for name in _columns(table))


def row_of(table: type[RowT], record: asyncpg.Record, alias: str) -> RowT:
    """No session knows it: changing it writes nothing."""
    return table(**{name: record[f"{alias}.{name}"] for name in _columns(table)})


async def insert(
    session: AsyncSession, rows: Sequence[SQLModel], ending: str = "", *, but: tuple[str, ...] = ()
) -> Sequence[asyncpg.Record]:
    """Rows of one table in one statement; `ending`: what follows, such as RETURNING. `but`: what the server fills in."""
    if not rows:
        return ()
    connection = await direct(session)
    statement = _insertion(type(rows[0]), ending, but)
    return await connection.fetch(statement, as_json(rows))  # type: ignore[no-any-return]


def as_json(rows: Sequence[SQLModel]) -> str:
    """Of one table, for PostgreSQL's `jsonb_populate_recordset`."""
    return _adapter(type(rows[0])).dump_json(list(rows)).decode()


@lru_cache(maxsize=200)
def _adapter(table: type[SQLModel]) -> TypeAdapter[list[SQLModel]]:
    return TypeAdapter(list[table])  # type: ignore[valid-type]


@lru_cache(maxsize=200)
def _insertion(table: type[SQLModel], ending: str, but: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in _columns(table) if name not in but)
    where = _table(table).fullname
    rows = f"jsonb_populate_recordset(NULL::{where}, $1)"
    return f"INSERT INTO {where} ({names}) SELECT {names} FROM {rows} {ending}"  # noqa: S608 - our own tables


@lru_cache(maxsize=200)
def _columns(table: type[SQLModel]) -> tuple[str, ...]:
    return tuple(column.name for column in _table(table).columns)


def _table(table: type[SQLModel]) -> Table:
    return cast("Table", sqlalchemy_inspect(table).local_table)
