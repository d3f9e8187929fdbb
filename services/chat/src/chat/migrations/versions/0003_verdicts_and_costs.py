"""Every verdict on a model's sentence in a table of its own; what a conversation's model calls cost."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNTERS = ("model_calls", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reply_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sentence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["chat.conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="chat",
    )
    op.create_index(
        "ix_chat_verdicts_conversation_id", "verdicts", ["conversation_id"], unique=False, schema="chat"
    )
    isolate_tenants(op, "chat", ("verdicts",))  # type: ignore[arg-type]  # as in 0001
    for name in COUNTERS:
        op.add_column(
            "conversations", sa.Column(name, sa.Integer(), server_default="0", nullable=False), schema="chat"
        )
    op.add_column(
        "conversations",
        sa.Column("cost_microdollars", sa.BigInteger(), server_default="0", nullable=False),
        schema="chat",
    )
