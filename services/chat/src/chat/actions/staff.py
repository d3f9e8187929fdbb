"""The shop's side: the inbox, and a person in the conversation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

from shared.db.engine import transaction
from shared.events import Channel
from shared.events.notification import OutboundChannel
from shared.staff import Viewer
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store, store_staff
from chat.actions.handing_off import give_back, take_over
from chat.actions.messages import READ_AT_ONCE
from chat.actions.records import (
    NewMessage,
    NoConversation,
    Scene,
    add_message,
    channel_of,
    scene_of,
    tell_state,
)
from chat.deps import Deps
from chat.domain import phrases
from chat.store_staff import Before, InboxFilter, InboxRow
from chat.tables import ChatMessage, Conversation, Location, StaffNote

AWAY_AFTER = timedelta(seconds=75)
"""Without a sign of an open page, which gives one every half minute to 45 seconds."""


class ReadOnly(Exception):
    """The member may look, and not act."""


class SaidMeanwhile(Exception):
    """`messages` came after the one that the writer has seen last: to be read first."""

    def __init__(self, messages: Sequence[ChatMessage]) -> None:
        super().__init__()
        self.messages = messages


class ColleagueWrites(Exception):
    """Another member has the turn to reply."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class UnknownConversation(Exception):
    """None of this tenant, or of a location where the member does not work: the caller must not tell which."""


@dataclass(frozen=True)
class Opened:
    """A conversation as staff see it; messages by `seq`, notes by time. A reply would go by `channel`, and `also` by these."""

    row: InboxRow
    messages: Sequence[ChatMessage]
    notes: Sequence[StaffNote]
    channel: Channel
    also: tuple[OutboundChannel, ...]


async def read_inbox(
    deps: Deps,
    viewer: Viewer,
    *,
    location: str | None = None,
    state: str | None = None,
    words: str | None = None,
    before: Before | None = None,
) -> Sequence[InboxRow]:
    """Newest first, of the viewer's locations. `location` is a code; one that they do not work at has no rows."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        seen = await locations_seen(session, viewer, location)
        wanted = InboxFilter(seen, state=state, words=words, member=viewer.staff_id, before=before)
        return await store_staff.inbox(session, viewer.tenant_id, wanted, deps.now())


async def read_rows(deps: Deps, viewer: Viewer, only: Collection[UUID]) -> Sequence[InboxRow]:
    """Those of them that are at the viewer's locations."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        wanted = InboxFilter(viewer.locations, only=only)
        return await store_staff.inbox(session, viewer.tenant_id, wanted, deps.now())


async def read_locations(deps: Deps, viewer: Viewer) -> Sequence[Location]:
    """Where the viewer works."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        rows = await store_staff.locations(session, viewer.tenant_id)
    return [row for row in rows if viewer.sees(row.location_id)]


async def locations_seen(
    session: AsyncSession, viewer: Viewer, location: str | None
) -> frozenset[UUID] | None:
    """Where the viewer works, or of these the one with that code; `None`: everywhere."""
    if location is None:
        return viewer.locations
    rows = await store_staff.locations(session, viewer.tenant_id)
    return frozenset(
        row.location_id for row in rows if row.facts.get("code") == location and viewer.sees(row.location_id)
    )


@dataclass(frozen=True)
class Page:
    """The newest messages and notes, or those before this `seq` and this moment."""

    before_seq: int | None = None
    notes_before: datetime | None = None


NEWEST = Page()


async def open_for_staff(deps: Deps, viewer: Viewer, conversation_id: UUID, page: Page = NEWEST) -> Opened:
    """Marks what is shown, and all before it, as read. Raises `UnknownConversation`.

    As many as `READ_AT_ONCE` say that there may be more before the first of them.
    """
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        wanted = InboxFilter(viewer.locations, only=[conversation_id])
        rows = await store_staff.inbox(session, viewer.tenant_id, wanted, deps.now())
        if not rows:
            raise UnknownConversation
        messages = await store.newest_messages(
            session,
            viewer.tenant_id,
            conversation_id=conversation_id,
            before=page.before_seq,
            most=READ_AT_ONCE,
        )
        notes = await store_staff.newest_notes(
            session, viewer.tenant_id, conversation_id, before=page.notes_before, most=READ_AT_ONCE
        )
        if messages and viewer.may_act:
            await store_staff.mark_staff_seen(
                session, viewer.tenant_id, conversation_id=conversation_id, seq=messages[-1].seq
            )
        channel, also = await _reply_way(session, rows[0].conversation, deps.now())
        return Opened(rows[0], messages, notes, channel, also)


async def staff_takes_over(deps: Deps, viewer: Viewer, conversation_id: UUID) -> None:
    """The assistant is silent from here on, also where it is in the middle of an answer. Repeating it is harmless."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        scene = await _scene(session, viewer, conversation_id)
        await _join(deps, session, viewer, scene)


async def _join(deps: Deps, session: AsyncSession, viewer: Viewer, scene: Scene) -> None:
    if not await take_over(session, scene, deps.now(), staff_id=viewer.staff_id):
        return
    joined = NewMessage("system", phrases.joined(viewer.name, scene.shop, scene.language))
    await add_message(session, scene, joined, deps.now())
    await tell_state(session, scene.conversation)


async def staff_writes(
    deps: Deps,
    viewer: Viewer,
    conversation_id: UUID,
    *,
    client_id: str,
    text: str,
    seen_seq: int | None = None,
) -> ChatMessage:
    """On the channel that the customer wrote on last; whoever writes takes over. The same `client_id` is one message.

    Raises `ColleagueWrites`, and `SaidMeanwhile` where `seen_seq` is not the newest one any more: both under the
    conversation's lock, so of two replies at once the second is refused.
    """
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        scene = await _scene(session, viewer, conversation_id)
        own_id = f"staff:{viewer.staff_id}:{client_id}"
        known = await store.message_by_client_id(
            session, viewer.tenant_id, conversation_id=conversation_id, client_id=own_id
        )
        if known is not None:
            return known
        await _refuse_over_others(session, viewer, conversation_id, seen_seq, deps.now())
        await store_staff.end_turn(
            session, viewer.tenant_id, conversation_id=conversation_id, staff_id=viewer.staff_id
        )
        await _join(deps, session, viewer, scene)
        channel, also = await _reply_way(session, scene.conversation, deps.now())
        message = NewMessage(
            "staff",
            text,
            channel=channel,
            client_id=own_id,
            author_name=viewer.name,
            also=also,
        )
        return await add_message(session, scene, message, deps.now())


async def _refuse_over_others(
    session: AsyncSession, viewer: Viewer, conversation_id: UUID, seen_seq: int | None, now: datetime
) -> None:
    tenant_id = viewer.tenant_id
    if seen_seq is not None:
        messages = await store_staff.said_since(
            session, tenant_id, conversation_id=conversation_id, seq=seen_seq
        )
        if messages:
            for message in messages:
                session.expunge(message)  # what the rollback would take from it is to be shown
            raise SaidMeanwhile(messages)
    here = (await store_staff.present(session, tenant_id, [conversation_id], now)).get(conversation_id, ())
    for one in here:
        if one.writing and one.staff_id != viewer.staff_id:
            raise ColleagueWrites(one.name)


async def _reply_way(
    session: AsyncSession, conversation: Conversation, now: datetime
) -> tuple[Channel, tuple[OutboundChannel, ...]]:
    """The channel that the customer wrote on last; from the page also by mail where it is open no more."""
    asked = await store_staff.newest_of_customer(session, conversation.tenant_id, conversation.id)
    channel = channel_of(asked.channel if asked and asked.channel != "crm" else "web")
    return channel, ("email",) if channel == "web" and _is_away(conversation, now) else ()


def _is_away(conversation: Conversation, now: datetime) -> bool:
    return conversation.present_at is None or now - conversation.present_at > AWAY_AFTER


async def staff_gives_back(deps: Deps, viewer: Viewer, conversation_id: UUID) -> None:
    """Repeating it is harmless."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        scene = await _scene(session, viewer, conversation_id)
        if not await give_back(session, scene, deps.now(), "given_back"):
            return
        back = NewMessage("system", phrases.given_back(scene.shop, scene.language))
        await add_message(session, scene, back, deps.now())
        await tell_state(session, scene.conversation)
    deps.bell.ring(0)


async def staff_notes(
    deps: Deps, viewer: Viewer, conversation_id: UUID, *, client_id: str | None, text: str
) -> StaffNote:
    """The same `client_id` of one person is one note."""
    note_id = uuid5(conversation_id, f"note:{viewer.staff_id}:{client_id}") if client_id else uuid4()
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        await _scene(session, viewer, conversation_id)
        if known := await session.get(StaffNote, note_id):
            return known
        note = StaffNote(
            id=note_id,
            tenant_id=viewer.tenant_id,
            conversation_id=conversation_id,
            author_name=viewer.name,
            text=text,
            created_at=deps.now(),
        )
        session.add(note)
        return note


async def _scene(session: AsyncSession, viewer: Viewer, conversation_id: UUID) -> Scene:
    """Locked. Raises `ReadOnly`, `UnknownConversation`."""
    if not viewer.may_act:
        raise ReadOnly
    conversation = await store_staff.conversation_by_id(session, viewer.tenant_id, conversation_id)
    if conversation is None or not viewer.sees(conversation.location_id):
        raise UnknownConversation
    try:
        return await scene_of(session, viewer.tenant_id, conversation.lead_id, lock=True)
    except NoConversation:
        raise UnknownConversation from None
