"""An erased person: the conversation counts on, without them and without a word."""

import asyncio
from uuid import uuid4

import pytest
from chat.actions.conversations import keep_lead, open_conversation
from chat.actions.records import NoConversation
from chat.actions.timeline import keep_in_timeline
from chat.domain.conversation import State
from chat.domain.signals import Delta, Resync
from chat.holdings import HOLDINGS
from shared.db.engine import transaction
from shared.events import PersonErasureRequested
from shared.messaging.inbox import once
from shared.persons import erase_once
from sqlalchemy import text
from testkit.races import beside

from .conftest import LOCATION, TENANT, event_of

pytestmark = pytest.mark.postgres
TABLES = (
    "leads", "conversations", "chat_messages", "receipts", "verdicts", "handoffs", "staff_notes", "knowledge_gaps", "deltas", "timeline", "outbox",
)  # fmt: skip


async def everything(sessions) -> str:
    """All rows of all tables as text, events read."""
    async with transaction(sessions, TENANT) as session:
        found = [
            await session.scalar(text(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t"))  # noqa: S608 - our own names
            for table in TABLES
        ]
        found.append(
            await session.scalar(text("SELECT string_agg(convert_from(body, 'utf8'), ' ') FROM outbox")) or ""
        )
    return " ".join(found)


async def in_the_making(sessions, lead_id) -> None:
    """What staff and the model write beside the messages."""
    theirs = "FROM conversations WHERE lead_id = :lead_id"
    writes = (
        f"INSERT INTO deltas SELECT gen_random_uuid(), tenant_id, id, id, 'aardwolf' {theirs}",
        f"INSERT INTO staff_notes SELECT gen_random_uuid(), tenant_id, id, 'Staff Sample', 'aardwolf', now() {theirs}",
        f"""INSERT INTO knowledge_gaps
        SELECT gen_random_uuid(), tenant_id, location_id, id, 'aardwolf', 'en', now() {theirs}""",
        f"""INSERT INTO verdicts (tenant_id, conversation_id, reply_id, outcome, kind, reason, sentence, created_at)
        SELECT tenant_id, id, id, 'shown', '', '', 'aardwolf', now() {theirs}""",
    )
    async with transaction(sessions, TENANT) as session:
        for write in writes:
            await session.execute(text(write), {"lead_id": lead_id})


def erasing(lead_id):
    return event_of(PersonErasureRequested(lead_id=lead_id), subject=str(lead_id))


async def test_no_word_stays_and_other_conversations_do(open_chat, lead_received, sessions):
    chat = await open_chat(lead_received)
    other = await open_chat(
        lead_received.model_copy(
            update={
                "lead_id": LOCATION,
                "contact": lead_received.contact.model_copy(update={"name": "Olga Other"}),
            }
        )
    )
    await other.answer_to("A pangolin rides along")
    greeting = event_of(lead_received, subject=str(lead_received.lead_id))
    await once(sessions, greeting, keep_in_timeline)
    await chat.answer_to("An aardwolf rides along, I want a person")
    await in_the_making(sessions, lead_received.lead_id)
    conversation = (await chat.row()).id
    assert "aardwolf" in await everything(sessions)

    await erase_once(sessions, erasing(lead_received.lead_id), HOLDINGS)
    left = await everything(sessions)
    for trace in ("aardwolf", "Sample Person", "sample@example.com", str(lead_received.lead_id)):
        assert trace not in left
    assert "pangolin" in left
    assert "Olga Other" in left
    async with transaction(sessions, TENANT) as session:
        rows = await session.execute(
            text("SELECT count(*), max(text) FROM chat_messages WHERE conversation_id = :id"),
            {"id": conversation},
        )
        count, words = rows.one()
    assert count >= 2
    assert words == ""


async def test_no_event_and_no_clock_brings_them_back(chat, lead_received, sessions):
    await chat.write("An aardwolf rides along")
    await erase_once(sessions, erasing(lead_received.lead_id), HOLDINGS)
    assert await chat.clock.drain() == 0
    again = event_of(lead_received, subject=str(lead_received.lead_id))
    await once(sessions, again, keep_lead, keep_in_timeline)
    await chat.consume(again, open_conversation)
    left = await everything(sessions)
    assert "Sample Person" not in left
    assert str(lead_received.lead_id) not in left
    async with transaction(sessions, TENANT) as session:
        states = (await session.scalars(text("SELECT state FROM conversations"))).all()
    assert states == [State.NEED]


async def test_a_message_that_is_being_stored_is_waited_for_and_erased_too(chat, lead_received, sessions):
    erasure = erase_once(sessions, erasing(lead_received.lead_id), HOLDINGS)
    await beside(sessions, "chat_messages", chat.write("An aardwolf rides along"), erasure)
    assert "aardwolf" not in await everything(sessions)


async def test_a_message_that_comes_while_they_are_erased_finds_nobody(chat, lead_received, sessions):
    erasure = erase_once(sessions, erasing(lead_received.lead_id), HOLDINGS)
    with pytest.raises(NoConversation):
        await beside(sessions, "erased_leads", erasure, chat.write("An aardwolf rides along"))
    assert "aardwolf" not in await everything(sessions)


async def test_messages_beside_erasures_leave_no_word(open_chat, lead_received, sessions):
    for _ in range(15):
        lead = lead_received.model_copy(update={"lead_id": uuid4()})
        chat = await open_chat(lead)
        await asyncio.gather(
            chat.write("An aardwolf rides along"), erase_once(sessions, erasing(lead.lead_id), HOLDINGS),
            chat.write("The aardwolf again"), return_exceptions=True,
        )  # fmt: skip
        assert "aardwolf" not in await everything(sessions)


async def test_an_answer_in_the_making_is_not_stored(chat, lead_received, sessions, deps):
    await chat.write("An aardwolf rides along")
    conversation = await chat.row()
    async with deps.feed.running():
        with deps.feed.subscribed(conversation.id) as signals:
            assert await signals.get() == Resync()
        deps.feed.tell(TENANT, conversation.id, Delta(reply_id=uuid4(), text="Your aardwolf"))
        await deps.feed.told()
        async with transaction(sessions, TENANT) as session:
            assert await session.scalar(text("SELECT count(*) FROM deltas")) == 1
        await erase_once(sessions, erasing(lead_received.lead_id), HOLDINGS)
        deps.feed.tell(TENANT, conversation.id, Delta(reply_id=uuid4(), text="is welcome, aardwolf"))
        await deps.feed.told()
    assert await chat.clock.drain() == 0
    assert "aardwolf" not in await everything(sessions)
