"""First touches are counted by address and by form; whose numbers a shop texts to, and the words that a wish may be repeated in."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "locations",
        sa.Column("catalog_version", sa.Integer(), nullable=False, server_default="0"),
        schema="notify",
    )
    op.add_column(
        "locations",
        sa.Column("wish_words", postgresql.JSONB(), nullable=False, server_default="[]"),
        schema="notify",
    )
    op.add_column(
        "locations",
        sa.Column("text_countries", postgresql.JSONB(), nullable=False, server_default='["US", "CA"]'),
        schema="notify",
    )
    op.add_column(
        "leads",
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""),
        schema="notify",
    )
    op.create_index(
        "deliveries_first_touches",
        "deliveries",
        ["tenant_id", "channel", sa.text(r"regexp_replace(address, '\+.*@', '@')"), "claimed_at"],
        schema="notify",
        postgresql_where=sa.text("touch = 0"),
    )
    op.create_index(
        "deliveries_first_touches_of_forms",
        "deliveries",
        ["tenant_id", "location_id", "claimed_at"],
        schema="notify",
        postgresql_where=sa.text("touch = 0"),
    )


def downgrade() -> None:
    op.drop_index("deliveries_first_touches_of_forms", table_name="deliveries", schema="notify")
    op.drop_index("deliveries_first_touches", table_name="deliveries", schema="notify")
    op.drop_column("leads", "source", schema="notify")
    op.drop_column("locations", "text_countries", schema="notify")
    op.drop_column("locations", "wish_words", schema="notify")
    op.drop_column("locations", "catalog_version", schema="notify")
