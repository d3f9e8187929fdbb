"""The streams of customer and staff: server-sent events that resume, beat, and end in time; no database session stays open."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel
from shared.http.limits import Refusal, Use, caller
from shared.http.links import Link
from shared.staff import NotStaff, Viewer, viewer_of
from shared.telemetry.metrics import LIMITS_REFUSED

from chat.actions.messages import READ_AT_ONCE, be_present, read_messages, read_scene
from chat.actions.staff import read_rows
from chat.deps import Deps, OpenStreams
from chat.domain.signals import Delta, MessageStored, Resync, Signal, StateChanged, Typing
from chat.views import InboxView, MessageView, StateView

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Pace:
    heartbeat_seconds: float = 15
    life_seconds: float = 600
    reconnect_ms: int = 1000
    look_again_seconds: float = 2
    """Whether the member of staff is still signed in, and where they work."""


FULL_RETRY_SECONDS = 5


def shared_by_many(request: Request, tenant_id: UUID) -> tuple[Use, ...]:
    """What a stream takes room of beside its own key: no address and no tenant may take all of it."""
    return ("streams_per_ip", caller(request)), ("streams_per_tenant", tenant_id), ("streams", "")


def refuse_when_full(streams: OpenStreams, *keys: Use) -> None:
    if kind := streams.full(*keys):
        LIMITS_REFUSED.labels(limit=kind).inc()
        raise Refusal(kind, FULL_RETRY_SECONDS).problem()


async def counted_in(
    streams: OpenStreams, keys: Sequence[Use], events: AsyncGenerator[str]
) -> AsyncIterator[str]:
    """From the first event on: a response that never begins takes no room. Ends at once where others were faster."""
    if streams.full(*keys):
        return
    with streams.one_more(*keys):
        async with aclosing(events):
            async for event in events:
                yield event


def frame(event: str, body: BaseModel, event_id: int | None = None) -> str:
    """One event; JSON holds no raw line break, so it is one data line."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {event}\ndata: {body.model_dump_json(exclude_none=True)}\n\n"


class _DeltaView(BaseModel):
    reply_id: str
    text: str


class _TypingView(BaseModel):
    on: bool


async def conversation_events(
    deps: Deps, lead: Link, *, after: int | None, pace: Pace
) -> AsyncGenerator[str]:
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
            async for event in self._stored():
                yield event
            yield await self._state()
            await be_present(self._deps, self._lead)
            while (left := ends_at - loop.time()) > 0:
                try:
                    async with asyncio.timeout(min(left, self._pace.heartbeat_seconds)):
                        signal = await signals.get()
                except TimeoutError:
                    await be_present(self._deps, self._lead)
                    yield ": beat\n\n"
                    continue
                async for event in self._told(signal):
                    yield event
        yield f"retry: {self._pace.reconnect_ms}\n\n"

    async def _told(self, signal: Signal) -> AsyncIterator[str]:
        match signal:
            case MessageStored(seq=seq):
                if seq > self.after:
                    async for event in self._stored():
                        yield event
            case Delta(reply_id=reply_id, text=text):
                yield frame("delta", _DeltaView(reply_id=str(reply_id), text=text))
            case Typing(on=on):
                yield frame("typing", _TypingView(on=on))
            case StateChanged():
                yield await self._state()
            case Resync():
                async for event in self._stored():
                    yield event
                yield await self._state()

    async def _stored(self) -> AsyncIterator[str]:
        more = True
        while more:
            messages = await read_messages(
                self._deps, self._lead.tenant_id, self._conversation_id, after=self.after
            )
            for message in messages:
                self.after = message.seq
                yield frame("message", MessageView.of(message), message.seq)
            more = len(messages) == READ_AT_ONCE

    async def _state(self) -> str:
        return frame("state", StateView.of(await read_scene(self._deps, self._lead)))


_GATHER_SECONDS = 0.2
"""Changes within it are looked up together."""


async def inbox_events(deps: Deps, viewer: Viewer, pace: Pace) -> AsyncGenerator[str]:
    """The inbox row of each conversation that changes, of the viewer's locations only; ends soon after the session does."""
    loop = asyncio.get_running_loop()
    ends_at, beats_at = loop.time() + pace.life_seconds, loop.time() + pace.heartbeat_seconds
    yield f"retry: {pace.reconnect_ms}\n\n"
    with deps.feed.watched() as changes:
        while (left := ends_at - loop.time()) > 0:
            changed = await _changes(changes, min(left, pace.look_again_seconds, pace.heartbeat_seconds))
            try:
                viewer = await viewer_of(deps.sessions, viewer.session, deps.now)
            except NotStaff:
                return
            for row in await read_rows(deps, viewer, changed) if changed else ():
                yield frame("conversation", InboxView.of(row))
            if loop.time() >= beats_at:
                beats_at = loop.time() + pace.heartbeat_seconds
                yield ": beat\n\n"
    yield f"retry: {pace.reconnect_ms}\n\n"


async def _changes(changes: asyncio.Queue[UUID], seconds: float) -> set[UUID]:
    """None within that time, or all that come together."""
    try:
        async with asyncio.timeout(seconds):
            changed = {await changes.get()}
    except TimeoutError:
        return set()
    await asyncio.sleep(_GATHER_SECONDS)
    while not changes.empty():
        changed.add(changes.get_nowait())
    return changed
