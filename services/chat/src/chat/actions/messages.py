"""The customer's side: a message arrives, the page reads the conversation."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.engine import transaction
from shared.events import Channel
from shared.http.links import Link
from shared.understanding.opt_out import OptOut
from shared.understanding.whole import hear_whole
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.actions.answering import Desk, Seat, claim
from chat.actions.handing_off import give_back
from chat.actions.hearing import hear_language
from chat.actions.opting_out import answer_opt_out, meant
from chat.actions.records import NewMessage, NoConversation, Scene, add_message, scene_of, tell_state
from chat.deps import Deps
from chat.domain import phrases
from chat.domain.conversation import CONFIRMING, RESUME, Owner
from chat.domain.intents import AskPrice, ChooseSlot, NameService, understand_action
from chat.domain.language import heard_language
from chat.domain.reply.render import moment
from chat.tables import ChatMessage, Conversation

MAX_CHARACTERS = 4000
"""Of one message."""

READ_AT_ONCE = 200
"""The first ones, never the last: who resumes behind the last message that came gets all others, too."""


FIRST_WORDS = 2
"""Behind the greeting."""

MARKED_EVERY = timedelta(seconds=30)
"""How exactly it is known whether a page is open."""


@dataclass(frozen=True)
class Written:
    """What the customer wrote, or the button pressed: exactly one of `text` and `action`. `unanswered`: it is kept only.

    `ip`: from where, told only with an opt-out.
    """

    client_id: str
    text: str | None = None
    action: str | None = None
    channel: Channel = "web"
    unanswered: bool = False
    ip: str | None = None


@dataclass(frozen=True)
class Received:
    """`new` is False for a `client_id` seen before. `answer_owed`: an assistant is going to answer; else an answer may be there."""

    message: ChatMessage
    new: bool
    answer_owed: bool


@dataclass(frozen=True)
class CustomersWords:
    """`at`: when the customer last wrote, by any channel, `None`: never, as far as is known here. `opted_out`: when they refused a channel."""

    at: datetime | None
    opted_out: Mapping[str, datetime]


async def customers_words(deps: Deps, lead: Link) -> CustomersWords:
    async with transaction(deps.sessions, lead.tenant_id) as session:
        at = await store.last_words_at(session, lead.tenant_id, lead.subject_id)
        opted_out = await store.opted_out_at(session, lead.tenant_id, lead.subject_id) if at else {}
    return CustomersWords(at, opted_out)


async def receive_message(deps: Deps, lead: Link, written: Written, desk: Desk | None = None) -> Received:
    """The answer is begun by `desk` if it has a seat, else by whichever clock comes first.

    Raises `NoConversation`, 429, or, for a button that is none of ours, `UnknownAction`.
    """
    if (known := await _admit(deps, lead, written)) is not None:
        return known
    heard = await hear_whole(written.text, None) if written.text else None
    await hear_language(written.text or "")
    with desk.seat() if desk else nullcontext(Seat(free=False)) as seat:
        async with transaction(deps.sessions, lead.tenant_id) as session:
            scene = await scene_of(session, lead.tenant_id, lead.subject_id, lock=True)
            with session.no_autoflush:  # the lease goes with the message's own changes
                received = await store_written(deps, session, scene, written, heard)
            owed = await claim(deps, session, scene) if seat.free and received.new else None
        seat.owed = owed
    if owed is None and received.new and received.answer_owed:
        deps.bell.ring(_wait_seconds(deps, scene, written))
    return received


async def _admit(deps: Deps, lead: Link, written: Written) -> Received | None:
    """What costs little comes first: the message known already, or its place under the limit. Raises `NoConversation`, 429."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        found = await store.conversation_and_message(
            session, lead.tenant_id, lead.subject_id, client_id=written.client_id
        )
        if found is None:
            raise NoConversation(str(lead.subject_id))
        conversation, message = found
        if message is not None:
            return _seen_before(conversation, message)
        if written.channel == "web":
            await deps.limits.take(("messages_per_lead", lead.subject_id), within=session)
    return None


async def _known(session: AsyncSession, conversation: Conversation, client_id: str) -> Received | None:
    message = await store.message_by_client_id(
        session, conversation.tenant_id, conversation_id=conversation.id, client_id=client_id
    )
    return None if message is None else _seen_before(conversation, message)


def _seen_before(conversation: Conversation, message: ChatMessage) -> Received:
    return Received(message, new=False, answer_owed=conversation.answer_due_at is not None)


async def store_written(
    deps: Deps,
    session: AsyncSession,
    scene: Scene,
    written: Written,
    heard: OptOut | None,
    *,
    whole: bool = True,
) -> Received:
    """Under the conversation's lock: the message, what is owed for it, and its event. `heard` in it: an opt-out, maybe.

    Not `whole`: more of the same message follows, and with it what was heard.
    """
    conversation, now = scene.conversation, deps.now()
    if known := await _known(session, conversation, written.client_id):
        return known
    if written.action == RESUME and scene.shop.assistant_on:
        await give_back(session, scene, now, "given_back")
    if conversation.owner == Owner.ASSISTANT and scene.shop.assistant_on and not written.unanswered:
        conversation.answer_due_at = now + timedelta(seconds=_wait_seconds(deps, scene, written))
    if written.text is not None:
        first = conversation.next_seq <= FIRST_WORDS
        conversation.language = heard_language(written.text, first=first) or conversation.language
    text = written.text if written.text is not None else label_of(written.action or "", scene)
    opt_out = meant(scene, written.text, heard, now) if written.text is not None and whole else None
    refuses = opt_out is not None and opt_out.sure
    conversation.opt_out_asked = conversation.opt_out_asked and not whole
    new = NewMessage(
        "customer",
        text,
        channel=written.channel,
        client_id=written.client_id,
        action=written.action,
        opt_out=opt_out.channels if opt_out and refuses else (),
        ip=written.ip if refuses else None,
    )
    message = await add_message(session, scene, new, now)
    if written.action == RESUME:
        await tell_state(session, conversation)
    if opt_out is not None:
        conversation.language = opt_out.language
        await answer_opt_out(session, scene, message, opt_out, now)
    return Received(message, new=True, answer_owed=conversation.answer_due_at is not None)


def _wait_seconds(deps: Deps, scene: Scene, written: Written) -> float:
    """An answer is begun at once, and dropped if more words follow; but a typed yes commits, so there they come first."""
    commits = written.action is None and scene.facts.state in CONFIRMING
    return deps.quiet_seconds if commits else 0.0


def label_of(action: str, scene: Scene) -> str:
    """What the press of a button reads like in the conversation. Raises `UnknownAction`."""
    match understand_action(action):
        case ChooseSlot(start):
            return moment(start, scene.shop.timezone, scene.language)
        case AskPrice(service=str(code)):
            services = scene.shop.catalog.services if scene.shop.catalog else ()
            return next((s.called(scene.language) for s in services if s.code == code), code)
        case NameService(vehicle_class=str(name)):
            return phrases.class_label(name, scene.language)
        case _:
            return phrases.button(action, scene.language).label


async def read_session(deps: Deps, lead: Link) -> tuple[Scene, Sequence[ChatMessage]]:
    """The conversation with its first messages; marks it as seen, which is no engagement. Raises `NoConversation`."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        scene = await scene_of(session, lead.tenant_id, lead.subject_id)
        conversation_id = scene.conversation.id
        await store.mark_seen(session, lead.tenant_id, conversation_id=conversation_id, now=deps.now())
        messages = await store.messages_after(
            session, lead.tenant_id, conversation_id=conversation_id, after=0, most=READ_AT_ONCE
        )
    return scene, messages


async def be_present(deps: Deps, lead: Link) -> None:
    """The customer's page is open; marked every half minute at most."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        await store.mark_present(
            session,
            lead.tenant_id,
            lead_id=lead.subject_id,
            now=deps.now(),
            unless_since=deps.now() - MARKED_EVERY,
        )


async def read_scene(deps: Deps, lead: Link) -> Scene:
    """Raises `NoConversation`."""
    async with transaction(deps.sessions, lead.tenant_id) as session:
        return await scene_of(session, lead.tenant_id, lead.subject_id)


async def read_messages(
    deps: Deps, tenant_id: UUID, conversation_id: UUID, *, after: int
) -> Sequence[ChatMessage]:
    """The next ones by rising `seq`; as many as `READ_AT_ONCE` say that there may be more behind the last of them."""
    async with transaction(deps.sessions, tenant_id) as session:
        return await store.messages_after(
            session, tenant_id, conversation_id=conversation_id, after=after, most=READ_AT_ONCE
        )


async def read_replies(deps: Deps, message: ChatMessage) -> Sequence[ChatMessage]:
    """The replies of the turn that the message belongs to; empty while there are none."""
    async with transaction(deps.sessions, message.tenant_id) as session:
        return await store.replies_to(
            session, message.tenant_id, conversation_id=message.conversation_id, seq=message.seq
        )
