"""What is still in the making reaches every page, once, wherever it is open; and nobody else."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
from chat.clients.feed import Feed
from chat.domain.signals import CHANNEL, Delta, Resync, Typing
from shared.db.engine import asyncpg_url, transaction
from sqlalchemy import text

pytestmark = pytest.mark.postgres

TENANT = uuid4()


async def listening(signals):
    """A feed tells of its connection first."""
    assert await signals.get() == Resync()


async def test_what_one_process_tells_the_pages_of_all_hear_once_and_in_order(database_url):
    here, there = (Feed(asyncpg_url(database_url)) for _ in range(2))
    conversation = uuid4()
    said = [Delta(reply_id=uuid4(), text=f"Sentence {n}.") for n in range(20)]
    async with AsyncExitStack() as stack:
        near = stack.enter_context(here.subscribed(conversation))
        far = stack.enter_context(there.subscribed(conversation))
        for feed, signals in ((here, near), (there, far)):
            await stack.enter_async_context(feed.running())
            await listening(signals)
        for delta in said:
            here.tell(TENANT, conversation, delta)
        assert [near.get_nowait() for _ in said] == said
        assert [await far.get() for _ in said] == said
        there.tell(TENANT, conversation, Typing(on=False))
        assert await near.get() == Typing(on=False)  # nothing of its own came back before it


async def test_nobody_waits_for_a_feed_without_a_connection():
    feed = Feed("postgresql://127.0.0.1:1/nobody")
    feed.tell(TENANT, uuid4(), Typing(on=True))
    async with asyncio.timeout(10):
        await feed.told()


async def test_no_word_of_a_conversation_is_in_a_notice(database_url):
    feed, notices, conversation = Feed(asyncpg_url(database_url)), asyncio.Queue(), uuid4()
    eavesdropper = await asyncpg.connect(asyncpg_url(database_url))
    await eavesdropper.add_listener(CHANNEL, lambda *told: notices.put_nowait(told[-1]))
    async with feed.running():
        with feed.subscribed(conversation) as signals:
            await listening(signals)
            feed.tell(TENANT, conversation, Delta(reply_id=uuid4(), text="My code word is violet."))
            notice = await notices.get()
    assert str(conversation) in notice
    assert "violet" not in notice
    assert await eavesdropper.fetch("SELECT text FROM deltas") == []  # without their tenant
    await eavesdropper.close()


async def test_the_sentences_are_gone_when_the_reply_is_stored(chat):
    conversation = await chat.row()
    async with chat.deps.feed.running():
        with chat.deps.feed.subscribed(conversation.id) as signals:
            await listening(signals)
        await chat.answer_to("how much is it?")
        await chat.deps.feed.told()
    async with transaction(chat.deps.sessions, chat.lead.tenant_id) as session:
        assert (await session.execute(text("SELECT text FROM deltas"))).all() == []
