"""Messages are found by their age, to lose their words."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "deliveries_by_age",
        "deliveries",
        ["tenant_id", "created_at"],
        schema="notify",
        postgresql_where=sa.text("address <> '' OR payload <> '{}'"),
    )
    op.create_index(
        "inbound_messages_by_age",
        "inbound_messages",
        ["tenant_id", "received_at"],
        schema="notify",
        postgresql_where=sa.text("num_nonnulls(subject, sender, text) > 0"),
    )


def downgrade() -> None:
    op.drop_index("inbound_messages_by_age", table_name="inbound_messages", schema="notify")
    op.drop_index("deliveries_by_age", table_name="deliveries", schema="notify")
