"""One database, a schema for each service: its role works there, its owner changes it, and nobody else comes in."""

import secrets
from itertools import permutations

import asyncpg
import pytest
from ops.stack import postgres
from ops.stack.provision import (
    SCHEMAS,
    database_url,
    drop_database,
    owner_name,
    owner_url,
    provision_database,
    relay_name,
    role_name,
)
from shared.db.engine import relay_url

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
    owner = await connect(owner_url(database[1][service], SECRET))
    await owner.execute("CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY, at int)")
    await owner.execute("CREATE VIEW seen AS SELECT at FROM kept")
    own = await connect(database[1][service])
    await own.execute("INSERT INTO kept (at) VALUES (7); UPDATE kept SET at = at + 1")
    assert await own.fetchval(f"TABLE {SCHEMAS[service]}.seen") == 8
    await own.execute("DELETE FROM kept")
    await owner.execute("DROP TABLE kept CASCADE")


REFUSED = (
    "ALTER TABLE guarded DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE guarded NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE guarded OWNER TO CURRENT_USER",
    "CREATE POLICY wide ON guarded USING (true)",
    "CREATE TRIGGER spy BEFORE INSERT ON guarded EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "TRUNCATE guarded",
    "DROP TABLE guarded",
    "CREATE TABLE stray (at int)",
    "CREATE TEMP TABLE stray (at int)",
    "CREATE FUNCTION stray() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA stray",
    "CREATE TABLE public.stray (at int)",
    "SET row_security = off; SELECT * FROM guarded",
)


@pytest.mark.parametrize("login", [lambda url: url, relay_url], ids=["service", "relay"])
@pytest.mark.parametrize("service", SCHEMAS)
async def test_who_works_in_a_schema_can_neither_change_it_nor_switch_its_guard_off(
    database, connect, service, login
):
    owner = await connect(owner_url(database[1][service], SECRET))
    await owner.execute(
        "CREATE TABLE guarded (at int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    )
    worker = await connect(login(database[1][service]))
    for attempt in (*REFUSED, f'SET ROLE "{owner_name(database[0], service)}"'):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute(attempt)
    await owner.execute("DROP TABLE guarded")


@pytest.mark.parametrize(("owner", "stranger"), list(permutations(SCHEMAS, 2)))
async def test_a_service_is_refused_on_anothers_schema(database, connect, owner, stranger):
    theirs = await connect(owner_url(database[1][owner], SECRET))
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


async def test_row_level_security_binds_every_role(admin_url, database, connect):
    admin = await connect(admin_url)
    names = (role_name, relay_name, owner_name)
    roles = [name(database[0], service) for service in SCHEMAS for name in names]
    rights = await admin.fetch(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS too_much FROM pg_roles WHERE rolname = any($1)",
        roles,
    )
    assert [row["too_much"] for row in rights] == [False] * len(roles)


async def test_a_service_can_exclude_overlaps_with_btree_gist(database, connect):
    owner = await connect(owner_url(database[1]["booking"], SECRET))
    await owner.execute(
        "CREATE TABLE bays (bay int, during tstzrange, EXCLUDE USING gist (bay WITH =, during WITH &&)); DROP TABLE bays"
    )


async def test_provisioning_again_keeps_rows_and_addresses(admin_url, database, connect):
    name, urls = database
    owner = await connect(owner_url(urls["ingest"], SECRET))
    await owner.execute("CREATE TABLE lasting (at int); INSERT INTO lasting VALUES (1)")
    assert await provision_database(admin_url, name, secret=SECRET) == urls
    again = await connect(urls["ingest"])
    assert await again.fetchval("SELECT count(*) FROM lasting") == 1
    await owner.execute("DROP TABLE lasting")


async def test_a_schema_from_before_there_were_owners_changes_hands(admin_url, connect):
    """Tables, sequences and functions with it; the service goes on working, and no longer owns them."""
    name = f"test_{secrets.token_hex(4)}"
    urls = await provision_database(admin_url, name, ["chat"], secret=SECRET)
    role, admin = role_name(name, "chat"), await connect(database_url(admin_url, name))
    await admin.execute(
        f"""
        ALTER SCHEMA chat OWNER TO "{role}"; SET ROLE "{role}";
        CREATE TABLE chat.earlier (id int GENERATED ALWAYS AS IDENTITY, at int);
        CREATE FUNCTION chat.earlier() RETURNS int LANGUAGE sql AS 'SELECT 1'; RESET ROLE
        """
    )
    await provision_database(admin_url, name, ["chat"], secret=SECRET)
    own = await connect(urls["chat"])
    await own.execute("INSERT INTO earlier (at) VALUES (1)")
    for attempt in ("DROP TABLE earlier", "DROP FUNCTION earlier()", "CREATE TABLE stray (at int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute(attempt)
    owner = await connect(owner_url(urls["chat"], SECRET))
    await owner.execute("DROP TABLE earlier; DROP FUNCTION earlier()")
    await drop_database(admin_url, name)


async def test_another_instances_role_cannot_connect(admin_url, database):
    other = f"test_{secrets.token_hex(4)}"
    urls = await provision_database(admin_url, other, ["chat"], secret=SECRET)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(database_url(urls["chat"], database[0]))
    await drop_database(admin_url, other)


async def test_a_copy_serves_the_roles_of_its_template(admin_url, connect):
    template, copy = (f"test_{secrets.token_hex(4)}" for _ in range(2))
    urls = await provision_database(admin_url, template, ["notifier"], secret=SECRET)
    original = await asyncpg.connect(owner_url(urls["notifier"], SECRET))
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
    owner = await connect(owner_url(urls["booking"], SECRET))
    await owner.execute("CREATE TABLE bays (at int)")
    assert await provision_database(limited, name, secret=SECRET) == urls
    assert await (await connect(urls["booking"])).fetch("TABLE bays") == []
    await drop_database(limited, name)
    await admin.execute(f"DROP ROLE {name}_admin")


async def test_the_wheels_postgres_has_all_that_the_services_need(tmp_path):
    binaries = postgres.wheel_binaries()
    assert binaries is not None
    server = await postgres.start_postgres(tmp_path / "state", binaries)
    assert await postgres.refusal(server.admin_url) is None
    await postgres.stop_postgres(server.private)
    assert (await postgres.refusal(server.admin_url)).startswith("no connection")
