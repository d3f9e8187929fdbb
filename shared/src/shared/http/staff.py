"""Who of the staff calls: the session that the browser holds as a cookie, or an API token; the same signed token."""

from collections.abc import Callable, Sequence
from datetime import datetime

from fastapi import Request

from shared.http.app import bearer_token
from shared.http.links import BadLink, Link, LinkPurpose, mint, read
from shared.http.problems import Problem

COOKIE = "staff_session"


def staff_of(request: Request, *, keys: Sequence[str], now: Callable[[], datetime]) -> Link:
    """Tenant and member of staff. Whether they still work there, and where, is the service's to look up. 401 otherwise."""
    token = bearer_token(request) or request.cookies.get(COOKIE, "")
    try:
        return read(LinkPurpose.STAFF, token, keys=keys, now=now())
    except BadLink:
        raise not_signed_in() from None


def staff_token(staff: Link, *, keys: Sequence[str], expires_at: datetime) -> str:
    return mint(LinkPurpose.STAFF, staff, keys=keys, expires_at=expires_at)


def not_signed_in() -> Problem:
    return Problem(401, "not_signed_in", "Sign in first: POST /api/staff/login, or send an API token.")
