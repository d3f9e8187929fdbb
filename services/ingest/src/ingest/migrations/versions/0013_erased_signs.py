"""What erased persons were known by, so that what was on its way does not bring them back."""

from alembic import op
from shared.db.migrate import keep_erased_signs

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keep_erased_signs(op, "ingest")  # type: ignore[arg-type]  # a module that proxies Operations


def downgrade() -> None:
    op.drop_table("erased_signs", schema="ingest")
