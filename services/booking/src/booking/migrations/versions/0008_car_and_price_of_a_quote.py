"""The car that a quote was made for, and what kind of price was booked."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CARS_OF_LEADS = """
UPDATE booking.quotes q SET vehicle = CASE
    WHEN l.vehicle ->> 'vehicle_class' <> q.vehicle_class THEN jsonb_build_object('vehicle_class', q.vehicle_class)
    WHEN q.vehicle_class IS NULL THEN l.vehicle
    ELSE coalesce(l.vehicle, '{}') || jsonb_build_object('vehicle_class', q.vehicle_class)
    END
FROM booking.leads l WHERE l.lead_id = q.lead_id AND q.valid_until > now()
"""
"""Of what can still be booked. A class that is not that of the lead's car meant another car."""
_KINDS_OF_QUOTES = """
UPDATE booking.appointments a SET price_kind = q.kind FROM booking.quotes q WHERE q.id = a.quote_id AND q.kind <> 'exact'
"""


def upgrade() -> None:
    op.add_column(
        "quotes",
        sa.Column("vehicle", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="booking",
    )
    op.add_column("quotes", sa.Column("max_cents", sa.Integer(), nullable=True), schema="booking")
    op.add_column("appointments", sa.Column("max_cents", sa.Integer(), nullable=True), schema="booking")
    op.add_column(
        "appointments",
        sa.Column("price_kind", sqlmodel.sql.sqltypes.AutoString(), server_default="exact", nullable=False),
        schema="booking",
    )
    _owner_sees_all_tenants("NO FORCE")
    op.execute(_CARS_OF_LEADS)
    op.execute(_KINDS_OF_QUOTES)
    _owner_sees_all_tenants("FORCE")


def _owner_sees_all_tenants(force: str) -> None:
    for table in ("leads", "quotes", "appointments"):
        op.execute(f"ALTER TABLE booking.{table} {force} ROW LEVEL SECURITY")


def downgrade() -> None:
    for table, name in (
        ("appointments", "price_kind"),
        ("appointments", "max_cents"),
        ("quotes", "max_cents"),
        ("quotes", "vehicle"),
    ):
        op.drop_column(table, name, schema="booking")
