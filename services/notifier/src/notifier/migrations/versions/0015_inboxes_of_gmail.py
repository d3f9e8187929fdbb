"""First touches are counted by inbox, at Gmail whatever the dots."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TAGS = r"regexp_replace(address, '\+.*@', '@')"
INBOX = (
    r"regexp_replace(regexp_replace(regexp_replace(address, '\+.*@', '@'), "
    r"'\.(?=[^@]*@(gmail|googlemail)\.com$)', '', 'g'), '@googlemail\.com$', '@gmail.com')"
)


def upgrade() -> None:
    _index("deliveries_first_touches_of_inbox", INBOX)
    op.drop_index("deliveries_first_touches", table_name="deliveries", schema="notify")


def _index(name: str, inbox: str) -> None:
    op.create_index(
        name,
        "deliveries",
        ["tenant_id", "channel", sa.text(inbox), "claimed_at"],
        schema="notify",
        postgresql_where=sa.text("touch = 0"),
    )


def downgrade() -> None:
    _index("deliveries_first_touches", TAGS)
    op.drop_index("deliveries_first_touches_of_inbox", table_name="deliveries", schema="notify")
