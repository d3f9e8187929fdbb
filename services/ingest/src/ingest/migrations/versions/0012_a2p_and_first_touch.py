"""The A2P registration that a tenant or a location texts under, and when a lead is first written to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("tenants", "locations"):
        op.add_column(
            table, sa.Column("a2p", postgresql.JSONB(none_as_null=True), nullable=True), schema="ingest"
        )
    op.add_column(
        "tenants",
        sa.Column(
            "first_touch",
            postgresql.JSONB(),
            nullable=False,
            server_default='{"email": "at_once", "sms": "asked_now"}',
        ),
        schema="ingest",
    )


def downgrade() -> None:
    op.drop_column("tenants", "first_touch", schema="ingest")
    for table in ("locations", "tenants"):
        op.drop_column(table, "a2p", schema="ingest")
