"""What the flags of a customer said when we last looked, so that a change is told once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    consents = sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    op.add_column("observations", consents, schema="crm")


def downgrade() -> None:
    op.drop_column("observations", "consents", schema="crm")
