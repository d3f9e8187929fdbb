"""Names of services in Spanish: in the catalogue, and with what was priced and booked by them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("service_catalog", "name_es"),
    ("quotes", "service_name_es"),
    ("appointments", "service_name_es"),
)


def upgrade() -> None:
    for table, name in _COLUMNS:
        column: sa.Column[str] = sa.Column(
            name, sqlmodel.sql.sqltypes.AutoString(), server_default="", nullable=False
        )
        op.add_column(table, column, schema="booking")


def downgrade() -> None:
    for table, name in _COLUMNS:
        op.drop_column(table, name, schema="booking")
