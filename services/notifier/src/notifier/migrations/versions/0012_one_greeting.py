"""A lead whose person was greeted already."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("leads", sa.Column("same_as", sa.Uuid(), nullable=True), schema="notify")
    also = sa.Column("also", postgresql.JSONB(), nullable=False, server_default="[]")
    op.add_column("leads", also, schema="notify")


def downgrade() -> None:
    op.drop_column("leads", "also", schema="notify")
    op.drop_column("leads", "same_as", schema="notify")
