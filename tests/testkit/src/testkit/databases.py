"""A migrated database without a row for each test, so that tests may really commit."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from ops.stack.environment import PACKAGES
from ops.stack.infrastructure import drop_database, provision_database
from ops.stack.model import Servers
from ops.stack.provision import database_url, owner_url
from shared.db.engine import connect
from shared.db.migrate import upgrade
from shared.events import ServiceName

_END_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = """
DO $$ DECLARE one regclass; BEGIN
    SET LOCAL session_replication_role = replica;  -- neither foreign keys nor triggers
    FOR one IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.relname <> 'alembic_version'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    LOOP EXECUTE format('DELETE FROM %s', one); END LOOP;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$
"""
"""DELETE and not TRUNCATE: the few rows of a test go in a tenth of the time. The migrations leave no rows."""


@dataclass(frozen=True)
class _Database:
    name: str
    url: str


class Databases:
    """A database is emptied after a test and serves the next one: a copy of a template takes twenty times as long.

    A service's role cannot change the schema. Of a database whose owner's address was asked for, nobody knows: it is dropped.
    """

    def __init__(self, servers: Servers) -> None:
        self._admin_url = servers.postgres_admin_url
        self._run = f"tk_{secrets.token_hex(3)}"
        self._secret = secrets.token_hex(16)
        self._templates: dict[ServiceName, str] = {}
        self._empty: defaultdict[ServiceName, list[_Database]] = defaultdict(list)
        self._altered: set[str] = set()

    @asynccontextmanager
    async def migrated(self, service: ServiceName) -> AsyncIterator[str]:
        """The URL of the service's own role in a database that is nobody else's until the end."""
        database = self._empty[service].pop() if self._empty[service] else await self._copy(service)
        try:
            yield database.url
        finally:
            if database.url not in self._altered and await self._emptied(database):
                self._empty[service].append(database)
            else:
                await drop_database(self._admin_url, database.name, [service], keep_roles=True)

    def owner_url(self, url: str) -> str:
        """Of the role that owns what the service at `url` works in."""
        self._altered.add(url)
        return owner_url(url, self._secret)

    async def drop_all(self) -> None:
        for service, template in self._templates.items():
            for database in self._empty[service]:
                await drop_database(self._admin_url, database.name, [service], keep_roles=True)
            await drop_database(self._admin_url, template, [service])

    async def _emptied(self, database: _Database) -> bool:
        """Not by an account that is no superuser."""
        connection = await connect(database_url(self._admin_url, database.name))
        try:
            await connection.execute(_END_SESSIONS)
            await connection.execute(_EMPTY)
        except asyncpg.InsufficientPrivilegeError:
            return False
        finally:
            await connection.close()
        return True

    async def _copy(self, service: ServiceName) -> _Database:
        template = await self._template(service)
        name = f"{template}_{secrets.token_hex(4)}"
        urls = await provision_database(
            self._admin_url, name, [service], secret=self._secret, template=template
        )
        await self._never_waits_for_the_disk(name)
        return _Database(name, urls[service])

    async def _never_waits_for_the_disk(self, name: str) -> None:
        """No test takes the power away: a commit is seen by everybody, and ten times as fast."""
        connection = await connect(self._admin_url)
        try:
            await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        finally:
            await connection.close()

    async def _template(self, service: ServiceName) -> str:
        if service not in self._templates:
            name = f"{self._run}_{PACKAGES[service]}"
            self._templates[service] = name
            urls = await provision_database(self._admin_url, name, [service], secret=self._secret)
            await asyncio.to_thread(upgrade, PACKAGES[service], owner_url(urls[service], self._secret))
        return self._templates[service]
