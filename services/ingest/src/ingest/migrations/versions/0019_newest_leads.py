"""Leads in the order that staff list them in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "leads_newest",
        "leads",
        ["tenant_id", sa.text("received_at DESC"), sa.text("id DESC")],
        schema="ingest",
    )


def downgrade() -> None:
    op.drop_index("leads_newest", table_name="leads", schema="ingest")
