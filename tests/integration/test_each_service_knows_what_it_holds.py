"""Whatever a service keeps of a lead is named in its holdings, each table has its age, and what they say is something the database can do."""

import importlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from ops.stack.environment import PACKAGES
from ops.stack.provision import SCHEMAS
from pydantic import SecretStr
from shared.db.engine import create_engine, create_sessions, transaction
from shared.events import SERVICES, ServiceName
from shared.persons import Holdings, erase, erase_addresses, erased, held, stop_writers
from shared.retention import COMMON_TABLES, Retention
from testkit.secrets import KEY

pytestmark = pytest.mark.postgres
Databases = Callable[[ServiceName], AbstractAsyncContextManager[str]]

KEEPS_HASHES = ("ingest", "notifier")
NAMES_NOBODY = {
    "appointments": "of notifier: times only",
    "booking_requests": "ids and a code",
    "erased_leads": "who is not to come back",
    "holds": "times only",
    "occupancies": "times only",
}


@pytest.mark.parametrize("service", SERVICES)
async def test_erasing_and_showing_are_statements_of_its_own_schema(
    migrated_database: Databases, service: ServiceName
) -> None:
    holdings = importlib.import_module(f"{PACKAGES[service]}.holdings").HOLDINGS
    tenant_id, lead_id = uuid4(), uuid4()
    keys = SecretStr(KEY) if service in KEEPS_HASHES else None
    async with migrated_database(service) as url:
        engine = create_engine(url)
        async with transaction(create_sessions(engine), tenant_id) as session:
            assert not any((await held(session, holdings, lead_id)).values())
            await stop_writers(session, holdings, lead_id)
            await erase(session, holdings, tenant_id=tenant_id, lead_id=lead_id, keys=keys)
            assert await erased(session, lead_id) is not None
            theirs = {"tenant_id": tenant_id, "addresses": ["tom@sample.test"]}
            rows, subjects = await erase_addresses(session, holdings, **theirs, keys=keys)
            assert (sum(rows.values()), subjects) == (0, [])
        await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_that_names_a_lead_is_among_the_holdings(
    migrated_database: Databases, service: ServiceName
) -> None:
    holdings = importlib.import_module(f"{PACKAGES[service]}.holdings").HOLDINGS
    known = {holding.table for holding in holdings.tables} | NAMES_NOBODY.keys()
    async with migrated_database(service) as url:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch(
            "SELECT DISTINCT table_name FROM information_schema.columns "
            "WHERE table_schema = $1 AND column_name IN ('lead_id', 'conversation_id')",
            SCHEMAS[service],
        )
        await connection.close()
    assert {row["table_name"] for row in rows} - known == set()


def decided(holdings: Holdings, retention: Retention) -> set[str]:
    """Tables whose rows leave with their lead or by age, or of which it is said why they stay."""
    with_the_lead = {holding.table for holding in holdings.tables}
    by_age = {kind.table for kind in retention.kinds}
    return with_the_lead | by_age | retention.kept.keys() | COMMON_TABLES.keys()


async def tables_of(url: str, service: ServiceName) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1", SCHEMAS[service]
        )
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


@pytest.mark.parametrize("service", SERVICES)
async def test_how_long_is_decided_for_each_table_and_for_no_other(
    migrated_database: Databases, service: ServiceName
) -> None:
    module = importlib.import_module(f"{PACKAGES[service]}.holdings")
    async with migrated_database(service) as url:
        tables = await tables_of(url, service)
    known = decided(module.HOLDINGS, module.RETENTION)
    assert tables - known == set(), f"say in {service}'s holdings.py how long their rows stay"
    assert known - tables == set()


async def test_a_table_of_which_nothing_is_said_is_found(
    migrated_database: Databases, owner_of: Callable[[str], str]
) -> None:
    module = importlib.import_module("ingest.holdings")
    async with migrated_database("ingest") as url:
        connection = await asyncpg.connect(owner_of(url))
        await connection.execute("CREATE TABLE planted (tenant_id uuid)")
        await connection.close()
        tables = await tables_of(url, "ingest")
    assert tables - decided(module.HOLDINGS, module.RETENTION) == {"planted"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_table_that_stays_for_good_has_no_age(service: ServiceName) -> None:
    retention = importlib.import_module(f"{PACKAGES[service]}.holdings").RETENTION
    assert {kind.table for kind in retention.kinds} & retention.kept.keys() == set()
    assert len({kind.name for kind in retention.kinds}) == len(retention.kinds)


@pytest.mark.parametrize("service", SERVICES)
async def test_removing_and_counting_are_statements_of_its_own_schema(
    migrated_database: Databases, service: ServiceName
) -> None:
    retention = importlib.import_module(f"{PACKAGES[service]}.holdings").RETENTION
    wanted = {"tenant_id": uuid4(), "before": datetime.now(UTC)}
    async with migrated_database(service) as url:
        engine = create_engine(url)
        async with transaction(create_sessions(engine), wanted["tenant_id"]) as session:
            for kind in retention.kinds:
                assert (await session.execute(kind.counting, wanted)).one() == (0, None)
                await session.execute(kind.removing, {**wanted, "batch": 1})
        await engine.dispose()
