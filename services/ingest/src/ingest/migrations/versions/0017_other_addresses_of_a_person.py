"""Further numbers and e-mail addresses that the CRM has of a lead's person."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads",
        sa.Column("other_addresses", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        schema="ingest",
    )
    op.create_index(
        "leads_by_other_address", "leads", ["other_addresses"], schema="ingest", postgresql_using="gin"
    )


def downgrade() -> None:
    op.drop_index("leads_by_other_address", "leads", schema="ingest")
    op.drop_column("leads", "other_addresses", schema="ingest")
