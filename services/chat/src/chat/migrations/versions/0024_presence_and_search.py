"""Who has a conversation open, what was said in it word by word, and the inbox in the order of its pages."""

import sqlalchemy as sa
from alembic import op
from chat.domain.search import words_of
from shared.db.migrate import isolate_tenants

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KEEP = sa.text(
    "INSERT INTO chat.said_words (tenant_id, word, conversation_id) "
    "SELECT :tenant_id, unnest(CAST(:words AS text[])), :conversation_id ON CONFLICT DO NOTHING"
)


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("here_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("writing_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id"),
        schema="chat",
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_chat_presences_tenant_id"), "presences", ["tenant_id"], schema="chat")
    op.create_table(
        "said_words",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "word", "conversation_id"),
        schema="chat",
    )
    op.create_index(
        op.f("ix_chat_said_words_conversation_id"), "said_words", ["conversation_id"], schema="chat"
    )
    isolate_tenants(op, "chat", ["presences", "said_words"])  # type: ignore[arg-type]  # a module that proxies Operations
    op.drop_index("conversations_newest", table_name="conversations", schema="chat")
    op.create_index(
        "conversations_newest",
        "conversations",
        ["tenant_id", sa.text("last_at DESC NULLS LAST"), sa.text("id DESC")],
        schema="chat",
    )
    _keep_what_was_said()


def _keep_what_was_said() -> None:
    """Tenant after tenant: without one no row is seen."""
    connection = op.get_bind()
    tenants = connection.scalars(sa.text("SELECT tenant_id FROM chat.tenants")).all()
    for tenant_id in tenants:
        connection.execute(
            sa.text("SELECT set_config('app.tenant_id', :tenant_id, true)"), {"tenant_id": str(tenant_id)}
        )
        said = connection.execute(
            sa.text(
                "SELECT conversation_id, string_agg(text, ' ') FROM chat.chat_messages "
                "WHERE author IN ('customer', 'staff') GROUP BY conversation_id"
            )
        )
        rows = [
            {"tenant_id": tenant_id, "conversation_id": conversation_id, "words": words_of(text)}
            for conversation_id, text in said
        ]
        if rows:
            connection.execute(_KEEP, rows)
    connection.execute(sa.text("SELECT set_config('app.tenant_id', '', true)"))


def downgrade() -> None:
    op.drop_index("conversations_newest", table_name="conversations", schema="chat")
    op.create_index("conversations_newest", "conversations", ["tenant_id", "last_at"], schema="chat")
    op.drop_table("said_words", schema="chat")
    op.drop_table("presences", schema="chat")
