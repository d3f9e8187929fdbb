"""docs/security.md lists every limit as the code has it."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from booking.limits import LIMITS as BOOKING
from chat.actions.handing_off import A_WHILE
from chat.limits import LIMITS as CHAT
from chat.settings import Settings as ChatSettings
from ingest.actions.staff import LOGIN_PAUSE_SECONDS
from ingest.limits import LIMITS as INGEST
from notifier.actions.inbound import PICTURES_SHOWN_A_DAY
from notifier.actions.strangers import NOTICES_A_DAY
from notifier.clients.twilio import PICTURES_SECONDS
from notifier.domain.pictures import MOST_BYTES
from notifier.limits import LIMITS as NOTIFIER
from notifier.settings import Settings as NotifierSettings
from shared.http.limits import COMMON_LIMITS, Limit

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
STREAMS = {
    "streams_per_lead": "lead",
    "streams_per_member": "member of staff",
    "streams_per_ip": "IP address",
    "streams_per_tenant": "tenant",
    "streams": "process",
}


def rows() -> list[str]:
    declared: list[tuple[str, Sequence[Limit]]] = [
        ("INGEST", INGEST), ("CHAT", CHAT), ("BOOKING", BOOKING), ("NOTIFIER", NOTIFIER), ("each", COMMON_LIMITS)
    ]  # fmt: skip
    counted = [
        f"| {limit.stops} | {limit.key} | {limit.default} | `{service}_LIMITS`: `{limit.name}` |"
        for service, limits in declared
        for limit in limits
    ]
    fields = ChatSettings.model_fields
    streams = [
        f"| open streams, in one process | {key} | {fields[name].default} at once | `CHAT_{name.upper()}` |"
        for name, key in STREAMS.items()
    ]
    return counted + streams + first_touches() + fixed()


def first_touches() -> list[str]:
    """Messages, not requests: what is over a limit waits or is not sent, and nobody gets a 429."""
    limits = {name: field.default for name, field in NotifierSettings.model_fields.items()}
    capped = f"{limits['first_touches_per_hour']} an hour, {limits['first_touches_per_day']} a day"
    waiting = f"{limits['form_first_touches_per_hour']} an hour"
    return [
        _row(
            "first touches (suppressed, no 429)",
            "inbox (tags, and dots at Gmail, make no other one) or number, over a tenant; those of forms not for leads of the CRM",
            capped,
            "`NOTIFIER_FIRST_TOUCHES_PER_HOUR`, `_PER_DAY`",
        ),
        _row(
            "mails and texts that a form causes (they wait)",
            "location",
            waiting,
            "`NOTIFIER_FORM_FIRST_TOUCHES_PER_HOUR`",
        ),
    ]


def fixed() -> list[str]:
    """Those that no setting changes; nobody gets a 429."""
    return [
        _row(
            "notices to a shop of what strangers write (it is kept)",
            "shop; stranger",
            f"{NOTICES_A_DAY} a day; one a day",
            "fixed",
        ),
        _row(
            "notices to a shop of mails that nothing proves, of calendars' answers (they are kept)",
            "lead, of each kind",
            "one a day",
            "fixed",
        ),
        _row(
            "notices to a shop of pictures; what is enclosed in one",
            "lead",
            f"{PICTURES_SHOWN_A_DAY} a day; 10 pictures, {MOST_BYTES >> 20} MB and {PICTURES_SECONDS} s together",
            "fixed",
        ),
        _row("log-in mails (still 202)", "member of staff", f"one in {LOGIN_PAUSE_SECONDS} s", "fixed"),
        _row("chat links to who has a manage link", "lead", "one an hour", "fixed"),
        _row(
            "the same wish to be called (told once)",
            "lead",
            f"one in {A_WHILE // timedelta(hours=1)} hours",
            "fixed",
        ),
    ]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def test_the_table_is_what_the_code_says() -> None:
    text = PAGE.read_text()
    table = text[text.index("## Limits") : text.index("## Keys")]
    found = [line for line in table.splitlines() if line.startswith("| ")]
    assert found[1:] == rows(), "put these rows into docs/security.md:\n" + "\n".join(rows())
