"""When a hand-off was taken."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("taken_at", sa.DateTime(timezone=True)), schema="chat")


def downgrade() -> None:
    op.drop_column("handoffs", "taken_at", schema="chat")
