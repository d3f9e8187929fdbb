"""Which channels a customer's message refuses: told before the event of it has arrived."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refused: sa.Column[object] = sa.Column("opt_out", postgresql.JSONB(), nullable=True)
    op.add_column("chat_messages", refused, schema="chat")


def downgrade() -> None:
    op.drop_column("chat_messages", "opt_out", schema="chat")
