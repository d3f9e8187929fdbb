"""Tables as the migrations made them, which their owner alone may change; a role sees its own schema, and of it one tenant."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest
from ops.stack.environment import PACKAGES
from ops.stack.provision import SCHEMAS
from ops.stack.stackfile import StackFile
from shared.db.engine import relay_url
from shared.db.migrate import check
from shared.events import SERVICES, ServiceName

pytestmark = pytest.mark.postgres

Databases: TypeAlias = Callable[[ServiceName], AbstractAsyncContextManager[str]]

WITHOUT_TENANT = {"alembic_version", "inbox", "limit_counts", "tenants"}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_make_the_tables_of_the_code(
    migrated_database: Databases, owner_of: Callable[[str], str], service: ServiceName
) -> None:
    async with migrated_database(service) as url:
        await asyncio.to_thread(check, PACKAGES[service], owner_of(url))


_OWNED = """
SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND pg_has_role(relowner, 'MEMBER')
UNION ALL
SELECT proname FROM pg_proc WHERE pronamespace = $1::regnamespace AND pg_has_role(proowner, 'MEMBER')
"""


@pytest.mark.parametrize("login", [lambda url: url, relay_url], ids=["service", "relay"])
@pytest.mark.parametrize("service", SERVICES)
async def test_no_role_of_a_running_service_owns_or_changes_what_the_migrations_made(
    migrated_database: Databases, service: ServiceName, login: Callable[[str], str]
) -> None:
    async with migrated_database(service) as url:
        connection = await asyncpg.connect(login(url))
        assert await connection.fetch(_OWNED, SCHEMAS[service]) == []
        for attempt in (
            "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
            "DROP POLICY own_tenant ON outbox",
            "ALTER FUNCTION notify_outbox() RENAME TO stray",
            "DROP TABLE inbox",
            "TRUNCATE inbox",
            "UPDATE alembic_version SET version_num = version_num",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(attempt)
        await connection.close()


_RECORD = "INSERT INTO outbox (event_id, tenant_id, type, key, body, created_at) VALUES ($1, $2, 'sample', 'k', '', now())"


@pytest.mark.parametrize("service", SERVICES)
async def test_an_event_shows_to_its_own_tenant_and_to_the_relay(
    migrated_database: Databases, service: ServiceName
) -> None:
    tenants = {uuid4() for _ in range(2)}
    async with migrated_database(service) as url:
        connection, relay = await asyncpg.connect(url), await asyncpg.connect(relay_url(url))
        for tenant in tenants:
            await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(tenant))
            await connection.execute(_RECORD, uuid4(), tenant)
            [seen] = await connection.fetch("SELECT tenant_id FROM outbox")
            assert seen["tenant_id"] == tenant
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(_RECORD, uuid4(), uuid4())  # another tenant's
        await connection.execute("RESET app.tenant_id")
        assert await connection.fetch("SELECT body FROM outbox") == []
        assert {row["tenant_id"] for row in await relay.fetch("SELECT tenant_id FROM outbox")} == tenants
        for attempt in (
            "SELECT 1 FROM tenants",
            _RECORD.replace("$1, $2", "gen_random_uuid(), gen_random_uuid()"),
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await relay.execute(attempt)
        await asyncio.gather(connection.close(), relay.close())


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
