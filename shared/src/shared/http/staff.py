"""Who of the staff calls: a session that ingest has signed, as the browser's cookie or as an API token."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request

from shared.db.engine import Sessions
from shared.http.app import bearer_token
from shared.http.limits import caller, limits_of
from shared.http.problems import Problem
from shared.http.routes import BeforeBody
from shared.secrets import DEMO
from shared.settings import ServiceSettings
from shared.staff import NotStaff, Viewer, viewer_of
from shared.staff_sessions import BadSession, PublicKeys, StaffSession, public_key, read_session

_COOKIE = "staff_session"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class StaffSettings(ServiceSettings):
    """Of a service that staff sign in to; `session_public_keys` belong to ingest's `session_keys`."""

    session_public_keys: PublicKeys

    def _secrets(self) -> Iterator[tuple[str, str]]:
        yield from super()._secrets()
        if public_key(DEMO) in self.session_public_keys:
            yield self._variable("session_public_keys"), DEMO


def cookie_name(public_url: str) -> str:
    """Under https of the kind that no other host and no plain http can set."""
    return f"__Host-{_COOKIE}" if public_url.startswith("https://") else _COOKIE


def signed_in(sessions: Sessions, settings: StaffSettings, now: Callable[[], datetime]) -> BeforeBody[Viewer]:
    """The member who calls a service that keeps a replica of them. Limited; 401, or 403 for another website."""
    public_keys = settings.session_public_keys.split(",")

    async def ask(request: Request) -> Viewer:
        limits = limits_of(request)
        try:
            session = staff_of(request, public_keys=public_keys, public_url=settings.public_url, now=now)
        except Problem:
            await limits.failed(("staff_failures_per_ip", caller(request)))
            raise
        await limits.take(("staff_requests_per_member", session.staff_id))
        try:
            return await viewer_of(sessions, session, now)
        except NotStaff:
            await limits.failed(("staff_failures_per_ip", caller(request)))
            raise not_signed_in() from None

    return BeforeBody(ask)


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
