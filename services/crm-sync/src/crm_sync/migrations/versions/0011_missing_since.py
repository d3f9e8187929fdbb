"""Since when a read of just that record does not find it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "observations", sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True), schema="crm"
    )


def downgrade() -> None:
    op.drop_column("observations", "missing_since", schema="crm")
