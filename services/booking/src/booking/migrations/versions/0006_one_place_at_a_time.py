"""A lead has no two live appointments at the same time.

It stops where a lead has two already: the message names the lead and the times; cancel one of them, then migrate again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_exclude_constraint(
        "one_place_at_a_time",
        "appointments",
        (sa.column("lead_id"), "="),
        (sa.func.tstzrange(sa.column("starts_at"), sa.column("ends_at")), "&&"),
        using="gist",
        where=sa.text("status = 'booked'"),
        schema="booking",
    )


def downgrade() -> None:
    op.drop_constraint("one_place_at_a_time", "appointments", schema="booking")
