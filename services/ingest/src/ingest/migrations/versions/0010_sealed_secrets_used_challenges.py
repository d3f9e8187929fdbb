"""Webhook secrets that are kept encrypted; challenges of the web form that were used.

What stands in `webhook_secrets` the service itself moves to `sealed_secrets` when it has started: it has the key.
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from alembic.operations import Operations
from shared.db.migrate import isolate_tenants

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tenants",
        sa.Column("sealed_secrets", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        schema="ingest",
    )
    op.add_column(
        "tenants",
        sa.Column(
            "form_challenge", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="auto"
        ),
        schema="ingest",
    )
    op.create_table(
        "used_challenges",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        schema="ingest",
    )
    op.create_index(
        "used_challenges_expired", "used_challenges", ["tenant_id", "expires_at"], schema="ingest"
    )
    isolate_tenants(Operations(op.get_context()), "ingest", ("used_challenges",))


def downgrade() -> None:
    op.drop_table("used_challenges", schema="ingest")
    op.drop_column("tenants", "form_challenge", schema="ingest")
    op.drop_column("tenants", "sealed_secrets", schema="ingest")
