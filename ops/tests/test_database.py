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
from ops.stack.provision import SCHEMAS, database_url, drop_database, role_name
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
        urls = {s: database_url(admin_url, database, role_name(database, s), password) for s in SCHEMAS}
        named = {f"LEADCTL_{s.replace('-', '_').upper()}_DATABASE_URL": url for s, url in urls.items()}
        return {"LEADCTL_ADMIN_DATABASE_URL": admin_url, **named}

    return with_password


async def provision(settings):
    """In a thread, for the command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["database", "provision"], env=settings)


@pytest.fixture
async def is_password(admin_url, database):
    """Compares with what the server keeps: a private test server lets every login in."""

    async def compare(service, password):
        connection = await asyncpg.connect(admin_url)
        kept = await connection.fetchval(
            "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role_name(database, service)
        )
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


async def test_a_new_password_takes_the_place_of_the_old_one(settings, is_password):
    await provision(settings("old"))
    assert await is_password("chat", "old")
    assert (await provision(settings("it's%20new"))).exit_code == 0
    assert await is_password("chat", "it's new")


async def test_an_address_with_another_role_is_refused_by_name(settings):
    wanted = settings("word")
    wanted["LEADCTL_CHAT_DATABASE_URL"] = wanted["LEADCTL_INGEST_DATABASE_URL"]
    refused = await provision(wanted)
    assert refused.exit_code == 1
    assert "LEADCTL_CHAT_DATABASE_URL must name the role" in refused.output
