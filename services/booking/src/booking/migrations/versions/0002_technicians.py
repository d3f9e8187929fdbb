"""Technicians, breaks, special days and holidays; what a service needs of them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = ("location_breaks", "special_openings", "time_off", "technicians")
PLANNED = ("service_catalog", "quotes", "appointments")


def upgrade() -> None:
    _times()
    _technicians()
    _occupancies()
    for table in PLANNED:
        op.add_column(
            table,
            sa.Column("cure_minutes", sa.Integer(), server_default="0", nullable=False),
            schema="booking",
        )
        op.add_column(
            table,
            sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
            schema="booking",
        )
    op.create_index("quotes_by_age", "quotes", ["created_at"], schema="booking")
    op.create_index("holds_by_age", "holds", ["expires_at"], schema="booking")
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created_at"], schema="booking")
    op.create_index("appointments_of_quote", "appointments", ["quote_id"], schema="booking")
    isolate_tenants(op, "booking", TENANT_TABLES)  # type: ignore[arg-type]  # a module that proxies Operations


def _times() -> None:
    op.create_table(
        "location_breaks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "0 <= starts_minute AND starts_minute < ends_minute AND ends_minute <= 1440", name="span"
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.PrimaryKeyConstraint("location_id", "weekday", "starts_minute"),
        schema="booking",
    )
    op.create_table(
        "special_openings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "0 <= opens_minute AND opens_minute < closes_minute AND closes_minute <= 1440", name="span"
        ),
        sa.PrimaryKeyConstraint("location_id", "day", "opens_minute"),
        schema="booking",
    )
    op.add_column(
        "location_rules",
        sa.Column("keeps_holidays", sa.Boolean(), server_default="false", nullable=False),
        schema="booking",
    )


def _technicians() -> None:
    op.create_table(
        "technicians",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("location_id", "name"),
        schema="booking",
    )
    op.create_table(
        "time_off",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("technician_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="span"),
        sa.ForeignKeyConstraint(["technician_id"], ["booking.technicians.id"]),
        sa.PrimaryKeyConstraint("technician_id", "starts_at"),
        schema="booking",
    )


def _occupancies() -> None:
    op.alter_column("occupancies", "bay_id", nullable=True, schema="booking")
    op.add_column("occupancies", sa.Column("technician_id", sa.Uuid(), nullable=True), schema="booking")
    op.create_foreign_key(
        None, "occupancies", "technicians", ["technician_id"], ["id"],
        source_schema="booking", referent_schema="booking",
    )  # fmt: skip
    op.create_exclude_constraint(
        "one_job_per_technician",
        "occupancies",
        (sa.column("technician_id"), "="),
        (sa.column("during"), "&&"),
        using="gist",
        schema="booking",
    )
    op.create_check_constraint(
        "bay_or_technician", "occupancies", "num_nonnulls(bay_id, technician_id) = 1", schema="booking"
    )
    op.create_index(
        "occupancies_of_technician", "occupancies", ["technician_id", "ends_at"], schema="booking"
    )
    op.create_index(
        "occupancies_held_by_lead",
        "occupancies",
        ["lead_id"],
        schema="booking",
        postgresql_where="kind = 'hold'",
    )


def downgrade() -> None:
    op.execute("ALTER TABLE booking.occupancies NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM booking.occupancies WHERE technician_id IS NOT NULL")
    op.execute("ALTER TABLE booking.occupancies FORCE ROW LEVEL SECURITY")
    op.drop_constraint("one_job_per_technician", "occupancies", schema="booking")
    op.drop_index("occupancies_held_by_lead", "occupancies", schema="booking")
    op.drop_column("occupancies", "technician_id", schema="booking")
    op.alter_column("occupancies", "bay_id", nullable=False, schema="booking")
    for table in PLANNED:
        op.drop_column(table, "skills", schema="booking")
        op.drop_column(table, "cure_minutes", schema="booking")
    op.drop_column("location_rules", "keeps_holidays", schema="booking")
    op.drop_index("appointments_of_quote", "appointments", schema="booking")
    op.drop_index("idempotency_keys_by_age", "idempotency_keys", schema="booking")
    op.drop_index("holds_by_age", "holds", schema="booking")
    op.drop_index("quotes_by_age", "quotes", schema="booking")
    for table in TENANT_TABLES:
        op.drop_table(table, schema="booking")
