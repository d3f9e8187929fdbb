"""Appointments that staff changed in the CRM, and repeating ones of theirs."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "appointments",
        sa.Column(
            "changed_by", sqlmodel.sql.sqltypes.AutoString(), server_default="customer", nullable=False
        ),
        schema="booking",
    )
    op.create_check_constraint(
        "changed_by", "appointments", "changed_by IN ('customer', 'shop')", schema="booking"
    )
    op.add_column(
        "appointments",
        sa.Column("overbooked", sa.Boolean(), server_default="false", nullable=False),
        schema="booking",
    )
    op.add_column(
        "appointments",
        sa.Column("crm_seen_at", sa.DateTime(timezone=True), nullable=True),
        schema="booking",
    )
    _one_place_at_a_time("status = 'booked' AND NOT overbooked")
    op.drop_constraint(
        "external_appointments_tenant_id_crm_appointment_id_key", "external_appointments", schema="booking"
    )
    op.create_unique_constraint(
        "external_appointments_occurrence",
        "external_appointments",
        ["tenant_id", "crm_appointment_id", "starts_at"],
        schema="booking",
    )


def downgrade() -> None:
    op.drop_constraint("external_appointments_occurrence", "external_appointments", schema="booking")
    op.create_unique_constraint(
        "external_appointments_tenant_id_crm_appointment_id_key",
        "external_appointments",
        ["tenant_id", "crm_appointment_id"],
        schema="booking",
    )
    _one_place_at_a_time("status = 'booked'")
    op.drop_constraint("changed_by", "appointments", schema="booking")
    for name in ("crm_seen_at", "overbooked", "changed_by"):
        op.drop_column("appointments", name, schema="booking")


def _one_place_at_a_time(where: str) -> None:
    op.drop_constraint("one_place_at_a_time", "appointments", schema="booking")
    op.create_exclude_constraint(
        "one_place_at_a_time",
        "appointments",
        (sa.column("lead_id"), "="),
        (sa.func.tstzrange(sa.column("starts_at"), sa.column("ends_at")), "&&"),
        using="gist",
        where=sa.text(where),
        schema="booking",
    )
