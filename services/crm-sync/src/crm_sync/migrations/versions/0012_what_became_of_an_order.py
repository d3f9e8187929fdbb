"""What was told last of a lead's order: won, lost, or open again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "observations",
        sa.Column("outcome", sa.String(), nullable=True),
        schema="crm",
    )


def downgrade() -> None:
    op.drop_column("observations", "outcome", schema="crm")
