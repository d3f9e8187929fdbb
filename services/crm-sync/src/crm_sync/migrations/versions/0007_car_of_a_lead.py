"""The car of a lead, so that a booking for another one is not linked to it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads", sa.Column("vehicle", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="crm"
    )


def downgrade() -> None:
    op.drop_column("leads", "vehicle", schema="crm")
