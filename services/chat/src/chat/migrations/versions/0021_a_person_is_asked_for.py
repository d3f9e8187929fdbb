"""Whether a person is awaited while the assistant goes on, and when the customer's page was last open."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = ("person_asked_at", "present_at")


def upgrade() -> None:
    for name in _COLUMNS:
        at: sa.Column[object] = sa.Column(name, sa.DateTime(timezone=True), nullable=True)
        op.add_column("conversations", at, schema="chat")


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("conversations", name, schema="chat")
