"""What came by mail and text from machines, with pictures, and from strangers of whom a shop is told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ADDED = ("automatic", "media", "location_id", "notice_due_at", "noticed_at")


def upgrade() -> None:
    for column in (
        sa.Column("automatic", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("media", postgresql.JSONB(), nullable=False, server_default="[]"),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("notice_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("inbound_messages", column, schema="notify")
    op.drop_index("inbound_messages_by_age", "inbound_messages", schema="notify")
    _index_by_age("num_nonnulls(subject, sender, text) > 0 OR media <> '[]'")
    op.create_index(
        "inbound_messages_notices",
        "inbound_messages",
        ["tenant_id", "location_id", "received_at"],
        schema="notify",
        postgresql_where=sa.text("location_id IS NOT NULL"),
    )


def _index_by_age(where: str) -> None:
    op.create_index(
        "inbound_messages_by_age",
        "inbound_messages",
        ["tenant_id", "received_at"],
        schema="notify",
        postgresql_where=sa.text(where),
    )


def downgrade() -> None:
    op.drop_index("inbound_messages_notices", "inbound_messages", schema="notify")
    op.drop_index("inbound_messages_by_age", "inbound_messages", schema="notify")
    _index_by_age("num_nonnulls(subject, sender, text) > 0")
    for name in reversed(ADDED):
        op.drop_column("inbound_messages", name, schema="notify")
