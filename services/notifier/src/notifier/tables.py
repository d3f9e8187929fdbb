"""The rows of the schema `notify`."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from shared.db.tables import (
    erased_leads_table,
    erased_signs_table,
    inbox_table,
    limit_counts_table,
    outbox_table,
)
from shared.db.time import database_now
from sqlalchemy import Column, DateTime, Index, Text, UniqueConstraint, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, MetaData, SQLModel

_registry = registry(metadata=MetaData(schema="notify"))


class Table(SQLModel, registry=_registry):
    """Base of every table in the `notify` schema."""


def _moment(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _now() -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False)


class Tenant(Table, table=True):
    """Read before a tenant is known (webhook endpoints, clocks), hence without row-level security."""

    __tablename__ = "tenants"

    id: UUID = Field(primary_key=True)
    slug: str = Field(unique=True)


class Location(Table, table=True):
    """Replica of ingest's location at `version`; `wish_words`: those of its catalogue at `catalog_version`."""

    __tablename__ = "locations"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(index=True)
    version: int
    tenant_name: str
    code: str
    name: str
    timezone: str
    address: dict[str, str] = Field(sa_column=_json())
    phone: str
    email: str
    sms_from: str | None = None
    demo_mode: bool
    allow_list: list[str] = Field(sa_column=_json())
    text_countries: list[str] = Field(sa_column=_json())
    a2p: dict[str, str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    first_touch: dict[str, str] = Field(default_factory=dict, sa_column=_json())
    enabled: bool
    sends: bool
    sms: bool
    catalog_version: int = 0
    wish_words: list[str] = Field(default_factory=list, sa_column=_json())


class Lead(Table, table=True):
    """Replica of a lead's contact as of `facts_version`; `lead_version` is the newest heard of in any event.

    `stopped_reason` says why its sequence ended, `None`: it runs or ran out. `same_as` is the lead by which its person was
    greeted already: it has no sequence of its own, and its vehicle and interest stand in that one's `also`. `in_crm`: its
    addresses are the shop's own word; anybody may have typed those of a form. `other_addresses`: what else the CRM has of the
    person's; what comes from there is theirs, and it is written to only in answer.
    """

    __tablename__ = "leads"
    __table_args__ = (
        Index("leads_phone", "tenant_id", "phone", "received_at"),
        Index("leads_email", "tenant_id", "email", "received_at"),
        Index("leads_other_address", "other_addresses", postgresql_using="gin"),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    lead_version: int
    facts_version: int
    name: str
    email: str | None = None
    phone: str | None = None
    other_addresses: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text()), nullable=False, server_default="{}")
    )
    vehicle: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    interest: str | None = None
    correlation_id: str
    received_at: datetime = Field(sa_column=_moment())
    engaged_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    stopped_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    stopped_reason: str | None = None
    source: str = ""
    in_crm: bool = False
    same_as: UUID | None = None
    also: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json())


class Consent(Table, table=True):
    """Ledger, only ever added to: the newest row of an address and channel counts.

    `text`: the words, of the person, of the form (in `version`, at `url`) or of the CRM's flags; `ip`: the person's own;
    `said_at`: when they were said, `at`: when we heard. `untold`: a refusal of an address that no lead had yet; the first that
    brings it has it told.
    """

    __tablename__ = "consents"
    __table_args__ = (
        Index("consents_newest", "tenant_id", "channel", "address", "at"),
        Index("consents_of_leads", "tenant_id", "lead_id", postgresql_where=text("address = ''")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID
    channel: str
    address: str
    permission: str
    source: str
    text: str | None = None
    version: str | None = None
    url: str | None = None
    ip: str | None = None
    lead_id: UUID | None = None
    untold: bool = False
    said_at: datetime = Field(default_factory=database_now, sa_column=_now())
    at: datetime | None = Field(default=None, sa_column=_now())


class Appointment(Table, table=True):
    """What was last said about an appointment; `sequence` rises with every change of it."""

    __tablename__ = "appointments"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID
    location_id: UUID
    lead_id: UUID = Field(index=True)
    sequence: int
    status: str
    start: datetime = Field(sa_column=_moment())


class TouchPoint(Table, table=True):
    """One step of a lead's sequence, in the version that it was planned with."""

    __tablename__ = "touch_points"
    __table_args__ = (
        UniqueConstraint("lead_id", "step", name="touch_points_once"),
        Index("touch_points_due", "tenant_id", "due_at", postgresql_where=text("state = 'planned'")),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID
    location_id: UUID
    lead_id: UUID
    step: int
    due_at: datetime = Field(sa_column=_moment())
    state: str = "planned"
    reason: str | None = None
    sequence_name: str
    sequence_version: int


INBOX = (
    r"regexp_replace(regexp_replace(regexp_replace(address, '\+.*@', '@'), "
    r"'\.(?=[^@]*@(gmail|googlemail)\.com$)', '', 'g'), '@googlemail\.com$', '@gmail.com')"
)
"""As `shared.addresses.inbox` has it; the index goes by it."""


class Delivery(Table, table=True):
    """One message to one address: intended, claimed, sent, or why not. `fingerprint` is the hash of the text as sent.

    `consent_id` is the row of the ledger by which it went.

    Those of a lower `lane` go first. `rescue` is what was done about a mail whose fate nobody noted: `repeated`, once, or `left` for a person to see.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "dedupe_key", name="deliveries_once"),
        Index(
            "deliveries_due",
            "tenant_id",
            "channel",
            "lane",
            "due_at",
            postgresql_where=text("state = 'planned'"),
        ),
        Index(
            "deliveries_open", "tenant_id", "state", postgresql_where=text("state IN ('sending', 'unknown')")
        ),
        Index("deliveries_provider", "tenant_id", "provider_id"),
        Index("deliveries_lead", "lead_id"),
        Index(
            "deliveries_by_age",
            "tenant_id",
            "created_at",
            postgresql_where=text("address <> '' OR payload <> '{}'"),
        ),
        Index(
            "deliveries_first_touches_of_inbox",
            "tenant_id",
            "channel",
            text(INBOX),
            "claimed_at",
            postgresql_where=text("touch = 0"),
        ),
        Index(
            "deliveries_marketing_texts",
            "tenant_id",
            "address",
            "claimed_at",
            postgresql_where=text("purpose = 'touch' AND channel = 'sms'"),
        ),
        Index(
            "deliveries_first_touches_of_forms",
            "tenant_id",
            "location_id",
            "claimed_at",
            postgresql_where=text("touch = 0"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID
    location_id: UUID
    lead_id: UUID
    dedupe_key: str
    purpose: str
    channel: str
    address: str
    template: str
    payload: dict[str, Any] = Field(sa_column=_json())
    touch: int | None = None
    touch_day: int | None = None
    appointment_id: UUID | None = None
    sequence: int | None = None
    lead_version: int
    correlation_id: str
    lane: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    state: str = "planned"
    reason: str | None = None
    provider_id: str | None = None
    provider_status: str | None = None
    fingerprint: str | None = None
    consent_id: UUID | None = None
    rescue: str | None = None
    attempts: int = 0
    due_at: datetime = Field(sa_column=_moment())
    created_at: datetime = Field(sa_column=_moment())
    claimed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class ProviderStatus(Table, table=True):
    """The furthest status that Twilio told of a message; it may come before our own note that the message was sent."""

    __tablename__ = "provider_statuses"

    tenant_id: UUID = Field(primary_key=True)
    provider_id: str = Field(primary_key=True)
    status: str
    rank: int
    error_code: str | None = None


class InboundMessage(Table, table=True):
    """What came in by SMS or e-mail, so that a repeated delivery is known; `subject` is for the answer's.

    `sender` and `text` where the words went to no conversation: of nobody's we know, not `proven` to be from whom they say,
    or `automatic`, a machine's. `location_id`: whose number or address a stranger wrote to; that shop is told at `notice_due_at`,
    and was at `noticed_at`.
    """

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("tenant_id", "channel", "provider_id", name="inbound_messages_once"),
        Index("inbound_messages_lead", "lead_id", "received_at"),
        Index(
            "inbound_messages_notices",
            "tenant_id",
            "location_id",
            "received_at",
            postgresql_where=text("location_id IS NOT NULL"),
        ),
        Index(
            "inbound_messages_by_age",
            "tenant_id",
            "received_at",
            postgresql_where=text("num_nonnulls(subject, sender, text) > 0 OR media <> '[]'"),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant_id: UUID
    channel: str
    provider_id: str
    lead_id: UUID | None = None
    subject: str | None = None
    sender: str | None = Field(default=None, sa_type=Text)
    text: str | None = Field(default=None, sa_type=Text)
    proven: bool = True
    automatic: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    media: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    location_id: UUID | None = None
    received_at: datetime = Field(sa_column=_moment())
    notice_due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    noticed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class StaffMember(Table, table=True):
    """Replica of ingest's member of staff at `version`; `locations` is empty for the owner, who has all."""

    __tablename__ = "staff"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(index=True)
    version: int
    name: str
    email: str
    phone: str | None = None
    role: str
    locations: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    active: bool


outbox_table(Table.metadata)
inbox_table(Table.metadata)
limit_counts_table(Table.metadata)
erased_leads_table(Table.metadata)
erased_signs_table(Table.metadata)
