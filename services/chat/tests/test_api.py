import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest
from chat.api import build_api
from chat.api_staff import build_staff_api
from chat.api_stream import Pace, conversation_events
from chat.settings import Settings
from fastapi import FastAPI
from shared.db.engine import transaction
from shared.events import Contact, Vehicle
from shared.http.app import create_app
from shared.http.limits import Limits
from shared.http.links import Link, LinkPurpose, mint
from shared.messaging.broker import Messaging
from shared.staff_sessions import public_key
from sqlalchemy import text
from testkit.openapi import check_conformance
from testkit.patience import eventually
from testkit.secrets import AS_OPERATOR, KEY, OPERATORS
from testkit.texts import check_texts

from .conftest import TENANT

pytestmark = pytest.mark.postgres
SHORT = Pace(heartbeat_seconds=0.2, life_seconds=1.0)


def token(link: Link, *, keys=(KEY,), purpose=LinkPurpose.CHAT, days=1) -> str:
    return mint(purpose, link, keys=keys, expires_at=datetime.now(UTC) + timedelta(days=days))


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def app(chat, database_url) -> AsyncIterator[FastAPI]:
    """Feed and answering clock run as in the service."""
    settings = Settings(
        database_url=database_url,
        rabbitmq_url="amqp://127.0.0.1",
        link_keys_chat=KEY,
        session_public_keys=public_key(KEY),
        operators=OPERATORS,
    )
    served = create_app(
        "chat",
        routers=[build_api(chat.deps, SHORT, chat.clock), build_staff_api(chat.deps, settings)],
        sessions=chat.deps.sessions,
        messaging=Messaging(settings, "chat"),
        limits=Limits(chat.deps.sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=no_lifespan,
    )
    async with chat.deps.feed.running(), chat.clock.running():
        yield served


@pytest.fixture
async def page(app, chat) -> AsyncIterator[httpx2.AsyncClient]:
    """The customer's browser."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://chat",
        headers={"Authorization": f"Bearer {token(chat.lead)}"},
    ) as client:
        yield client


@pytest.mark.timeout(600)
@pytest.mark.parametrize("known_person", [False, True], ids=["stranger", "customer"])
async def test_every_customers_door_answers_as_it_declares_whatever_is_sent(app, chat, known_person):
    lead_id = str(chat.lead.subject_id)
    known = {
        "lead_id": ["me", lead_id, str(uuid4())],
        "text": ["how much is it?", "cancel", "mañana por la tarde", "the 32nd"],
        "action": ["pick_time", "person", "slot:tomorrow", "class:suv"],
        "prefer": ["wait=1", ""],
    }
    bearer = {"Authorization": f"Bearer {token(chat.lead)}"} if known_person else {}
    tried = await check_conformance(app, "/api/chat/", bearer, known, examples=6)
    assert {"POST /api/chat/message", "GET /api/chat/stream"} <= set(tried)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("known_person", [False, True], ids=["stranger", "customer"])
async def test_no_bad_text_breaks_a_customers_endpoint(app, chat, known_person):
    known = {"lead_id": "me", "text": "how much is it?", "action": None, "prefer": "", "after": 0}
    bearer = {"Authorization": f"Bearer {token(chat.lead)}"} if known_person else {}
    tried = await check_texts(app, "/api/chat/", bearer, known)
    assert tried.faults == []
    assert "POST /api/chat/message body.text" in tried.places


@pytest.mark.parametrize(
    "body",
    [
        {"client_id": "a\ud800", "text": "Hi"},
        {"client_id": "a\0", "text": "Hi"},
        {"client_id": "a", "action": "service:\0"},
        {"client_id": "a", "action": "slot:0001-01-01T00:00:00+14:00"},
    ],
)
async def test_an_identifier_that_cannot_be_kept_is_refused_with_its_field(page, body):
    wire = {"Content-Type": "application/json"}
    answer = await page.post("/api/chat/message", content=json.dumps(body), headers=wire)
    assert answer.status_code == 422
    assert "client_id" in answer.json()["detail"] or "action" in answer.json()["detail"]


async def test_whether_the_customer_has_ever_written_is_told_at_once(page, chat):
    assert (await page.get("/api/chat/engaged")).json() == {}
    await page.post("/api/chat/message", json={"client_id": "a", "text": "Hi"})
    assert (await page.get("/api/chat/engaged")).json().keys() == {"at"}
    await page.post("/api/chat/message", json={"client_id": "b", "text": "Stop texting me"})
    assert (await page.get("/api/chat/engaged")).json()["opted_out"].keys() == {"sms"}
    stranger = {"Authorization": "Bearer x"}
    assert (await page.get("/api/chat/engaged", headers=stranger)).status_code == 401


async def test_the_session_has_all_that_the_page_shows(page, chat):
    session = (await page.get("/api/chat/session/me")).json()
    assert session["lead"] == {
        "id": str(chat.lead.subject_id),
        "first_name": "Sample",
        "vehicle": {"year": 2021, "make": "Honda", "model": "Civic", "class": "sedan"},
        "interest": "Ceramic Window Tint",
    }
    assert session["location"] == {
        "name": "Sample Tint San Diego",
        "timezone": "America/Los_Angeles",
        "address": "1 Sample St, San Diego, CA 92101",
        "phone": "+16195550100",
    }
    assert session["conversation"] == {
        "id": str((await chat.row()).id),
        "state": "need",
        "owner": "assistant",
        "assistant": "offline",
        "person_asked": False,
        "language": "en",
    }
    assert [m["author"] for m in session["messages"]] == ["assistant"]
    assert [a["id"] for a in session["actions"]] == ["see_prices", "pick_time", "ask", "person"]
    assert "appointment" not in session


async def test_customers_see_what_they_typed_and_no_message_repeats_it(open_chat, lead_received, page, chat):
    typed = lead_received.model_copy(
        update={
            "lead_id": uuid4(),
            "contact": Contact(name="Robin 42", email="robin@example.com"),
            "vehicle": Vehicle(year=2021, make="Sample", model="evil.example", vehicle_class="sedan"),
            "interest": "a winner of $1000",
        }
    )
    robin = await open_chat(typed)
    session = (
        await page.get("/api/chat/session/me", headers={"Authorization": f"Bearer {token(robin.lead)}"})
    ).json()
    assert session["lead"] == {
        "id": str(typed.lead_id),
        "first_name": "Robin",
        "vehicle": {"year": 2021, "make": "Sample", "model": "evil.example", "class": "sedan"},
        "interest": "a winner of $1000",
    }
    [greeting] = session["messages"]
    assert greeting["text"].startswith("Hi Robin")
    assert not any(word in greeting["text"] for word in ("evil", "winner", "$1000"))


async def test_opening_the_page_marks_it_seen_and_changes_nothing_else(page, chat):
    before = (await chat.row()).model_dump(exclude={"seen_at"})
    await page.get(f"/api/chat/session/{chat.lead.subject_id}")
    row = await chat.row()
    assert row.seen_at is not None
    assert row.model_dump(exclude={"seen_at"}) == before
    assert len(await chat.published("message.sent.v1")) == 1


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        lambda lead: token(lead, keys=("other",)),
        lambda lead: token(lead, days=-1),
        lambda lead: token(lead, purpose=LinkPurpose.MANAGE),
    ],
    ids=["none", "nonsense", "forged", "expired", "for another purpose"],
)
async def test_a_bad_link_is_401(page, chat, bad):
    given = bad if isinstance(bad, str) else bad(chat.lead)
    for method, path in (
        ("GET", "/api/chat/session/me"),
        ("GET", "/api/chat/messages"),
        ("GET", "/api/chat/stream"),
        ("POST", "/api/chat/message"),
    ):
        answer = await page.request(
            method, path, headers={"Authorization": f"Bearer {given}"}, json={"client_id": "1", "text": "x"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_link")


async def test_another_lead_and_an_unknown_lead_are_told_in_the_same_words(page, chat):
    unknown = {"Authorization": f"Bearer {token(Link(chat.lead.tenant_id, uuid4()))}"}
    foreign = await page.get(f"/api/chat/session/{uuid4()}")
    missing = await page.get("/api/chat/session/me", headers=unknown)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()
    assert foreign.json()["detail"] == "This link is not valid any more."


async def test_a_message_is_stored_and_answered_within_the_wait(page):
    answer = await page.post(
        "/api/chat/message", json={"client_id": "a", "text": "How much is it?"}, headers={"Prefer": "wait=20"}
    )
    body = answer.json()
    assert answer.status_code == 200
    assert (body["message"]["client_id"], body["message"]["author"]) == ("a", "customer")
    assert ["$449.00" in reply["text"] for reply in body["replies"]] == [True]
    again = await page.post(
        "/api/chat/message", json={"client_id": "a", "text": "How much is it?"}, headers={"Prefer": "wait=20"}
    )
    assert again.json() == body


async def test_without_the_wait_the_answer_is_202(page):
    answer = await page.post("/api/chat/message", json={"client_id": "a", "action": "see_prices"})
    assert (answer.status_code, answer.json()["message"]["text"]) == (202, "See prices")
    assert "replies" not in answer.json()


async def test_nobody_waits_for_an_answer_while_a_person_owns_the_conversation(page, chat):
    wait = {"Prefer": "wait=20"}
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(text("UPDATE conversations SET owner = 'human'"))
    started = datetime.now(UTC)
    answer = await page.post("/api/chat/message", json={"client_id": "b", "text": "hello?"}, headers=wait)
    assert answer.status_code == 202
    assert datetime.now(UTC) - started < timedelta(seconds=5)


@pytest.mark.parametrize("taken", ["staff:1", "sms:SM1", "email:1", "crm:1"])
async def test_a_customer_cannot_take_the_id_of_a_message_that_somebody_else_will_write(page, chat, taken):
    assert (await page.post("/api/chat/message", json={"client_id": taken, "text": "Hi"})).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"client_id": "a"},
        {"client_id": "a", "text": ""},
        {"client_id": "a", "text": "   "},
        {"client_id": "a", "text": "x" * 4001},
        {"client_id": "a", "action": "no_such_button"},
        {"client_id": "a", "action": "slot:soon"},
        {"client_id": "a", "text": "x", "action": "ask"},
        {"client_id": "", "text": "x"},
        {"text": "x"},
    ],
)
async def test_a_message_that_says_nothing_or_too_much_is_422(page, chat, body):
    answer = await page.post("/api/chat/message", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert len(await chat.messages()) == 1


async def test_the_21st_message_of_a_minute_is_429(page):
    for n in range(20):
        assert (
            await page.post("/api/chat/message", json={"client_id": str(n), "text": "x"})
        ).status_code == 202
    answer = await page.post("/api/chat/message", json={"client_id": "20", "text": "x"})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    known = await page.post("/api/chat/message", json={"client_id": "3", "text": "x"})
    assert known.status_code == 202


async def test_messages_after_a_seq(page):
    await page.post("/api/chat/message", json={"client_id": "a", "text": "hi"}, headers={"Prefer": "wait=20"})
    answer = await page.get("/api/chat/messages", params={"after": 1})
    assert [m["seq"] for m in answer.json()["messages"]] == [2, 3]


LONG = """
INSERT INTO chat_messages SELECT (jsonb_populate_record(m, jsonb_build_object(
    'id', gen_random_uuid(), 'seq', m.seq + number, 'client_id', null, 'text', 'number ' || number))).*
FROM chat_messages m, generate_series(1, 450) number WHERE m.seq = 1
"""


async def test_a_long_conversation_is_read_piece_by_piece_and_nothing_of_it_is_lost(page, chat):
    async with transaction(chat.deps.sessions, chat.lead.tenant_id) as session:
        await session.execute(text(LONG))
        await session.execute(text("UPDATE conversations SET next_seq = next_seq + 450"))
    seqs = [m["seq"] for m in (await page.get("/api/chat/session/me")).json()["messages"]]
    assert len(seqs) < 451
    streamed = (await page.get("/api/chat/stream", headers={"Last-Event-ID": str(seqs[-1])})).text
    rest = [data["seq"] for event, _, data in frames(streamed) if event == "message"]
    assert seqs + rest == list(range(1, 452))
    while polled := (await page.get("/api/chat/messages", params={"after": seqs[-1]})).json()["messages"]:
        assert len(polled) < 451
        seqs += [m["seq"] for m in polled]
    assert seqs == list(range(1, 452))


def frames(body: str) -> list[tuple[str | None, str | None, dict]]:
    """(event, id, data) of each frame that carries one."""
    found = []
    for block in body.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("event"), fields.get("id"), json.loads(fields["data"])))
    return found


async def test_the_stream_resumes_behind_the_last_event_id(page):
    await page.post("/api/chat/message", json={"client_id": "a", "text": "hi"}, headers={"Prefer": "wait=20"})
    body = (await page.get("/api/chat/stream", headers={"Last-Event-ID": "1"})).text
    messages = [(event_id, data["seq"]) for event, event_id, data in frames(body) if event == "message"]
    assert messages == [("2", 2), ("3", 3)]


async def test_the_stream_beats_ends_in_time_and_says_when_to_come_back(page):
    answer = await page.get("/api/chat/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert ": beat\n\n" in answer.text
    assert answer.text.endswith("retry: 1000\n\n")
    assert [event for event, _, _ in frames(answer.text)] == ["state"]


async def told_until(events: AsyncIterator[str], is_last: Callable[[str | None, dict], bool]) -> list:
    """What a stream says, up to and with the event that `is_last` accepts."""
    told = []
    async for chunk in events:
        for event, event_id, data in frames(chunk):
            told.append((event, event_id, data))
            if is_last(event, data):
                return told
    return told


async def test_the_stream_tells_of_an_answer_while_it_is_made(page, chat):
    events = conversation_events(chat.deps, chat.lead, after=None, pace=Pace())
    listening = asyncio.create_task(
        told_until(events, lambda event, data: event == "state" and data["state"] == "quote")
    )
    while not chat.deps.feed._subscribers:  # noqa: ASYNC110 - until the stream listens
        await asyncio.sleep(0.01)
    sent = await page.post(
        "/api/chat/message", json={"client_id": "a", "text": "how much?"}, headers={"Prefer": "wait=20"}
    )
    told = await listening
    await events.aclose()
    names = [event for event, _, _ in told]
    assert names.index("typing") < names.index("delta") < len(names) - names[::-1].index("message") - 1
    deltas = [data for event, _, data in told if event == "delta"]
    assert deltas[0]["reply_id"] == sent.json()["replies"][0]["id"]


async def test_a_stream_holds_no_database_connection(page, chat):
    listening = asyncio.create_task(page.get("/api/chat/stream"))
    while not chat.deps.feed._subscribers:  # noqa: ASYNC110 - until the stream listens
        await asyncio.sleep(0.01)

    async def held() -> bool:
        async with transaction(chat.deps.sessions, None) as session:
            found = await session.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state LIKE 'idle in transaction%'"
                )
            )
            return bool(found.scalar_one())

    async def free() -> bool:
        return not await held()

    await eventually(free)  # what else runs here may hold one for a moment, the stream would for its life
    assert not listening.done()
    await listening


async def test_the_timeline_is_for_operators(page, chat):
    path = f"/api/staff/leads/{chat.lead.subject_id}/timeline"
    assert (await page.get(path, params={"tenant": "sample-tint"})).status_code == 401
    ops = AS_OPERATOR
    assert (await page.get(path, params={"tenant": "sample-tint"}, headers=ops)).json() == {"events": []}
    assert (await page.get(path, params={"tenant": "nobody"}, headers=ops)).status_code == 404


async def test_a_link_that_is_faster_than_its_conversation_waits_for_it(page, chat, open_chat, lead_received):
    later = lead_received.model_copy(update={"lead_id": uuid4()})
    early = {"Authorization": f"Bearer {token(Link(chat.lead.tenant_id, later.lead_id))}"}
    asked = asyncio.create_task(page.get("/api/chat/session/me", headers=early))
    await asyncio.sleep(0)
    await open_chat(later)
    assert (await asked).status_code == 200
