"""One database with a schema and a login role per service; no role can touch another's schema."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from urllib.parse import urlsplit

import asyncpg

from ops.stack.state import derived

SCHEMAS: Mapping[str, str] = MappingProxyType(
    {"ingest": "ingest", "chat": "chat", "booking": "booking", "crm-sync": "crm", "notifier": "notify"}
)


async def provision_database(
    admin_url: str, name: str, services: Iterable[str] = SCHEMAS, *, secret: str, template: str | None = None
) -> dict[str, str]:
    """Creates what is missing; service -> URL of its role. Running it again changes nothing.

    Roles are named after the database, so several instances share a cluster; `secret` decides their passwords.
    With `template` the new database is a copy of that one and is used by that one's roles.
    """
    owner = template or name
    passwords = {service: derived(secret, role_name(owner, service)) for service in services}
    await provision_roles(admin_url, name, passwords, template=template)
    return {
        service: database_url(admin_url, name, role_name(owner, service), password)
        for service, password in passwords.items()
    }


async def provision_roles(
    admin_url: str, name: str, passwords: Mapping[str, str], *, template: str | None = None
) -> None:
    """A role with this password for each service. One that changes changes in one step: no third one is valid in between."""
    await _create_database(admin_url, name, template)
    connection = await asyncpg.connect(database_url(admin_url, name))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
        await connection.execute(
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC'
        )
        for service, password in passwords.items():
            role = role_name(template or name, service)
            if template is None:
                await _create_role(connection, role, password)
            await _give(connection, role, database=name, schema=SCHEMAS[service])
    finally:
        await connection.close()


async def drop_database(
    admin_url: str, name: str, services: Iterable[str] = SCHEMAS, *, keep_roles: bool = False
) -> None:
    """Ends open sessions, drops the database and, unless they serve copies of it too, its roles."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for service in () if keep_roles else services:
            await connection.execute(f'DROP ROLE IF EXISTS "{role_name(name, service)}"')
    finally:
        await connection.close()


def role_name(database: str, service: str) -> str:
    return f"{database}_{service.replace('-', '_')}"


def database_url(admin_url: str, database: str, user: str | None = None, password: str | None = None) -> str:
    """The same server, another database and, when given, another user."""
    parts = urlsplit(admin_url)
    where = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{password}@{where}" if user else parts.netloc
    return parts._replace(netloc=netloc, path=f"/{database}").geturl()


async def _create_database(admin_url: str, name: str, template: str | None) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        source = f' TEMPLATE "{template}"' if template else ""
        await connection.execute(f'CREATE DATABASE "{name}"{source}')
    except asyncpg.DuplicateDatabaseError:
        return
    finally:
        await connection.close()


async def _create_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """Neither superuser nor BYPASSRLS: row-level security binds the services too."""
    with suppress(asyncpg.DuplicateObjectError):
        await connection.execute(f'CREATE ROLE "{role}" LOGIN NOINHERIT')
    await _set_password(connection, role, password)
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # Only a member may create a schema in another's name.
        await connection.execute(f'GRANT "{role}" TO CURRENT_USER')


async def _set_password(connection: asyncpg.Connection, role: str, password: str) -> None:
    """ALTER ROLE takes no parameters, so the server quotes both words itself."""
    command = await connection.fetchval(
        "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, password
    )
    await connection.execute(command)


async def _give(connection: asyncpg.Connection, role: str, *, database: str, schema: str) -> None:
    await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
    await connection.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION "{role}"')
    await connection.execute(
        f'ALTER ROLE "{role}" IN DATABASE "{database}" SET search_path = {schema}, public'
    )
