"""The customer's side: a message arrives, the page reads the conversation."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.engine import transaction
from shared.events import Channel
from shared.http.links import Link
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.actions.answering import Desk, Seat, claim
from chat.actions.records import NewMessage, NoConversation, Scene, add_message, scene_of
from chat.deps import Deps
from chat.domain import phrases
from chat.domain.conversation import CONFIRMING, Owner
from chat.domain.intents import AskPrice, ChooseSlot, NameService, understand_action
from chat.domain.language import language_of
from chat.tables import ChatMessage, Conversation

MESSAGES_A_MINUTE = 20
RATE_WINDOW = timedelta(minutes=1)


class TooManyMessages(Exception):
    """More than a person types; `retry_after_seconds` until the next one is taken."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"over {MESSAGES_A_MINUTE} messages a minute")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Written:
    """What the customer wrote, or the button pressed: exactly one of `text` and `action`."""

    client_id: str
    text: str | None = None
    action: str | None = None
    channel: Channel = "web"


@dataclass(frozen=True)
class Received:
    """`new` is False for a `client_id` seen before. `answer_owed`: an assistant is going to answer."""

    message: ChatMessage
    new: bool
    answer_owed: bool


async def receive_message(deps: Deps, lead: Link, written: Written, desk: Desk | None = None) -> Received:
    """The answer is begun by `desk` if it has a seat, else by whichever clock comes first.

    Raises `NoConversation`, `TooManyMessages` or, for a button that is none of ours, `UnknownAction`.
    """
    with desk.seat() if desk else nullcontext(Seat(free=False)) as seat:
        async with transaction(deps.sessions, lead.tenant_id) as session:
            scene = await scene_of(session, lead.tenant_id, lead.subject_id, lock=True)
            with session.no_autoflush:  # the lease goes with the message's own changes
                received = await store_written(deps, session, scene, written)
            owed = await claim(deps, session, scene) if seat.free and received.new else None
        seat.owed = owed
    if owed is None and received.new and received.answer_owed:
        deps.bell.ring(_wait_seconds(deps, scene, written))
    return received


async def store_written(deps: Deps, session: AsyncSession, scene: Scene, written: Written) -> Received:
    """Under the conversation's lock: the message, what is owed for it, and its event."""
    conversation, now = scene.conversation, deps.now()
    lately = await store.written_lately(
        session,
        conversation.tenant_id,
        conversation_id=conversation.id,
        client_id=written.client_id,
        since=now - RATE_WINDOW,
    )
    if lately.repeated is not None:
        return Received(lately.repeated, new=False, answer_owed=conversation.answer_due_at is not None)
    if written.channel == "web":
        _check_rate(lately.times, now)
    if conversation.owner == Owner.ASSISTANT and scene.shop.assistant_on:
        conversation.answer_due_at = now + timedelta(seconds=_wait_seconds(deps, scene, written))
    if written.text is not None:
        conversation.language = language_of(written.text) or conversation.language
    text = written.text if written.text is not None else label_of(written.action or "", scene)
    new = NewMessage(
        "customer",
        text,
        channel=written.channel,
        client_id=written.client_id,
        action=written.action,
    )
    message = await add_message(session, scene, new, now)
    return Received(message, new=True, answer_owed=conversation.answer_due_at is not None)


def _wait_seconds(deps: Deps, scene: Scene, written: Written) -> float:
    """An answer is begun at once, and dropped if more words follow; but a typed yes commits, so there they come first."""
    commits = written.action is None and scene.facts.state in CONFIRMING
    return deps.quiet_seconds if commits else 0.0


def _check_rate(times: Sequence[datetime], now: datetime) -> None:
    if len(times) >= MESSAGES_A_MINUTE:
        free_at = times[-MESSAGES_A_MINUTE] + RATE_WINDOW
        raise TooManyMessages(max(1, round((free_at - now).total_seconds())))


def label_of(action: str, scene: Scene) -> str:
    """What the press of a button reads like in the conversation. Raises `UnknownAction`."""
    match understand_action(action):
        case ChooseSlot(start):
            zone, language = scene.shop.timezone, scene.language
            labels = [
                phrases.slot_label(slot, zone, language)
                for slot in scene.facts.offered
                if slot.start == start
            ]
            return labels[0] if labels else phrases.moment(start, zone, language)
        case AskPrice(service=str(code)):
            services = scene.shop.catalog.services if scene.shop.catalog else ()
            return next((s.name for s in services if s.code == code), code)
        case NameService(vehicle_class=str(name)):
            return phrases.class_label(name, scene.language)
        case _:
            return phrases.button(action, scene.language).label


async def read_session(deps: Deps, lead: Link) -> tuple[Scene, Sequence[ChatMessage]]:
    """The whole conversation; marks it as seen, which is no engagement. Raises `NoConversation`."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        scene = await scene_of(session, lead.tenant_id, lead.subject_id)
        conversation_id = scene.conversation.id
        await store.mark_seen(session, lead.tenant_id, conversation_id=conversation_id, now=deps.now())
        messages = await store.messages_after(
            session, lead.tenant_id, conversation_id=conversation_id, after=0
        )
    return scene, messages


async def read_scene(deps: Deps, lead: Link) -> Scene:
    """Raises `NoConversation`."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        return await scene_of(session, lead.tenant_id, lead.subject_id)


async def read_conversation(deps: Deps, lead: Link) -> Conversation:
    """Raises `NoConversation`."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        found = await store.conversation_of(session, lead.tenant_id, lead.subject_id)
    if found is None:
        raise NoConversation(str(lead.subject_id))
    return found


async def read_messages(
    deps: Deps, tenant_id: UUID, conversation_id: UUID, *, after: int
) -> Sequence[ChatMessage]:
    async with transaction(deps.sessions, tenant_id) as session:
        return await store.messages_after(session, tenant_id, conversation_id=conversation_id, after=after)


async def read_replies(deps: Deps, message: ChatMessage) -> Sequence[ChatMessage]:
    """The replies of the turn that the message belongs to; empty while there are none."""
    async with transaction(deps.sessions, message.tenant_id) as session:
        return await store.replies_to(
            session, message.tenant_id, conversation_id=message.conversation_id, seq=message.seq
        )
