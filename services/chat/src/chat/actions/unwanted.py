"""Ends a model's call early: the feed tells of newer words and of persons, on whichever replica they came in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.db.engine import transaction

from chat import store
from chat.actions.assistant import StopSign
from chat.deps import Deps
from chat.domain.conversation import Owner
from chat.domain.signals import MessageStored, Resync, Signal, StateChanged
from chat.tables import Conversation


@asynccontextmanager
async def stopped_when_unwanted(deps: Deps, known: Conversation, stop: StopSign) -> AsyncIterator[None]:
    """A signal lost costs the rest of a call, never a wrong answer: storing the reply checks again."""
    with deps.feed.subscribed(known.id) as signals:
        watch = asyncio.create_task(_watch(deps, known, stop, signals), name="chat-unwanted")
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


async def _watch(deps: Deps, known: Conversation, stop: StopSign, signals: asyncio.Queue[Signal]) -> None:
    while not stop.raised:
        signal = await signals.get()
        newer = isinstance(signal, MessageStored) and signal.seq >= known.next_seq
        if (newer or isinstance(signal, StateChanged | Resync)) and await _unwanted(deps, known):
            stop.put_up()


async def _unwanted(deps: Deps, known: Conversation) -> bool:
    async with transaction(deps.sessions, known.tenant_id) as session:
        now = await store.conversation_of(session, known.tenant_id, known.lead_id)
        if now is None or now.owner == Owner.HUMAN:
            return now is not None
        later = await store.messages_after(
            session, known.tenant_id, conversation_id=known.id, after=known.next_seq - 1
        )
        return any(m.author in {"customer", "staff"} for m in later)
