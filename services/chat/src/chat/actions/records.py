"""From rows to what the domain decides on, and the one way a message enters a conversation."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from shared.events import (
    Address,
    Author,
    CatalogChanged,
    Channel,
    KnowledgeChanged,
    LocationChanged,
    MessageSent,
    Vehicle,
)
from shared.events.notification import OutboundChannel
from shared.messaging.outbox import record
from shared.words import first_name
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.domain.cars import refined
from chat.domain.catalog import asked_for
from chat.domain.conversation import Aside, Facts, Owner, State
from chat.domain.language import Language
from chat.domain.receipts import Receipt
from chat.domain.search import words_of
from chat.domain.signals import MessageStored, StateChanged, payload
from chat.domain.values import Appointment, Hold, LeadFacts, Part, Quote, ShopFacts, Slot
from chat.tables import ChatMessage, Conversation, Lead, ReceiptRow

_PARTS: TypeAdapter[tuple[Part, ...]] = TypeAdapter(tuple[Part, ...])
_SLOTS = TypeAdapter(tuple[Slot, ...])
_CHANNEL: TypeAdapter[Channel] = TypeAdapter(Channel)

SHOPS_REMEMBERED = 500


class NoConversation(Exception):
    """The lead is unknown here (yet)."""


@dataclass(frozen=True)
class Scene:
    """A conversation with all that an answer may rest on."""

    conversation: Conversation
    lead: Lead
    shop: ShopFacts

    @property
    def language(self) -> Language:
        """That of the customer's words."""
        return "es" if self.conversation.language == "es" else "en"

    @property
    def facts(self) -> Facts:
        return facts_of(self.conversation)


async def scene_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False) -> Scene:
    """Raises `NoConversation`."""
    row = await store.scene_row(session, tenant_id, lead_id, lock=lock)
    if row is None:
        raise NoConversation(str(lead_id))
    conversation, lead, shop = row
    return Scene(conversation, lead, shop_facts(*shop))


async def shop_of(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> ShopFacts:
    """Raises `NoConversation` when the location is not known yet."""
    row = await store.shop_row(session, tenant_id, location_id)
    if row is None:
        raise NoConversation(str(location_id))
    return shop_facts(*row)


@lru_cache(maxsize=SHOPS_REMEMBERED)
def shop_facts(location: str, catalog: str | None, knowledge: str | None) -> ShopFacts:
    """Out of the events' JSON; the same text is read once."""
    changed = LocationChanged.model_validate_json(location)
    return ShopFacts(
        name=changed.name,
        timezone=changed.timezone,
        address=address_line(changed.address),
        phone=changed.phone,
        catalog=CatalogChanged.model_validate_json(catalog) if catalog else None,
        knowledge=KnowledgeChanged.model_validate_json(knowledge).entries if knowledge else (),
        assistant_on=changed.switches.assistant,
    )


def address_line(address: Address) -> str:
    """`1 Sample St, San Diego, CA 92101`."""
    return f"{address.street}, {address.city}, {address.region} {address.postal_code}"


def lead_facts(lead: Lead, shop: ShopFacts) -> LeadFacts:
    return LeadFacts(
        first_name=first_name(lead.name) or "",
        vehicle=vehicle_of(lead),
        interest=lead.interest,
        asked_for=asked_for(lead.interest, shop.catalog.services if shop.catalog else ()),
    )


def own_vehicle(lead: LeadFacts, shop: ShopFacts) -> Vehicle | None:
    """With its class, where the model has one."""
    classes = shop.catalog.vehicle_classes if shop.catalog else ()
    return refined(lead.vehicle, Vehicle(), classes) if lead.vehicle else None


def vehicle_of(lead: Lead) -> Vehicle | None:
    return Vehicle.model_validate(lead.vehicle) if lead.vehicle else None


def facts_of(row: Conversation) -> Facts:
    return Facts(
        state=State(row.state),
        service=row.service,
        vehicle=Vehicle.model_validate(row.vehicle) if row.vehicle else None,
        vehicle_class=row.vehicle_class,
        quote=Quote.model_validate(row.quote) if row.quote else None,
        offered=_SLOTS.validate_python(row.offered),
        hold=Hold.model_validate(row.hold) if row.hold else None,
        appointment=Appointment.model_validate(row.appointment) if row.appointment else None,
        aside=Aside(row.aside) if row.aside else None,
    )


def keep_facts(row: Conversation, facts: Facts) -> None:
    """A conversation that a person took over stays with the person."""
    if row.owner != Owner.HUMAN:
        row.state = facts.state.value
    row.aside = facts.aside.value if facts.aside else None
    row.service = facts.service
    row.vehicle = facts.vehicle.model_dump(mode="json") if facts.vehicle else None
    row.vehicle_class = facts.vehicle_class
    row.quote = facts.quote.model_dump(mode="json") if facts.quote else None
    row.offered = [slot.model_dump(mode="json") for slot in facts.offered]
    row.hold = facts.hold.model_dump(mode="json") if facts.hold else None
    row.appointment = facts.appointment.model_dump(mode="json") if facts.appointment else None


def receipt_of(row: ReceiptRow) -> Receipt:
    return Receipt(tool=row.tool, result=row.result, refused=row.refused, at=row.created_at)


def channel_of(name: str) -> Channel:
    return _CHANNEL.validate_python(name)


@dataclass(frozen=True)
class NewMessage:
    author: Author
    text: str
    channel: Channel = "web"
    client_id: str | None = None
    action: str | None = None
    parts: tuple[Part, ...] = ()
    reply_to: UUID | None = None
    author_name: str | None = None
    id: UUID | None = None
    also: tuple[OutboundChannel, ...] = ()
    opt_out: tuple[OutboundChannel, ...] = ()
    ip: str | None = None


async def add_message(session: AsyncSession, scene: Scene, new: NewMessage, now: datetime) -> ChatMessage:
    """The conversation's row must be locked: `seq` is taken from it."""
    conversation = scene.conversation
    message = ChatMessage(
        id=new.id or uuid4(),
        tenant_id=conversation.tenant_id,
        location_id=conversation.location_id,
        conversation_id=conversation.id,
        seq=conversation.next_seq,
        client_id=new.client_id,
        author=new.author,
        channel=new.channel,
        author_name=new.author_name,
        text=new.text,
        action=new.action,
        parts=_PARTS.dump_python(new.parts, mode="json") if new.parts else None,
        reply_to=new.reply_to,
        opt_out=list(new.opt_out) or None,
        created_at=now,
    )
    conversation.next_seq += 1
    conversation.last_at = now
    if new.author == "customer":
        conversation.waiting_since = conversation.waiting_since or now
    elif new.author != "system":
        conversation.waiting_since = None
    session.add_all([conversation, message])
    if new.author in {"customer", "staff"}:
        await store.keep_words(session, message, words_of(new.text))
    await _publish(session, scene, message, new)
    await store.notify(session, payload(conversation.id, MessageStored(seq=message.seq)))
    return message


async def _publish(session: AsyncSession, scene: Scene, message: ChatMessage, new: NewMessage) -> None:
    sent = MessageSent(
        message_id=message.id,
        conversation_id=message.conversation_id,
        lead_id=scene.lead.lead_id,
        seq=message.seq,
        author=new.author,
        channel=new.channel,
        text=message.text,
        reply_to=message.reply_to,
        also=new.also,
        opt_out=new.opt_out,
        ip=new.ip,
    )
    await record(
        session,
        sent,
        tenant_id=message.tenant_id,
        subject=scene.lead.lead_id,
        location_id=message.location_id,
        lead_version=message.seq,
        correlation_id=scene.lead.correlation_id,
    )


async def tell_state(session: AsyncSession, conversation: Conversation) -> None:
    await store.notify(session, payload(conversation.id, StateChanged()))
