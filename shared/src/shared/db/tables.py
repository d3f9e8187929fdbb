"""The tables that every service has in its own schema: outbox and inbox."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)


def outbox_table(metadata: MetaData) -> Table:
    """`key` is the subject that keeps order; `body` the event as published; `published_at` NULL: still to go."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False, unique=True),
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
