"""The streams of customer and staff: server-sent events that resume, beat, and end in time; no database session stays open."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel
from shared.http.links import Link

from chat.actions.messages import read_conversation, read_messages, read_scene
from chat.actions.staff import Viewer, read_inbox
from chat.deps import Deps
from chat.domain.signals import Delta, MessageStored, Resync, Signal, StateChanged, Typing
from chat.views import InboxView, MessageView, StateView

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Pace:
    heartbeat_seconds: float = 15
    life_seconds: float = 600
    reconnect_ms: int = 1000


def frame(event: str, body: BaseModel, event_id: int | None = None) -> str:
    """One event; JSON holds no raw line break, so it is one data line."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {event}\ndata: {body.model_dump_json(exclude_none=True)}\n\n"


class _DeltaView(BaseModel):
    reply_id: str
    text: str


class _TypingView(BaseModel):
    on: bool


async def conversation_events(deps: Deps, lead: Link, *, after: int | None, pace: Pace) -> AsyncIterator[str]:
    """From the message behind `after` on; with `None`, from now on. Raises `NoConversation` before the first event."""
    scene = await read_scene(deps, lead)
    listening = _Listening(deps, lead, scene.conversation.id, pace)
    listening.after = scene.conversation.next_seq - 1 if after is None else after
    async for event in listening.events():
        yield event


class _Listening:
    def __init__(self, deps: Deps, lead: Link, conversation_id: UUID, pace: Pace) -> None:
        self._deps = deps
        self._lead = lead
        self._conversation_id = conversation_id
        self._pace = pace
        self.after = 0

    async def events(self) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._pace.life_seconds
        yield f"retry: {self._pace.reconnect_ms}\n\n"
        with self._deps.feed.subscribed(self._conversation_id) as signals:
            for event in await self._stored():
                yield event
            yield await self._state()
            while (left := ends_at - loop.time()) > 0:
                try:
                    async with asyncio.timeout(min(left, self._pace.heartbeat_seconds)):
                        signal = await signals.get()
                except TimeoutError:
                    yield ": beat\n\n"
                    continue
                for event in await self._told(signal):
                    yield event
        yield f"retry: {self._pace.reconnect_ms}\n\n"

    async def _told(self, signal: Signal) -> list[str]:
        match signal:
            case MessageStored(seq=seq):
                return await self._stored() if seq > self.after else []
            case Delta(reply_id=reply_id, text=text):
                return [frame("delta", _DeltaView(reply_id=str(reply_id), text=text))]
            case Typing(on=on):
                return [frame("typing", _TypingView(on=on))]
            case StateChanged():
                return [await self._state()]
            case Resync():
                return [*await self._stored(), await self._state()]

    async def _stored(self) -> list[str]:
        messages = await read_messages(
            self._deps, self._lead.tenant_id, self._conversation_id, after=self.after
        )
        if messages:
            self.after = messages[-1].seq
        return [frame("message", MessageView.of(m), m.seq) for m in messages]

    async def _state(self) -> str:
        return frame("state", StateView.of(await read_conversation(self._deps, self._lead)))


_GATHER_SECONDS = 0.2
"""Changes within it are looked up together."""


async def inbox_events(deps: Deps, viewer: Viewer, pace: Pace) -> AsyncIterator[str]:
    """The inbox row of each conversation that changes, of the viewer's locations only."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + pace.life_seconds
    yield f"retry: {pace.reconnect_ms}\n\n"
    with deps.feed.watched() as changes:
        while (left := ends_at - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, pace.heartbeat_seconds)):
                    changed = {await changes.get()}
            except TimeoutError:
                yield ": beat\n\n"
                continue
            await asyncio.sleep(_GATHER_SECONDS)
            while not changes.empty():
                changed.add(changes.get_nowait())
            for row in await read_inbox(deps, viewer, only=changed):
                yield frame("conversation", InboxView.of(row))
    yield f"retry: {pace.reconnect_ms}\n\n"
