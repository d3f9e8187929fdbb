"""The proof of each consent, and by which one a message went."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("version", "url", "ip"):
        op.add_column("consents", sa.Column(name, sa.String(), nullable=True), schema="notify")
    op.add_column(
        "consents", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True), schema="notify"
    )
    # Row security binds the owner, too, and a backfill is of all tenants.
    op.execute("ALTER TABLE notify.consents NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE notify.consents SET said_at = at")
    op.execute("ALTER TABLE notify.consents FORCE ROW LEVEL SECURITY")
    op.alter_column(
        "consents", "said_at", nullable=False, server_default=sa.text("clock_timestamp()"), schema="notify"
    )
    op.add_column("deliveries", sa.Column("consent_id", sa.Uuid(), nullable=True), schema="notify")


def downgrade() -> None:
    op.drop_column("deliveries", "consent_id", schema="notify")
    for name in ("said_at", "ip", "url", "version"):
        op.drop_column("consents", name, schema="notify")
