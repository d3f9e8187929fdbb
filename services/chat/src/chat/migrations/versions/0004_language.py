"""The language a customer writes in, and what the last turn was beside the path."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="en"),
        schema="chat",
    )
    op.add_column(
        "conversations", sa.Column("aside", sqlmodel.sql.sqltypes.AutoString(), nullable=True), schema="chat"
    )


def downgrade() -> None:
    op.drop_column("conversations", "aside", schema="chat")
    op.drop_column("conversations", "language", schema="chat")
