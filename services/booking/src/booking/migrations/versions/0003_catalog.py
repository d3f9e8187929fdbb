"""Catalogue rows for certain days, and film tiers; what was told last of a catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("family", "tier"):
        _add_text("service_catalog", column)
    _add_text("catalog_versions", "fingerprint")
    for column in ("valid_from", "valid_to"):
        op.add_column("service_catalog", sa.Column(column, sa.Date(), nullable=True), schema="booking")
    op.drop_index("service_catalog_code", "service_catalog", schema="booking")
    op.create_index(
        "service_catalog_code",
        "service_catalog",
        ["tenant_id", "location_id", "code", "valid_from"],
        unique=True,
        schema="booking",
        postgresql_nulls_not_distinct=True,
    )


def _add_text(table: str, column: str) -> None:
    op.add_column(table, sa.Column(column, sa.String(), nullable=False, server_default=""), schema="booking")
