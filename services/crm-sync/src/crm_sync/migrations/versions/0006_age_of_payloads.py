"""What was written to the CRM is found by its age, to leave."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "sync_tasks_by_age",
        "sync_tasks",
        ["tenant_id", "created_at"],
        schema="crm",
        postgresql_where=sa.text("payload <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("sync_tasks_by_age", table_name="sync_tasks", schema="crm")
