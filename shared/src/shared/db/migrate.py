"""Alembic without ini files: each service's migrations ship in its package and run in its own schema."""

import asyncio
import importlib
from collections.abc import Iterable

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import async_engine_from_config

from shared.db.engine import sqlalchemy_url


def config(package: str, database_url: str) -> Config:
    """For `package` with a `migrations` folder; `database_url` is the service's own role."""
    importlib.import_module(package)
    settings = Config()
    settings.set_main_option("script_location", f"{package}:migrations")
    settings.set_main_option("sqlalchemy.url", sqlalchemy_url(database_url).replace("%", "%%"))
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
    section = context.config.get_section(context.config.config_ini_section) or {}
    engine = async_engine_from_config(
        section,
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
        # With its own schema as the default one, Alembic would see every table as nameless and compare nothing.
        connect_args={"server_settings": {"search_path": "public"}},
    )
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
        op.execute(
            f"CREATE POLICY own_tenant ON {schema}.{table} "
            "USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)"
        )
