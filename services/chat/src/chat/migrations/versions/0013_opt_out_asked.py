"""Whether a customer has been asked if they want no more messages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    asked: sa.Column[bool] = sa.Column(
        "opt_out_asked", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("conversations", asked, schema="chat")


def downgrade() -> None:
    op.drop_column("conversations", "opt_out_asked", schema="chat")
