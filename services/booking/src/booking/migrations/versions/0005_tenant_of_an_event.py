"""The outbox shows a tenant's events to that tenant only."""

from alembic import op
from shared.db.migrate import add_tenant_to_outbox

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_tenant_to_outbox(op, "booking")  # type: ignore[arg-type]  # a module that proxies Operations
