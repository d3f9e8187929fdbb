"""Sessions of staff and their API tokens, so that each can be ended."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from alembic.operations import Operations
from shared.db.migrate import isolate_tenants

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["ingest.staff.id"]),
        sa.PrimaryKeyConstraint("id"),
        schema="ingest",
    )
    op.create_index("staff_sessions_by_member", "staff_sessions", ["staff_id"], schema="ingest")
    isolate_tenants(Operations(op.get_context()), "ingest", ("staff_sessions",))


def downgrade() -> None:
    op.drop_table("staff_sessions", schema="ingest")
