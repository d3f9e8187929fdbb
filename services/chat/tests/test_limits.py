"""Each endpoint of chat takes so many and answers the next one with 429; a model's budget ends with the other assistant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from chat.actions import conversations, messages
from chat.actions.assistant import AssistantAway
from chat.actions.conversations import receive_inbound
from chat.actions.offline import OfflineAssistant
from chat.api import build_api
from chat.api_staff import build_staff_api
from chat.api_stream import Pace
from chat.deps import Deps, OpenStreams
from chat.domain.model_prices import Spent
from chat.limits import LIMITS
from chat.schedule import AnsweringClock
from chat.settings import Settings
from fastapi import FastAPI
from shared.events import InboundMessageReceived, StaffChanged
from shared.http.app import create_app
from shared.http.limits import Limits, windows_of
from shared.http.links import Link, LinkPurpose, mint
from shared.messaging.broker import Messaging
from shared.messaging.inbox import once
from shared.staff import keep_staff
from shared.staff_sessions import StaffSession, public_key, sign_session
from shared.understanding.whole import hear_whole
from testkit.patience import eventually
from testkit.secrets import KEY, OPERATORS

from .conftest import KEYS, TENANT, Chat, event_of

pytestmark = pytest.mark.postgres
CAPS = {
    "streams_per_lead": 2,
    "streams_per_member": 2,
    "streams_per_ip": 9,
    "streams_per_tenant": 3,
    "streams": 9,
}


def limited(deps: Deps, **limits: str) -> Deps:
    """A replica of its own."""
    return replace(
        deps,
        limits=Limits(deps.sessions, windows_of(LIMITS, limits), secret="of-the-tests"),
        streams=OpenStreams(CAPS),
    )


def served(deps: Deps) -> FastAPI:
    settings = Settings(
        database_url="postgresql://unused:unused@127.0.0.1/unused",
        rabbitmq_url="amqp://127.0.0.1",
        link_keys_chat=KEY,
        session_public_keys=public_key(KEY),
        operators=OPERATORS,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return create_app(
        "chat",
        routers=[build_api(deps, Pace()), build_staff_api(deps, settings)],
        sessions=deps.sessions,
        messaging=Messaging(settings, "chat"),
        limits=deps.limits,
        lifespan=lifespan,
    )


@asynccontextmanager
async def browser(chat: Chat, deps: Deps) -> AsyncIterator[httpx2.AsyncClient]:
    token = mint(LinkPurpose.CHAT, chat.lead, keys=KEYS, expires_at=datetime.now(UTC) + timedelta(days=1))
    transport = httpx2.ASGITransport(app=served(deps), client=("198.51.100.7", 1))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://chat", headers={"Authorization": f"Bearer {token}"}
    ) as client:
        yield client


def refused(answer: httpx2.Response, limit: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"]) == (429, "rate_limited", limit), answer.text
    return int(answer.headers["Retry-After"]) >= 1


async def say(page: httpx2.AsyncClient, client_id: str) -> httpx2.Response:
    return await page.post("/api/chat/message", json={"client_id": client_id, "text": "hi"})


async def test_messages_of_one_lead_whichever_replica_they_reach(chat):
    one, other = (limited(chat.deps, messages_per_lead="2/day") for _ in range(2))
    async with browser(chat, one) as page, browser(chat, other) as same:
        assert (await say(page, "a")).status_code == 202
        assert (await say(same, "b")).status_code == 202
        assert refused(await say(page, "c"), "messages_per_lead")
        assert (await say(page, "b")).status_code == 202, "it is stored already"


@pytest.fixture
def heard(monkeypatch) -> list[str]:
    """What was read for an opt-out."""
    texts: list[str] = []

    async def hear(text, channel):
        texts.append(text)
        return await hear_whole(text, channel)

    for module in (messages, conversations):
        monkeypatch.setattr(module, "hear_whole", hear)
    return texts


async def test_what_costs_much_is_done_once_for_a_message_that_is_taken(chat, heard):
    async with browser(chat, limited(chat.deps, messages_per_lead="1/day")) as page:
        for client_id, status in (("a", 202), ("a", 202), ("b", 429), ("c", 429)):
            assert (await say(page, client_id)).status_code == status
    assert heard == ["hi"]


async def test_what_costs_much_is_not_done_while_the_conversation_is_on_its_way(chat, heard, monkeypatch):
    monkeypatch.setattr("chat.api.ARRIVAL_SECONDS", 0.3)
    chat.lead = Link(TENANT, uuid4())
    async with browser(chat, chat.deps) as page:
        assert (await say(page, "a")).status_code == 404
    assert heard == []


@pytest.mark.parametrize("path", ["session/me", "messages", "engaged", "stream"])
async def test_whatever_is_asked_with_one_link(chat, path):
    deps = limited(chat.deps, requests_per_link="1/day")
    async with browser(chat, deps) as page:
        assert (await page.get("/api/chat/engaged")).status_code == 200
        assert refused(await page.get(f"/api/chat/{path}"), "requests_per_link")
        assert refused(await say(page, "a"), "requests_per_link")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/chat/session/me", "link_failures_per_ip"),
        ("/api/chat/stream", "link_failures_per_ip"),
        ("/api/staff/conversations", "staff_failures_per_ip"),
        (f"/api/staff/leads/{UUID(int=1)}/timeline?tenant=sample-tint", "ops_token_failures_per_ip"),
    ],
)
async def test_bad_tokens_from_one_address(chat, path, limit):
    async with browser(chat, limited(chat.deps, **{limit: "1/day"})) as page:
        forged = {"Authorization": "Bearer forged"}
        assert (await page.get(path, headers=forged)).status_code == 401
        assert refused(await page.get(path, headers=forged), limit)
        assert (await page.get("/api/chat/session/me")).status_code == 200


async def test_open_streams_of_one_lead_and_a_place_comes_free(chat):
    deps = limited(chat.deps)
    key = ("streams_per_lead", chat.lead.subject_id)

    async def is_full() -> bool:
        return deps.streams.full(key) is not None

    async with deps.feed.running(), browser(chat, deps) as page:
        streams = [asyncio.create_task(page.get("/api/chat/stream")) for _ in range(2)]
        await eventually(is_full)
        assert refused(await page.get("/api/chat/stream"), "streams_per_lead")
        for stream in streams:
            stream.cancel()
            with suppress(asyncio.CancelledError):
                await stream
        assert not await is_full()


async def test_streams_of_one_tenant_leave_room_for_the_others(chat):
    deps = limited(chat.deps)
    theirs = [("streams_per_tenant", TENANT), ("streams", "")] * 3
    with deps.streams.one_more(*theirs):
        async with browser(chat, deps) as page:
            assert refused(await page.get("/api/chat/stream"), "streams_per_tenant")
        assert deps.streams.full(("streams_per_tenant", UUID(int=9)), ("streams", "")) is None


async def test_streams_opened_again_and_again(chat):
    deps = limited(chat.deps, streams_opened_per_lead="1/day")
    await deps.limits.take(("streams_opened_per_lead", chat.lead.subject_id))
    async with browser(chat, deps) as page:
        assert refused(await page.get("/api/chat/stream"), "streams_opened_per_lead")


async def signed_in(sessions) -> tuple[StaffSession, dict[str, str]]:
    member = StaffChanged(
        staff_id=uuid4(), version=1, name="Sam", email="sam@example.com", role="owner", locations=()
    )
    await once(sessions, event_of(member), keep_staff)
    session = StaffSession(TENANT, member.staff_id, uuid4(), datetime.now(UTC) + timedelta(hours=1))
    return session, {"Authorization": f"Bearer {sign_session(session, KEY)}"}


@pytest.mark.parametrize("path", ["conversations", f"leads/{UUID(int=1)}/timeline", "stream"])
async def test_whatever_is_asked_with_one_session_of_staff(chat, sessions, path):
    _, headers = await signed_in(sessions)
    async with browser(chat, limited(chat.deps, staff_requests_per_member="1/day")) as page:
        assert (await page.get("/api/staff/conversations", headers=headers)).status_code == 200
        assert refused(await page.get(f"/api/staff/{path}", headers=headers), "staff_requests_per_member")


async def test_ended_sessions_of_staff_count_as_guessed_ones(chat, sessions):
    session, headers = await signed_in(sessions)
    gone = StaffChanged(
        staff_id=session.staff_id,
        version=2,
        name="Sam",
        email="sam@example.com",
        role="owner",
        locations=(),
        ended_sessions=(session.id,),
    )
    await once(sessions, event_of(gone), keep_staff)
    async with browser(chat, limited(chat.deps, staff_failures_per_ip="1/day")) as page:
        assert (await page.get("/api/staff/conversations", headers=headers)).status_code == 401
        assert refused(await page.get("/api/staff/conversations", headers=headers), "staff_failures_per_ip")


async def test_streams_of_one_member_opened_all_at_once(chat, sessions):
    _, headers = await signed_in(sessions)
    deps = limited(chat.deps)
    async with deps.feed.running(), browser(chat, deps) as page:
        opening = [asyncio.create_task(page.get("/api/staff/stream", headers=headers)) for _ in range(6)]

        async def all_others_are_refused() -> bool:
            return sum(one.done() for one in opening) == 4

        await eventually(all_others_are_refused)
        assert all(refused(one.result(), "streams_per_member") for one in opening if one.done())
        for one in opening:
            one.cancel()
        await asyncio.gather(*opening, return_exceptions=True)


async def test_streams_of_staff_opened_again_and_again(chat, sessions):
    session, headers = await signed_in(sessions)
    deps = limited(chat.deps, streams_opened_per_member="1/day")
    await deps.limits.take(("streams_opened_per_member", session.staff_id))
    async with browser(chat, deps) as page:
        assert refused(await page.get("/api/staff/stream", headers=headers), "streams_opened_per_member")


async def test_mails_and_texts_of_one_sender_are_kept_and_shown_but_not_answered(chat, heard):
    chat.deps = limited(chat.deps, inbound_per_sender="1/day")
    for number in (1, 2):
        inbound = InboundMessageReceived(
            lead_id=chat.lead.subject_id,
            channel="sms",
            sender="+16195550111",
            text=f"how much? {number}",
            provider_id=f"SM{number}",
        )
        await chat.consume(event_of(inbound), receive_inbound)
        assert await chat.clock.drain() == (1 if number == 1 else 0)
    texts = [(m.author, m.text) for m in await chat.messages()]
    assert texts[-1] == ("customer", "how much? 2")
    assert heard == ["how much? 1"]
    assert [author for author, _ in texts].count("assistant") == 2, "the greeting and one answer"


class Claude:
    """Says one sentence for three cents."""

    name = "claude"

    def __init__(self) -> None:
        self.calls = 0

    async def answer(self, turn, tools):
        self.calls += 1
        turn.spent.append(Spent("claude-haiku-5-5", output_tokens=60_000))
        raise AssistantAway("nothing to say")
        yield


@pytest.mark.parametrize("whose", ["lead", "location", "tenant"])
async def test_over_the_budget_claude_is_not_called_and_the_customer_is_answered(chat, whose):
    claude, deps = Claude(), limited(chat.deps, **{f"model_cents_per_{whose}": "5/day"})
    chat.deps, chat.clock = deps, AnsweringClock(deps, [claude, OfflineAssistant()])
    for _ in range(2):
        await chat.answer_to("how much is ceramic?")
    assert claude.calls == 2, "three cents are below five"
    reply = await chat.answer_to("and how much is ceramic for my Civic?")
    assert claude.calls == 2
    assert "449" in reply.text
    assert (await deps.limits.used_up((f"model_cents_per_{whose}", _key(chat, whose)))) is not None


def _key(chat: Chat, whose: str) -> object:
    return {
        "lead": chat.lead.subject_id,
        "location": "00000000-0000-4000-8000-000000000002",
        "tenant": TENANT,
    }[whose]
