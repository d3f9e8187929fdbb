"""Receipts and sentences are found by their age, to leave."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "receipts_by_age",
        "receipts",
        ["tenant_id", "created_at"],
        schema="chat",
    )
    op.create_index(
        "verdicts_by_age",
        "verdicts",
        ["tenant_id", "created_at"],
        schema="chat",
        postgresql_where=sa.text("sentence <> ''"),
    )


def downgrade() -> None:
    op.drop_index("verdicts_by_age", table_name="verdicts", schema="chat")
    op.drop_index("receipts_by_age", table_name="receipts", schema="chat")
