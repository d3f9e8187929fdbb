"""Sentences in the making, which no NOTIFY carries any more."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deltas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="chat",
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_chat_deltas_conversation_id"), "deltas", ["conversation_id"], schema="chat")
    isolate_tenants(op, "chat", ["deltas"])  # type: ignore[arg-type]  # a module that proxies Operations
