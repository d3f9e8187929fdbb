"""The outbox shows a tenant's events to that tenant only."""

from alembic import op
from shared.db.migrate import add_tenant_to_outbox

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_tenant_to_outbox(op, "chat")  # type: ignore[arg-type]  # a module that proxies Operations
