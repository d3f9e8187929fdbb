"""Alembic without ini files: each service's migrations ship in its package and run in its own schema."""

import asyncio
import importlib
from collections.abc import Iterable
from functools import partial

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.engine import ANY_DATABASE, connect
from shared.db.tables import CURRENT_TENANT, erased_leads_table, erased_signs_table

_VERSION_IS_THE_OWNERS = """
DO $$ BEGIN
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM %I',
                   regexp_replace(current_user, '_owner$', ''));
END $$
"""
"""A service that writes its version could keep a migration from running, as it may write every other table."""


def config(package: str, database_url: str) -> Config:
    """For `package` with a `migrations` folder; `database_url` is that of the schema's owner."""
    importlib.import_module(package)
    settings = Config()
    settings.set_main_option("script_location", f"{package}:migrations")
    settings.attributes["database_url"] = database_url
    return settings


def upgrade(package: str, database_url: str) -> None:
    """To the newest revision; does nothing when it is there."""
    command.upgrade(config(package, database_url), "head")


def check(package: str, database_url: str) -> None:
    """Raises when the tables of the code differ from those of the migrations."""
    command.check(config(package, database_url))


def revision(package: str, database_url: str, message: str) -> None:
    """Writes the next migration from the difference of tables and database; to be read and completed by hand."""
    command.revision(config(package, database_url), message=message, autogenerate=True)


def run_env(metadata: MetaData) -> None:
    """The whole of a service's `migrations/env.py`."""
    asyncio.run(_run_online(metadata))


async def _run_online(metadata: MetaData) -> None:
    # With its own schema as the default one, Alembic would see every table as nameless and compare nothing.
    creator = partial(connect, context.config.attributes["database_url"], search_path="public")
    engine = create_async_engine(ANY_DATABASE, async_creator=creator, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run, metadata)
        await connection.commit()
    await engine.dispose()


def _run(connection: Connection, metadata: MetaData) -> None:
    def include_name(name: str | None, type_: str, _: object) -> bool:
        return name == metadata.schema if type_ == "schema" else True

    connection.execute(text("SET lock_timeout = '5s'"))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=metadata.schema,
        include_schemas=True,
        include_name=include_name,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(_VERSION_IS_THE_OWNERS.format(schema=metadata.schema)))


def notify_on_outbox(op: Operations, schema: str) -> None:
    """Wakes the relay at the commit that records an event."""
    op.execute(
        f"CREATE FUNCTION {schema}.notify_outbox() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_notify('outbox_{schema}', ''); RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER notify_outbox AFTER INSERT ON {schema}.outbox "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {schema}.notify_outbox()"
    )


def isolate_tenants(op: Operations, schema: str, tables: Iterable[str]) -> None:
    """Row-level security by `tenant_id`, also for the owner; with no tenant set no row is visible or writable."""
    for table in tables:
        op.execute(f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {schema}.{table} USING (tenant_id = {CURRENT_TENANT})")


def add_tenant_to_outbox(op: Operations, schema: str) -> None:
    """Of rows that are there the tenant stands in the event."""
    outbox = f"{schema}.outbox"
    op.execute(f"ALTER TABLE {outbox} ADD COLUMN tenant_id uuid DEFAULT {CURRENT_TENANT}")
    op.execute(
        f"UPDATE {outbox} SET tenant_id = (convert_from(body, 'UTF8')::jsonb ->> 'tenantid')::uuid"  # noqa: S608 - our own schema's name
    )
    op.execute(f"ALTER TABLE {outbox} ALTER COLUMN tenant_id SET NOT NULL")
    isolate_outbox(op, schema)


def isolate_outbox(op: Operations, schema: str) -> None:
    """As any tenant's table, but for the relay's role: it publishes for all of them, and removes what is old."""
    isolate_tenants(op, schema, ["outbox"])
    relay = "regexp_replace(current_user, '_owner$', '_relay')"
    op.execute(
        f"""DO $$ BEGIN
        EXECUTE format('CREATE POLICY relay ON {schema}.outbox TO %I USING (true)', {relay});
        EXECUTE format('GRANT SELECT, UPDATE, DELETE ON {schema}.outbox TO %I', {relay});
        EXECUTE format('GRANT SELECT, DELETE ON {schema}.inbox, {schema}.limit_counts TO %I', {relay});
        END $$"""
    )


def keep_erased_leads(op: Operations, schema: str) -> None:
    """The table `erased_leads`."""
    table = erased_leads_table(MetaData(schema=schema))
    table.create(op.get_bind())
    isolate_tenants(op, schema, (table.name,))


def keep_erased_signs(op: Operations, schema: str) -> None:
    """The table `erased_signs`."""
    table = erased_signs_table(MetaData(schema=schema))
    table.create(op.get_bind())
    isolate_tenants(op, schema, (table.name,))
