"""Sessions of staff that were ended before their time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "staff",
        sa.Column("ended_sessions", sa.ARRAY(sa.Uuid()), nullable=False, server_default="{}"),
        schema="chat",
    )


def downgrade() -> None:
    op.drop_column("staff", "ended_sessions", schema="chat")
