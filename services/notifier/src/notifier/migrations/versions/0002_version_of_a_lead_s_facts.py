"""The version of what is known of a lead's person, beside that of its status"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads", sa.Column("facts_version", sa.Integer(), nullable=False, server_default="0"), schema="notify"
    )
    op.alter_column("leads", "facts_version", server_default=None, schema="notify")


def downgrade() -> None:
    op.drop_column("leads", "facts_version", schema="notify")
