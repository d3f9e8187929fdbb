"""Questions that nothing answers, kept for the shop and listed to its operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import pytest
from chat.actions.knowledge import keep_gaps
from chat.api_admin import build_admin_api
from chat.settings import Settings
from fastapi import FastAPI
from shared.db.engine import transaction
from shared.http.app import create_app
from shared.http.limits import Limits
from shared.messaging.broker import Messaging
from shared.staff_sessions import public_key
from testkit.secrets import AS_OPERATOR, KEY, OPERATORS

from .conftest import TENANT

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def operator(deps, database_url) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(
        database_url=database_url,
        rabbitmq_url="amqp://127.0.0.1",
        link_keys_chat=KEY,
        session_public_keys=public_key(KEY),
        operators=OPERATORS,
    )
    app = create_app(
        "chat",
        routers=[build_admin_api(deps, settings)],
        sessions=deps.sessions,
        messaging=Messaging(settings, "chat"),
        limits=Limits(deps.sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=no_lifespan,
    )
    url = "http://chat/api/admin/chat"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=url) as http:
        yield http


async def test_gaps_are_listed_newest_first_and_once_for_an_answer(chat, deps, operator):
    conversation = await chat.row()
    for asked, minute in ((["do you tint boats?", "do you tint boats?"], 1), (["hacen botes?"], 2)):
        async with transaction(deps.sessions, TENANT) as session:
            keep_gaps(session, conversation, asked, datetime(2026, 12, 1, 9, minute, tzinfo=UTC))
    answer = await operator.get("sample-tint/knowledge/gaps", headers=AS_OPERATOR)
    assert [(gap["question"], gap["location"], gap["language"]) for gap in answer.json()["gaps"]] == [
        ("hacen botes?", "Store094", "en"),
        ("do you tint boats?", "Store094", "en"),
    ]
    newest = await operator.get("sample-tint/knowledge/gaps", params={"limit": 1}, headers=AS_OPERATOR)
    assert [gap["question"] for gap in newest.json()["gaps"]] == ["hacen botes?"]


async def test_gaps_are_shown_to_operators_only_and_of_tenants_that_are_known(chat, operator):
    assert (await operator.get("sample-tint/knowledge/gaps")).status_code == 401
    assert (await operator.get("nobody/knowledge/gaps", headers=AS_OPERATOR)).status_code == 404
