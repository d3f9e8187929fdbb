"""Whose numbers a tenant texts to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tenants",
        sa.Column("text_countries", sa.ARRAY(sa.Text()), nullable=False, server_default="{US,CA}"),
        schema="ingest",
    )


def downgrade() -> None:
    op.drop_column("tenants", "text_countries", schema="ingest")
