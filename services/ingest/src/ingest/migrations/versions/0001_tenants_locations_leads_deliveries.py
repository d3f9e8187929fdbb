"""Tenants, locations, leads, deliveries; row-level security on every tenant table."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from alembic.operations import Operations
from shared.db.migrate import isolate_tenants, notify_on_outbox
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "locations",
    "leads",
    "lead_sources",
    "lead_status_changes",
    "webhook_deliveries",
    "idempotency_keys",
)


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key"),
        schema="ingest",
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "processed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("consumer", "event_id"),
        schema="ingest",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id"),
        schema="ingest",
    )
    op.create_index(
        "outbox_due", "outbox", ["id"], unique=False, schema="ingest", postgresql_where="published_at IS NULL"
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("webhook_secrets", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("site_keys", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("demo_mode", sa.Boolean(), nullable=False),
        sa.Column("allow_list", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("crm_account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("crm_lead_rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("postal_address", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        schema="ingest",
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "webhook_id"),
        schema="ingest",
    )
    op.create_index("webhook_deliveries_by_id", "webhook_deliveries", ["id"], unique=False, schema="ingest")
    op.create_index(
        "webhook_deliveries_newest",
        "webhook_deliveries",
        ["tenant_id", "received_at"],
        unique=False,
        schema="ingest",
    )
    op.create_table(
        "locations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sms_from", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("crm_location_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("switches", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["ingest.tenants.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "code"),
        sa.UniqueConstraint("tenant_id", "crm_location_id"),
        schema="ingest",
    )
    op.create_table(
        "leads",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vehicle", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("interest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("message", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("order_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("customer_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vehicle_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("consent_sms", sa.Boolean(), nullable=False),
        sa.Column("consent_email", sa.Boolean(), nullable=False),
        sa.Column("appointments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["ingest.locations.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="ingest",
    )
    op.create_index(
        "leads_by_email",
        "leads",
        ["tenant_id", "email"],
        unique=False,
        schema="ingest",
        postgresql_where="email IS NOT NULL",
    )
    op.create_index(
        "leads_by_phone",
        "leads",
        ["tenant_id", "phone"],
        unique=False,
        schema="ingest",
        postgresql_where="phone IS NOT NULL",
    )
    op.create_index(
        "leads_one_per_order",
        "leads",
        ["tenant_id", "location_id", "order_id"],
        unique=True,
        schema="ingest",
        postgresql_where="order_id IS NOT NULL",
    )
    op.create_table(
        "lead_sources",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("trace", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("consent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("suspicion", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["ingest.leads.id"]),
        sa.ForeignKeyConstraint(["location_id"], ["ingest.locations.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="ingest",
    )
    op.create_index(
        "lead_sources_by_lead", "lead_sources", ["tenant_id", "lead_id"], unique=False, schema="ingest"
    )
    op.create_table(
        "lead_status_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("lead_version", sa.Integer(), nullable=False),
        sa.Column("old", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("new", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cause_event_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["ingest.leads.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="ingest",
    )
    op.create_index(
        "lead_status_changes_by_lead",
        "lead_status_changes",
        ["tenant_id", "lead_id"],
        unique=False,
        schema="ingest",
    )
    operations = Operations(op.get_context())
    notify_on_outbox(operations, "ingest")
    isolate_tenants(operations, "ingest", TENANT_TABLES)


def downgrade() -> None:
    op.drop_index("lead_status_changes_by_lead", table_name="lead_status_changes", schema="ingest")
    op.drop_table("lead_status_changes", schema="ingest")
    op.drop_index("lead_sources_by_lead", table_name="lead_sources", schema="ingest")
    op.drop_table("lead_sources", schema="ingest")
    op.drop_index(
        "leads_one_per_order", table_name="leads", schema="ingest", postgresql_where="order_id IS NOT NULL"
    )
    op.drop_index("leads_by_phone", table_name="leads", schema="ingest", postgresql_where="phone IS NOT NULL")
    op.drop_index("leads_by_email", table_name="leads", schema="ingest", postgresql_where="email IS NOT NULL")
    op.drop_table("leads", schema="ingest")
    op.drop_table("locations", schema="ingest")
    op.drop_index("webhook_deliveries_newest", table_name="webhook_deliveries", schema="ingest")
    op.drop_index("webhook_deliveries_by_id", table_name="webhook_deliveries", schema="ingest")
    op.drop_table("webhook_deliveries", schema="ingest")
    op.drop_table("tenants", schema="ingest")
    op.drop_index("outbox_due", table_name="outbox", schema="ingest", postgresql_where="published_at IS NULL")
    op.drop_table("outbox", schema="ingest")
    op.drop_table("inbox", schema="ingest")
    op.drop_table("idempotency_keys", schema="ingest")
    op.execute("DROP FUNCTION ingest.notify_outbox()")
