"""Since which version of ours staff have changed an appointment, and until when it stands."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("observations", sa.Column("edited_sequence", sa.Integer(), nullable=True), schema="crm")
    op.add_column(
        "observations", sa.Column("standing_until", sa.DateTime(timezone=True), nullable=True), schema="crm"
    )
    op.create_index(
        "observations_standing",
        "observations",
        ["tenant_id", "standing_until"],
        schema="crm",
        postgresql_where=sa.text("standing_until IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("observations_standing", table_name="observations", schema="crm")
    for name in ("standing_until", "edited_sequence"):
        op.drop_column("observations", name, schema="crm")
