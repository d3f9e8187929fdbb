"""The tables of the `booking` schema."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.db.tables import (
    erased_leads_table,
    inbox_table,
    limit_counts_table,
    outbox_table,
    staff_table,
)
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, ExcludeConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_registry = registry(metadata=MetaData(schema="booking"))


class Table(SQLModel, registry=_registry):
    """Base of every table of this schema."""


def _moment(*, nullable: bool = False) -> Any:
    return Field(
        default=None if nullable else ..., sa_column=Column(DateTime(timezone=True), nullable=nullable)
    )


def _json(*, nullable: bool = False) -> Any:
    return Field(
        default=None if nullable else ..., sa_column=Column(JSONB(none_as_null=True), nullable=nullable)
    )


def _codes() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))


def _minutes() -> Any:
    return Field(default=0, sa_column_kwargs={"server_default": "0"})


class Tenant(Table, table=True):
    """Needed before a tenant is known, so it is under no row-level security."""

    __tablename__ = "tenants"

    id: UUID = Field(primary_key=True)
    slug: str = Field(unique=True)


class Location(Table, table=True):
    """Replica of ingest's location."""

    __tablename__ = "locations"

    tenant_id: UUID = Field(index=True)
    location_id: UUID = Field(primary_key=True)
    version: int
    code: str
    name: str
    timezone: str
    address: str
    phone: str
    email: str
    enabled: bool


class Lead(Table, table=True):
    """Replica of ingest's lead. Its row lock orders everything that one lead does here."""

    __tablename__ = "leads"

    tenant_id: UUID = Field(index=True)
    lead_id: UUID = Field(primary_key=True)
    location_id: UUID
    lead_version: int
    contact: dict[str, Any] = _json()
    vehicle: dict[str, Any] | None = _json(nullable=True)
    correlation_id: str


class LocationHours(Table, table=True):
    """One span of a weekday (Monday is 0) in minutes after local midnight."""

    __tablename__ = "location_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "0 <= opens_minute AND opens_minute < closes_minute AND closes_minute <= 1440", name="span"
        ),
    )

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    weekday: int = Field(primary_key=True)
    opens_minute: int = Field(primary_key=True)
    closes_minute: int


class LocationBreak(Table, table=True):
    """A span of a weekday, within the hours, in which nobody works."""

    __tablename__ = "location_breaks"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "0 <= starts_minute AND starts_minute < ends_minute AND ends_minute <= 1440", name="span"
        ),
    )

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    weekday: int = Field(primary_key=True)
    starts_minute: int = Field(primary_key=True)
    ends_minute: int


class SpecialOpening(Table, table=True):
    """A span of a day whose hours are not those of its weekday; it counts also on a closure or a holiday."""

    __tablename__ = "special_openings"
    __table_args__ = (
        CheckConstraint(
            "0 <= opens_minute AND opens_minute < closes_minute AND closes_minute <= 1440", name="span"
        ),
    )

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    opens_minute: int = Field(primary_key=True)
    closes_minute: int
    note: str


class Closure(Table, table=True):
    __tablename__ = "closures"

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    note: str


class Bay(Table, table=True):
    """A bay that is taken out of use keeps its row, since appointments may still stand in it."""

    __tablename__ = "bays"
    __table_args__ = (UniqueConstraint("location_id", "name"),)

    tenant_id: UUID
    location_id: UUID
    id: UUID = Field(primary_key=True)
    name: str
    active: bool


class TechnicianRow(Table, table=True):
    """One that has left keeps the row, since appointments may still stand there."""

    __tablename__ = "technicians"
    __table_args__ = (UniqueConstraint("location_id", "name"),)

    tenant_id: UUID
    location_id: UUID
    id: UUID = Field(primary_key=True)
    name: str
    skills: list[str] = _codes()
    active: bool


class TimeOffRow(Table, table=True):
    __tablename__ = "time_off"
    __table_args__ = (CheckConstraint("starts_at < ends_at", name="span"),)

    tenant_id: UUID
    technician_id: UUID = Field(primary_key=True, foreign_key="booking.technicians.id")
    starts_at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    ends_at: datetime = _moment()
    note: str


class LocationRules(Table, table=True):
    __tablename__ = "location_rules"

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    minimum_notice_minutes: int
    horizon_days: int
    grid_minutes: int
    keeps_holidays: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})


class EntryRow(Table):
    """Of the whole tenant (`location_id` NULL), or a location's own that takes its place there.

    Rows of one code hold for different days; the import sees to it that no day has two.
    """

    tenant_id: UUID
    location_id: UUID | None
    id: UUID = Field(primary_key=True)
    code: str
    valid_from: date | None
    valid_to: date | None
    active: bool


def _one_a_day(name: str) -> tuple[Index]:
    columns = ("tenant_id", "location_id", "code", "valid_from")
    return (Index(name, *columns, unique=True, postgresql_nulls_not_distinct=True),)


class ServiceRow(EntryRow, table=True):
    __tablename__ = "service_catalog"
    __table_args__ = _one_a_day("service_catalog_code")

    name: str
    name_es: str = Field(default="", sa_column_kwargs={"server_default": ""})
    description: str
    synonyms: list[str] = _json()
    family: str
    tier: str
    price_kind: str
    price_cents: int | None
    max_cents: int | None
    class_prices: dict[str, int] = _json()
    duration_minutes: int
    buffer_minutes: int
    cure_minutes: int = _minutes()
    skills: list[str] = _codes()
    addons: list[dict[str, Any]] = _json()


class KnowledgeRow(EntryRow, table=True):
    """A statement of the shop in English and Spanish, and how customers ask for it."""

    __tablename__ = "knowledge"
    __table_args__ = _one_a_day("knowledge_code")

    en: str
    es: str
    questions: list[str] = _json()


class VersionRow(Table):
    """`fingerprint` is that of what was told last."""

    tenant_id: UUID
    location_id: UUID = Field(primary_key=True)
    version: int
    fingerprint: str


class CatalogVersion(VersionRow, table=True):
    __tablename__ = "catalog_versions"


class KnowledgeVersion(VersionRow, table=True):
    __tablename__ = "knowledge_versions"


class Quote(Table, table=True):
    """What was said to the lead: price and duration stay as they are here, whatever becomes of the catalogue.

    `vehicle` is the car that it was made for, `max_cents` up to where the total of a range goes.
    """

    __tablename__ = "quotes"
    __table_args__ = (Index("quotes_by_age", "created_at"),)

    tenant_id: UUID
    location_id: UUID
    lead_id: UUID
    id: UUID = Field(primary_key=True)
    service_code: str
    service_name: str
    service_name_es: str = Field(default="", sa_column_kwargs={"server_default": ""})
    vehicle: dict[str, Any] | None = _json(nullable=True)
    vehicle_class: str | None
    lines: list[dict[str, Any]] = _json()
    total_cents: int
    max_cents: int | None
    kind: str
    duration_minutes: int
    buffer_minutes: int
    cure_minutes: int = _minutes()
    skills: list[str] = _codes()
    catalog_version: int
    valid_until: datetime = _moment()
    created_at: datetime = _moment()


class Hold(Table, table=True):
    """What was held for whom; the time itself is taken by its occupancy, and free again when that is gone."""

    __tablename__ = "holds"
    __table_args__ = (Index("holds_by_age", "expires_at"),)

    tenant_id: UUID
    location_id: UUID
    lead_id: UUID
    id: UUID = Field(primary_key=True)
    quote_id: UUID
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    held_at: datetime = _moment()
    expires_at: datetime = _moment()
    appointment_id: UUID | None


class Appointment(Table, table=True):
    """`sequence` rises with every change. `ends_at` is when the customer has the car back.

    Vehicle, add-ons (`BookedAddon`) and price are those of its quote. `changed_by`: who made the last change, `shop` by hand in the CRM; `staff_id`: who of the
    staff made it for the customer in the console. `no_show`: the customer did not come; it holds no time any more. `overbooked`: staff
    put it where there is no room, so it has no time of its own here; it waits for room as a block does. `crm_seen_at`: the newest
    look at it in the CRM that was heard of.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        CheckConstraint("status IN ('booked', 'cancelled', 'no_show')", name="status"),
        CheckConstraint("changed_by IN ('customer', 'shop')", name="changed_by"),
        ExcludeConstraint(
            ("lead_id", "="),
            (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
            using="gist",
            where="status = 'booked' AND NOT overbooked",
            name="one_place_at_a_time",
        ),
        Index("appointments_of_lead", "lead_id"),
        Index("appointments_of_quote", "quote_id"),
        Index("appointments_in_location", "location_id", "ends_at"),
    )

    tenant_id: UUID
    location_id: UUID
    lead_id: UUID
    id: UUID = Field(primary_key=True)
    number: str
    status: str
    quote_id: UUID
    service_code: str
    service_name: str
    service_name_es: str = Field(default="", sa_column_kwargs={"server_default": ""})
    addons: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    vehicle: dict[str, Any] | None = _json(nullable=True)
    total_cents: int
    max_cents: int | None
    price_kind: str = Field(default="exact", sa_column_kwargs={"server_default": "exact"})
    duration_minutes: int
    buffer_minutes: int
    cure_minutes: int = _minutes()
    skills: list[str] = _codes()
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    sequence: int
    changed_by: str = Field(default="customer", sa_column_kwargs={"server_default": "customer"})
    staff_id: UUID | None = None
    overbooked: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    crm_seen_at: datetime | None = _moment(nullable=True)
    cancel_reason: str | None
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class Occupancy(Table, table=True):
    """Time taken of a bay or of a technician. The exclusion constraints, and nothing else, decide who gets a slot.

    A job has one row for its bay and one for each span in which its technician works. `holder_id` is the hold, the appointment, or the appointment in the shop's CRM; `expires_at` is for holds only.
    """

    __tablename__ = "occupancies"
    __table_args__ = (
        ExcludeConstraint(("bay_id", "="), ("during", "&&"), using="gist", name="no_double_booking"),
        ExcludeConstraint(
            ("technician_id", "="), ("during", "&&"), using="gist", name="one_job_per_technician"
        ),
        CheckConstraint("num_nonnulls(bay_id, technician_id) = 1", name="bay_or_technician"),
        CheckConstraint("kind IN ('hold', 'appointment', 'external')", name="kind"),
        CheckConstraint("(kind = 'hold') = (expires_at IS NOT NULL)", name="holds_expire"),
        # Row-level security keeps range operators (not leakproof) out of index conditions; times compare in btrees.
        Index("occupancies_in_bay", "bay_id", "ends_at"),
        Index("occupancies_of_technician", "technician_id", "ends_at"),
        Index("occupancies_held_by_lead", "lead_id", postgresql_where="kind = 'hold'"),
        Index("occupancies_of_holder", "holder_id"),
        Index("occupancies_held", "location_id", "expires_at", postgresql_where="kind = 'hold'"),
    )

    tenant_id: UUID
    location_id: UUID
    id: UUID = Field(primary_key=True)
    bay_id: UUID | None = Field(foreign_key="booking.bays.id")
    technician_id: UUID | None = Field(foreign_key="booking.technicians.id")
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    during: Any = Field(
        default=None,
        sa_column=Column(
            TSTZRANGE, Computed("tstzrange(starts_at, ends_at)", persisted=True), nullable=False
        ),
    )
    kind: str
    holder_id: UUID
    lead_id: UUID | None
    expires_at: datetime | None = _moment(nullable=True)


class ExternalAppointment(Table, table=True):
    """An appointment that stands in the shop's CRM and is not ours; a deleted one stays as its own tombstone.

    A repeating one has a row for each time it takes place. Of an all-day one the times span whole local days. `observed_at` is the
    time of the event that was applied last. One of ours that is overbooked has a row, too, under its own id.
    """

    __tablename__ = "external_appointments"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "crm_appointment_id", "starts_at", name="external_appointments_occurrence"
        ),
        Index("external_appointments_in_location", "location_id", "ends_at"),
    )

    tenant_id: UUID
    location_id: UUID
    id: UUID = Field(primary_key=True)
    crm_appointment_id: str
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    all_day: bool
    deleted: bool
    observed_at: datetime = _moment()


class IdempotencyKey(Table, table=True):
    """`fingerprint` is a hash of the body that the key came with."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_by_age", "created_at"),)

    tenant_id: UUID
    lead_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    appointment_id: UUID
    created_at: datetime = _moment()


class BookingRequest(Table, table=True):
    """A wish that came as an event and was answered, so that it is never answered twice."""

    __tablename__ = "booking_requests"

    tenant_id: UUID
    request_id: UUID = Field(primary_key=True)
    lead_id: UUID
    appointment_id: UUID | None
    declined_code: str | None


outbox_table(Table.metadata)
inbox_table(Table.metadata)
limit_counts_table(Table.metadata)
erased_leads_table(Table.metadata)
staff_table(Table.metadata)
