"""docs/security.md lists every kind of data that leaves by age, as the code has it."""

from pathlib import Path

import booking.holdings
import chat.holdings
import crm_sync.holdings
import ingest.holdings
import notifier.holdings
from shared.retention import Retention

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
SERVICES: dict[str, Retention] = {
    "INGEST": ingest.holdings.RETENTION,
    "CHAT": chat.holdings.RETENTION,
    "BOOKING": booking.holdings.RETENTION,
    "CRM_SYNC": crm_sync.holdings.RETENTION,
    "NOTIFIER": notifier.holdings.RETENTION,
}


def rows() -> list[str]:
    return [
        f"| {kind.what} | {kind.days} days after {kind.after} | {kind.least_days} | `{service}_RETENTION`: `{kind.name}` |"
        for service, retention in SERVICES.items()
        for kind in retention.kinds
    ]


def test_the_table_is_what_the_code_says() -> None:
    text = PAGE.read_text()
    table = text[text.index("| what leaves by age |") : text.index("## Database and broker roles")]
    found = [line for line in table.splitlines() if line.startswith("| ")]
    assert found[1:] == rows(), "put these rows into docs/security.md:\n" + "\n".join(rows())
