"""Whether a lead's order was written by us, and of when its order's state is that was heard last."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads",
        sa.Column("order_by_us", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema="ingest",
    )
    op.add_column(
        "leads", sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True), schema="ingest"
    )


def downgrade() -> None:
    for name in ("outcome_at", "order_by_us"):
        op.drop_column("leads", name, schema="ingest")
