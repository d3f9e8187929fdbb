"""What is stored nowhere still reaches every page, once, wherever it is open."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from chat.clients.feed import Feed
from chat.domain.signals import Delta, Resync, Typing
from shared.db.engine import asyncpg_url

pytestmark = pytest.mark.postgres


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
            here.tell(conversation, delta)
        assert [near.get_nowait() for _ in said] == said
        assert [await far.get() for _ in said] == said
        there.tell(conversation, Typing(on=False))
        assert await near.get() == Typing(on=False)  # nothing of its own came back before it


async def test_nobody_waits_for_a_feed_without_a_connection():
    feed = Feed("postgresql://127.0.0.1:1/nobody")
    feed.tell(uuid4(), Typing(on=True))
    async with asyncio.timeout(10):
        await feed.told()
