"""One database, five roles: each owns its schema and is refused everywhere else."""

import secrets
from itertools import permutations

import asyncpg
import pytest
from ops.stack import postgres
from ops.stack.provision import SCHEMAS, database_url, drop_database, provision_database, role_name

pytestmark = pytest.mark.postgres
SECRET = "not-a-real-secret"


@pytest.fixture(scope="session")
async def admin_url(tmp_path_factory):
    local = await postgres.local_postgres()
    server = local or await postgres.start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server.admin_url
    if server.private:
        await postgres.stop_postgres(server.private)


@pytest.fixture(scope="session")
async def database(admin_url):
    name = f"test_{secrets.token_hex(4)}"
    yield name, await provision_database(admin_url, name, secret=SECRET)
    await drop_database(admin_url, name)


@pytest.fixture
async def connect():
    opened = []

    async def open_one(url):
        opened.append(await asyncpg.connect(url))
        return opened[-1]

    yield open_one
    for connection in opened:
        await connection.close()


@pytest.mark.parametrize("service", SCHEMAS)
async def test_a_service_reads_and_writes_its_own_schema_without_naming_it(database, connect, service):
    own = await connect(database[1][service])
    await own.execute("CREATE TABLE kept (at int); INSERT INTO kept VALUES (7)")
    assert await own.fetchval(f"TABLE {SCHEMAS[service]}.kept") == 7
    await own.execute("DROP TABLE kept")


@pytest.mark.parametrize(("owner", "stranger"), list(permutations(SCHEMAS, 2)))
async def test_a_service_is_refused_on_anothers_schema(database, connect, owner, stranger):
    theirs = await connect(database[1][owner])
    table = f"{SCHEMAS[owner]}.guarded_{stranger.replace('-', '_')}"
    await theirs.execute(f"CREATE TABLE {table} (at int)")
    intruder = await connect(database[1][stranger])
    for attempt in (
        f"TABLE {table}",
        f"TRUNCATE {table}",
        f"CREATE TABLE {table}_2 (at int)",
        f'SET ROLE "{role_name(database[0], owner)}"',
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await intruder.execute(attempt)


async def test_no_service_can_create_anything_in_public(database, connect):
    own = await connect(database[1]["chat"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.execute("CREATE TABLE public.stray (at int)")


async def test_row_level_security_binds_every_role(admin_url, database, connect):
    admin = await connect(admin_url)
    roles = [role_name(database[0], service) for service in SCHEMAS]
    rights = await admin.fetch(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS too_much FROM pg_roles WHERE rolname = any($1)",
        roles,
    )
    assert [row["too_much"] for row in rights] == [False] * len(SCHEMAS)


async def test_a_service_can_exclude_overlaps_with_btree_gist(database, connect):
    own = await connect(database[1]["booking"])
    await own.execute(
        "CREATE TABLE bays (bay int, during tstzrange, EXCLUDE USING gist (bay WITH =, during WITH &&)); DROP TABLE bays"
    )


async def test_provisioning_again_keeps_rows_and_addresses(admin_url, database, connect):
    name, urls = database
    own = await connect(urls["ingest"])
    await own.execute("CREATE TABLE lasting (at int); INSERT INTO lasting VALUES (1)")
    assert await provision_database(admin_url, name, secret=SECRET) == urls
    again = await connect(urls["ingest"])
    assert await again.fetchval("SELECT count(*) FROM lasting") == 1
    await own.execute("DROP TABLE lasting")


async def test_another_instances_role_cannot_connect(admin_url, database):
    other = f"test_{secrets.token_hex(4)}"
    urls = await provision_database(admin_url, other, ["chat"], secret=SECRET)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(database_url(urls["chat"], database[0]))
    await drop_database(admin_url, other)


async def test_a_copy_serves_the_roles_of_its_template(admin_url, connect):
    template, copy = (f"test_{secrets.token_hex(4)}" for _ in range(2))
    urls = await provision_database(admin_url, template, ["notifier"], secret=SECRET)
    original = await asyncpg.connect(urls["notifier"])
    await original.execute("CREATE TABLE contacts (name text)")
    await original.close()
    copied = await provision_database(admin_url, copy, ["notifier"], secret=SECRET, template=template)
    own = await connect(copied["notifier"])
    assert await own.fetchval("SELECT count(*) FROM contacts") == 0
    await drop_database(admin_url, copy, keep_roles=True)
    await drop_database(admin_url, template)


async def test_dropping_leaves_neither_database_nor_roles(admin_url, connect):
    name = f"test_{secrets.token_hex(4)}"
    urls = await provision_database(admin_url, name, secret=SECRET)
    still_open = await asyncpg.connect(urls["chat"])
    await drop_database(admin_url, name)
    await still_open.close()
    admin = await connect(admin_url)
    left = "SELECT (SELECT count(*) FROM pg_database WHERE datname = $1), (SELECT count(*) FROM pg_roles WHERE rolname LIKE $1 || '%')"
    assert tuple(await admin.fetchrow(left, name)) == (0, 0)


async def test_an_admin_without_superuser_rights_can_provision(admin_url, connect):
    name, admin = f"test_{secrets.token_hex(4)}", await connect(admin_url)
    await admin.execute(f"CREATE ROLE {name}_admin LOGIN CREATEROLE CREATEDB PASSWORD 'sample'")
    limited = database_url(admin_url, "postgres", f"{name}_admin", "sample")
    urls = await provision_database(limited, name, secret=SECRET)
    own = await connect(urls["booking"])
    await own.execute("CREATE TABLE bays (at int)")
    await drop_database(limited, name)
    await admin.execute(f"DROP ROLE {name}_admin")


async def test_the_wheels_postgres_has_all_that_the_services_need(tmp_path):
    binaries = postgres.wheel_binaries()
    assert binaries is not None
    server = await postgres.start_postgres(tmp_path / "state", binaries)
    assert await postgres.refusal(server.admin_url) is None
    await postgres.stop_postgres(server.private)
    assert (await postgres.refusal(server.admin_url)).startswith("no connection")
