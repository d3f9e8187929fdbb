"""First touches and answers go first; what was done about a mail whose fate nobody noted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("rescue", sa.String(), nullable=True), schema="notify")
    lane = sa.Column("lane", sa.Integer(), nullable=False, server_default="1")
    op.add_column("deliveries", lane, schema="notify")
    _replace_index("tenant_id", "channel", "lane", "due_at")


def downgrade() -> None:
    _replace_index("tenant_id", "due_at")
    op.drop_column("deliveries", "lane", schema="notify")
    op.drop_column("deliveries", "rescue", schema="notify")


def _replace_index(*columns: str) -> None:
    op.drop_index("deliveries_due", table_name="deliveries", schema="notify")
    op.create_index(
        "deliveries_due",
        "deliveries",
        list(columns),
        schema="notify",
        postgresql_where=sa.text("state = 'planned'"),
    )
