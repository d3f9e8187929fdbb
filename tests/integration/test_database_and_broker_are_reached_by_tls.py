"""Where the addresses ask for TLS everybody uses it, and nobody talks to a server that is not the one it claims to be."""

import asyncio
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import pytest
from aio_pika.exceptions import AMQPError
from chat.clients.feed import Feed
from chat.domain.signals import Resync, Typing
from faststream.rabbit import RabbitBroker, RabbitRouter
from ops.broker_state import broker_state
from ops.service_database import Inbox, service_database
from ops.stack.infrastructure import provision_broker, provision_database
from ops.stack.model import Postgres, Servers
from ops.stack.ports import free_ports
from ops.stack.postgres import refusal, start_postgres, stop_postgres
from ops.stack.provision import database_url, owner_url
from ops.stack.rabbit import given_rabbit, management_api, start_rabbit, stop_rabbit
from ops.stack.screen import StackError
from shared.db.engine import connect, create_engine, create_sessions, relay_url, transaction
from shared.db.migrate import check, upgrade
from shared.db.outage import is_outage
from shared.events import BookingRequested, Event
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.outbox import record
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import declare_at
from shared.settings import ServiceSettings
from sqlalchemy import text
from testkit.certificates import Authority
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

HOST, OTHER_NAME = "127.0.0.1", "localhost"
TENANT, SECRET = uuid4(), "sample"
PATIENCE_SECONDS = 40
_BUILT_WITHOUT_TLS = "this machine's PostgreSQL was built without TLS: apt-get install postgresql"


@dataclass(frozen=True)
class Encrypted:
    """Servers that take nothing but TLS; `database` is chat's address, `brokers` those of every account."""

    servers: Servers
    database: str
    brokers: dict[str, str]
    authority: Path
    stranger: Path
    """Another authority, which has signed nothing of these."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """PostgreSQL's own user has to get in."""
    path = Path(tempfile.mkdtemp(prefix="leads-tls-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
async def encrypted(folder: Path) -> AsyncIterator[Encrypted]:
    authority, stranger = (Authority(folder / name) for name in ("authority", "stranger"))
    certificate, key = authority.certify(HOST)
    amqps, https = free_ports(2)
    files = (("cacertfile", authority.file), ("certfile", certificate), ("keyfile", key))
    async with AsyncExitStack() as stack:
        database = await start_postgres(folder)
        assert database.private
        stack.push_async_callback(stop_postgres, database.private)
        await take_tls_only(database, certificate, key)
        rabbit = await start_rabbit(
            folder,
            f"listeners.ssl.1 = {HOST}:{amqps}",
            *(f"ssl_options.{name} = {file}" for name, file in files),
            f"management.ssl.ip = {HOST}",
            f"management.ssl.port = {https}",
            *(f"management.ssl.{name} = {file}" for name, file in files),
        )
        assert rabbit.private
        stack.push_async_callback(stop_rabbit, rabbit.private)
        admin = f"{database.admin_url}?sslmode=verify-full&sslrootcert={authority.file}"
        at = urlsplit(rabbit.admin_url).netloc.rpartition(":")[0]
        amqps_url = f"amqps://{at}:{amqps}/?cafile={authority.file}"
        servers = Servers(
            postgres_admin_url=admin,
            rabbitmq_admin_url=amqps_url,
            rabbitmq_api=await management_api(amqps_url, https),
        )
        databases = await provision_database(admin, "leads", ["chat"], secret=SECRET)
        brokers = await provision_broker(servers, "leads", secret=SECRET)
        await declare_at(brokers["ops"])
        yield Encrypted(servers, databases["chat"], brokers, authority.file, stranger.file)


async def take_tls_only(server: Postgres, certificate: Path, key: Path) -> None:
    assert server.private
    home = Path(server.private.name) / "data"
    owner = home.stat()
    for source, name in ((certificate, "server.crt"), (key, "server.key")):
        shutil.copy(source, home / name)
        os.chown(home / name, owner.st_uid, owner.st_gid)
    connection = await connect(server.admin_url)
    try:
        await connection.execute("ALTER SYSTEM SET ssl = on")
    except asyncpg.InvalidParameterValueError:
        pytest.skip(_BUILT_WITHOUT_TLS)
    (home / "pg_hba.conf").write_text(f"hostssl all all {HOST}/32 scram-sha-256\n")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await eventually(lambda: refuses(f"{server.admin_url}?sslmode=disable"))


async def refuses(database_url: str) -> bool:
    try:
        await (await connect(database_url)).close()
    except asyncpg.InvalidAuthorizationSpecificationError:
        return True
    return False


async def test_all_that_a_service_does_with_its_database_and_broker_is_encrypted(
    encrypted: Encrypted,
) -> None:
    owner = owner_url(encrypted.database, SECRET)
    for migrate in (upgrade, check):
        await asyncio.to_thread(migrate, "chat", owner)
    settings = ServiceSettings(
        database_url=encrypted.database, rabbitmq_url=encrypted.brokers["chat"], port=0
    )
    arrived: asyncio.Queue[UUID] = asyncio.Queue()
    router = RabbitRouter()

    @router.subscriber(work_queue("chat", BookingRequested), ack_policy=ACK_POLICY)
    async def take(event: Event[BookingRequested]) -> None:
        arrived.put_nowait(event.data.request_id)

    engine = create_engine(settings.database_url)
    feed, other = Feed(settings.database_url), Feed(settings.database_url)
    messaging = Messaging(settings, "chat", router)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        conversation = uuid4()
        told = stack.enter_context(other.subscribed(conversation))
        for running in (feed.running(), other.running(), messaging.running()):
            await stack.enter_async_context(running)
        assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == Resync()
        feed.tell(TENANT, conversation, Typing(on=True))
        assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == Typing(on=True)

        wish = BookingRequested(
            request_id=uuid4(), lead_id=uuid4(), service="sample", wished_start=datetime.now(UTC)
        )
        async with transaction(create_sessions(engine), TENANT) as session:
            await record(session, wish, tenant_id=TENANT, subject=wish.lead_id)
        assert await asyncio.wait_for(arrived.get(), PATIENCE_SECONDS) == wish.request_id

        sessions = await sessions_of_chat(encrypted)
        assert {"", "chat-feed", "chat-relay"} <= {row["application_name"] for row in sessions}
        assert [row["application_name"] for row in sessions if not row["ssl"]] == []


async def sessions_of_chat(encrypted: Encrypted) -> list[asyncpg.Record]:
    connection = await connect(encrypted.servers.postgres_admin_url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(
            "SELECT application_name, ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) "
            "WHERE usename LIKE 'leads_chat%'"
        )
    finally:
        await connection.close()
    return rows


async def test_operators_reach_both_by_the_same_addresses(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADCTL_CHAT_DATABASE_URL", encrypted.database)
    await asyncio.to_thread(upgrade, "chat", owner_url(encrypted.database, SECRET))
    async with service_database("chat") as connection:
        assert await Inbox(connection).done([str(uuid4())]) == set()
    api = encrypted.servers.rabbitmq_api
    assert api
    assert api.startswith("https://")
    assert (await broker_state(encrypted.brokers["ops"], api)).queues
    assert (await given_rabbit(encrypted.brokers["ops"])).admin_url == encrypted.brokers["ops"]
    with pytest.raises(StackError, match=r"RABBITMQ_URL: cafile=/no/ca\.pem: No such file"):
        await given_rabbit("amqps://127.0.0.1?cafile=/no/ca.pem")
    reason = await refusal(f"{encrypted.database.partition('?')[0]}?sslmode=full")
    assert reason
    assert "sslmode=full is unknown" in reason


def elsewhere(encrypted: Encrypted, url: str) -> dict[str, str]:
    """The same address, as it must not be believed: by who has not signed it, under a name that is not its own."""
    return {
        "signed by a stranger": url.replace(str(encrypted.authority), str(encrypted.stranger)),
        "another server": url.replace(HOST, OTHER_NAME),
    }


@pytest.mark.parametrize("how", ["signed by a stranger", "another server"])
async def test_a_database_that_is_not_the_one_it_claims_to_be_gets_no_password(
    encrypted: Encrypted, how: str
) -> None:
    url = elsewhere(encrypted, encrypted.database)[how]
    for address in (url, relay_url(url), owner_url(url, SECRET), database_url(url, "another")):
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            await connect(address)
        assert is_outage(refused.value), "an event is kept until the certificate is right again"
    engine = create_engine(url)
    with pytest.raises(ssl.SSLCertVerificationError):
        async with transaction(create_sessions(engine), TENANT) as session:
            await session.execute(text("SELECT 1"))
    await engine.dispose()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.to_thread(upgrade, "chat", owner_url(url, SECRET))
    with pytest.raises(ssl.SSLCertVerificationError):
        await provision_database(
            elsewhere(encrypted, encrypted.servers.postgres_admin_url)[how], "leads", ["chat"], secret=SECRET
        )


async def test_verify_ca_believes_the_signer_under_any_name(encrypted: Encrypted) -> None:
    url = elsewhere(encrypted, encrypted.database)["another server"].replace("verify-full", "verify-ca")
    connection = await connect(url)
    assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    await connection.close()


async def test_a_database_that_demands_tls_is_not_spoken_to_in_plain_text(encrypted: Encrypted) -> None:
    url = encrypted.database.partition("?")[0]
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await connect(f"{url}?sslmode=disable")


@pytest.mark.parametrize("how", ["signed by a stranger", "another server"])
async def test_a_broker_that_is_not_the_one_it_claims_to_be_gets_no_password(
    encrypted: Encrypted, how: str
) -> None:
    url = elsewhere(encrypted, encrypted.brokers["chat"])[how]
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        async with open_publisher(url, "sample"):
            pass
    settings = ServiceSettings(database_url=encrypted.database, rabbitmq_url=url, port=0)
    consumers: RabbitBroker = Messaging(settings, "chat").build_broker()
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        await consumers.start()
    await consumers.stop()


async def test_a_broker_s_tls_door_takes_no_plain_text(encrypted: Encrypted) -> None:
    plain = encrypted.brokers["chat"].replace("amqps://", "amqp://").partition("?")[0]
    with pytest.raises((OSError, AMQPError)):
        await aio_pika.connect(plain, timeout=5)
