"""Since when the outcome of a write is unknown"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sync_tasks", sa.Column("unknown_since", sa.DateTime(timezone=True), nullable=True), schema="crm"
    )


def downgrade() -> None:
    op.drop_column("sync_tasks", "unknown_since", schema="crm")
