"""Who of the shop has a conversation open, and whose turn it is to reply in it."""

from datetime import timedelta
from uuid import UUID

from shared.db.engine import transaction
from shared.staff import Viewer
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store, store_staff
from chat.actions.staff import ReadOnly, UnknownConversation
from chat.deps import Deps
from chat.domain.signals import PresenceChanged, payload
from chat.store_staff import Present
from chat.tables import Presence

HERE = timedelta(seconds=40)
"""An open page tells every 15 seconds."""
TURN = timedelta(seconds=20)
"""A page in which somebody types tells every 5 seconds; who stops to type gives the turn back."""


async def be_here(
    deps: Deps, viewer: Viewer, conversation_id: UUID, *, writing: bool | None
) -> tuple[Present, ...]:
    """Everybody who is. `writing` asks for the turn, which one member has at a time; False gives it up, `None` changes nothing.

    Raises `ReadOnly`, `UnknownConversation`.
    """
    if writing and not viewer.may_act:
        raise ReadOnly
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        before = await _seen(deps, session, viewer, conversation_id)
        taken = any(one.writing and one.staff_id != viewer.staff_id for one in before)
        turn = writing and not taken
        now = deps.now()
        presence = Presence(
            conversation_id=conversation_id,
            staff_id=viewer.staff_id,
            tenant_id=viewer.tenant_id,
            here_until=now + HERE,
            writing_until=now + TURN if turn else None,
        )
        await store_staff.keep_presence(session, presence, turn=turn)
        return await _told(deps, session, viewer, conversation_id, before)


async def be_gone(deps: Deps, viewer: Viewer, conversation_id: UUID) -> None:
    """Raises `UnknownConversation`."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        before = await _seen(deps, session, viewer, conversation_id)
        await store_staff.forget_presence(
            session, viewer.tenant_id, conversation_id=conversation_id, staff_id=viewer.staff_id
        )
        await _told(deps, session, viewer, conversation_id, before)


async def forget_absent(deps: Deps) -> None:
    """Those whose pages tell no more: their colleagues hear that they left."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenant_ids(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            for conversation_id in await store_staff.forget_absent(session, tenant_id, deps.now()):
                await store.notify(session, payload(conversation_id, PresenceChanged()))


async def _seen(
    deps: Deps, session: AsyncSession, viewer: Viewer, conversation_id: UUID
) -> tuple[Present, ...]:
    """Under the conversation's lock: of two who begin to write at once one has the turn."""
    conversation = await store_staff.conversation_by_id(session, viewer.tenant_id, conversation_id, lock=True)
    if conversation is None or not viewer.sees(conversation.location_id):
        raise UnknownConversation
    return await _here(deps, session, viewer, conversation_id)


async def _here(
    deps: Deps, session: AsyncSession, viewer: Viewer, conversation_id: UUID
) -> tuple[Present, ...]:
    found = await store_staff.present(session, viewer.tenant_id, [conversation_id], deps.now())
    return found.get(conversation_id, ())


async def _told(
    deps: Deps,
    session: AsyncSession,
    viewer: Viewer,
    conversation_id: UUID,
    before: tuple[Present, ...],
) -> tuple[Present, ...]:
    """To the open inboxes, where it has changed."""
    after = await _here(deps, session, viewer, conversation_id)
    if after != before:
        await store.notify(session, payload(conversation_id, PresenceChanged()))
    return after
