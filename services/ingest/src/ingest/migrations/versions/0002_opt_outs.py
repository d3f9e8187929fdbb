"""Addresses that opted out, also of leads that are not here yet"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from alembic.operations import Operations
from shared.db.migrate import isolate_tenants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "channel", "address"),
        schema="ingest",
    )
    isolate_tenants(Operations(op.get_context()), "ingest", ["opt_outs"])


def downgrade() -> None:
    op.drop_table("opt_outs", schema="ingest")
