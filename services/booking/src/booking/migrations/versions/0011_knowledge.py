"""What a shop says beside its catalogue, and what was told last of it."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from shared.db.migrate import isolate_tenants
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knowledge",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *(_text(name) for name in ("code", "en", "es")),
        sa.Column("questions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema="booking",
    )
    op.create_index(
        "knowledge_code",
        "knowledge",
        ["tenant_id", "location_id", "code", "valid_from"],
        unique=True,
        schema="booking",
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "knowledge_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("fingerprint"),
        sa.PrimaryKeyConstraint("location_id"),
        schema="booking",
    )
    isolate_tenants(op, "booking", ("knowledge", "knowledge_versions"))  # type: ignore[arg-type]  # alembic.op is a module


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=False)


def downgrade() -> None:
    op.drop_table("knowledge_versions", schema="booking")
    op.drop_table("knowledge", schema="booking")
