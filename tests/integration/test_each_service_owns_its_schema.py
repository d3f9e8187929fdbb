"""Tables as the migrations made them; a role sees its own schema, and of it only the tenant that it names."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest
from ops.stack.environment import PACKAGES
from ops.stack.provision import SCHEMAS
from ops.stack.stackfile import StackFile
from shared.db.migrate import check
from shared.events import SERVICES, ServiceName

pytestmark = pytest.mark.postgres

WITHOUT_TENANT = {"alembic_version", "outbox", "inbox", "tenants"}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_make_the_tables_of_the_code(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]], service: ServiceName
) -> None:
    async with migrated_database(service) as url:
        await asyncio.to_thread(check, PACKAGES[service], url)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_is_refused_on_every_other_schema(stack: StackFile, service: ServiceName) -> None:
    connection = await asyncpg.connect(stack.databases[service])
    try:
        for other in set(SCHEMAS.values()) - {SCHEMAS[service]}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT 1 FROM {other}.outbox")  # noqa: S608 - our own schema names
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_tenant_no_tenant_table_shows_a_row(stack: StackFile, service: ServiceName) -> None:
    connection = await asyncpg.connect(stack.databases[service])
    try:
        tables = await connection.fetch(
            "SELECT tablename, relforcerowsecurity FROM pg_tables JOIN pg_class ON relname = tablename "
            "AND relnamespace = schemaname::regnamespace WHERE schemaname = $1",
            SCHEMAS[service],
        )
        guarded = [row for row in tables if row["tablename"] not in WITHOUT_TENANT]
        assert guarded
        assert [row["tablename"] for row in guarded if not row["relforcerowsecurity"]] == []
        for row in guarded:
            assert await connection.fetch(f"SELECT 1 FROM {row['tablename']}") == []  # noqa: S608
    finally:
        await connection.close()
