"""Refusals that are told when a lead brings their address."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "consents",
        sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema="notify",
    )


def downgrade() -> None:
    op.drop_column("consents", "untold", schema="notify")
