"""When a lead was last active, and what raw deliveries there still are, so that both leave at their age.

What was heard of earlier leads is not known any more: their time begins now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads",
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ingest",
    )
    op.create_index("leads_by_activity", "leads", ["tenant_id", "active_at"], schema="ingest")
    op.create_index(
        "webhook_deliveries_raw",
        "webhook_deliveries",
        ["tenant_id", "received_at"],
        schema="ingest",
        postgresql_where=sa.text("body <> ''"),
    )


def downgrade() -> None:
    op.drop_index("webhook_deliveries_raw", table_name="webhook_deliveries", schema="ingest")
    op.drop_index("leads_by_activity", table_name="leads", schema="ingest")
    op.drop_column("leads", "active_at", schema="ingest")
