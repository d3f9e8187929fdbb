"""The tables of the schema `ingest`."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import JsonValue
from shared.db.tables import (
    erased_leads_table,
    erased_signs_table,
    inbox_table,
    limit_counts_table,
    outbox_table,
)
from sqlalchemy import (
    ARRAY,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    desc,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_registry = registry(metadata=MetaData(schema="ingest"))
_TIME = DateTime(timezone=True)
_TEXTS = ARRAY(Text())
_JSON_OR_NULL = JSONB(none_as_null=True)


class Table(SQLModel, registry=_registry):
    """Base of every table of this schema."""


class Tenant(Table, table=True):
    """Not under row-level security, as all others are: a webhook names its tenant before one is known.

    `webhook_secrets` are those from before secrets were sealed; the next start moves them to `sealed_secrets`.
    """

    __tablename__ = "tenants"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    webhook_secrets: list[str] = Field(sa_type=_TEXTS)
    sealed_secrets: list[str] = Field(default_factory=list, sa_type=_TEXTS)
    site_keys: list[str] = Field(sa_type=_TEXTS)
    demo_mode: bool
    allow_list: list[str] = Field(sa_type=_TEXTS)
    text_countries: list[str] = Field(sa_type=_TEXTS)
    a2p: dict[str, Any] | None = Field(default=None, sa_type=_JSON_OR_NULL)
    first_touch: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    crm_account: str
    crm_lead_rule: dict[str, Any] = Field(sa_type=JSONB)
    postal_address: str | None = None
    form_challenge: str = "auto"


class Location(Table, table=True):
    """`version` rises with each change that `location.changed` tells, also with the tenant's."""

    __tablename__ = "locations"
    __table_args__ = (UniqueConstraint("tenant_id", "code"), UniqueConstraint("tenant_id", "crm_location_id"))

    tenant_id: UUID = Field(foreign_key="ingest.tenants.id")
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    code: str
    name: str
    timezone: str
    address: dict[str, Any] = Field(sa_type=JSONB)
    phone: str
    email: str
    sms_from: str | None = None
    a2p: dict[str, Any] | None = Field(default=None, sa_type=_JSON_OR_NULL)
    crm_location_id: str | None = None
    switches: dict[str, Any] = Field(sa_type=JSONB)
    version: int = 1


class Lead(Table, table=True):
    """`version` rises with each change. `appointments`: id to the newest {sequence, cancelled} heard of it.

    `active_at`: when last anything was heard of the lead, or the end of an appointment that is still to come.
    `other_addresses`: further numbers and e-mail addresses that the CRM has of its person.
    """

    __tablename__ = "leads"
    __table_args__ = (
        Index(
            "leads_one_per_order",
            "tenant_id",
            "location_id",
            "order_id",
            unique=True,
            postgresql_where="order_id IS NOT NULL",
        ),
        Index("leads_by_phone", "tenant_id", "phone", postgresql_where="phone IS NOT NULL"),
        Index("leads_by_email", "tenant_id", "email", postgresql_where="email IS NOT NULL"),
        Index("leads_by_activity", "tenant_id", "active_at"),
        Index("leads_by_other_address", "other_addresses", postgresql_using="gin"),
        Index("leads_newest", "tenant_id", desc("received_at"), desc("id")),
    )

    tenant_id: UUID
    location_id: UUID = Field(foreign_key="ingest.locations.id")
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    status: str = "new"
    version: int = 1
    name: str
    email: str | None = None
    phone: str | None = None
    other_addresses: list[str] = Field(
        default_factory=list, sa_type=_TEXTS, sa_column_kwargs={"server_default": "{}"}
    )
    vehicle: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    interest: str | None = None
    message: str | None = None
    source: str
    order_id: str | None = None
    customer_id: str | None = None
    vehicle_id: str | None = None
    order_by_us: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    outcome_at: datetime | None = Field(default=None, sa_type=_TIME)
    consent_sms: bool
    consent_email: bool
    appointments: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    correlation_id: str
    received_at: datetime = Field(sa_type=_TIME)
    active_at: datetime = Field(sa_type=_TIME, sa_column_kwargs={"server_default": func.now()})


class LeadSourceRow(Table, table=True):
    """Every trace of a lead as it came: `seen` is what it said, `consent` the proof that a form carries.

    Without `lead_id` it is a submission taken for a machine's, with the reason in `suspicion`. `held`: a form's contact
    points that are used for nothing, since they are another person's as far as we know, with the reason.
    """

    __tablename__ = "lead_sources"
    __table_args__ = (
        Index("lead_sources_by_lead", "tenant_id", "lead_id"),
        Index("lead_sources_newest", "tenant_id", "location_id", "seen_at"),
    )

    tenant_id: UUID
    location_id: UUID = Field(foreign_key="ingest.locations.id")
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    lead_id: UUID | None = Field(default=None, foreign_key="ingest.leads.id")
    trace: str
    seen_at: datetime = Field(sa_type=_TIME)
    cause_id: str | None = None
    seen: dict[str, JsonValue] = Field(sa_type=JSONB)
    consent: dict[str, JsonValue] = Field(sa_type=JSONB)
    suspicion: str | None = None
    held: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)


class OptOut(Table, table=True):
    """An address that does not want messages on this channel, whichever lead it belongs to or will belong to."""

    __tablename__ = "opt_outs"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "channel", "address"),)

    tenant_id: UUID
    channel: str
    address: str


class LeadStatusChange(Table, table=True):
    __tablename__ = "lead_status_changes"
    __table_args__ = (Index("lead_status_changes_by_lead", "tenant_id", "lead_id"),)

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    lead_id: UUID = Field(foreign_key="ingest.leads.id")
    lead_version: int
    old: str
    new: str
    reason: str
    cause_event_id: UUID
    changed_at: datetime = Field(sa_type=_TIME)


class WebhookDelivery(Table, table=True):
    """What came over the wire, byte for byte, kept before it was answered; one row for each webhook-id, for good.

    `event_id` is the event that passed it on, null while it is refused; `attempts` counts how often it came.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "webhook_id"),
        Index("webhook_deliveries_by_id", "id"),
        Index("webhook_deliveries_newest", "tenant_id", "received_at"),
        Index("webhook_deliveries_raw", "tenant_id", "received_at", postgresql_where="body <> ''"),
    )

    tenant_id: UUID
    webhook_id: str
    id: UUID
    location_id: UUID | None = None
    body: bytes = Field(sa_type=LargeBinary)
    headers: dict[str, str] = Field(sa_type=JSONB)
    received_at: datetime = Field(sa_type=_TIME)
    attempts: int = 1
    status: str
    error: str | None = None
    event_id: UUID | None = None


class UsedChallenge(Table, table=True):
    """A challenge of the web form is good once; after `expires_at` it is refused anyway."""

    __tablename__ = "used_challenges"
    __table_args__ = (Index("used_challenges_expired", "tenant_id", "expires_at"),)

    tenant_id: UUID = Field(primary_key=True)
    id: str = Field(primary_key=True)
    expires_at: datetime = Field(sa_type=_TIME)


class IdempotencyKey(Table, table=True):
    """The answer that a web form's key stands for, and the fingerprint of the body that got it.

    `lead_id` is the key's own: that of the lead where the form made one, of nothing where it was a trace of another.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (PrimaryKeyConstraint("tenant_id", "key"),)

    tenant_id: UUID
    key: str
    fingerprint: bytes = Field(sa_type=LargeBinary)
    lead_id: UUID
    created_at: datetime = Field(sa_type=_TIME)


class StaffMember(Table, table=True):
    """`locations`: ids of where they work; empty for the owner, who has all. `version` rises with each change."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("tenant_id", "email"),)

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str
    name: str
    phone: str | None = None
    role: str
    locations: list[UUID] = Field(sa_type=ARRAY(Uuid()))
    active: bool
    version: int = 1


class StaffLogin(Table, table=True):
    """A link asked for; good once, until `expires_at`."""

    __tablename__ = "staff_logins"
    __table_args__ = (Index("staff_logins_by_member", "staff_id", "requested_at"),)

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    staff_id: UUID = Field(foreign_key="ingest.staff.id")
    requested_at: datetime = Field(sa_type=_TIME)
    expires_at: datetime = Field(sa_type=_TIME)
    used_at: datetime | None = Field(default=None, sa_type=_TIME)


class StaffSession(Table, table=True):
    """A browser's session or an API token; `made_by` is the operator who made a token, null for a session."""

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("staff_sessions_by_member", "staff_id"),)

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    staff_id: UUID = Field(foreign_key="ingest.staff.id")
    made_by: str | None = None
    created_at: datetime = Field(sa_type=_TIME)
    expires_at: datetime = Field(sa_type=_TIME)
    ended_at: datetime | None = Field(default=None, sa_type=_TIME)


outbox_table(Table.metadata)
inbox_table(Table.metadata)
limit_counts_table(Table.metadata)
erased_leads_table(Table.metadata)
erased_signs_table(Table.metadata)
