"""Staff in the conversation: inbox, take-over, answers, giving back, reminders; on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from chat.actions.answering import answer_owed, claim_owed
from chat.actions.conversations import observe_crm_message, receive_inbound
from chat.actions.handing_off import end_next_idle, escalate_next
from chat.actions.offline import OfflineAssistant
from chat.actions.presence import forget_absent
from chat.api_staff import build_staff_api
from chat.api_stream import Pace, inbox_events
from chat.domain.phrases import moment
from chat.settings import Settings
from fastapi import FastAPI
from shared.db.engine import transaction
from shared.events import CrmMessageObserved, InboundMessageReceived, StaffChanged
from shared.http.app import create_app
from shared.http.limits import Limits
from shared.messaging.broker import Messaging
from shared.messaging.inbox import once
from shared.staff import keep_staff, viewer_of
from shared.staff_sessions import StaffSession, public_key, sign_session
from sqlalchemy import text
from testkit.openapi import check_conformance
from testkit.secrets import KEY
from testkit.texts import check_texts

from .conftest import LOCATION, TENANT, Chat, event_of

pytestmark = pytest.mark.postgres
SAM, OLGA, RITA = uuid4(), uuid4(), uuid4()


def session_of(staff_id: UUID, tenant_id: UUID = TENANT) -> StaffSession:
    return StaffSession(tenant_id, staff_id, uuid4(), datetime.now(UTC) + timedelta(hours=1))


def token(staff_id: UUID, tenant_id: UUID = TENANT, *, key: str = KEY) -> dict[str, str]:
    session = session_of(staff_id, tenant_id)
    return {"Authorization": f"Bearer {sign_session(session, key)}"}


def settings_of(database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        rabbitmq_url="amqp://127.0.0.1",
        link_keys_chat=KEY,
        session_public_keys=public_key(KEY),
    )


@asynccontextmanager
async def no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def members(sessions, replicas) -> None:
    """Sam works at the location, Olga owns all, Rita may only look."""
    for staff_id, name, role, locations in (
        (SAM, "Sam", "location", (LOCATION,)),
        (OLGA, "Olga", "owner", ()),
        (RITA, "Rita", "read_only", (LOCATION,)),
    ):
        member = StaffChanged(
            staff_id=staff_id,
            version=1,
            name=name,
            email=f"{name.lower()}@example.com",
            role=role,
            locations=locations,
        )
        await once(sessions, event_of(member), keep_staff)


@pytest.fixture
async def console(chat: Chat, members, database_url) -> AsyncIterator[httpx2.AsyncClient]:
    settings = settings_of(database_url)
    app = create_app(
        "chat",
        routers=[build_staff_api(chat.deps, settings)],
        sessions=chat.deps.sessions,
        messaging=Messaging(settings, "chat"),
        limits=Limits(chat.deps.sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=no_lifespan,
    )
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://chat/api/staff", headers=token(SAM)
    ) as client:
        yield client


@pytest.fixture
def app(chat: Chat, members, database_url) -> FastAPI:
    settings = settings_of(database_url)
    pace = Pace(heartbeat_seconds=0.1, life_seconds=0.2)
    return create_app(
        "chat",
        routers=[build_staff_api(chat.deps, settings, pace)],
        sessions=chat.deps.sessions,
        messaging=Messaging(settings, "chat"),
        limits=Limits(chat.deps.sessions, settings.limit_windows(), secret="of-the-tests"),
        lifespan=no_lifespan,
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("headers", [token(SAM), token(RITA), {}], ids=["staff", "read_only", "nobody"])
async def test_every_door_of_staff_answers_as_it_declares_whatever_is_sent(app, chat, headers):
    known = {
        "conversation_id": [str((await chat.row()).id), str(uuid4())],
        "lead_id": [str(chat.lead.subject_id)],
        "location": ["Store094", "Store999"],
        "from": ["2026-01-01T00:00:00Z"],
        "to": ["2100-01-01T00:00:00Z"],
    }
    async with chat.deps.feed.running():
        tried = await check_conformance(app, "/api/staff/", headers, known, examples=4)
    assert {"POST /api/staff/conversations/{conversation_id}/take-over", "GET /api/staff/metrics"} <= set(
        tried
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("headers", [{}, token(SAM)], ids=["stranger", "staff"])
async def test_no_bad_text_breaks_an_endpoint_of_the_staff(app, members, chat, headers):
    known = {
        "conversation_id": str((await chat.row()).id),
        "lead_id": str(chat.lead.subject_id),
        "location": "Store094",
        "state": "waiting",
        "tenant": None,
        "before": "2026-11-24T10:00:00Z",
        "notes_before": "2026-11-24T10:00:00Z",
        "from": "2026-01-01T00:00:00Z",
        "to": "2100-01-01T00:00:00Z",
    }
    async with chat.deps.feed.running():
        tried = await check_texts(app, "/api/staff/", headers, known)
    assert tried.faults == []
    assert "GET /api/staff/conversations query before" in tried.places


async def door(chat: Chat) -> str:
    return f"/conversations/{(await chat.row()).id}"


async def said(chat: Chat) -> list[tuple[str, str]]:
    return [(m.author, m.text) for m in await chat.messages()]


async def test_the_inbox_shows_who_waits_and_what_was_said_last(console, chat):
    await chat.write("Do you do Teslas?")
    (row,) = (await console.get("/conversations")).json()["conversations"]
    assert (row["lead"]["name"], row["location"]["code"], row["owner"]) == (
        "Sample Person",
        "Store094",
        "assistant",
    )
    assert row["last_message"]["text"] == "Do you do Teslas?"
    assert row["unread"]
    assert row["waiting_since"]
    await chat.answered()
    waiting = await console.get("/conversations", params={"state": "waiting"})
    assert waiting.json()["conversations"] == []


async def test_a_conversation_is_read_once_somebody_opened_it(console, chat):
    opened = (await console.get(await door(chat))).json()
    assert [m["author"] for m in opened["messages"]] == ["assistant"]
    (row,) = (await console.get("/conversations")).json()["conversations"]
    assert not row["unread"]


async def pages(console: httpx2.AsyncClient, path: str, kind: str, cursor: tuple[str, str]) -> list[list]:
    """From the newest page back to the first; `cursor`: the query's name, and the field of the page's first row."""
    query, field = cursor
    found: list[list] = []
    params: dict = {}
    while rows := (await console.get(path, params=params)).json()[kind]:
        found.append(rows)
        params = {query: rows[0][field]}
    return found


async def test_a_long_conversation_is_read_page_by_page_and_none_is_missing(console, chat):
    conversation = await chat.row()
    async with transaction(chat.deps.sessions, TENANT) as session:
        for table, columns in (
            (
                "chat_messages",
                "id, tenant_id, conversation_id, seq, author, channel, location_id, text, created_at",
            ),
            ("staff_notes", "id, tenant_id, conversation_id, author_name, text, created_at"),
        ):
            values = "gen_random_uuid(), :tenant, :id, " + (
                "n + 1, 'customer', 'web', :location" if table == "chat_messages" else "'Sam'"
            )
            await session.execute(
                text(
                    f"INSERT INTO {table} ({columns}) SELECT {values}, 'words ' || n, now() + n * interval '1 second' "  # noqa: S608 - our own words
                    "FROM generate_series(1, 450) n"
                ),
                {"tenant": TENANT, "id": conversation.id, "location": LOCATION},
            )
        await session.execute(text("UPDATE conversations SET next_seq = 452"))
    here = await door(chat)
    messages = await pages(console, here, "messages", ("before_seq", "seq"))
    assert [len(page) for page in messages] == [200, 200, 51]
    assert [m["seq"] for page in reversed(messages) for m in page] == list(range(1, 452))
    notes = await pages(console, here, "notes", ("notes_before", "created_at"))
    assert [len(page) for page in notes] == [200, 200, 50]
    assert notes[0][-1]["text"] == "words 450"


async def test_an_older_page_marks_nothing_newer_as_read(console, chat):
    await chat.write("Do you do Teslas?")
    here = await door(chat)
    older = await console.get(here, params={"before_seq": 2})
    assert [m["seq"] for m in older.json()["messages"]] == [1]
    (row,) = (await console.get("/conversations")).json()["conversations"]
    assert row["unread"]


async def test_a_long_timeline_is_read_page_by_page(console, chat):
    lead = chat.lead.subject_id
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(
            text(
                "INSERT INTO timeline (event_id, tenant_id, lead_id, type, time, summary) "
                "SELECT gen_random_uuid(), :tenant, :lead, 'notification.sent.v1', now() + n * interval '1 second', 'row ' || n "
                "FROM generate_series(1, 450) n"
            ),
            {"tenant": TENANT, "lead": lead},
        )
    found = await pages(console, f"/leads/{lead}/timeline", "events", ("before", "time"))
    assert [len(page) for page in found][:2] == [200, 200]
    rows = [
        event["summary"] for page in reversed(found) for event in page if event["summary"].startswith("row")
    ]
    assert rows == [f"row {n}" for n in range(1, 451)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "need"}, 1),
        ({"state": "human"}, 0),
        ({"location": "Store094"}, 1),
        ({"location": "Store999"}, 0),
        ({"before": "2020-01-01T00:00:00Z"}, 0),
        ({"state": "mine"}, 0),
        ({"q": "person SAMPLE"}, 1),
        ({"q": "person nobody"}, 0),
        ({"q": "%"}, 0),
        ({"q": "sample", "location": "Store999"}, 0),
    ],
)
async def test_the_inbox_is_filtered(console, query, found):
    answer = await console.get("/conversations", params=query)
    assert len(answer.json()["conversations"]) == found


@pytest.mark.parametrize(
    ("words", "found"), [("civic 2021", 1), ("civic 2020", 0), ("(619) 555-0142", 1), ("6197", 0), ("19", 0)]
)
async def test_a_customer_is_found_by_phone_and_car(console, chat, words, found):
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(
            text(
                "UPDATE leads SET phone = '+16195550142', "
                """vehicle = '{"year": 2021, "make": "Honda", "model": "Civic"}'"""
            )
        )
    answer = await console.get("/conversations", params={"q": words})
    assert len(answer.json()["conversations"]) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Película", 1),
        ("peli sedan", 1),
        ("pel 1967", 0),
        ("Sample toda", 1),
        ("to", 0),
        ("xyz", 0),
        ("don't", 1),
    ],
)
async def test_a_conversation_is_found_by_what_was_written_in_it(console, chat, words, found):
    await chat.write("¿Hacen PELICULA para todas las ventanas? Don't ask")
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "For a sedan, yes"})
    answer = await console.get("/conversations", params={"q": words})
    assert len(answer.json()["conversations"]) == found


async def test_words_of_another_tenant_find_nothing_and_are_not_seen(console, chat):
    await chat.write("Ceramic please")
    async with transaction(chat.deps.sessions, uuid4()) as session:
        assert (await session.execute(text("SELECT count(*) FROM said_words"))).scalar_one() == 0
    elsewhere = await console.get("/conversations", params={"q": "ceramic"}, headers=token(SAM, uuid4()))
    assert elsewhere.status_code == 401
    assert len((await console.get("/conversations", params={"q": "ceramic"})).json()["conversations"]) == 1


async def test_the_search_reads_the_index_under_row_security(chat, members):
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        explained = await session.scalars(
            text(
                "EXPLAIN SELECT conversation_id FROM said_words WHERE tenant_id = "
                "'00000000-0000-4000-8000-000000000001' AND starts_with(word, 'cera')"
            )
        )
        plan = "\n".join(explained)
    assert "word >= 'cera'" in plan


async def many_conversations(chat: Chat, count: int) -> None:
    """All of one moment, beside the one that is there."""
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(
            text(
                "INSERT INTO leads SELECT (jsonb_populate_record(l, jsonb_build_object('lead_id', gen_random_uuid()))).* "
                "FROM leads l, generate_series(1, :count)"
            ),
            {"count": count},
        )
        await session.execute(
            text(
                "INSERT INTO conversations SELECT (jsonb_populate_record(c, jsonb_build_object("
                "'id', gen_random_uuid(), 'lead_id', l.lead_id, 'last_at', '2026-11-24T10:00:00.123456Z'))).* "
                "FROM conversations c, leads l WHERE l.lead_id <> c.lead_id"
            )
        )


async def test_every_conversation_is_on_one_page_also_where_many_are_of_one_moment(console, chat):
    await many_conversations(chat, 120)
    found: list[dict] = []
    params: dict = {}
    while rows := (await console.get("/conversations", params=params)).json()["conversations"]:
        found += rows
        params = {"before": rows[-1]["last_at"], "before_id": rows[-1]["id"]}
    assert len(found) == len({row["id"] for row in found}) == 121


async def test_a_conversation_is_of_the_member_who_took_it(console, chat):
    await console.post(f"{await door(chat)}/take-over")
    (row,) = (await console.get("/conversations", params={"state": "mine"})).json()["conversations"]
    assert (row["handoff"]["taken_by"], row["handoff"]["taken_by_name"]) == (str(SAM), "Sam")
    assert row["handoff"]["taken_at"]
    others = await console.get("/conversations", params={"state": "mine"}, headers=token(OLGA))
    assert others.json()["conversations"] == []


async def test_staff_see_by_which_channel_each_message_came_and_how_a_reply_would_go(console, chat):
    opened = (await console.get(await door(chat))).json()
    assert [m["channel"] for m in opened["messages"]] == ["web"]
    assert opened["reply_by"] == {"channel": "web", "also": ["email"]}
    await chat.consume(event_of(inbound_by("sms", chat)), receive_inbound)
    opened = (await console.get(await door(chat))).json()
    assert opened["messages"][-1]["channel"] == "sms"
    assert opened["reply_by"] == {"channel": "sms", "also": []}


async def test_staff_see_only_the_locations_where_they_work(console, chat, sessions):
    away = StaffChanged(
        staff_id=SAM, version=2, name="Sam", email="sam@example.com", role="location", locations=(uuid4(),)
    )
    await once(sessions, event_of(away), keep_staff)
    assert (await console.get("/conversations")).json()["conversations"] == []
    assert (await console.get("/locations")).json() == {"locations": []}
    assert (await console.get(await door(chat))).status_code == 404
    assert (await console.post(f"{await door(chat)}/take-over")).status_code == 404
    lead = chat.lead.subject_id
    assert (await console.get(f"/leads/{lead}/timeline")).status_code == 404
    places = (await console.get("/locations", headers=token(OLGA))).json()["locations"]
    assert [place["code"] for place in places] == ["Store094"]
    owner = await console.get("/conversations", headers=token(OLGA))
    assert len(owner.json()["conversations"]) == 1
    assert (await console.get(f"/leads/{lead}/timeline", headers=token(OLGA))).status_code == 200


async def test_who_left_is_forged_or_of_another_tenant_is_not_signed_in(console, sessions):
    gone = StaffChanged(
        staff_id=OLGA, version=2, name="Olga", email="o@example.com", role="owner", active=False
    )
    await once(sessions, event_of(gone), keep_staff)
    for headers in (token(OLGA), token(SAM, key="other"), token(SAM, uuid4()), token(uuid4())):
        assert (await console.get("/conversations", headers=headers)).status_code == 401


async def test_an_older_word_about_a_member_changes_nothing(sessions, members, console):
    old = StaffChanged(staff_id=SAM, version=0, name="Old", email="s@example.com", role="owner")
    await once(sessions, event_of(old), keep_staff)
    assert (await console.get("/conversations")).status_code == 200


async def test_who_may_only_look_does_not_act(console, chat):
    here = await door(chat)
    for path, body in (
        ("take-over", None),
        ("messages", {"client_id": "1", "text": "Hi"}),
        ("give-back", None),
        ("notes", {"text": "x"}),
    ):
        answer = await console.post(f"{here}/{path}", json=body, headers=token(RITA))
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert (await console.get(here, headers=token(RITA))).status_code == 200


async def test_a_take_over_silences_the_assistant_and_tells_the_customer_once(console, chat):
    for _ in range(2):
        answer = await console.post(f"{await door(chat)}/take-over")
        assert answer.json()["conversation"]["owner"] == "human"
    await chat.write("Anybody there?")
    assert await chat.clock.drain() == 0
    assert [text for author, text in await said(chat) if author == "system"] == [
        "Sam from Sample Tint San Diego has joined the chat."
    ]


async def test_a_take_over_while_the_assistant_is_answering_drops_its_answer(console, chat):
    await chat.write("How much is it?")
    owed = await claim_owed(chat.deps)
    await console.post(f"{await door(chat)}/take-over")
    assert not await answer_owed(chat.deps, [OfflineAssistant()], owed)
    assert [author for author, _ in await said(chat)] == ["assistant", "customer", "system"]


async def test_a_staff_message_is_one_message_and_takes_over(console, chat):
    for _ in range(2):
        answer = await console.post(
            f"{await door(chat)}/messages", json={"client_id": "1", "text": "Sam here, happy to help."}
        )
        assert answer.status_code == 201
    message = answer.json()["message"]
    assert (message["author"], message["author_name"]) == ("staff", "Sam")
    assert "client_id" not in message or message["client_id"] is None, "it would name the member"
    assert [author for author, _ in await said(chat)] == ["assistant", "system", "staff"]
    (sent,) = [event for event in await chat.published("message.sent.v1") if event["author"] == "staff"]
    assert sent["channel"] == "web"


def inbound_by(channel, chat: Chat) -> InboundMessageReceived:
    return InboundMessageReceived(
        channel=channel,
        sender="sample",
        lead_id=chat.lead.subject_id,
        text="Can I talk to somebody?",
        provider_id="SM1",
    )


@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_staff_answer_on_the_channel_that_the_customer_wrote_on(console, chat, channel):
    await chat.consume(event_of(inbound_by(channel, chat)), receive_inbound)
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "Sure."})
    sent = (await chat.published("message.sent.v1"))[-1]
    assert (sent["channel"], sent["also"]) == (channel, [])


async def test_given_back_the_assistant_answers_what_is_open_and_knows_where_it_was(console, chat):
    await chat.answer_to("How much is ceramic tint for my Civic?")
    await console.post(f"{await door(chat)}/take-over")
    await chat.write("What times do you have on Friday?")
    for _ in range(2):
        answer = await console.post(f"{await door(chat)}/give-back")
    assert (answer.json()["conversation"]["owner"], answer.json()["conversation"]["state"]) == (
        "assistant",
        "quote",
    )
    assert "handoff" not in answer.json()["conversation"]
    reply = await chat.answered()
    assert reply.author == "assistant"
    assert [event["how"] for event in await chat.published("handoff.ended.v1")] == ["given_back"]


async def test_given_back_with_nothing_open_the_assistant_says_nothing(console, chat):
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "All set."})
    await console.post(f"{await door(chat)}/give-back")
    assert await chat.clock.drain() == 0


async def test_notes_are_for_staff_only(console, chat):
    answer = await console.post(f"{await door(chat)}/notes", json={"text": "Wants a discount."})
    assert answer.json()["note"]["author_name"] == "Sam"
    assert [n["text"] for n in (await console.get(await door(chat))).json()["notes"]] == ["Wants a discount."]
    assert all(text != "Wants a discount." for _, text in await said(chat))
    assert all("discount" not in event["text"] for event in await chat.published("message.sent.v1"))


async def test_a_note_that_is_sent_twice_is_one_note(console, chat):
    notes = f"{await door(chat)}/notes"
    answers = [await console.post(notes, json={"client_id": "n1", "text": "Call her."}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    await console.post(notes, json={"client_id": "n2", "text": "Call her."})
    assert len((await console.get(await door(chat))).json()["notes"]) == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
async def test_a_bad_staff_message_is_refused(console, chat, text):
    answer = await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": text})
    assert answer.status_code == 422
    assert len(await chat.messages()) == 1


async def test_a_hand_off_brings_summary_question_and_a_suggested_reply(console, chat):
    await chat.answer_to("How much is ceramic tint?")
    await chat.answer_to("I want to talk to a person")
    (row,) = (await console.get("/conversations", params={"state": "human"})).json()["conversations"]
    handoff = row["handoff"]
    assert handoff["open_question"] == "I want to talk to a person"
    assert "$449" in handoff["suggested_reply"]
    assert handoff["level"] == 0
    (requested,) = await chat.published("handoff.requested.v1")
    assert requested["suggested_reply"] == handoff["suggested_reply"]


def later(chat: Chat, minutes: float):
    return replace(chat.deps, now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))


def around_the_clock(_day: object) -> list[dict[str, str]]:
    return [{"opens": "00:00", "closes": "24:00"}]


async def test_unanswered_the_next_person_is_told_and_then_the_assistant_offers_another_way(console, chat):
    await chat.answer_to("I want to talk to a person")
    assert not await escalate_next(later(chat, 4))
    assert await escalate_next(later(chat, 6))
    assert not await escalate_next(later(chat, 7))
    assert (await chat.row()).state == "human"
    assert await escalate_next(later(chat, 12))
    assert not await escalate_next(later(chat, 60))
    assert [event["level"] for event in await chat.published("handoff.escalated.v1")] == [1, 2]
    assert (await chat.row()).owner == "assistant"
    assert "Nobody at Sample Tint San Diego has been able to answer" in (await chat.messages())[-1].text
    assert (await chat.answer_to("How much is ceramic tint?")).author == "assistant"


async def test_in_closed_hours_the_customer_is_told_and_the_reminders_wait_for_the_opening(console, chat):
    opens = datetime.now(UTC) + timedelta(hours=10)
    chat.desk.opens_next = opens.isoformat()
    reply = await chat.answer_to("I want to talk to a person")
    assert "closed right now and opens" in reply.text
    assert moment(opens, "America/Los_Angeles") in reply.text
    assert not await escalate_next(later(chat, 604))
    assert await escalate_next(later(chat, 606))


async def test_asked_for_at_night_while_booking_is_away_the_last_reminder_comes_at_the_opening(console, chat):
    opens = datetime.now(UTC) + timedelta(hours=10)
    chat.desk.away = True
    await chat.answer_to("I want to talk to a person")
    assert await escalate_next(later(chat, 6))
    for minutes in (12, 18, 24):
        assert await escalate_next(later(chat, minutes))
    assert [event["level"] for event in await chat.published("handoff.escalated.v1")] == [1]
    chat.desk.away, chat.desk.opens_next = False, opens.isoformat()
    assert await escalate_next(later(chat, 30))
    assert not await escalate_next(later(chat, 604))
    chat.desk.opens_next = None
    assert await escalate_next(later(chat, 606))
    assert [event["level"] for event in await chat.published("handoff.escalated.v1")] == [1, 2]


async def test_a_shop_that_closes_while_a_person_is_awaited_is_reminded_when_it_opens(console, chat):
    await chat.answer_to("I want to talk to a person")
    chat.desk.opens_next = (datetime.now(UTC) + timedelta(hours=10)).isoformat()
    assert await escalate_next(later(chat, 6))
    assert not await escalate_next(later(chat, 604))
    assert await chat.published("handoff.escalated.v1") == []


async def test_in_open_hours_the_customer_is_told_so(console, chat):
    assert "open right now" in (await chat.answer_to("I want to talk to a person")).text


async def test_with_booking_away_no_hours_are_promised(console, chat):
    chat.desk.away = True
    reply = await chat.answer_to("I want to talk to a person")
    assert "They answer here during the shop's hours" in reply.text


async def test_two_workers_escalate_a_hand_off_once(console, chat):
    await chat.answer_to("I want to talk to a person")
    await asyncio.gather(*(escalate_next(later(chat, 6)) for _ in range(4)))
    assert len(await chat.published("handoff.escalated.v1")) == 1


async def test_an_answer_by_staff_stops_the_reminders(console, chat):
    await chat.answer_to("I want to talk to a person")
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "Sam here."})
    assert not await escalate_next(later(chat, 60))
    (row,) = (await console.get("/conversations")).json()["conversations"]
    assert row["handoff"]["taken_by"] == str(SAM)
    assert "answer_by" not in row["handoff"]


async def test_asked_for_again_a_person_is_told_again(console, chat):
    await chat.answer_to("I want to talk to a person")
    await escalate_next(later(chat, 6))
    await escalate_next(later(chat, 12))
    await chat.answer_to("I really want to talk to a person")
    assert len(await chat.published("handoff.requested.v1")) == 2
    assert await escalate_next(later(chat, 6))


async def test_asked_for_again_while_awaited_nobody_is_told_twice_and_the_reminders_run_on(console, chat):
    await chat.answer_to("I want to talk to a person")
    await escalate_next(later(chat, 6))
    await chat.answer_to("where is that person, I want to talk to a person")
    assert len(await chat.published("handoff.requested.v1")) == 1
    assert await escalate_next(later(chat, 12))
    assert [event["level"] for event in await chat.published("handoff.escalated.v1")] == [1, 2]
    (row,) = (await console.get("/conversations", params={"state": "waiting"})).json()["conversations"]
    assert row["handoff"]["open_question"] == "where is that person, I want to talk to a person"


async def test_asked_for_again_since_somebody_is_hurt_a_person_is_told_at_once(console, chat):
    await chat.answer_to("I want to talk to a person")
    await escalate_next(later(chat, 6))
    await chat.answer_to("my son got hurt in your shop")
    assert [event["reason"] for event in await chat.published("handoff.requested.v1")][1:] == ["safety"]
    assert not await escalate_next(later(chat, 4))
    assert await escalate_next(later(chat, 6))


async def test_once_nobody_came_the_assistant_goes_on_and_the_hand_off_stays_open(console, chat):
    await chat.answer_to("I want to talk to a person")
    await escalate_next(later(chat, 6))
    await escalate_next(later(chat, 12))
    assert (await chat.row()).person_asked_at is None
    reply = await chat.answer_to("my cousin vinny told me")
    assert "the person I've asked for" not in reply.text
    assert (await chat.row()).misses == 1
    (row,) = (await console.get("/conversations", params={"state": "waiting"})).json()["conversations"]
    assert row["handoff"]["level"] == 2
    await console.post(f"{await door(chat)}/give-back", json={})
    assert await chat.published("handoff.ended.v1")


async def test_where_a_yes_is_waited_for_another_way_is_offered_later(console, chat):
    await chat.answer_to("I want to talk to a person")
    offer = await chat.answer_to("what times do you have?")
    start = next(p for p in offer.parts if p["kind"] == "slots")["slots"][0]["start"]
    await chat.answer_to_press(f"slot:{start}")
    assert await escalate_next(later(chat, 6))
    assert await escalate_next(later(chat, 12))
    assert (await chat.row()).state == "confirm"
    await chat.answer_to_press("confirm:no")
    assert not await escalate_next(later(chat, 16))
    assert await escalate_next(later(chat, 18))
    assert not await escalate_next(later(chat, 60))
    assert [event["level"] for event in await chat.published("handoff.escalated.v1")] == [1, 2]
    assert (await chat.row()).state == "call_back_offer"


async def test_a_colleague_writing_in_the_crm_has_taken_over(console, chat):
    await chat.answer_to("I want to talk to a person")
    observed = CrmMessageObserved(
        crm_message_id="m1",
        order_id="o1",
        lead_id=chat.lead.subject_id,
        author="staff",
        text="I called them.",
    )
    await chat.consume(event_of(observed), observe_crm_message)
    assert not await escalate_next(later(chat, 60))
    (row,) = (await console.get("/conversations", params={"state": "human"})).json()["conversations"]
    assert row["owner"] == "human"


async def test_a_person_who_left_the_conversation_gives_it_back(console, chat):
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "Sam here."})
    chat.desk.spans = around_the_clock
    assert not await end_next_idle(later(chat, 59), timedelta(minutes=60))
    assert await end_next_idle(later(chat, 61), timedelta(minutes=60))
    assert not await end_next_idle(later(chat, 61), timedelta(minutes=60))
    assert (await chat.row()).owner == "assistant"
    assert [event["how"] for event in await chat.published("handoff.ended.v1")] == ["idle"]


async def test_a_hand_off_that_nobody_took_is_never_idle(console, chat):
    chat.desk.opens_next = (datetime.now(UTC) + timedelta(hours=40)).isoformat()
    await chat.answer_to("I want to talk to a person")
    assert not await end_next_idle(later(chat, 39 * 60), timedelta(minutes=60))
    assert await escalate_next(later(chat, 40 * 60 + 6))
    (row,) = (await console.get("/conversations", params={"state": "human"})).json()["conversations"]
    assert row["handoff"]["level"] == 1


async def test_closed_hours_are_not_idle_ones(console, chat):
    await console.post(f"{await door(chat)}/messages", json={"client_id": "1", "text": "Sam here."})
    chat.desk.spans = lambda _day: [{"opens": "00:00", "closes": "00:01"}]
    assert not await end_next_idle(later(chat, 12 * 60), timedelta(minutes=60))
    chat.desk.spans, chat.desk.away = around_the_clock, True
    assert not await end_next_idle(later(chat, 61), timedelta(minutes=60))


async def test_the_stream_tells_of_changes_at_the_own_locations_only(console, chat):
    viewer = await viewer_of(chat.deps.sessions, session_of(SAM), chat.deps.now)
    elsewhere = StaffChanged(
        staff_id=RITA, version=2, name="Rita", email="r@example.com", role="location", locations=(uuid4(),)
    )
    await once(chat.deps.sessions, event_of(elsewhere), keep_staff)
    stranger = await viewer_of(chat.deps.sessions, session_of(RITA), chat.deps.now)
    async with chat.deps.feed.running():
        mine, theirs = inbox_events(chat.deps, viewer, Pace()), inbox_events(chat.deps, stranger, Pace())
        await anext(mine)
        await anext(theirs)
        told = asyncio.create_task(anext(mine))
        silent = asyncio.create_task(anext(theirs))
        while len(chat.deps.feed._watchers) < 2:  # noqa: ASYNC110 - until both listen
            await asyncio.sleep(0.01)
        written = 0
        while not told.done():  # the feed's own connection may still be on its way
            await chat.write(f"hello {written}")
            written += 1
            await asyncio.wait([told], timeout=1)
        assert '"name":"Sample Person"' in await told
        assert not silent.done()
        silent.cancel()
        await asyncio.gather(silent, return_exceptions=True)
        await mine.aclose()


async def test_the_numbers_count_each_lead_as_far_as_it_came(console, chat):
    await chat.answer_to("How much is ceramic tint?")
    span = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    answer = await console.get("/metrics", params=span)
    assert answer.json() == {
        "funnel": {"received": 1, "seen": 1, "engaged": 1, "quoted": 1, "booked": 0},
        "first_touch": {"p50_ms": None, "p95_ms": None},
        "handed_off": 0,
        "contained": 1,
    }
    nowhere = await console.get("/metrics", params=span | {"location": "Store999"})
    assert nowhere.json()["funnel"]["received"] == 0
    assert (await console.get("/metrics", params={"from": "yesterday", "to": "x"})).status_code == 422


def sam(version: int, **changed: object) -> StaffChanged:
    facts = {"name": "Sam", "email": "sam@example.com", "role": "location", "locations": (LOCATION,)}
    return StaffChanged.model_validate({"staff_id": SAM, "version": version, **facts, **changed})


async def test_a_session_that_was_ended_is_refused_and_the_member_s_other_one_is_not(console, sessions):
    ended, other = session_of(SAM), session_of(SAM)
    await once(sessions, event_of(sam(2, ended_sessions=(ended.id,))), keep_staff)
    answers = [
        await console.get("/conversations", headers={"Authorization": f"Bearer {sign_session(one, KEY)}"})
        for one in (ended, other)
    ]
    assert [answer.status_code for answer in answers] == [401, 200]


@pytest.mark.parametrize("gone", [{"ended": True}, {"active": False}], ids=["signed out", "left"])
async def test_an_open_stream_ends_when_its_session_does(console, chat, sessions, gone):
    session = session_of(SAM)
    viewer = await viewer_of(chat.deps.sessions, session, chat.deps.now)
    stream = inbox_events(chat.deps, viewer, Pace(look_again_seconds=0.05))
    assert (await anext(stream)).startswith("retry:")
    going_on = asyncio.create_task(anext(stream))
    fact = sam(2, ended_sessions=(session.id,)) if "ended" in gone else sam(2, **gone)
    await once(sessions, event_of(fact), keep_staff)
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(going_on, 10)


CROSS_SITE = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:8080.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8080"},
]


@pytest.mark.parametrize("told", CROSS_SITE)
async def test_another_website_changes_nothing_with_the_cookie(console, chat, told):
    path = f"{await door(chat)}/take-over"
    cookie = {"cookie": f"staff_session={sign_session(session_of(SAM), KEY)}"}
    del console.headers["authorization"]
    answer = await console.post(path, headers=cookie | told)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_site")
    assert (await console.get("/conversations", headers=cookie | told)).status_code == 200
    for own in ({"sec-fetch-site": "same-origin"}, {"origin": "http://127.0.0.1:8080"}, {}):
        assert (await console.post(path, headers=cookie | own)).status_code == 200
    assert (await console.post(path, headers=token(SAM) | told)).status_code == 200


async def test_no_answer_is_cached(console):
    for path in ("/conversations", "/nowhere"):
        assert (await console.get(path)).headers["cache-control"] == "no-store"


async def here(console: httpx2.AsyncClient, path: str, who: UUID, **body: object) -> list[tuple[str, bool]]:
    answer = await console.put(f"{path}/presence", json=body, headers=token(who))
    assert answer.status_code == 200
    return [(one["name"], one["writing"]) for one in answer.json()["present"]]


async def reply(
    console: httpx2.AsyncClient, path: str, who: UUID, text: str, **body: object
) -> httpx2.Response:
    told = {"client_id": text, "text": text, **body}
    return await console.post(f"{path}/messages", json=told, headers=token(who))


async def test_members_see_who_has_the_conversation_open_and_one_at_a_time_writes(console, chat):
    path = await door(chat)
    assert await here(console, path, SAM) == [("Sam", False)]
    assert await here(console, path, OLGA, writing=True) == [("Olga", True), ("Sam", False)]
    assert await here(console, path, SAM, writing=True) == [("Olga", True), ("Sam", False)]
    assert await here(console, path, OLGA) == [("Olga", True), ("Sam", False)]
    (row,) = (await console.get("/conversations")).json()["conversations"]
    assert [(one["name"], one["writing"]) for one in row["present"]] == [("Olga", True), ("Sam", False)]
    await here(console, path, OLGA, writing=False)
    assert await here(console, path, SAM, writing=True) == [("Olga", False), ("Sam", True)]
    assert (await console.delete(f"{path}/presence", headers=token(OLGA))).status_code == 204
    assert await here(console, path, SAM) == [("Sam", True)]


async def test_of_two_who_begin_to_write_at_once_one_has_the_turn(console, chat):
    path = await door(chat)
    await asyncio.gather(*(here(console, path, who, writing=True) for who in (SAM, OLGA)))
    assert sorted(writing for _, writing in await here(console, path, SAM)) == [False, True]


async def test_a_reply_while_a_colleague_writes_is_refused_and_taken_once_theirs_is_sent(console, chat):
    path = await door(chat)
    await here(console, path, OLGA, writing=True)
    refused = await reply(console, path, SAM, "Sam here")
    assert (refused.status_code, refused.json()["code"], refused.json()["name"]) == (
        409,
        "colleague_writes",
        "Olga",
    )
    assert (await reply(console, path, OLGA, "Olga here")).status_code == 201
    assert await here(console, path, SAM) == [("Olga", False), ("Sam", False)]
    assert (await reply(console, path, SAM, "Sam here")).status_code == 201
    assert [text for author, text in await said(chat) if author == "staff"] == ["Olga here", "Sam here"]


async def test_who_stopped_typing_or_vanished_keeps_nobody_from_replying(console, chat):
    path = await door(chat)
    await here(console, path, OLGA, writing=True)
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(text("UPDATE presences SET writing_until = now() - interval '1 second'"))
    assert await here(console, path, SAM) == [("Olga", False), ("Sam", False)]
    async with transaction(chat.deps.sessions, TENANT) as session:
        await session.execute(
            text("UPDATE presences SET here_until = now() - interval '1 second' WHERE staff_id = :olga"),
            {"olga": OLGA},
        )
    assert (await reply(console, path, SAM, "Sam here")).status_code == 201
    await forget_absent(chat.deps)
    async with transaction(chat.deps.sessions, TENANT) as session:
        assert (await session.scalars(text("SELECT staff_id FROM presences"))).all() == [SAM]


async def test_a_reply_to_what_is_not_the_newest_is_refused_with_what_came_in_between(console, chat):
    path = await door(chat)
    seen = (await chat.messages())[-1].seq
    assert (await reply(console, path, OLGA, "Olga here", seen_seq=seen)).status_code == 201
    await chat.write("Thanks Olga")
    refused = await reply(console, path, SAM, "Sam here", seen_seq=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "said_meanwhile")
    meanwhile = refused.json()["messages"]
    assert [(m["author"], m["text"]) for m in meanwhile] == [
        ("staff", "Olga here"),
        ("customer", "Thanks Olga"),
    ]
    again = await reply(console, path, SAM, "Sam here", seen_seq=meanwhile[-1]["seq"])
    assert again.status_code == 201
    repeated = await reply(console, path, SAM, "Sam here", seen_seq=seen)
    assert repeated.json() == again.json()


async def test_of_two_replies_at_once_one_is_taken(console, chat):
    path = await door(chat)
    seen = (await chat.messages())[-1].seq
    answers = await asyncio.gather(
        *(reply(console, path, who, f"{who} here", seen_seq=seen) for who in (SAM, OLGA))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert [author for author, _ in await said(chat)].count("staff") == 1


async def test_who_may_only_look_is_seen_and_has_no_turn(console, chat):
    path = await door(chat)
    assert await here(console, path, RITA) == [("Rita", False)]
    refused = await console.put(f"{path}/presence", json={"writing": True}, headers=token(RITA))
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only")


async def test_nobody_is_present_where_they_do_not_work(console, chat, sessions):
    away = StaffChanged(
        staff_id=SAM, version=2, name="Sam", email="sam@example.com", role="location", locations=(uuid4(),)
    )
    await once(sessions, event_of(away), keep_staff)
    path = await door(chat)
    assert (await console.put(f"{path}/presence", json={})).status_code == 404
    assert (await console.delete(f"{path}/presence")).status_code == 404


async def test_an_open_inbox_hears_who_is_there_and_who_left_without_a_word(console, chat):
    viewer = await viewer_of(chat.deps.sessions, session_of(SAM), chat.deps.now)
    path = await door(chat)
    async with chat.deps.feed.running():
        stream = inbox_events(chat.deps, viewer, Pace(heartbeat_seconds=0.1))
        told: list[str] = []

        async def listen() -> None:
            async for event in stream:
                told.append(event)

        listening = asyncio.create_task(listen())

        async def hears(expected: str) -> None:
            while not any(expected in event for event in told):
                await here(console, path, OLGA, writing=True)
                await here(console, path, OLGA, writing=False)
                await asyncio.sleep(0.05)

        await asyncio.wait_for(hears('"name":"Olga"'), 20)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
