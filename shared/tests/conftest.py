"""A database with nothing but what every service has and one table of effects."""

import secrets
from collections.abc import AsyncIterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from ops.stack.infrastructure import drop_database, provision_database
from ops.stack.model import Servers
from ops.stack.provision import owner_url
from shared.db.engine import Sessions, create_engine, create_sessions
from shared.db.migrate import isolate_outbox, notify_on_outbox
from shared.db.tables import erased_leads_table, inbox_table, limit_counts_table, outbox_table
from sqlalchemy import Column, Connection, MetaData, Table, Text

SECRET = "sample"
METADATA = MetaData(schema="chat")
outbox_table(METADATA)
inbox_table(METADATA)
limit_counts_table(METADATA)
erased_leads_table(METADATA)
Table("effects", METADATA, Column("what", Text))


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)
    operations = Operations(MigrationContext.configure(connection))
    notify_on_outbox(operations, "chat")
    isolate_outbox(operations, "chat")


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    name = f"tk_shared_{secrets.token_hex(3)}"
    urls = await provision_database(servers.postgres_admin_url, name, ["chat"], secret=SECRET)
    engine = create_engine(owner_url(urls["chat"], SECRET))
    async with engine.begin() as connection:
        await connection.run_sync(_create)
    await engine.dispose()
    yield urls["chat"]
    await drop_database(servers.postgres_admin_url, name, ["chat"])


@pytest.fixture
def owner_database_url(database_url: str) -> str:
    return owner_url(database_url, SECRET)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()
