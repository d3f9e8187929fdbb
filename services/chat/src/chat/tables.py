"""The tables of the schema `chat`."""

from datetime import datetime
from uuid import UUID

from shared.db.tables import erased_leads_table, inbox_table, limit_counts_table, outbox_table
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_registry = registry(metadata=MetaData(schema="chat"))

_JSON = JSONB(none_as_null=True)
_TIME = DateTime(timezone=True)


class Table(SQLModel, registry=_registry):
    """Base of every table of this schema."""


class Tenant(Table, table=True):
    """Known before any tenant is set, so it has no row-level security and holds nothing but the key."""

    __tablename__ = "tenants"

    tenant_id: UUID = Field(primary_key=True)
    slug: str | None = None


class Location(Table, table=True):
    """Replica of `location.changed`."""

    __tablename__ = "locations"

    location_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    version: int
    facts: dict[str, object] = Field(sa_type=_JSON)


class Catalog(Table, table=True):
    """Replica of `catalog.changed`: the location's whole catalogue."""

    __tablename__ = "catalogs"

    location_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    version: int
    facts: dict[str, object] = Field(sa_type=_JSON)


class Knowledge(Table, table=True):
    """Replica of `knowledge.changed`: all that the location says today."""

    __tablename__ = "knowledge"

    location_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    version: int
    facts: dict[str, object] = Field(sa_type=_JSON)


class Lead(Table, table=True):
    """Replica of `lead.received`; `correlation_id` is the lead's first event, `lead_version` that of its status."""

    __tablename__ = "leads"

    lead_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    name: str
    phone: str | None = None
    vehicle: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    interest: str | None = None
    status: str = "new"
    lead_version: int
    correlation_id: str


class Conversation(Table, table=True):
    """`next_seq` and every change are under the row's lock.

    `answer_due_at`: when the newest unanswered message is to be answered, NULL when nothing is owed.
    `answering_until`: the lease of the worker that writes the answer; past it, another one takes over.
    `vehicle`: the car spoken of, NULL for the lead's own.
    `person_asked_at`: since when a person is awaited, NULL once somebody came, nobody came in time, or nobody is wanted any more.
    `present_at`: when the customer's page was open, by some half a minute.
    `misses` and `refusals`: answers that did not help and bookings that failed, in a row. `person_offered`: why the newest answer
    offers a person, where a plain yes takes the offer.
    The counters of the model's use include answers that were dropped.
    `appointment_sequence` is that of the newest appointment event applied.
    `opt_out_asked`: the newest answer asks whether they want no more messages.
    `waiting_since`: when the customer wrote what nobody has answered yet. `last_at`: of the newest message.
    `staff_seen_seq`: up to where somebody of the shop has read.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("conversations_due", "answer_due_at", postgresql_where=text("answer_due_at IS NOT NULL")),
        Index("conversations_newest", "tenant_id", desc("last_at").nulls_last(), desc("id")),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    lead_id: UUID = Field(unique=True)
    state: str = "need"
    owner: str = "assistant"
    assistant: str = "offline"
    language: str = "en"
    aside: str | None = None
    service: str | None = None
    vehicle: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    vehicle_class: str | None = None
    quote: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    offered: list[dict[str, object]] = Field(default_factory=list, sa_type=_JSON)
    hold: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    appointment: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    appointment_sequence: int = -1
    misses: int = 0
    refusals: int = 0
    person_offered: str | None = None
    person_asked_at: datetime | None = Field(default=None, sa_type=_TIME)
    opt_out_asked: bool = False
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_microdollars: int = Field(default=0, sa_type=BigInteger)
    next_seq: int = 1
    answer_due_at: datetime | None = Field(default=None, sa_type=_TIME)
    answering_until: datetime | None = Field(default=None, sa_type=_TIME)
    seen_at: datetime | None = Field(default=None, sa_type=_TIME)
    present_at: datetime | None = Field(default=None, sa_type=_TIME)
    waiting_since: datetime | None = Field(default=None, sa_type=_TIME)
    last_at: datetime | None = Field(default=None, sa_type=_TIME)
    staff_seen_seq: int = 0
    created_at: datetime = Field(sa_type=_TIME)


class ChatMessage(Table, table=True):
    """`action`: the button pressed. `reply_to`: the newest customer message that this one answers.

    `opt_out`: the channels that a customer's message refuses, or that an answer confirms to be refused.

    `author_name`: of the member of staff who wrote it.
    """

    __tablename__ = "chat_messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq", name="chat_messages_seq"),
        UniqueConstraint("conversation_id", "client_id", name="chat_messages_client_id"),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id")
    seq: int
    client_id: str | None = None
    author: str
    channel: str
    author_name: str | None = None
    text: str
    action: str | None = None
    parts: list[dict[str, object]] | None = Field(default=None, sa_type=_JSON)
    reply_to: UUID | None = Field(default=None, index=True)
    opt_out: list[str] | None = Field(default=None, sa_type=_JSON)
    created_at: datetime = Field(sa_type=_TIME)


class ReceiptRow(Table, table=True):
    """A tool result: what the answers of a conversation may rest on."""

    __tablename__ = "receipts"
    __table_args__ = (Index("receipts_by_age", "tenant_id", "created_at"),)

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),)
    )
    tenant_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id", index=True)
    reply_id: UUID
    tool: str
    result: dict[str, object] = Field(sa_type=_JSON)
    refused: bool = False
    created_at: datetime = Field(sa_type=_TIME)


class VerdictRow(Table, table=True):
    """A sentence of a model and what became of it: `shown`, `dropped` or `left_out` (it only announced what came).

    `kind` and `reason` belong to a dropped one. Until 2026-11-30 a dropped one was called `vetoed`.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        Index("verdicts_by_age", "tenant_id", "created_at", postgresql_where=text("sentence <> ''")),
    )

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),)
    )
    tenant_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id", index=True)
    reply_id: UUID
    outcome: str
    kind: str
    reason: str
    sentence: str
    created_at: datetime = Field(sa_type=_TIME)


class Handoff(Table, table=True):
    """`escalate_at`: when the next person is told, or (level 1, or level 2 while a yes is waited for) the assistant offers another way; NULL once somebody is on it.

    `taken_at`: when somebody was, in the console or in the shop's CRM. `call_back_at`: when the customer asked to be called at `call_back_phone`.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index("handoffs_due", "escalate_at", postgresql_where=text("escalate_at IS NOT NULL")),
        Index("handoffs_open", "conversation_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id", index=True)
    kind: str
    reason: str
    summary: str
    open_question: str | None = None
    suggested_reply: str | None = None
    level: int = 0
    taken_by: UUID | None = None
    taken_at: datetime | None = Field(default=None, sa_type=_TIME)
    escalate_at: datetime | None = Field(default=None, sa_type=_TIME)
    call_back_phone: str | None = None
    call_back_at: datetime | None = Field(default=None, sa_type=_TIME)
    requested_at: datetime = Field(sa_type=_TIME)
    ended_at: datetime | None = Field(default=None, sa_type=_TIME)


class KnowledgeGap(Table, table=True):
    """A customer's question that nothing known here answers."""

    __tablename__ = "knowledge_gaps"
    __table_args__ = (Index("knowledge_gaps_by_age", "tenant_id", "asked_at"),)

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id", index=True)
    question: str
    language: str
    asked_at: datetime = Field(sa_type=_TIME)


class StaffMember(Table, table=True):
    """Replica of `staff.changed`; `locations` is empty for the owner, who has all. `ended_sessions` are refused."""

    __tablename__ = "staff"

    staff_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    version: int
    name: str
    role: str
    locations: list[UUID] = Field(sa_type=ARRAY(Uuid()))
    active: bool
    ended_sessions: list[UUID] = Field(sa_type=ARRAY(Uuid()))


class StaffNote(Table, table=True):
    """What staff note for each other; the customer never sees it."""

    __tablename__ = "staff_notes"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    conversation_id: UUID = Field(foreign_key="chat.conversations.id", index=True)
    author_name: str
    text: str
    created_at: datetime = Field(sa_type=_TIME)


class Presence(Table, table=True):
    """A member who has the conversation open, until `here_until`; while `writing_until` is to come nobody else's reply is taken.

    Lost in a crash of the server: each open page tells again within seconds.
    """

    __tablename__ = "presences"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    conversation_id: UUID = Field(primary_key=True)
    staff_id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(index=True)
    here_until: datetime = Field(sa_type=_TIME)
    writing_until: datetime | None = Field(default=None, sa_type=_TIME)


class SaidWord(Table, table=True):
    """What customer and shop wrote, word by word (`domain/search.py`), to be searched.

    A table of words and not a text index: the operators of such indexes are not leakproof, so row-level security would not use them.
    """

    __tablename__ = "said_words"

    tenant_id: UUID = Field(primary_key=True)
    word: str = Field(primary_key=True, sa_type=Text(collation="C"))
    conversation_id: UUID = Field(primary_key=True, index=True)


class DeltaRow(Table, table=True):
    """A sentence of a reply in the making, for the pages that other processes serve; gone when the reply is stored."""

    __tablename__ = "deltas"
    __table_args__ = {"prefixes": ["UNLOGGED"]}

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    conversation_id: UUID = Field(index=True)
    reply_id: UUID
    text: str


class TimelineEntry(Table, table=True):
    """One event about a lead, whoever published it."""

    __tablename__ = "timeline"
    __table_args__ = (Index("timeline_lead", "lead_id", "time"),)

    event_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    lead_id: UUID
    type: str
    time: datetime = Field(sa_type=_TIME)
    summary: str


outbox_table(Table.metadata)
inbox_table(Table.metadata)
limit_counts_table(Table.metadata)
erased_leads_table(Table.metadata)
