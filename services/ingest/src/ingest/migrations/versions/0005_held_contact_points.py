"""Contact points that a form named and that are used for nothing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lead_sources",
        sa.Column("held", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        schema="ingest",
    )
    op.create_index(
        "lead_sources_newest", "lead_sources", ["tenant_id", "location_id", "seen_at"], schema="ingest"
    )


def downgrade() -> None:
    op.drop_index("lead_sources_newest", table_name="lead_sources", schema="ingest")
    op.drop_column("lead_sources", "held", schema="ingest")
