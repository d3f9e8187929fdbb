"""The car that a conversation is about, where it is not the lead's own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    vehicle: sa.Column[object] = sa.Column("vehicle", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    op.add_column("conversations", vehicle, schema="chat")


def downgrade() -> None:
    op.drop_column("conversations", "vehicle", schema="chat")
