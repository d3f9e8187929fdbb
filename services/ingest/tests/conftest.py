"""A migrated database, a client of the whole application, and a tenant with two locations."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from ingest.actions.intake import Intake
from ingest.api_webhooks import WebhookEndpoint
from ingest.app import build_app
from ingest.settings import Settings
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.events import Event, EventData
from sqlalchemy import text
from testkit.secrets import AS_OPERATOR, KEY, OPERATORS

OPS = AS_OPERATOR
SECRET = "sample-webhook-secret"
SITE_KEY = "sample-site-key"
TENANT = {
    "name": "Sample Tint",
    "webhook_secrets": [SECRET],
    "site_keys": [SITE_KEY],
    "demo_mode": True,
    "allow_list": ["*@sample.test"],
    "crm_account": "default",
    "crm_lead_rule": {
        "workflow_columns": ["Website Leads"],
        "name_prefix": None,
        "keywords": ["tint"],
        "exclude": [],
        "max_age_days": 30,
        "won_when": ["paid"],
        "lost_when": ["deleted"],
        "lost_columns": ["Lost"],
        "order_after_seconds": 60,
    },
}

RECEIVED_AT = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)

Happened = Callable[..., Event[EventData]]
Rows = Callable[..., Awaitable[list[dict[str, object]]]]


def location(crm_location_id: str, **changed: object) -> dict[str, object]:
    return {
        "name": "Sample Tint San Diego",
        "timezone": "America/Los_Angeles",
        "address": {"street": "1 Sample St", "city": "San Diego", "region": "CA", "postal_code": "92101"},
        "phone": "+16195550194",
        "email": "store094@sample.test",
        "crm_location_id": crm_location_id,
        **changed,
    }


@pytest.fixture
async def database_url(
    migrated_database: Callable[[str], AbstractAsyncContextManager[str]],
) -> AsyncIterator[str]:
    async with migrated_database("ingest") as url:
        yield url


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url)
    yield create_sessions(engine)
    await engine.dispose()


@pytest.fixture
def app(database_url: str) -> FastAPI:
    return application(database_url)


def application(
    database_url: str, rabbitmq_url: str = "amqp://127.0.0.1:1", person_key: str = KEY
) -> FastAPI:
    return build_app(
        Settings(
            database_url=database_url,
            rabbitmq_url=rabbitmq_url,
            link_keys_login=KEY,
            session_keys=KEY,
            operators=OPERATORS,
            data_keys=KEY,
            challenge_keys=KEY,
            person_key=person_key,
        )
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield client


@pytest.fixture
async def tenant_id(client: httpx2.AsyncClient) -> UUID:
    """The sample tenant, with Store094 taking leads and Store201 switched off."""
    answer = await client.put("/api/admin/tenants/sample-tint", json=TENANT, headers=OPS)
    assert answer.status_code == 200, answer.text
    tenant_id = UUID(answer.json()["id"])
    off = {"enabled": False, "assistant": True, "sends": True, "sms": True}
    for code, body in (
        ("Store094", location("sample-sm-094")),
        ("Store201", location("sample-sm-201", switches=off)),
    ):
        answer = await client.put(f"/api/admin/locations/sample-tint/{code}", json=body, headers=OPS)
        assert answer.status_code == 200, answer.text
    return tenant_id


def intake_of(app: FastAPI) -> Intake:
    [door] = [one for one in app.user_middleware if one.cls is WebhookEndpoint]
    return door.kwargs["intake"]


@pytest.fixture(params=[False, True], ids=["first webhook", "known tenant"])
async def known(request: pytest.FixtureRequest, app: FastAPI, tenant_id: UUID) -> AsyncIterator[bool]:
    """Whether the endpoint knows the tenant already, so that its webhooks are kept in groups; they are answered alike."""
    if request.param:
        await intake_of(app).learn("sample-tint")
    yield request.param
    await intake_of(app).close()


@pytest.fixture
def rows(sessions: Sessions, tenant_id: UUID) -> Rows:
    """`await rows("SELECT ...", name=value)` as the sample tenant sees it."""

    async def select(statement: str, **parameters: object) -> list[dict[str, object]]:
        async with transaction(sessions, tenant_id) as session:
            answer = await session.execute(text(statement), parameters)
            return [dict(row) for row in answer.mappings()]

    return select


@pytest.fixture
def published(rows: Rows) -> Callable[[str], Awaitable[list[dict[str, object]]]]:
    """The events of one type, oldest first, as they will travel."""

    async def events(type_: str) -> list[dict[str, object]]:
        found = await rows("SELECT body FROM outbox WHERE type = :type ORDER BY id", type=type_)
        return [json.loads(bytes(row["body"])) for row in found]

    return events


@pytest.fixture
async def location_id(rows: Rows) -> UUID:
    """Store094."""
    return (await rows("SELECT id FROM locations WHERE code = 'Store094'"))[0]["id"]


@pytest.fixture
def event(tenant_id: UUID) -> Happened:
    def make(data: EventData) -> Event[EventData]:
        return Event(
            id=uuid4(),
            type=data.type,
            source=data.publisher,
            subject=str(uuid4()),
            time=RECEIVED_AT,
            tenant_id=tenant_id,
            correlation_id="first-event",
            data=data,
        )

    return make
