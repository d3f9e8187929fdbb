"""Staff book, move and cancel in the console, and note who did not come."""

import sqlalchemy as sa
from alembic import op
from shared.db.migrate import isolate_tenants

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("locations", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("ended_sessions", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("staff_id"),
        schema="booking",
    )
    isolate_tenants(op, "booking", ("staff",))  # type: ignore[arg-type]  # a module that proxies Operations
    op.add_column("appointments", sa.Column("staff_id", sa.Uuid(), nullable=True), schema="booking")
    _statuses("booked", "cancelled", "no_show")
    op.create_index("appointments_in_location", "appointments", ["location_id", "ends_at"], schema="booking")


def downgrade() -> None:
    op.drop_index("appointments_in_location", table_name="appointments", schema="booking")
    op.execute("ALTER TABLE booking.appointments NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE booking.appointments SET status = 'cancelled' WHERE status = 'no_show'")
    op.execute("ALTER TABLE booking.appointments FORCE ROW LEVEL SECURITY")
    _statuses("booked", "cancelled")
    op.drop_column("appointments", "staff_id", schema="booking")
    op.drop_table("staff", schema="booking")


def _statuses(*known: str) -> None:
    op.drop_constraint("status", "appointments", schema="booking")
    op.create_check_constraint("status", "appointments", sa.column("status").in_(known), schema="booking")
