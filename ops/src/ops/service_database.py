"""What leadctl reads of a service's own database: its inbox and its outbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.db.engine import connect, relay_url
from shared.events import ServiceName
from shared.tls import check_database_url

from ops.screen import fail
from ops.settings import checked, environment

_CONSUMERS = """
WITH RECURSIVE named AS (
    (SELECT consumer FROM inbox ORDER BY consumer LIMIT 1)
    UNION ALL
    SELECT (SELECT inbox.consumer FROM inbox WHERE inbox.consumer > named.consumer ORDER BY 1 LIMIT 1)
    FROM named WHERE named.consumer IS NOT NULL
)
SELECT consumer FROM named WHERE consumer IS NOT NULL AND consumer NOT LIKE '%@%'
"""
"""The names only, by the index: an inbox has many rows and few consumers. One with @ belongs to a repeat."""

_DONE = "SELECT DISTINCT event_id FROM inbox WHERE consumer = ANY($1::text[]) AND event_id = ANY($2::uuid[])"


def database_url_of(service: ServiceName) -> str:
    name = f"LEADCTL_{service.replace('-', '_').upper()}_DATABASE_URL"
    url = environment().get(name) or fail(f"{name} is not set: leadctl looks into {service}'s inbox there")
    return checked(name, url, check_database_url)


@asynccontextmanager
async def service_database(service: ServiceName) -> AsyncIterator[asyncpg.Connection]:
    """As the service's relay, who sees inbox and outbox of all tenants, and nothing else."""
    connection = await connect(
        relay_url(database_url_of(service)), application_name="leadctl", connect_seconds=10
    )
    try:
        yield connection
    finally:
        await connection.close()


class Inbox:
    """What a service has worked off."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def done(self, event_ids: Sequence[str]) -> set[str]:
        """Of these events those with an effect here. One whose consumer has nothing to do leaves no trace."""
        consumers = [row["consumer"] for row in await self._connection.fetch(_CONSUMERS)]
        rows = await self._connection.fetch(_DONE, consumers, [UUID(one) for one in event_ids])
        return {str(row["event_id"]) for row in rows}

    async def begins(self) -> datetime | None:
        """The time of its oldest row; None: it is empty. Of older events it cannot tell what was done."""
        oldest: datetime | None = await self._connection.fetchval("SELECT min(processed_at) FROM inbox")
        return oldest
