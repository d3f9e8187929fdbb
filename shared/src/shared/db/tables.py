"""The tables that every service has in its own schema: outbox, inbox, counts of its limits, and the leads that were erased.

And one of those that keep addresses: what an erased person was known by.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

CURRENT_TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"
"""Of the transaction, as `shared.db.engine.transaction` sets it; NULL when it names none."""


def outbox_table(metadata: MetaData) -> Table:
    """`key` is the subject that keeps order; `body` the event as published; `published_at` NULL: still to go."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("tenant_id", Uuid, nullable=False, server_default=text(CURRENT_TENANT)),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("last_error", Text),
        Column("published_at", DateTime(timezone=True)),
        Index("outbox_due", "id", postgresql_where="published_at IS NULL"),
    )


def inbox_table(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column(
            "processed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()
        ),
    )


def limit_counts_table(metadata: MetaData) -> Table:
    """Lost in a crash of the server, which costs nobody anything: each request writes here, and nothing waits for the disk.

    `key` names the limit and, as a hash, whose use it is; `number` is that of the window since 1970.
    """
    return Table(
        "limit_counts",
        metadata,
        Column("key", Text, primary_key=True),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("used", Double, nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )


def staff_table(metadata: MetaData) -> Table:
    """Replica of `staff.changed`; `locations` is empty for the owner, who has all. `ended_sessions` are refused."""
    return Table(
        "staff",
        metadata,
        Column("staff_id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, nullable=False),
        Column("version", Integer, nullable=False),
        Column("name", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("locations", ARRAY(Uuid), nullable=False),
        Column("active", Boolean, nullable=False),
        Column("ended_sessions", ARRAY(Uuid), nullable=False),
    )


def erased_leads_table(metadata: MetaData) -> Table:
    """No event of these leads has an effect any more. `rows`: table to how many rows were erased there.

    `subjects`: of the events that left the outbox, for whoever clears the log of them.
    """
    return Table(
        "erased_leads",
        metadata,
        Column("lead_id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, nullable=False),
        Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("rows", JSONB, nullable=False),
        Column("subjects", ARRAY(Text), nullable=False),
    )


def erased_signs_table(metadata: MetaData) -> Table:
    """What erased persons were known by, addresses and ids of the CRM, each as a keyed hash; `erased_at`: the last time."""
    return Table(
        "erased_signs",
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("sign", Text, primary_key=True),
        Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )
