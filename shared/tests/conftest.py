"""A database with nothing but an outbox, an inbox and one table of effects, owned by a service's role."""

import secrets
from collections.abc import AsyncIterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from ops.stack.infrastructure import drop_database, provision_database
from ops.stack.model import Servers
from shared.db.engine import Sessions, create_engine, create_sessions
from shared.db.migrate import notify_on_outbox
from shared.db.tables import inbox_table, outbox_table
from sqlalchemy import Column, Connection, MetaData, Table, Text

METADATA = MetaData(schema="chat")
outbox_table(METADATA)
inbox_table(METADATA)
Table("effects", METADATA, Column("what", Text))


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)
    notify_on_outbox(Operations(MigrationContext.configure(connection)), "chat")


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    name = f"tk_shared_{secrets.token_hex(3)}"
    urls = await provision_database(servers.postgres_admin_url, name, ["chat"], secret="sample")
    engine = create_engine(urls["chat"])
    async with engine.begin() as connection:
        await connection.run_sync(_create)
    await engine.dispose()
    yield urls["chat"]
    await drop_database(servers.postgres_admin_url, name, ["chat"])


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()
