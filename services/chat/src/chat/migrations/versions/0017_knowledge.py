"""What the shops say beside their catalogues, and the questions that nothing answers."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knowledge",
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("location_id"),
        schema="chat",
    )
    op.create_table(
        "knowledge_gaps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("question", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["chat.conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="chat",
    )
    op.create_index(
        "ix_chat_knowledge_gaps_conversation_id", "knowledge_gaps", ["conversation_id"], schema="chat"
    )
    op.create_index("knowledge_gaps_by_age", "knowledge_gaps", ["tenant_id", "asked_at"], schema="chat")
    isolate_tenants(op, "chat", ("knowledge", "knowledge_gaps"))  # type: ignore[arg-type]  # as in 0001


def downgrade() -> None:
    op.drop_table("knowledge_gaps", schema="chat")
    op.drop_table("knowledge", schema="chat")
