"""The tables of schema `crm`."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from shared.db.tables import erased_leads_table, inbox_table, limit_counts_table, outbox_table
from shared.db.time import database_now
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_registry = registry(metadata=MetaData(schema="crm"))
_MOMENT = DateTime(timezone=True)


class Table(SQLModel, registry=_registry):
    """Base of every table of this schema."""


class Tenant(Table, table=True):
    """Known before any tenant is set: the clocks walk over it."""

    __tablename__ = "tenants"

    id: UUID = Field(primary_key=True)
    slug: str = Field(unique=True)


class Location(Table, table=True):
    """Replica; `crm_location_id` None: this shop is not in the CRM."""

    __tablename__ = "locations"
    __table_args__ = (Index("locations_by_crm_id", "tenant_id", "crm_account", "crm_location_id"),)

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    version: int
    code: str
    name: str
    timezone: str
    crm_account: str
    crm_location_id: str | None = None
    lead_rule: dict[str, Any] = Field(sa_type=JSONB)


class LeadReplica(Table, table=True):
    """Replica; without `order_id` the lead is not in the CRM. `vehicle` is the one that `vehicle_id` stands for."""

    __tablename__ = "leads"
    __table_args__ = (
        Index("leads_by_order", "tenant_id", "order_id"),
        Index("leads_by_customer", "tenant_id", "customer_id"),
    )

    tenant_id: UUID
    lead_id: UUID = Field(primary_key=True)
    version: int
    location_id: UUID | None = None
    order_id: str | None = None
    customer_id: str | None = None
    vehicle_id: str | None = None
    vehicle: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    contact_name: str
    service: str | None = None
    correlation_id: str
    received_at: datetime = Field(sa_type=_MOMENT)


class Observation(Table, table=True):
    """The last look at one record of the CRM. `digest` is of what was published about it, None: nothing was; of a customer, of numbers and addresses.

    `consents`: of a customer, by channel and address, whether its flags granted or refused; `observed_at` is then also of a look that failed.
    Of appointments: `observed_at` is when that was told, `edited_sequence` the version of ours that staff have changed since,
    `standing_until` when it is over (None: it does not stand), `missing_since` when a read of just that one did not find it first.
    `outcome`: what was told last of a lead's order, None: open.
    """

    __tablename__ = "observations"
    __table_args__ = (
        Index(
            "observations_standing",
            "tenant_id",
            "standing_until",
            postgresql_where="standing_until IS NOT NULL",
        ),
    )

    tenant_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    crm_id: str = Field(primary_key=True)
    location_id: UUID | None = None
    crm_updated_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    verdict: str
    reason: str | None = None
    seen_by: str
    digest: str | None = None
    consents: dict[str, bool] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    observed_at: datetime = Field(default_factory=database_now, sa_type=_MOMENT)
    edited_sequence: int | None = None
    standing_until: datetime | None = Field(default=None, sa_type=_MOMENT)
    missing_since: datetime | None = Field(default=None, sa_type=_MOMENT)
    outcome: str | None = None


class ExternalRef(Table, table=True):
    """Which record of the CRM is ours."""

    __tablename__ = "external_refs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "our_id", name="external_refs_our_id"),
        UniqueConstraint("tenant_id", "kind", "crm_id", name="external_refs_crm_id"),
    )

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    kind: str
    our_id: UUID
    crm_id: str


class SyncTask(Table, table=True):
    """One write that the CRM is owed.

    `planned` -> `sending` -> `done | skipped | failed`, or `unknown`: it may have arrived and is looked up before anything else.
    `happened_at` is when the event behind it was recorded; `attempts` rises with each claim and so tells an overtaken worker that it is one.
    `unknown_since` is the last write whose answer was lost; a look-up that finds nothing shortly after it proves nothing.
    """

    __tablename__ = "sync_tasks"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "our_id", "sequence", name="sync_tasks_once"),
        Index(
            "sync_tasks_unfinished",
            "tenant_id",
            "due_at",
            postgresql_where="state IN ('planned', 'sending', 'unknown')",
        ),
        CheckConstraint(
            "state IN ('planned', 'sending', 'done', 'skipped', 'failed', 'unknown')", name="sync_tasks_state"
        ),
        Index("sync_tasks_of_lead", "tenant_id", "lead_id", "kind"),
        Index("sync_tasks_by_age", "tenant_id", "created_at", postgresql_where="payload <> '{}'"),
    )

    tenant_id: UUID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    position: int | None = Field(
        default=None, nullable=False, sa_type=BigInteger, sa_column_args=[Identity(always=True)]
    )
    location_id: UUID | None = None
    lead_id: UUID
    kind: str
    our_id: UUID
    sequence: int
    happened_at: datetime = Field(sa_type=_MOMENT)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    state: str = "planned"
    attempts: int = 0
    due_at: datetime = Field(default_factory=database_now, sa_type=_MOMENT)
    claimed_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    unknown_since: datetime | None = Field(default=None, sa_type=_MOMENT)
    last_error: str | None = None
    correlation_id: str
    created_at: datetime = Field(default_factory=database_now, sa_type=_MOMENT)


class PollCursor(Table, table=True):
    """Up to `watermark` everything that changed at the location has been seen."""

    __tablename__ = "poll_cursors"

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    watermark: datetime = Field(sa_type=_MOMENT)
    polled_at: datetime = Field(sa_type=_MOMENT)


outbox_table(Table.metadata)
inbox_table(Table.metadata)
limit_counts_table(Table.metadata)
erased_leads_table(Table.metadata)
