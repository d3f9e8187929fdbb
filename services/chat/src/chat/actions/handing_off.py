"""A person is asked for, reminded, and the conversation comes back to the assistant."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from shared.db.engine import transaction
from shared.events import CallBackRequested, EventData, HandoffEnded, HandoffEscalated, HandoffRequested
from shared.http.links import Link
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store, store_staff
from chat.actions.records import (
    NewMessage,
    NoConversation,
    Scene,
    add_message,
    channel_of,
    lead_facts,
    scene_of,
    tell_state,
)
from chat.actions.tools import HandOffWish
from chat.clients.booking import BookingAway, BookingRefused
from chat.deps import Deps
from chat.domain import phrases
from chat.domain.conversation import CONFIRMING, NobodyCame, Owner, State, after, resting_state
from chat.domain.handoff import ANSWER_WITHIN, CARE_FIRST, answer_by, open_time, suggested_reply
from chat.domain.values import ActionsPart
from chat.tables import Conversation, Handoff

A_WHILE = timedelta(hours=4)
"""A wish to be called that is repeated later than this is told to staff anew."""
QUIET_AT_ONCE = 50
"""Looked at in one round."""


async def hand_off(
    deps: Deps, session: AsyncSession, scene: Scene, wish: HandOffWish, open_question: str
) -> None:
    """Under the conversation's lock. The assistant goes on until a person writes.

    Asked for again while a person is awaited, only the question is renewed; for a graver reason, or once nobody came, the
    same hand-off starts over.
    """
    known = await store_staff.open_handoff(session, scene.conversation.tenant_id, scene.conversation.id)
    handoff = known or _handoff(scene, wish.kind, wish.reason, deps.now())
    handoff.summary = wish.summary
    handoff.open_question = open_question[:500]
    handoff.suggested_reply = suggested_reply(lead_facts(scene.lead, scene.shop), scene.shop, scene.facts)
    session.add(handoff)
    graver = wish.reason in CARE_FIRST and handoff.reason not in CARE_FIRST
    if known is not None and _is_awaited(scene, known) and not graver:
        return
    if graver:
        handoff.kind, handoff.reason = wish.kind, wish.reason
    handoff.level = 0
    handoff.escalate_at = answer_by(deps.now(), wish.opening)
    scene.conversation.person_asked_at = deps.now()
    requested = HandoffRequested(
        conversation_id=scene.conversation.id,
        lead_id=scene.conversation.lead_id,
        kind=wish.kind,
        reason=wish.reason,
        summary=wish.summary,
        open_question=handoff.open_question,
        suggested_reply=handoff.suggested_reply,
    )
    await record_fact(session, scene, requested)


def _is_awaited(scene: Scene, handoff: Handoff) -> bool:
    """The reminders of the hand-off still run."""
    return scene.conversation.person_asked_at is not None and handoff.taken_at is None and handoff.level < 2


async def take_over(
    session: AsyncSession, scene: Scene, now: datetime, *, staff_id: UUID | None = None
) -> bool:
    """Somebody is on it, whether a person was asked for or not. False: the conversation was theirs already."""
    conversation = scene.conversation
    handoff = await store_staff.open_handoff(session, conversation.tenant_id, conversation.id)
    if handoff is None:
        handoff = _handoff(scene, "hard", "Taken over by staff", now)
    new = conversation.owner != Owner.HUMAN or (staff_id is not None and handoff.taken_by is None)
    handoff.taken_by = handoff.taken_by or staff_id
    handoff.taken_at = handoff.taken_at or now
    handoff.escalate_at = None
    session.add(handoff)
    _give_to_person(scene)
    return new


def _give_to_person(scene: Scene) -> None:
    conversation = scene.conversation
    conversation.owner = Owner.HUMAN.value
    conversation.state = State.HUMAN.value
    conversation.answer_due_at = conversation.person_asked_at = None


def _handoff(scene: Scene, kind: Literal["hard", "soft"], reason: str, now: datetime) -> Handoff:
    conversation = scene.conversation
    return Handoff(
        id=uuid4(),
        tenant_id=conversation.tenant_id,
        location_id=conversation.location_id,
        conversation_id=conversation.id,
        kind=kind,
        reason=reason,
        summary="",
        requested_at=now,
    )


async def ask_to_call(deps: Deps, session: AsyncSession, scene: Scene, phone: str) -> None:
    """Under the conversation's lock. The assistant goes on meanwhile; the hand-off stays open until somebody took it.

    Who asks once more within a while waits for the same call, of which staff have heard.
    """
    conversation, now = scene.conversation, deps.now()
    handoff = await store_staff.open_handoff(session, conversation.tenant_id, conversation.id)
    if handoff is None:
        handoff = _handoff(scene, "soft", "wants to be called", now)
        handoff.level = 2
    known = handoff.call_back_phone == phone and _is_awaited_call(handoff, now)
    if not known:
        handoff.call_back_phone, handoff.call_back_at = phone, now
    session.add(handoff)
    if known:
        return
    requested = CallBackRequested(
        handoff_id=handoff.id,
        conversation_id=conversation.id,
        lead_id=conversation.lead_id,
        phone=phone,
        reason=handoff.reason,
        summary=handoff.summary,
        open_question=handoff.open_question,
    )
    await record_fact(session, scene, requested)


def _is_awaited_call(handoff: Handoff, now: datetime) -> bool:
    asked_at = handoff.call_back_at
    return handoff.taken_at is None and asked_at is not None and now - asked_at < A_WHILE


async def give_back(
    session: AsyncSession, scene: Scene, now: datetime, how: Literal["given_back", "idle"]
) -> bool:
    """The assistant goes on alone, and answers what is still open. False: nobody was there, awaited or asked for."""
    conversation = scene.conversation
    handoff = await store_staff.open_handoff(session, conversation.tenant_id, conversation.id)
    unanswered = handoff is not None and handoff.call_back_at is None
    if conversation.owner != Owner.HUMAN and conversation.person_asked_at is None and not unanswered:
        return False
    _back_to_assistant(scene)
    if handoff is not None:
        handoff.ended_at, handoff.escalate_at = now, None
        session.add(handoff)
    if conversation.waiting_since is not None and scene.shop.assistant_on:
        conversation.answer_due_at = now
    ended = HandoffEnded(conversation_id=conversation.id, lead_id=conversation.lead_id, how=how)
    await record_fact(session, scene, ended)
    return True


def _back_to_assistant(scene: Scene) -> None:
    conversation = scene.conversation
    conversation.owner, conversation.person_asked_at = Owner.ASSISTANT.value, None
    if conversation.state == State.HUMAN:
        conversation.state = resting_state(scene.facts).value


async def escalate_next(deps: Deps) -> bool:
    """The hand-off that nobody has answered for longest goes one level up, in opening hours; False when none is due."""
    for tenant_id in await _tenants(deps):
        async with transaction(deps.sessions, tenant_id) as session:
            due = await store_staff.due_handoff(session, tenant_id, deps.now())
            if due is None:
                continue
            asked = await store_staff.conversation_by_id(session, tenant_id, due.conversation_id)
        if asked is None:
            continue
        waits_until = await _waits_until(deps, due, Link(tenant_id, asked.lead_id))
        async with transaction(deps.sessions, tenant_id) as session:
            scene = await _locked(session, tenant_id, due.conversation_id)
            handoff = await store_staff.open_handoff(session, tenant_id, due.conversation_id)
            if scene is None or handoff is None or not _is_due(handoff, deps.now()):
                return True
            if waits_until:
                handoff.escalate_at = waits_until
                session.add(handoff)
            else:
                await _escalate(deps, session, scene, handoff)
        return True
    return False


async def _waits_until(deps: Deps, handoff: Handoff, lead: Link) -> datetime | None:
    """The time a person has once the shop is open; `None`: it is up. While booking is away the last level is kept for when it tells."""
    now = deps.now()
    try:
        opening = await deps.booking.hours(lead, first_day=None)
    except BookingAway:
        return now + ANSWER_WITHIN if handoff.level == 1 else None
    except BookingRefused:
        return None
    ends = answer_by(now, opening)
    return ends if ends > now + ANSWER_WITHIN else None


def _is_due(handoff: Handoff, now: datetime) -> bool:
    """Looked at again under the lock: another worker may have been faster."""
    return handoff.escalate_at is not None and handoff.escalate_at <= now


async def _escalate(deps: Deps, session: AsyncSession, scene: Scene, handoff: Handoff) -> None:
    """First the next person; then the assistant offers another way, later where it waits for a yes. The hand-off stays open."""
    if handoff.level < 2:
        await _tell_next(session, scene, handoff)
    offers = handoff.level == 2 and scene.shop.assistant_on and handoff.call_back_at is None
    waits = offers and scene.facts.state in CONFIRMING
    handoff.escalate_at = deps.now() + ANSWER_WITHIN if handoff.level == 1 or waits else None
    session.add(handoff)
    if offers and not waits:
        await _offer_another_way(deps, session, scene)
    await tell_state(session, scene.conversation)


async def _tell_next(session: AsyncSession, scene: Scene, handoff: Handoff) -> None:
    """At level 2 nobody is awaited any more: the assistant leaves nothing to a person who did not come."""
    level: Literal[1, 2] = 1 if handoff.level == 0 else 2
    handoff.level = level
    if level == 2:
        scene.conversation.person_asked_at = None
        session.add(scene.conversation)
    escalated = HandoffEscalated(
        handoff_id=handoff.id,
        conversation_id=handoff.conversation_id,
        lead_id=scene.conversation.lead_id,
        level=level,
        reason=handoff.reason,
        summary=handoff.summary,
        open_question=handoff.open_question,
        requested_at=handoff.requested_at,
    )
    await record_fact(session, scene, escalated)


async def _offer_another_way(deps: Deps, session: AsyncSession, scene: Scene) -> None:
    """A call-back or a time to book, said where the customer wrote last."""
    conversation = scene.conversation
    conversation.state = after(scene.facts, NobodyCame()).state.value
    actions = phrases.actions_of(State(conversation.state), Owner.ASSISTANT, scene.language)
    buttons = ActionsPart(actions=actions)
    asked = await store_staff.newest_of_customer(session, conversation.tenant_id, conversation.id)
    offer = NewMessage(
        "assistant",
        phrases.nobody_yet(scene.shop, scene.language),
        channel=channel_of(asked.channel if asked and asked.channel != "crm" else "web"),
        parts=(buttons,),
    )
    await add_message(session, scene, offer, deps.now())


async def end_next_idle(deps: Deps, idle_after: timedelta) -> bool:
    """A person's conversation in which nobody has written for so long of the shop's open time goes back; False when there is none.

    A hand-off that nobody has taken is not idle: it waits for somebody.
    """
    for tenant_id in await _tenants(deps):
        async with transaction(deps.sessions, tenant_id) as session:
            since = deps.now() - idle_after
            quiet = await store_staff.quiet_conversations(session, tenant_id, since, QUIET_AT_ONCE)
        for conversation in quiet:
            if await _is_idle(deps, conversation, idle_after):
                return await _end_idle(deps, conversation)
    return False


async def _is_idle(deps: Deps, conversation: Conversation, idle_after: timedelta) -> bool:
    """Not while booking is away: nobody knows then whether the shop is open."""
    last_at = conversation.last_at or conversation.created_at
    link = Link(conversation.tenant_id, conversation.lead_id)
    # The day before: by UTC it may have begun already where the shop is.
    first_day = (last_at - timedelta(days=1)).date()
    try:
        opening = await deps.booking.hours(link, first_day=first_day)
    except (BookingAway, BookingRefused):
        return False
    return open_time(opening, last_at, deps.now()) >= idle_after


async def _end_idle(deps: Deps, quiet: Conversation) -> bool:
    """False when somebody wrote meanwhile."""
    async with transaction(deps.sessions, quiet.tenant_id) as session:
        scene = await scene_of(session, quiet.tenant_id, quiet.lead_id, lock=True)
        if scene.conversation.last_at != quiet.last_at:
            return False
        ended = await give_back(session, scene, deps.now(), "idle")
        await tell_state(session, scene.conversation)
        return ended


async def record_fact(session: AsyncSession, scene: Scene, happened: EventData) -> None:
    conversation = scene.conversation
    await record(
        session,
        happened,
        tenant_id=conversation.tenant_id,
        subject=conversation.lead_id,
        location_id=conversation.location_id,
        lead_version=conversation.next_seq,
        correlation_id=scene.lead.correlation_id,
    )


async def _tenants(deps: Deps) -> list[UUID]:
    async with transaction(deps.sessions, None) as session:
        return list(await store.tenant_ids(session))


async def _locked(session: AsyncSession, tenant_id: UUID, conversation_id: UUID) -> Scene | None:
    """In the order of locks that every writer keeps: the conversation first."""
    conversation = await store_staff.conversation_by_id(session, tenant_id, conversation_id)
    if conversation is None:
        return None
    try:
        return await scene_of(session, tenant_id, conversation.lead_id, lock=True)
    except NoConversation:
        return None
