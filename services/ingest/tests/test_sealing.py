"""No table holds a webhook secret that could be read; keys come and go without a webhook refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from ingest.actions import seal_secrets
from ingest.app import build_app
from ingest.sealing import Sealer
from ingest.settings import Settings
from shared.db.engine import Sessions, transaction
from sqlalchemy import text
from structlog.testing import capture_logs
from testkit.patience import eventually
from testkit.secrets import KEY, OPERATORS

from .conftest import OPS, SECRET, TENANT, Rows
from .test_webhook_endpoint import URL, order, signed

DOOR = "/api/admin/tenants/sample-tint"
OLD, NEW = KEY, "sample-newer-key-of-the-tests"
Serving = Callable[[str], AsyncIterator[httpx2.AsyncClient]]


@pytest.fixture
def with_keys(database_url, tenant_id) -> Serving:
    """`async with with_keys("new,old") as client`: the service started with these keys, its first round done."""

    @asynccontextmanager
    async def serving(data_keys: str) -> AsyncIterator[httpx2.AsyncClient]:
        app = build_app(
            Settings(
                database_url=database_url,
                rabbitmq_url="amqp://127.0.0.1:1",
                link_keys_login=KEY,
                session_keys=KEY,
                data_keys=data_keys,
                challenge_keys=KEY,
                person_key=KEY,
                operators=OPERATORS,
            )
        )
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client,
        ):
            yield client

    return serving


@pytest.fixture
def as_before(sessions: Sessions, tenant_id) -> Callable[..., Awaitable[None]]:
    """The row as a version wrote it that knew of no sealing."""

    async def write(*secrets: str) -> None:
        async with transaction(sessions, None) as session:
            await session.execute(
                text("UPDATE tenants SET webhook_secrets = :plain, sealed_secrets = '{}'"),
                {"plain": list(secrets)},
            )

    return write


async def delivered(client: httpx2.AsyncClient, secret: str = SECRET) -> int:
    body = httpx2.Request("POST", "http://x", json=order()).content
    return (await client.post(URL, content=body, headers=signed(body, secret=secret))).status_code


async def states(client: httpx2.AsyncClient) -> dict[str, int]:
    [state] = (await client.get("/api/admin/secrets", headers=OPS)).json()["secrets"]
    assert state.pop("tenant") == "sample-tint"
    return {name: count for name, count in state.items() if count}


async def test_no_table_holds_the_secret(client, rows: Rows):
    tables = await rows("SELECT tablename FROM pg_tables WHERE schemaname = 'ingest'")
    assert await delivered(client) == 202
    for name in (row["tablename"] for row in tables):
        for row in await rows(f'SELECT t::text AS words FROM "{name}" AS t'):  # noqa: S608 - our own names
            assert SECRET not in row["words"]
            assert SECRET.encode().hex() not in row["words"]
    [tenant] = await rows("SELECT webhook_secrets, sealed_secrets FROM tenants")
    assert (tenant["webhook_secrets"], len(tenant["sealed_secrets"])) == ([], 1)


async def test_a_secret_from_before_is_good_at_once_and_sealed_at_the_next_start(
    client, with_keys, as_before, rows: Rows
):
    await as_before(SECRET, "whsec_c2FtcGxlLW9sZC1zZWNyZXQ=")
    assert await delivered(client) == 202
    assert await states(client) == {"plain": 2}
    async with with_keys(KEY) as started:
        await eventually(lambda: _is(started, {"newest_key": 2}))
        assert await delivered(started) == 202
        assert await delivered(started, "whsec_c2FtcGxlLW9sZC1zZWNyZXQ=") == 202
        unchanged = await started.put(DOOR, json=TENANT, headers=OPS)
    assert unchanged.json()["changes"] == [{"field": "webhook_secrets", "old": None, "new": "changed"}]
    assert [row["webhook_secrets"] for row in await rows("SELECT webhook_secrets FROM tenants")] == [[]]


async def test_a_key_is_replaced_and_the_old_one_dropped(with_keys):
    async with with_keys(f"{OLD},{NEW}") as first:
        assert await states(first) == {"newest_key": 1}
        async with with_keys(f"{NEW},{OLD}") as second:
            await eventually(lambda: _is(second, {"newest_key": 1}))
            assert await delivered(second) == 202
            assert await delivered(first) == 202, "a replica that is not restarted yet"
            assert await states(first) == {"older_key": 1}
    async with with_keys(NEW) as last:
        assert await states(last) == {"newest_key": 1}
        assert await delivered(last) == 202


async def _is(client: httpx2.AsyncClient, expected: dict[str, int]) -> bool:
    return await states(client) == expected


async def test_a_secret_that_no_key_opens_asks_the_sender_to_come_again_and_tells_the_operator(with_keys):
    async with with_keys(NEW) as client:
        assert await states(client) == {"lost": 1}
        with capture_logs() as logs:
            body = httpx2.Request("POST", "http://x", json=order()).content
            answer = await client.post(URL, content=body, headers=signed(body))
        assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"]
        assert "sample-tint" not in answer.text
        [told] = [line for line in logs if line["event"] == "webhook.not_checked"]
        assert told["tenant"] == "sample-tint"
        assert "INGEST_DATA_KEYS" in told["reason"]

        mended = await client.put(DOOR, json=TENANT, headers=OPS)
        assert mended.json()["changes"] == [{"field": "webhook_secrets", "old": None, "new": "changed"}]
        assert await delivered(client) == 202


async def test_one_lost_secret_keeps_no_other_from_working(with_keys, sessions, rows: Rows):
    other = Sealer([NEW]).seal("sample-other-secret")
    async with transaction(sessions, None) as session:
        await session.execute(
            text("UPDATE tenants SET sealed_secrets = :other || sealed_secrets"), {"other": [other]}
        )
    with capture_logs() as logs:
        await seal_secrets(sessions, Sealer([NEW]))
    assert [(line["event"], line["tenant"], line["count"]) for line in logs] == [
        ("secrets.no_key_opens", "sample-tint", 1)
    ]
    async with with_keys(NEW) as client:
        assert await delivered(client, "sample-other-secret") == 202
        assert await delivered(client) == 503
    [tenant] = await rows("SELECT sealed_secrets FROM tenants")
    assert len(tenant["sealed_secrets"]) == 2, "what may still be opened is not thrown away"


async def test_only_operators_see_how_secrets_are_kept(client):
    assert (await client.get("/api/admin/secrets")).status_code == 401


def test_what_was_changed_is_not_opened():
    sealer = Sealer([OLD])
    sealed = sealer.seal(SECRET)
    assert sealer.open(sealed) == SECRET
    assert sealer.open(sealed[:-8] + "AAAAAAA=") is None
    assert sealer.open("not sealed at all") is None
    assert sealer.open("") is None
