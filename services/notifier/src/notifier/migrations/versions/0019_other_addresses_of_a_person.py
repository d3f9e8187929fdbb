"""Further numbers and e-mail addresses that the CRM has of a lead's person."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads",
        sa.Column("other_addresses", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        schema="notify",
    )
    op.create_index(
        "leads_other_address", "leads", ["other_addresses"], schema="notify", postgresql_using="gin"
    )


def downgrade() -> None:
    op.drop_index("leads_other_address", "leads", schema="notify")
    op.drop_column("leads", "other_addresses", schema="notify")
