"""Who of the staff calls: a session that ingest has signed, as the browser's cookie or as an API token."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request

from shared.http.app import bearer_token
from shared.http.problems import Problem
from shared.staff_sessions import BadSession, StaffSession, read_session

_COOKIE = "staff_session"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(public_url: str) -> str:
    """Under https of the kind that no other host and no plain http can set."""
    return f"__Host-{_COOKIE}" if public_url.startswith("https://") else _COOKIE


def staff_of(
    request: Request, *, public_keys: Sequence[str], public_url: str, now: Callable[[], datetime]
) -> StaffSession:
    """Whether they still work there, and where, is the service's to look up. 401; 403 for another website with the cookie."""
    token = bearer_token(request)
    if not token:
        token = request.cookies.get(cookie_name(public_url), "")
        refuse_other_sites(request, public_url)
    try:
        return read_session(token, public_keys=public_keys, now=now())
    except BadSession:
        raise not_signed_in() from None


def refuse_other_sites(request: Request, public_url: str) -> None:
    """403 where a browser says that a page of another site changes something; for whatever a cookie may act in.

    `Sec-Fetch-Site` first: no page can set it. Without it and without `Origin` the caller is no browser, and a cookie that a
    program sends is no other site's doing.
    """
    if request.method in _READS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = site in {"same-origin", "none"} if site else origin in {None, _origin(public_url)}
    if not own:
        raise Problem(403, "other_site", "A page of another website may not do this: use our own pages.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def not_signed_in() -> Problem:
    return Problem(401, "not_signed_in", "Sign in first: POST /api/staff/login, or send an API token.")
