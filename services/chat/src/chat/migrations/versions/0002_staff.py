"""Staff, their notes, and what the inbox and the hand-off need."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("waiting_since", sa.DateTime(timezone=True)), schema="chat")
    op.add_column("conversations", sa.Column("last_at", sa.DateTime(timezone=True)), schema="chat")
    op.add_column(
        "conversations",
        sa.Column("staff_seen_seq", sa.Integer(), nullable=False, server_default="0"),
        schema="chat",
    )
    op.create_index("conversations_newest", "conversations", ["tenant_id", "last_at"], schema="chat")
    op.add_column(
        "chat_messages", sa.Column("author_name", sqlmodel.sql.sqltypes.AutoString()), schema="chat"
    )
    op.add_column("handoffs", sa.Column("suggested_reply", sqlmodel.sql.sqltypes.AutoString()), schema="chat")
    op.add_column(
        "handoffs", sa.Column("level", sa.Integer(), nullable=False, server_default="0"), schema="chat"
    )
    op.add_column("handoffs", sa.Column("taken_by", sa.Uuid()), schema="chat")
    op.add_column("handoffs", sa.Column("escalate_at", sa.DateTime(timezone=True)), schema="chat")
    op.create_index(
        "handoffs_due",
        "handoffs",
        ["escalate_at"],
        schema="chat",
        postgresql_where=sa.text("escalate_at IS NOT NULL"),
    )
    op.create_index(
        "handoffs_open",
        "handoffs",
        ["conversation_id"],
        unique=True,
        schema="chat",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("locations", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id"),
        schema="chat",
    )
    op.create_table(
        "staff_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["chat.conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="chat",
    )
    op.create_index("ix_chat_staff_notes_conversation_id", "staff_notes", ["conversation_id"], schema="chat")
    isolate_tenants(op, "chat", ("staff", "staff_notes"))  # type: ignore[arg-type]  # a module that proxies Operations


def downgrade() -> None:
    op.drop_table("staff_notes", schema="chat")
    op.drop_table("staff", schema="chat")
    op.drop_index("handoffs_open", table_name="handoffs", schema="chat")
    op.drop_index("handoffs_due", table_name="handoffs", schema="chat")
    for column in ("escalate_at", "taken_by", "level", "suggested_reply"):
        op.drop_column("handoffs", column, schema="chat")
    op.drop_column("chat_messages", "author_name", schema="chat")
    op.drop_index("conversations_newest", table_name="conversations", schema="chat")
    for column in ("staff_seen_seq", "last_at", "waiting_since"):
        op.drop_column("conversations", column, schema="chat")
