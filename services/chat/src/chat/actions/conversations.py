"""What events from other services change in a conversation."""

from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import structlog
from shared.addresses import inbox
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    BookingDeclined,
    CatalogChanged,
    CrmMessageObserved,
    Event,
    EventData,
    InboundMessageReceived,
    KnowledgeChanged,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    Vehicle,
)
from shared.messaging.failures import DeadLetter, RetryLater
from shared.messaging.replay import replica
from shared.text import pieces
from shared.understanding.whole import hear_whole
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.actions.handing_off import take_over
from chat.actions.hearing import hear_language
from chat.actions.messages import MAX_CHARACTERS, Written, store_written
from chat.actions.records import (
    NewMessage,
    NoConversation,
    Scene,
    add_message,
    channel_of,
    facts_of,
    keep_facts,
    lead_facts,
    scene_of,
    shop_of,
    tell_state,
)
from chat.deps import Deps
from chat.domain import phrases
from chat.domain.catalog import match_class, match_service
from chat.domain.conversation import Facts, Offered, Owner, State, after, confirms
from chat.domain.language import Language
from chat.domain.values import (
    ActionsPart,
    Appointment,
    AppointmentPart,
    Part,
    ShopFacts,
    Slot,
    SlotList,
    slots_part,
    vehicle_text,
)
from chat.tables import Catalog, ChatMessage, Conversation, Knowledge, Lead, Location

log = structlog.get_logger()

AppointmentEvent = Event[AppointmentBooked] | Event[AppointmentRescheduled] | Event[AppointmentCancelled]
LeadEvent = Event[LeadReceived] | AppointmentEvent
_APPOINTMENT_EVENTS = (AppointmentBooked, AppointmentRescheduled, AppointmentCancelled)


@replica
async def keep_location(session: AsyncSession, event: Event[LocationChanged]) -> None:
    location = event.data
    await store.keep_tenant(session, event.tenant_id, location.tenant_slug)
    await store.keep_replica(
        session,
        Location,
        event.tenant_id,
        location_id=location.location_id,
        version=location.version,
        facts=location.model_dump(mode="json"),
    )


@replica
async def keep_catalog(session: AsyncSession, event: Event[CatalogChanged]) -> None:
    catalog = event.data
    await store.keep_replica(
        session,
        Catalog,
        event.tenant_id,
        location_id=catalog.location_id,
        version=catalog.version,
        facts=catalog.model_dump(mode="json"),
    )


@replica
async def keep_knowledge(session: AsyncSession, event: Event[KnowledgeChanged]) -> None:
    said = event.data
    await store.keep_replica(
        session,
        Knowledge,
        event.tenant_id,
        location_id=said.location_id,
        version=said.version,
        facts=said.model_dump(mode="json"),
    )


@replica
async def keep_lead(session: AsyncSession, event: Event[LeadReceived]) -> None:
    if event.location_id is None:
        raise DeadLetter("lead.received without a location")
    await store.keep_tenant(session, event.tenant_id, None)
    # Two deliveries side by side: whoever comes second must see what the first one wrote down.
    await store.lock_lead(session, event.data.lead_id)
    if not await _told_later(session, event, event.data.lead_id, LeadReceived):
        await store.keep_lead(session, _lead(event, event.location_id))


async def open_conversation(deps: Deps, session: AsyncSession, event: Event[LeadReceived]) -> None:
    """The greeting, from data: once a lead, however often it is received. The lead itself is kept before."""
    if event.location_id is None:
        raise DeadLetter("lead.received without a location")
    try:
        shop = await shop_of(session, event.tenant_id, event.location_id)
    except NoConversation:
        raise RetryLater("the location is not known here yet") from None
    lead = _lead(event, event.location_id)
    services = shop.catalog.services if shop.catalog else ()
    service = match_service(lead.interest or "", services)
    vehicle = event.data.vehicle
    conversation = Conversation(
        id=uuid4(),
        tenant_id=event.tenant_id,
        location_id=event.location_id,
        lead_id=lead.lead_id,
        assistant="claude" if deps.claude and shop.assistant_on else "offline",
        service=service.code if service else None,
        vehicle_class=_vehicle_class(vehicle, shop),
        created_at=deps.now(),
    )
    if not await store.insert_conversation(session, conversation):
        return
    scene = await _scene(session, event.tenant_id, lead.lead_id)
    buttons = ActionsPart(actions=phrases.actions_of(State.NEED, Owner.ASSISTANT))
    text = phrases.greeting(lead_facts(lead, shop), shop, service)
    await add_message(session, scene, NewMessage("assistant", text, parts=(buttons,)), deps.now())


def _vehicle_class(vehicle: Vehicle | None, shop: ShopFacts) -> str | None:
    """As given, or that of the model: what the form tells is not asked again."""
    if vehicle is None or vehicle.vehicle_class:
        return vehicle.vehicle_class if vehicle else None
    return match_class(vehicle_text(vehicle) or "", shop.catalog.vehicle_classes if shop.catalog else ())


def _lead(event: Event[LeadReceived], location_id: UUID) -> Lead:
    """Without a number that only a form named: whether it is held (ADR 19) would tell whose customer somebody is."""
    received = event.data
    return Lead(
        lead_id=received.lead_id,
        tenant_id=event.tenant_id,
        location_id=location_id,
        name=received.contact.name,
        phone=received.contact.phone if received.proven else None,
        vehicle=received.vehicle.model_dump(mode="json") if received.vehicle else None,
        interest=received.interest,
        lead_version=0,
        correlation_id=event.correlation_id,
    )


async def _told_later(
    session: AsyncSession, event: LeadEvent, lead_id: UUID, *types: type[EventData]
) -> bool:
    """The timeline was written first, in the same transaction."""
    names = [kind.type for kind in types]
    return await store.told_later(session, event.tenant_id, lead_id, types=names, than=event.time)


@replica
async def keep_status(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    if await store.lead_of(session, event.tenant_id, event.data.lead_id) is None:
        raise RetryLater("the lead is not known here yet")
    await store.keep_status(
        session,
        event.tenant_id,
        lead_id=event.data.lead_id,
        status=event.data.new,
        lead_version=event.lead_version,
    )


async def show_appointment(deps: Deps, session: AsyncSession, event: AppointmentEvent) -> None:
    """The card as it is now; said in words only where this chat did not do it (and so says it) itself."""
    scene = await _scene(session, event.tenant_id, event.data.lead_id)
    conversation, facts = scene.conversation, scene.facts
    appointment = _appointment(event.data, scene)
    known = facts.appointment
    if known is not None and known.id == appointment.id:
        first_booking = isinstance(event.data, AppointmentBooked) and event.data.changed_by == "customer"
        if event.data.sequence <= conversation.appointment_sequence or first_booking:
            conversation.appointment_sequence = max(conversation.appointment_sequence, event.data.sequence)
            return
    elif await _told_later(session, event, scene.lead.lead_id, *_APPOINTMENT_EVENTS):
        return  # an earlier appointment; the card shows the newest
    said_already = _same(known, appointment) or _being_said(conversation, facts, appointment)
    conversation.appointment_sequence = event.data.sequence
    keep_facts(conversation, _with(facts, appointment))
    if not said_already:
        await _tell(
            session,
            scene,
            _words(event.data, appointment, scene.language),
            AppointmentPart.of(appointment, scene.language),
            deps.now(),
        )
    await tell_state(session, conversation)


def _same(known: Appointment | None, appointment: Appointment) -> bool:
    return known is not None and (known.id, known.status, known.start) == (
        appointment.id,
        appointment.status,
        appointment.start,
    )


def _being_said(conversation: Conversation, facts: Facts, appointment: Appointment) -> bool:
    """The customer's yes to just this is waiting for its answer, which tells it."""
    return conversation.answer_due_at is not None and confirms(facts, appointment)


def _with(facts: Facts, appointment: Appointment) -> Facts:
    state = State.BOOKED if appointment.status == "booked" else State.NEED
    return replace(facts, state=state, appointment=appointment, hold=None, offered=())


def _appointment(fact: AppointmentFact, scene: Scene) -> Appointment:
    return Appointment(
        id=fact.appointment_id,
        number=fact.number,
        status="cancelled" if isinstance(fact, AppointmentCancelled) else "booked",
        start=fact.start,
        end=fact.end,
        timezone=fact.timezone,
        service=fact.service,
        vehicle=fact.vehicle,
        total_cents=fact.total_cents,
        price=fact.agreed_price,
        location=scene.shop.card,
        manage_url=fact.manage_url,
    )


def _words(fact: AppointmentFact, appointment: Appointment, language: Language) -> str:
    booked_for_them = isinstance(fact, AppointmentBooked) and fact.changed_by == "customer"
    if fact.by_shop and not booked_for_them:
        free = [slot.start for slot in fact.alternatives]
        return phrases.changed_by_shop(_done_by_shop(fact), appointment, free, language)
    match fact:
        case AppointmentRescheduled():
            return phrases.moved(appointment, language)
        case AppointmentCancelled():
            return phrases.cancelled(appointment, language)
        case _:
            return phrases.booked(appointment, language)


def _done_by_shop(
    fact: AppointmentFact,
) -> Literal["moved_by_shop", "cancelled_by_shop", "restored_by_shop"]:
    match fact:
        case AppointmentRescheduled():
            return "moved_by_shop"
        case AppointmentCancelled():
            return "cancelled_by_shop"
        case _:
            return "restored_by_shop"


async def tell_declined(deps: Deps, session: AsyncSession, event: Event[BookingDeclined]) -> None:
    """The wish taken while booking was away could not be met."""
    scene = await _scene(session, event.tenant_id, event.data.lead_id)
    conversation, declined, language = scene.conversation, event.data, scene.language
    slots = tuple(Slot(start=s.start, end=s.end, label=s.label) for s in declined.alternatives)
    if conversation.state == State.REQUESTED:
        keep_facts(conversation, after(scene.facts, Offered(slots)))
    if slots:
        offer = SlotList(timezone=scene.shop.timezone, slots=slots)
        quote = facts_of(conversation).quote
        part = slots_part(phrases.labelled(offer, language), quote.id if quote else None)
        await _tell(session, scene, phrases.taken(slots, scene.shop, language), part, deps.now())
    else:
        buttons = ActionsPart(actions=phrases.actions_of(State.QUOTE, Owner.ASSISTANT, language))
        await _tell(session, scene, phrases.refused(declined.code, scene.shop, language), buttons, deps.now())
    await tell_state(session, conversation)


async def _tell(session: AsyncSession, scene: Scene, text: str, part: Part, now: datetime) -> None:
    await add_message(session, scene, NewMessage("assistant", text, parts=(part,)), now)


async def receive_inbound(deps: Deps, session: AsyncSession, event: Event[InboundMessageReceived]) -> bool:
    """A text or mail is a message of the same conversation, a long one several; it is answered on its own channel. True: an answer is owed.

    What comes too often from one sender is kept and shown, and costs no answer.
    """
    inbound = event.data
    scene = await _scene(session, event.tenant_id, inbound.lead_id)
    sender = ("inbound_per_sender", (event.tenant_id, inbox(inbound.sender)))
    refusal = await deps.limits.refusal(sender, within=session)
    if refusal:
        log.warning("inbound.not_answered", limit=refusal.limit, lead_id=str(inbound.lead_id))
    words = inbound.text.strip()
    only_pictures = bool(inbound.media) and not words
    *before, last = pieces(words, MAX_CHARACTERS)
    written = Written(
        client_id=f"{inbound.channel}:{inbound.provider_id}",
        text=last or phrases.pictures(inbound.media, scene.language) or "(no text)",
        channel=inbound.channel,
        unanswered=refusal is not None or only_pictures,
    )
    heard = None
    if refusal is None or scene.conversation.opt_out_asked:
        heard = await hear_whole(inbound.text, inbound.channel)
        await hear_language(inbound.text)
    for at, piece in enumerate(before, 1):
        part = replace(written, client_id=f"{written.client_id}#{at}", text=piece, unanswered=True)
        await store_written(deps, session, scene, part, None, whole=False)
    received = await store_written(deps, session, scene, written, heard)
    if only_pictures and received.new and refusal is None:
        await _tell_of_pictures(deps, session, scene, received.message)
    return received.answer_owed


async def _tell_of_pictures(deps: Deps, session: AsyncSession, scene: Scene, message: ChatMessage) -> None:
    """Of pictures alone, which the assistant cannot see: what becomes of them. Where a person answers, the person does."""
    if scene.conversation.owner != Owner.ASSISTANT or not scene.shop.assistant_on:
        return
    channel = channel_of(message.channel)
    phrase = "picture_not_kept" if channel == "email" else "picture_received"
    text = phrases.say(phrase, scene.language)
    await add_message(
        session, scene, NewMessage("assistant", text, channel=channel, reply_to=message.id), deps.now()
    )


async def observe_crm_message(deps: Deps, session: AsyncSession, event: Event[CrmMessageObserved]) -> None:
    """A colleague writing in the shop's CRM has taken over; what a customer writes there is kept and left to the shop."""
    observed = event.data
    if observed.lead_id is None:
        return
    scene = await _scene(session, event.tenant_id, observed.lead_id)
    conversation, client_id = scene.conversation, f"crm:{observed.crm_message_id}"
    known = await store.message_by_client_id(
        session, event.tenant_id, conversation_id=conversation.id, client_id=client_id
    )
    if known is not None:
        return
    if observed.author == "staff":
        await take_over(session, scene, deps.now())
    *before, last = pieces(observed.text, MAX_CHARACTERS)
    named = {f"{client_id}#{at}": piece for at, piece in enumerate(before, 1)} | {client_id: last}
    for name, words in named.items():
        new = NewMessage(observed.author, words, channel="crm", client_id=name)
        await add_message(session, scene, new, deps.now())
    await tell_state(session, conversation)


async def _scene(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Scene:
    """Locked. Raises `RetryLater` for a lead that is still on its way."""
    try:
        return await scene_of(session, tenant_id, lead_id, lock=True)
    except NoConversation:
        raise RetryLater("the lead is not known here yet") from None
