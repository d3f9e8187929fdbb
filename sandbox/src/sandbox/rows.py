"""What a record looks like here, and how ids and times are written."""

import secrets
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]  # a vendor's JSON object; the shapes are theirs, not ours


def new_id() -> str:
    """24 hex digits; never repeats, so that a reset cannot hand out an id that a database already knows."""
    return secrets.token_hex(12)


def now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`, as ShopMonkey writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """Raises `ValueError` on what is not a time; one without an offset is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
