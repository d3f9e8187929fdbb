"""Whether a lead's addresses are the shop's own word; what a lead refused, whatever its addresses, is found by the lead."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "leads",
        sa.Column("in_crm", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema="notify",
    )
    # Row security binds the owner, too, and a backfill is of all tenants.
    op.execute("ALTER TABLE notify.leads NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE notify.leads SET in_crm = true WHERE source <> 'web_form'")
    op.execute("ALTER TABLE notify.leads FORCE ROW LEVEL SECURITY")
    op.create_index(
        "consents_of_leads",
        "consents",
        ["tenant_id", "lead_id"],
        schema="notify",
        postgresql_where=sa.text("address = ''"),
    )


def downgrade() -> None:
    op.drop_index("consents_of_leads", table_name="consents", schema="notify")
    op.drop_column("leads", "in_crm", schema="notify")
