"""When a person is offered, and the wish to be called back."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"),
        schema="chat",
    )
    op.add_column(
        "conversations", sa.Column("person_offered", sqlmodel.sql.sqltypes.AutoString()), schema="chat"
    )
    op.add_column("leads", sa.Column("phone", sqlmodel.sql.sqltypes.AutoString()), schema="chat")
    op.add_column("handoffs", sa.Column("call_back_phone", sqlmodel.sql.sqltypes.AutoString()), schema="chat")
    op.add_column("handoffs", sa.Column("call_back_at", sa.DateTime(timezone=True)), schema="chat")


def downgrade() -> None:
    op.drop_column("handoffs", "call_back_at", schema="chat")
    op.drop_column("handoffs", "call_back_phone", schema="chat")
    op.drop_column("leads", "phone", schema="chat")
    op.drop_column("conversations", "person_offered", schema="chat")
    op.drop_column("conversations", "refusals", schema="chat")
