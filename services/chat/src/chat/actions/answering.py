"""The turn: claim a conversation, answer it without holding the database, and store the reply once."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, get_args
from uuid import UUID, uuid4

import structlog
from shared.db.engine import transaction
from shared.events.notification import OutboundChannel
from shared.http.limits import Use
from shared.http.links import Link
from shared.telemetry.logs import without_words
from shared.telemetry.traces import correlated
from shared.text import cleaned
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.actions.assistant import (
    Assistant,
    AssistantAway,
    Judged,
    NothingToShow,
    Reply,
    Say,
    Step,
    Turn,
    Unwanted,
)
from chat.actions.handing_off import ask_to_call, give_back, hand_off, record_fact
from chat.actions.hearing import hear
from chat.actions.knowledge import keep_gaps
from chat.actions.reception import Reception
from chat.actions.records import (
    NewMessage,
    NoConversation,
    Scene,
    add_message,
    channel_of,
    facts_of,
    keep_facts,
    lead_facts,
    own_vehicle,
    receipt_of,
    scene_of,
)
from chat.actions.steps import Steps
from chat.actions.tools import Change, Tools
from chat.actions.unwanted import stopped_when_unwanted
from chat.deps import Deps
from chat.domain import phrases
from chat.domain.conversation import BINDING, RESUME, YES_OF, Owner, State, confirms
from chat.domain.intents import AskPerson
from chat.domain.model_prices import Spent, microdollars
from chat.domain.prompt import Said
from chat.domain.signals import Delta, StateChanged, Typing, payload
from chat.domain.soft import Soft
from chat.domain.understanding import context_of, is_yes, understand
from chat.metrics import MODEL_DOLLARS, MODEL_TOKENS, VERDICTS
from chat.tables import ChatMessage, Conversation, ReceiptRow, VerdictRow

log = structlog.get_logger()

LEASE_MARGIN_SECONDS = 15
"""Beyond the model's own limit: booking's time-outs and the deterministic answer after a failed one."""

HISTORY_MESSAGES = 40
MICRODOLLARS_A_CENT = 10_000

_CHANGED: dict[State, Change] = {
    State.CONFIRM: "booked",
    State.MOVE_CONFIRM: "moved",
    State.CANCEL_CONFIRM: "cancelled",
}
"""What a yes in that state does."""


@dataclass(frozen=True)
class Owed:
    """A conversation claimed by this worker: what was said, and what the answer may rest on."""

    scene: Scene
    messages: Sequence[ChatMessage]
    receipts: Sequence[ReceiptRow]
    lease_until: datetime

    @property
    def unanswered(self) -> list[ChatMessage]:
        """The customer's messages since the last answer, oldest first."""
        replied = {m.reply_to for m in self.messages if m.reply_to}
        answered = max((m.seq for m in self.messages if m.id in replied or m.author == "staff"), default=0)
        return [m for m in self.messages if m.author == "customer" and m.seq > answered]


@dataclass(frozen=True)
class Outcome:
    """`assistant` is the one in charge, also where a template spoke for it. `reply` is empty where it was unwanted.

    `ready_at`: when the customer had all of it on the screen. `offered`: why it offers a person, and whether a plain yes takes
    the offer.
    """

    reply: Reply
    assistant: str
    judged: tuple[Judged, ...]
    ready_at: datetime
    offered: Soft | None = None
    offer_stands: bool = False


@dataclass
class Seat:
    """Room for one answer in this process, if `free`; `owed` is what is to be answered in it."""

    free: bool
    owed: Owed | None = None


class Desk(Protocol):
    def seat(self) -> AbstractContextManager[Seat]:
        """Kept until the end of the block, where the answer to what was put there is begun."""
        ...


async def claim_owed(deps: Deps) -> Owed | None:
    """The conversation that waits longest, leased to this worker; `None` when no answer is due."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants_owed_an_answer(session, deps.now())
    for tenant_id in tenants:
        if owed := await _claim(deps, tenant_id):
            return owed
    return None


async def _claim(deps: Deps, tenant_id: UUID) -> Owed | None:
    now = deps.now()
    async with transaction(deps.sessions, tenant_id) as session:
        conversation = await store.due_conversation(session, tenant_id, now)
        if conversation is None:
            return None
        try:
            scene = await scene_of(session, tenant_id, conversation.lead_id)
        except NoConversation:
            conversation.answer_due_at = None
            return None
        return await claim(deps, session, scene)


async def claim(deps: Deps, session: AsyncSession, scene: Scene) -> Owed | None:
    """Leased to this worker by the caller's transaction, in which the conversation is locked; `None` when nothing is due."""
    conversation, now = scene.conversation, deps.now()
    if conversation.answer_due_at is None or conversation.answer_due_at > now:
        return None
    if conversation.answering_until is not None and conversation.answering_until >= now:
        return None
    lease_until = now + timedelta(seconds=deps.answer_seconds + LEASE_MARGIN_SECONDS)
    conversation.answering_until = lease_until
    messages = await store.messages_after(
        session,
        conversation.tenant_id,
        conversation_id=conversation.id,
        after=conversation.next_seq - 1 - HISTORY_MESSAGES,
    )
    receipts = await store.receipts_of(session, conversation.tenant_id, conversation_id=conversation.id)
    return Owed(scene, messages, receipts, lease_until)


async def answer_owed(deps: Deps, assistants: Sequence[Assistant], owed: Owed) -> bool:
    """Answers a claimed conversation; False when the answer was dropped for something newer.

    A crash anywhere in here leaves the lease to run out, and another worker answers: the reply, its events and the end
    of the debt are one transaction.
    """
    if not owed.unanswered:
        return await _settle_nothing(deps, owed)
    conversation = owed.scene.conversation
    deps.feed.tell(conversation.tenant_id, conversation.id, Typing(on=True))
    turn = await _without_what_is_over(_turn(deps, owed), owed)
    if turn.text:
        await hear(turn.text, context_of(turn.shop, owed.scene.facts, turn.now))
    tools = _tools(deps, owed, turn)
    with correlated(owed.scene.lead.correlation_id):
        async with stopped_when_unwanted(deps, conversation, turn.stop):
            outcome = await _outcome(deps, assistants, owed, turn, tools)
        await _pay(deps, owed, turn.spent)
        await _until_quiet(deps, owed, tools)
        await deps.feed.told()
        return await _store(deps, owed, turn, outcome, tools)


async def _until_quiet(deps: Deps, owed: Owed, tools: Tools) -> None:
    """A burst gets one answer: the one that is ready when the customer has stopped typing. What happened is told at once."""
    newest = owed.unanswered[-1]
    if newest.action is None and tools.changed is None:
        quiet_at = newest.created_at + timedelta(seconds=deps.quiet_seconds)
        await asyncio.sleep(max(0.0, (quiet_at - deps.now()).total_seconds()))


def _turn(deps: Deps, owed: Owed) -> Turn:
    unanswered = owed.unanswered
    newest = unanswered[-1]
    return Turn(
        reply_id=uuid4(),
        shop=owed.scene.shop,
        lead=lead_facts(owed.scene.lead, owed.scene.shop),
        history=tuple(Said(m.author == "customer", m.text) for m in owed.messages if m.author != "system"),
        text="\n".join(m.text for m in unanswered if m.action is None),
        last_text=newest.text,
        action=newest.action,
        misses=owed.scene.conversation.misses,
        refusals=owed.scene.conversation.refusals,
        person_offered=owed.scene.conversation.person_offered,
        person_asked=owed.scene.conversation.person_asked_at is not None,
        now=deps.now(),
        language=owed.scene.language,
    )


async def _without_what_is_over(turn: Turn, owed: Owed) -> Turn:
    """Continued with the assistant: what waited for a person is answered, but for the wish to have one."""
    resumed = max((m.seq for m in owed.unanswered if m.action == RESUME), default=None)
    if resumed is None:
        return turn
    context = context_of(turn.shop, owed.scene.facts, turn.now)
    left: list[str] = []
    for message in owed.unanswered:
        if message.action is not None:
            continue
        await hear(message.text, context)
        if message.seq > resumed or understand(message.text, context) != (AskPerson(),):
            left.append(message.text)
    if turn.action == RESUME and left:
        turn = replace(turn, action=None, last_text=left[-1])
    return replace(turn, text="\n".join(left))


def _tools(deps: Deps, owed: Owed, turn: Turn) -> Tools:
    conversation = owed.scene.conversation
    context = context_of(owed.scene.shop, owed.scene.facts, turn.now)
    newest = owed.unanswered[-1]
    binds = newest.channel != "email"
    confirmed = YES_OF.get(context.state) == turn.action if turn.action else is_yes(turn.last_text, context)
    return Tools(
        link=Link(conversation.tenant_id, conversation.lead_id),
        conversation_id=conversation.id,
        shop=owed.scene.shop,
        facts=owed.scene.facts,
        now=turn.now,
        yes=confirmed and (binds or context.state not in BINDING),
        binds=binds,
        booking=deps.booking,
        phone=owed.scene.lead.phone,
        own_vehicle=own_vehicle(turn.lead, turn.shop),
        words=() if turn.action else _last_words(owed, turn),
        language=turn.language,
        receipts=[receipt_of(row) for row in owed.receipts],
    )


def _last_words(owed: Owed, turn: Turn) -> tuple[str, ...]:
    """Those to be answered, and the message before them."""
    unanswered = {message.id for message in owed.unanswered}
    before = [m.text for m in owed.messages if m.author == "customer" and m.id not in unanswered]
    return (*before[-1:], turn.text)


async def _outcome(
    deps: Deps, assistants: Sequence[Assistant], owed: Owed, turn: Turn, tools: Tools
) -> Outcome:
    """By the reception, or by the first assistant that has an answer; the last one always has."""
    reception = Reception(turn, tools)
    if (said := await reception.answer()) is not None:
        reply = Reply(complete=True)
        await _hear_one(deps, owed, turn, reply, said)
        return Outcome(reply, owed.scene.conversation.assistant, (), deps.now())
    judged: list[Judged] = []
    in_charge: str | None = None
    for assistant in assistants:
        reply = Reply()
        try:
            if assistant is not assistants[0] and in_charge is None and _newly_away(owed):
                await _hear_one(deps, owed, turn, reply, Say(phrases.say("model_away", turn.language)))
            await _hear(deps, assistant, owed, turn, tools, reply)
        except AssistantAway as away:
            log.warning("assistant.away", assistant=assistant.name, reason=without_words(away))
            in_charge = assistant.name if isinstance(away, NothingToShow) else None
        except Unwanted:
            if tools.changed is None:
                return Outcome(Reply(), assistant.name, (*judged, *reply.judged), deps.now())
        judged += reply.judged
        if reply.complete and reply.text:
            if (by_link := reception.by_link(reply)) is not None:
                await _hear_one(deps, owed, turn, reply, by_link)
            outcome = Outcome(reply, in_charge or assistant.name, tuple(judged), deps.now())
            return await _with_person_offered(deps, owed, turn, reception, outcome)
    raise RuntimeError("no assistant had an answer")


async def _with_person_offered(
    deps: Deps, owed: Owed, turn: Turn, reception: Reception, outcome: Outcome
) -> Outcome:
    outcome.reply.missed = reception.missed(outcome.reply)
    offer = reception.offer(outcome.reply, _dropped_answers(outcome))
    if offer is None:
        return outcome
    soft, words = offer
    await _hear_one(deps, owed, turn, outcome.reply, words)
    return replace(outcome, offered=soft, offer_stands=reception.stands, ready_at=deps.now())


def _dropped_answers(outcome: Outcome) -> int:
    """Sentences of a model of whose answer nothing was left."""
    said = [judged.outcome for judged in outcome.judged]
    return 0 if "shown" in said else said.count("dropped")


def _newly_away(owed: Owed) -> bool:
    """Said once: at the first answer without the model, not under each."""
    replied = any(m.author == "assistant" and m.reply_to for m in owed.messages)
    return owed.scene.conversation.assistant == "claude" or not replied


async def _hear_one(deps: Deps, owed: Owed, turn: Turn, reply: Reply, step: Step) -> None:
    reply.take(step)
    if isinstance(step, Say) and step.text:
        conversation = owed.scene.conversation
        delta = Delta(reply_id=turn.reply_id, text=step.text)
        deps.feed.tell(conversation.tenant_id, conversation.id, delta)


async def _hear(deps: Deps, assistant: Assistant, owed: Owed, turn: Turn, tools: Tools, reply: Reply) -> None:
    if assistant.name == "claude":
        await _check_budget(deps, owed)
    async for step in assistant.answer(turn, tools):
        await _hear_one(deps, owed, turn, reply, step)
    reply.complete = True


def _budgets(owed: Owed) -> Sequence[Use]:
    conversation = owed.scene.conversation
    return (
        ("model_cents_per_lead", conversation.lead_id),
        ("model_cents_per_location", conversation.location_id),
        ("model_cents_per_tenant", conversation.tenant_id),
    )


async def _check_budget(deps: Deps, owed: Owed) -> None:
    """Raises `AssistantAway`: the assistant that costs nothing answers."""
    if refusal := await deps.limits.used_up(*_budgets(owed)):
        raise AssistantAway(f"the budget {refusal.limit} is used up")


async def _pay(deps: Deps, owed: Owed, spent: Sequence[Spent]) -> None:
    """Also for an answer that is dropped: the calls were made."""
    if cents := sum(microdollars(call) for call in spent) / MICRODOLLARS_A_CENT:
        await deps.limits.add(cents, *_budgets(owed))


async def _settle_nothing(deps: Deps, owed: Owed) -> bool:
    async with transaction(deps.sessions, owed.scene.conversation.tenant_id) as session:
        conversation = await _relocked(session, owed)
        if conversation is not None:
            conversation.answer_due_at = conversation.answering_until = None
    return True


async def _relocked(session: AsyncSession, owed: Owed) -> Conversation | None:
    """The row under lock, if the lease is still ours."""
    known = owed.scene.conversation
    conversation = await store.conversation_of(session, known.tenant_id, known.lead_id, lock=True)
    if conversation is None or conversation.answering_until != owed.lease_until:
        return None
    return conversation


async def _store(deps: Deps, owed: Owed, turn: Turn, outcome: Outcome, tools: Tools) -> bool:
    """One transaction: what the tools made true, and the reply unless something newer came in between.

    A reply that tells of a booking, a move or a cancellation is stored in any case: it happened.
    """
    async with transaction(deps.sessions, owed.scene.conversation.tenant_id) as session:
        conversation = await _relocked(session, owed)
        if conversation is None:
            return False
        scene = Scene(conversation, owed.scene.lead, owed.scene.shop)
        if _done_meanwhile(owed, conversation, tools):
            outcome = _told_instead(turn, tools, outcome)
        newer = await _said_since(session, owed, conversation)
        stale = conversation.owner == Owner.HUMAN or any(not _reacts(m, outcome) for m in newer)
        shown = tools.changed is not None or not (stale or turn.stop.raised)
        _keep_receipts(session, deps, owed, turn.reply_id, tools)
        _keep_verdicts(session, deps, owed, turn.reply_id, outcome)
        _keep_cost(conversation, turn.spent)
        conversation.answering_until = None
        if not newer or conversation.owner == Owner.HUMAN:
            conversation.answer_due_at = None
        _keep_outcome(conversation, tools, shown=shown)
        if shown:
            await _say(deps, session, scene, owed, turn.reply_id, outcome)
            _keep_signs(conversation, tools, outcome)
            await _record_wishes(deps, session, scene, tools, owed)
        await store.end_deltas(
            session,
            conversation,
            *(payload(conversation.id, signal) for signal in (Typing(on=False), StateChanged())),
        )
    return shown and not newer


def _done_meanwhile(owed: Owed, conversation: Conversation, tools: Tools) -> bool:
    """What the customer said yes to is done: an event came with it while the call to booking had no answer."""
    before, now = owed.scene.facts, facts_of(conversation)
    done = now.appointment
    if not tools.yes or tools.changed or done is None or done == before.appointment:
        return False
    if not confirms(before, done):
        return False
    tools.facts, tools.booking_wish = now, None
    tools.changed = _CHANGED[before.state]
    return True


def _told_instead(turn: Turn, tools: Tools, outcome: Outcome) -> Outcome:
    reply = Reply(complete=True)
    for step in Steps(turn, tools).report_change():
        reply.take(step)
    return replace(outcome, reply=reply)


def _keep_outcome(conversation: Conversation, tools: Tools, *, shown: bool) -> None:
    """Facts stand in any case; the step of the path only once the customer has been told of it."""
    facts = tools.facts
    if conversation.appointment is not None and tools.changed is None:
        # An event may have changed the appointment meanwhile: it knows better.
        facts = replace(facts, appointment=facts_of(conversation).appointment)
        if conversation.state == State.BOOKED and facts.booked and tools.facts.booked is None:
            facts = replace(facts, state=State.BOOKED)
    if not shown:
        facts = replace(facts, state=State(conversation.state))
    keep_facts(conversation, facts)


async def _said_since(session: AsyncSession, owed: Owed, conversation: Conversation) -> Sequence[ChatMessage]:
    """What the customer (or a person of the shop) wrote since the claim."""
    known = owed.scene.conversation
    if conversation.next_seq == known.next_seq:
        return []
    later = await store.messages_after(
        session, known.tenant_id, conversation_id=known.id, after=known.next_seq - 1
    )
    return [m for m in later if m.author in {"customer", "staff"}]


def _reacts(message: ChatMessage, outcome: Outcome) -> bool:
    """A button pressed under the finished answer is a reaction to it, where more words may make it stale."""
    return message.action is not None and message.created_at >= outcome.ready_at


def _keep_receipts(session: AsyncSession, deps: Deps, owed: Owed, reply_id: UUID, tools: Tools) -> None:
    known = owed.scene.conversation
    for receipt in tools.receipts[len(owed.receipts) :]:
        session.add(
            ReceiptRow(
                tenant_id=known.tenant_id,
                conversation_id=known.id,
                reply_id=reply_id,
                tool=receipt.tool,
                result=dict(receipt.result),
                refused=receipt.refused,
                created_at=deps.now(),
            )
        )


def _keep_verdicts(session: AsyncSession, deps: Deps, owed: Owed, reply_id: UUID, outcome: Outcome) -> None:
    known = owed.scene.conversation
    for judged in outcome.judged:
        VERDICTS.labels(judged.outcome, judged.kind).inc()
        session.add(
            VerdictRow(
                tenant_id=known.tenant_id,
                conversation_id=known.id,
                reply_id=reply_id,
                outcome=judged.outcome,
                kind=judged.kind,
                reason=judged.reason,
                sentence=cleaned(judged.sentence),
                created_at=deps.now(),
            )
        )


def _keep_cost(conversation: Conversation, spent: Sequence[Spent]) -> None:
    for call in spent:
        cost = microdollars(call)
        conversation.model_calls += 1
        conversation.input_tokens += call.input_tokens
        conversation.output_tokens += call.output_tokens
        conversation.cache_read_tokens += call.cache_read_tokens
        conversation.cache_write_tokens += call.cache_write_tokens
        conversation.cost_microdollars += cost
        for kind in ("input", "output", "cache_read", "cache_write"):
            MODEL_TOKENS.labels(call.model, kind).inc(getattr(call, f"{kind}_tokens"))
        MODEL_DOLLARS.labels(call.model).inc(cost / 1_000_000)


async def _say(
    deps: Deps, session: AsyncSession, scene: Scene, owed: Owed, reply_id: UUID, outcome: Outcome
) -> None:
    asked = owed.unanswered[-1]
    scene.conversation.assistant = outcome.assistant
    reply = NewMessage(
        "assistant",
        outcome.reply.text,
        channel=channel_of(asked.channel),
        parts=tuple(outcome.reply.parts),
        reply_to=asked.id,
        id=reply_id,
        also=_other_ways(owed),
    )
    await add_message(session, scene, reply, deps.now())


def _other_ways(owed: Owed) -> tuple[OutboundChannel, ...]:
    """By which the customer asked as well, and which the page does not show them."""
    newest = owed.unanswered[-1].channel
    asked_by = {message.channel for message in owed.unanswered} - {newest}
    return tuple(way for way in get_args(OutboundChannel) if way in asked_by)


def _keep_signs(conversation: Conversation, tools: Tools, outcome: Outcome) -> None:
    """What is counted begins anew once a person was offered for it."""
    conversation.person_offered = outcome.offered.value if outcome.offered and outcome.offer_stands else None
    conversation.misses = conversation.misses + 1 if outcome.reply.missed else 0
    conversation.refusals = 0 if tools.changed else conversation.refusals + tools.refusals
    if outcome.offered is Soft.MISSES:
        conversation.misses = 0
    if outcome.offered is Soft.REFUSALS:
        conversation.refusals = 0


async def _record_wishes(deps: Deps, session: AsyncSession, scene: Scene, tools: Tools, owed: Owed) -> None:
    keep_gaps(session, scene.conversation, tools.unanswered, deps.now())
    if tools.booking_wish is not None:
        await record_fact(session, scene, tools.booking_wish)
    if tools.nobody_wanted:
        await give_back(session, scene, deps.now(), "given_back")
    if tools.hand_off_wish is not None:
        await hand_off(deps, session, scene, tools.hand_off_wish, owed.unanswered[-1].text)
    if tools.call_back_wish is not None:
        await ask_to_call(deps, session, scene, tools.call_back_wish.phone)
