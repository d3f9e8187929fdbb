"""What an appointment is booked for beside its service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

_ADDONS_OF_QUOTES = """
UPDATE booking.appointments a SET addons = (
    SELECT jsonb_agg(jsonb_build_object('name', line ->> 'label', 'name_es', '') ORDER BY place)
    FROM jsonb_array_elements(q.lines) WITH ORDINALITY AS lines (line, place) WHERE place > 1
)
FROM booking.quotes q WHERE q.id = a.quote_id AND jsonb_array_length(q.lines) > 1
"""


def upgrade() -> None:
    op.add_column(
        "appointments",
        sa.Column("addons", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        schema="booking",
    )
    _owner_sees_all_tenants("NO FORCE")
    op.execute(_ADDONS_OF_QUOTES)
    _owner_sees_all_tenants("FORCE")


def _owner_sees_all_tenants(force: str) -> None:
    for table in ("quotes", "appointments"):
        op.execute(f"ALTER TABLE booking.{table} {force} ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("appointments", "addons", schema="booking")
