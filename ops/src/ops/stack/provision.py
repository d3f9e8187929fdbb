"""One database with a schema per service, and three roles for each: who works in it, who relays its events, who owns it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

import asyncpg
from shared.db.engine import connect

from ops.stack.state import derived

SCHEMAS: Mapping[str, str] = MappingProxyType(
    {"ingest": "ingest", "chat": "chat", "booking": "booking", "crm-sync": "crm", "notifier": "notify"}
)


@dataclass(frozen=True)
class Passwords:
    """`service` opens the service's role and its relay's, which the same process uses; `owner` the one that migrates."""

    service: str
    owner: str


async def provision_database(
    admin_url: str, name: str, services: Iterable[str] = SCHEMAS, *, secret: str, template: str | None = None
) -> dict[str, str]:
    """Creates what is missing; service -> URL of its role. Running it again changes nothing.

    Roles are named after the database, so several instances share a cluster; `secret` decides their passwords.
    With `template` the new database is a copy of that one and is used by that one's roles.
    """
    origin = template or name
    passwords = {
        service: Passwords(
            service=derived(secret, role_name(origin, service)),
            owner=derived(secret, owner_name(origin, service)),
        )
        for service in services
    }
    await provision_roles(admin_url, name, passwords, template=template)
    return {
        service: database_url(admin_url, name, role_name(origin, service), password.service)
        for service, password in passwords.items()
    }


async def provision_roles(
    admin_url: str, name: str, passwords: Mapping[str, Passwords], *, template: str | None = None
) -> None:
    """Roles with these passwords for each service. One that changes changes in one step: no third one is valid in between."""
    await _create_database(admin_url, name, template)
    connection = await connect(database_url(admin_url, name))
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
        await connection.execute(
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC'
        )
        for service, password in passwords.items():
            origin = template or name
            roles = (role_name(origin, service), relay_name(origin, service), owner_name(origin, service))
            if template is None:
                for role, word in zip(
                    roles, (password.service, password.service, password.owner), strict=True
                ):
                    await _create_role(connection, role, word)
            for role in roles:
                await _let_in(connection, role, database=name, schema=SCHEMAS[service])
            await _give_schema(connection, SCHEMAS[service], *roles)
    finally:
        await connection.close()


async def drop_database(
    admin_url: str, name: str, services: Iterable[str] = SCHEMAS, *, keep_roles: bool = False
) -> None:
    """Ends open sessions, drops the database and, unless they serve copies of it too, its roles."""
    connection = await connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for service in () if keep_roles else services:
            for role in (role_name(name, service), relay_name(name, service), owner_name(name, service)):
                await connection.execute(f'DROP ROLE IF EXISTS "{role}"')
    finally:
        await connection.close()


def role_name(database: str, service: str) -> str:
    return f"{database}_{service.replace('-', '_')}"


def relay_name(database: str, service: str) -> str:
    """As `shared.db.engine.relay_url` makes it of the service's address."""
    return f"{role_name(database, service)}_relay"


def owner_name(database: str, service: str) -> str:
    return f"{role_name(database, service)}_owner"


def owner_url(url: str, secret: str) -> str:
    """Of the owner of the schema in which the service at `url` works, as `provision_database` made it with this secret."""
    owner = f"{urlsplit(url).username}_owner"
    return database_url(url, urlsplit(url).path.removeprefix("/"), owner, derived(secret, owner))


def database_url(admin_url: str, database: str, user: str | None = None, password: str | None = None) -> str:
    """The same server, another database and, when given, another user."""
    parts = urlsplit(admin_url)
    where = parts.netloc.rpartition("@")[2]
    netloc = f"{user}:{password}@{where}" if user else parts.netloc
    return parts._replace(netloc=netloc, path=f"/{database}").geturl()


async def _create_database(admin_url: str, name: str, template: str | None) -> None:
    connection = await connect(admin_url)
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


async def _let_in(connection: asyncpg.Connection, role: str, *, database: str, schema: str) -> None:
    await connection.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{role}"')
    await connection.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    await connection.execute(
        f'ALTER ROLE "{role}" IN DATABASE "{database}" SET search_path = {schema}, public'
    )


_OWNS_SCHEMA = "SELECT 1 FROM pg_namespace WHERE pg_get_userbyid(nspowner) = $1 AND nspname = $2"


async def _give_schema(
    connection: asyncpg.Connection, schema: str, service: str, relay: str, owner: str
) -> None:
    """The service works in all tables to come, and owns none; what the relay may, the migrations say."""
    if await connection.fetchval(_OWNS_SCHEMA, service, schema):
        await _change_hands(connection, schema, service, owner)
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION "{owner}"')
    await connection.execute(f'GRANT USAGE ON SCHEMA {schema} TO "{service}", "{relay}"')
    await connection.execute(
        f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA {schema} '
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{service}"'
    )


async def _change_hands(connection: asyncpg.Connection, schema: str, service: str, owner: str) -> None:
    """A schema from before there were owners, with all that is in it, in one transaction."""
    await connection.execute(
        f'REASSIGN OWNED BY "{service}" TO "{owner}"; '
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO "{service}"'
    )
