"""Leads whose person was erased, so that no event brings them back."""

from alembic import op
from shared.db.migrate import keep_erased_leads

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keep_erased_leads(op, "booking")  # type: ignore[arg-type]  # a module that proxies Operations


def downgrade() -> None:
    op.drop_table("erased_leads", schema="booking")
