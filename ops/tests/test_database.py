"""leadctl database provision: the roles have the passwords of their addresses."""

import asyncio
import base64
import hashlib
import hmac
import secrets

import asyncpg
import pytest
from ops.cli import app
from ops.stack import postgres
from ops.stack.provision import SCHEMAS, database_url, drop_database, owner_name, relay_name, role_name
from typer.testing import CliRunner

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="session")
async def admin_url(tmp_path_factory):
    local = await postgres.local_postgres()
    server = local or await postgres.start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server.admin_url
    if server.private:
        await postgres.stop_postgres(server.private)


@pytest.fixture
async def database(admin_url):
    name = f"test_{secrets.token_hex(4)}"
    yield name
    await drop_database(admin_url, name)


@pytest.fixture
def settings(admin_url, database):
    """A function: password -> the settings in which every role has it."""

    def with_password(password):
        named = {
            f"LEADCTL_{s.replace('-', '_').upper()}_{whose}DATABASE_URL": database_url(
                admin_url, database, name(database, s), password
            )
            for s in SCHEMAS
            for whose, name in (("", role_name), ("MIGRATION_", owner_name))
        }
        return {"LEADCTL_ADMIN_DATABASE_URL": admin_url, **named}

    return with_password


async def provision(settings):
    """In a thread, for the command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["database", "provision"], env=settings)


@pytest.fixture
async def is_password(admin_url, database):
    """Compares with what the server keeps: a private test server lets every login in."""

    async def compare(role, password):
        connection = await asyncpg.connect(admin_url)
        kept = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
        await connection.close()
        return scram_accepts(kept, password)

    return compare


def scram_accepts(kept, password):
    """RFC 5803: SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>."""
    _, parameters, keys = kept.split("$")
    iterations, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64decode(keys.split(":")[0]) == hashlib.sha256(client_key).digest()


async def schema_seen_from(url):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT current_schema()")
    finally:
        await connection.close()


async def test_each_address_opens_its_own_schema(settings):
    wanted = settings("word")
    assert (await provision(wanted)).exit_code == 0
    assert await schema_seen_from(wanted["LEADCTL_CRM_SYNC_DATABASE_URL"]) == "crm"
    assert await schema_seen_from(wanted["LEADCTL_CHAT_DATABASE_URL"]) == "chat"


async def test_a_new_password_takes_the_place_of_the_old_one(settings, database, is_password):
    roles = [name(database, "chat") for name in (role_name, relay_name, owner_name)]
    await provision(settings("old"))
    assert [await is_password(role, "old") for role in roles] == [True] * 3
    assert (await provision(settings("it's%20new"))).exit_code == 0
    assert [await is_password(role, "it's new") for role in roles] == [True] * 3


async def test_the_owner_s_password_opens_no_other_role(settings, database, is_password):
    wanted = settings("word")
    url = wanted["LEADCTL_CHAT_MIGRATION_DATABASE_URL"]
    wanted["LEADCTL_CHAT_MIGRATION_DATABASE_URL"] = url.replace(":word@", ":another@")
    await provision(wanted)
    assert await is_password(owner_name(database, "chat"), "another")
    assert not await is_password(role_name(database, "chat"), "another")
    assert not await is_password(relay_name(database, "chat"), "another")


@pytest.mark.parametrize("whose", ["", "MIGRATION_"])
async def test_an_address_with_another_role_is_refused_by_name(settings, whose):
    wanted = settings("word")
    wanted[f"LEADCTL_CHAT_{whose}DATABASE_URL"] = wanted["LEADCTL_INGEST_DATABASE_URL"]
    refused = await provision(wanted)
    assert refused.exit_code == 1
    assert f"LEADCTL_CHAT_{whose}DATABASE_URL must name the role" in refused.output


async def test_an_address_that_asks_for_tls_by_mistake_is_refused_by_name_and_without_its_password(settings):
    given = settings("sample-pass-word")
    given["LEADCTL_CHAT_DATABASE_URL"] += "?sslmode=verify-full&sslrootcert=/no/ca.pem"
    refused = await provision(given)
    assert refused.exit_code == 1
    assert "LEADCTL_CHAT_DATABASE_URL: sslrootcert=/no/ca.pem: No such file or directory" in refused.output
    assert "sample-pass-word" not in refused.output
