"""No statement of a service can touch another tenant's rows: the database forbids it, and the code always names the tenant."""

import ast
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from ops.stack.environment import PACKAGES
from ops.stack.provision import SCHEMAS
from shared.db.engine import relay_url
from shared.events import SERVICES, ServiceName

ROOT = Path(__file__).parents[2]

WITHOUT_TENANT = {
    "alembic_version": "what the migrations keep",
    "inbox": "ids of events only",
    "limit_counts": "numbers under hashed names",
    "tenants": "where the tenant of a door, a link or a round is found",
}

BEFORE_THE_TENANT_IS_KNOWN = {
    "tenants": "ids of all tenants, for a clock's round",
    "tenant_ids": "ids of all tenants, for a clock's round",
    "tenant_by_slug": "the id of the tenant that operators name",
    "tenant_of_slug": "the id of the tenant that operators name",
    "secrets_of_tenants": "what is sealed with which key, for the round that seals it anew",
    "due_for": "asks each tenant in its own scope (`ask_as_each`)",
    "tenants_owed_an_answer": "asks each tenant in its own scope (`ask_as_each`)",
    "tenants_with_due_tasks": "asks each tenant in its own scope (`ask_as_each`)",
    "clock": "the database's time, no row",
    "notify": "rings a bell of one conversation, reads and writes no row",
}
ENTERS = ("enter_", "_tenant")
"""From such a call on the transaction is the tenant's."""

_UNGUARDED = """
SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND NOT (
    relrowsecurity AND relforcerowsecurity
    AND 1 = (
        SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid
        AND NOT (relname = 'outbox' AND polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = $2)])
    )
    AND EXISTS (
        SELECT 1 FROM pg_policy WHERE polrelid = pg_class.oid AND polcmd = '*' AND polroles = '{0}'
        AND pg_get_expr(polqual, polrelid) =
            '(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)'
        AND coalesce(pg_get_expr(polwithcheck, polrelid), pg_get_expr(polqual, polrelid)) = pg_get_expr(polqual, polrelid)
    )
)
"""
"""Tables whose rows are not, by exactly one policy for everybody and the owner too, those of the tenant that is set. The outbox
has a second one, for the relay's role alone."""


async def unguarded(url: str, service: ServiceName) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_UNGUARDED, SCHEMAS[service], urlsplit(relay_url(url)).username)
        return {row["relname"] for row in rows}
    finally:
        await connection.close()


@pytest.mark.postgres
@pytest.mark.parametrize("service", SERVICES)
async def test_each_table_of_a_service_shows_the_rows_of_one_tenant(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]], service: ServiceName
) -> None:
    async with migrated_database(service) as url:
        found = await unguarded(url, service)
    assert found - WITHOUT_TENANT.keys() == set()


_ON = "ALTER TABLE planted ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
_GUARD = "USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("mistake", "unseen"),
    [
        ("", False),
        ("ALTER TABLE planted ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON planted {guard}", False),
        ("ALTER TABLE planted FORCE ROW LEVEL SECURITY; CREATE POLICY own ON planted {guard}", False),
        (
            "{on}; CREATE POLICY own ON planted USING (true)",
            False,
        ),
        (
            "{on}; CREATE POLICY own ON planted {guard}; CREATE POLICY wide ON planted FOR SELECT USING (true)",
            False,
        ),
        (
            "{on}; CREATE POLICY own ON planted {guard} WITH CHECK (true)",
            False,
        ),
        (
            "{on}; CREATE POLICY own ON planted {guard}",
            True,
        ),
    ],
    ids=[
        "none",
        "not forced",
        "not enabled",
        "open policy",
        "second policy",
        "open for writes",
        "as it should be",
    ],
)
async def test_a_table_that_is_not_guarded_is_found(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]],
    owner_of: Callable[[str], str],
    mistake: str,
    unseen: bool,
) -> None:
    async with migrated_database("ingest") as url:
        connection = await asyncpg.connect(owner_of(url))
        await connection.execute(
            "CREATE TABLE planted (tenant_id uuid); " + mistake.format(on=_ON, guard=_GUARD)
        )
        await connection.close()
        found = await unguarded(url, "ingest")
    assert ("planted" in found) is not unseen


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_called_in_a_transaction_without_a_tenant_but_what_finds_the_tenant(
    service: ServiceName,
) -> None:
    found = {
        f"{path.name}: {name}"
        for path in (ROOT / "services" / service / "src" / PACKAGES[service]).rglob("*.py")
        for name in unscoped_calls(path.read_text())
        if name not in BEFORE_THE_TENANT_IS_KNOWN
    }
    assert found == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_session_is_opened_by_the_one_way_to_a_transaction_only(service: ServiceName) -> None:
    found = {
        f"{path.name}: {name}"
        for path in (ROOT / "services" / service / "src" / PACKAGES[service]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (name := _name(node)) in {"sessions", "AsyncSession", "async_sessionmaker"}
    }
    assert found == set()


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("transaction(deps.sessions, None) as s:\n  await store.leads_of(s)", ["leads_of"]),
        ("transaction(deps.sessions, tenant_id=None) as s:\n  await leads_of(s)", ["leads_of"]),
        (
            "transaction(deps.sessions, None) as s:\n  await store.leads_of(s)\n  await store.enter_tenant(s)",
            ["leads_of"],
        ),
        (
            "transaction(deps.sessions, None) as s:\n  await store.enter_tenant(s)\n  await store.leads_of(s)",
            [],
        ),
        ("transaction(deps.sessions, tenant_id) as s:\n  await store.leads_of(s)", []),
    ],
)
def test_a_call_without_a_tenant_is_found(block: str, expected: list[str]) -> None:
    assert list(unscoped_calls(f"async def planted(deps):\n async with {block}")) == expected


def unscoped_calls(source: str) -> Iterator[str]:
    """What is done with the session of transactions that name no tenant, up to the call that enters one."""
    for block in ast.walk(ast.parse(source)):
        if isinstance(block, ast.AsyncWith):
            for item in block.items:
                if _names_no_tenant(item.context_expr) and isinstance(item.optional_vars, ast.Name):
                    session = item.optional_vars.id
                    yield from takewhile(lambda name: not name.startswith(ENTERS), _uses(block.body, session))


def _names_no_tenant(call: ast.expr) -> bool:
    if not (isinstance(call, ast.Call) and _name(call) == "transaction"):
        return False
    given = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "tenant_id")]
    return any(isinstance(tenant, ast.Constant) for tenant in given)


def _uses(body: list[ast.stmt], session: str) -> list[str]:
    """The calls that take the session, and those of its own methods, by name in the order of the source."""
    calls = [node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Call)]
    using = [
        call
        for call in calls
        if any(isinstance(part, ast.Name) and part.id == session for part in [*call.args, _owner(call)])
    ]
    return [_name(call) for call in sorted(using, key=lambda call: (call.lineno, call.col_offset))]


def _owner(call: ast.Call) -> ast.expr:
    return call.func.value if isinstance(call.func, ast.Attribute) else call.func


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "?")
