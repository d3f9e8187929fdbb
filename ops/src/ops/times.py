"""Times as an operator writes them."""

import re
from datetime import UTC, datetime, timedelta

from ops.screen import fail

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(text: str, option: str, now: datetime) -> datetime:
    """`2h` (ago), or an ISO time with its offset; anything else ends the command."""
    if ago := re.fullmatch(r"(\d+)([smhd])", text.strip()):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text!r} is neither like 2h or 1d nor a time like 2026-11-22T09:00:00-08:00")
    if at.tzinfo is None:
        fail(f"{option} {text!r} has no offset: write 2026-11-22T09:00:00-08:00 or ...Z")
    return at.astimezone(UTC)
