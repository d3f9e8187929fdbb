"""The A2P registration that a location texts under, and when its leads are first written to; marketing texts are counted by number."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "locations", sa.Column("a2p", postgresql.JSONB(none_as_null=True), nullable=True), schema="notify"
    )
    op.add_column(
        "locations",
        sa.Column("first_touch", postgresql.JSONB(), nullable=False, server_default="{}"),
        schema="notify",
    )
    op.create_index(
        "deliveries_marketing_texts",
        "deliveries",
        ["tenant_id", "address", "claimed_at"],
        schema="notify",
        postgresql_where=sa.text("purpose = 'touch' AND channel = 'sms'"),
    )


def downgrade() -> None:
    op.drop_index("deliveries_marketing_texts", table_name="deliveries", schema="notify")
    op.drop_column("locations", "first_touch", schema="notify")
    op.drop_column("locations", "a2p", schema="notify")
