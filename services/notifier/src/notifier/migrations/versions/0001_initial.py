"""Everything that notifier owns"""

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
    "consents",
    "appointments",
    "touch_points",
    "deliveries",
    "provider_statuses",
    "inbound_messages",
)


def upgrade() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="notify",
    )
    op.create_index(
        op.f("ix_notify_appointments_lead_id"), "appointments", ["lead_id"], unique=False, schema="notify"
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("permission", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="notify",
    )
    op.create_index(
        "consents_newest",
        "consents",
        ["tenant_id", "channel", "address", "at"],
        unique=False,
        schema="notify",
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("dedupe_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("template", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("touch", sa.Integer(), nullable=True),
        sa.Column("touch_day", sa.Integer(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("lead_version", sa.Integer(), nullable=False),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("provider_status", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "dedupe_key", name="deliveries_once"),
        schema="notify",
    )
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["tenant_id", "due_at"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index("deliveries_lead", "deliveries", ["lead_id"], unique=False, schema="notify")
    op.create_index(
        "deliveries_open",
        "deliveries",
        ["tenant_id", "state"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_index(
        "deliveries_provider", "deliveries", ["tenant_id", "provider_id"], unique=False, schema="notify"
    )
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant_id", "channel", "provider_id", name="inbound_messages_once"),
        schema="notify",
    )
    op.create_index(
        "inbound_messages_lead", "inbound_messages", ["lead_id", "received_at"], unique=False, schema="notify"
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
        schema="notify",
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lead_version", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("vehicle", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("interest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("correlation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("engaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        schema="notify",
    )
    op.create_index(
        "leads_email", "leads", ["tenant_id", "email", "received_at"], unique=False, schema="notify"
    )
    op.create_index(
        "leads_phone", "leads", ["tenant_id", "phone", "received_at"], unique=False, schema="notify"
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("timezone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sms_from", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("demo_mode", sa.Boolean(), nullable=False),
        sa.Column("allow_list", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("sends", sa.Boolean(), nullable=False),
        sa.Column("sms", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="notify",
    )
    op.create_index(
        op.f("ix_notify_locations_tenant_id"), "locations", ["tenant_id"], unique=False, schema="notify"
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
        schema="notify",
    )
    op.create_index(
        "outbox_due", "outbox", ["id"], unique=False, schema="notify", postgresql_where="published_at IS NULL"
    )
    op.create_table(
        "provider_statuses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("error_code", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id"),
        schema="notify",
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        schema="notify",
    )
    op.create_table(
        "touch_points",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("sequence_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lead_id", "step", name="touch_points_once"),
        schema="notify",
    )
    op.create_index(
        "touch_points_due",
        "touch_points",
        ["tenant_id", "due_at"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("state = 'planned'"),
    )
    operations = Operations(op.get_context())
    notify_on_outbox(operations, "notify")
    isolate_tenants(operations, "notify", TENANT_TABLES)


def downgrade() -> None:
    op.drop_index(
        "touch_points_due",
        table_name="touch_points",
        schema="notify",
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.drop_table("touch_points", schema="notify")
    op.drop_table("tenants", schema="notify")
    op.drop_table("provider_statuses", schema="notify")
    op.drop_index("outbox_due", table_name="outbox", schema="notify", postgresql_where="published_at IS NULL")
    op.drop_table("outbox", schema="notify")
    op.drop_index(op.f("ix_notify_locations_tenant_id"), table_name="locations", schema="notify")
    op.drop_table("locations", schema="notify")
    op.drop_index("leads_phone", table_name="leads", schema="notify")
    op.drop_index("leads_email", table_name="leads", schema="notify")
    op.drop_table("leads", schema="notify")
    op.drop_table("inbox", schema="notify")
    op.drop_index("inbound_messages_lead", table_name="inbound_messages", schema="notify")
    op.drop_table("inbound_messages", schema="notify")
    op.drop_index("deliveries_provider", table_name="deliveries", schema="notify")
    op.drop_index(
        "deliveries_open",
        table_name="deliveries",
        schema="notify",
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.drop_index("deliveries_lead", table_name="deliveries", schema="notify")
    op.drop_index(
        "deliveries_due",
        table_name="deliveries",
        schema="notify",
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.drop_table("deliveries", schema="notify")
    op.drop_index("consents_newest", table_name="consents", schema="notify")
    op.drop_table("consents", schema="notify")
    op.drop_index(op.f("ix_notify_appointments_lead_id"), table_name="appointments", schema="notify")
    op.drop_table("appointments", schema="notify")
    op.execute("DROP FUNCTION notify.notify_outbox()")
