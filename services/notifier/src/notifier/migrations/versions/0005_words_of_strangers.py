"""The words of what came in and went to no conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound_messages", sa.Column("sender", sa.Text(), nullable=True), schema="notify")
    op.add_column("inbound_messages", sa.Column("text", sa.Text(), nullable=True), schema="notify")
    op.add_column(
        "inbound_messages",
        sa.Column("proven", sa.Boolean(), server_default=sa.true(), nullable=False),
        schema="notify",
    )


def downgrade() -> None:
    for name in ("proven", "text", "sender"):
        op.drop_column("inbound_messages", name, schema="notify")
