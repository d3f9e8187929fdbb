"""HTTP in, staff: sign in with a mailed link, and who is signed in."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, StringConstraints
from shared.db.time import database_now
from shared.http.links import BadLink, Link, LinkPurpose, read
from shared.http.problems import Problem
from shared.http.staff import COOKIE, not_signed_in, staff_of, staff_token

from ingest import actions
from ingest.deps import Deps
from ingest.domain.contact import Email
from ingest.settings import Settings
from ingest.views import Me

SESSION_HOURS = 12


class LoginBody(BaseModel):
    email: Email


class SessionBody(BaseModel):
    """`code` is what the link in the mail carries."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def build_staff_api(deps: Deps, settings: Settings) -> APIRouter:
    router = APIRouter(prefix="/api/staff")
    keys = settings.signing_keys()
    secure = settings.public_url.startswith("https://")

    def staff(request: Request) -> Link:
        return staff_of(request, keys=keys, now=database_now)

    @router.post("/login", status_code=202)
    async def login(body: LoginBody) -> None:
        """202 always: nothing tells whether somebody with this address works here."""
        await actions.request_login(deps.sessions, body.email)

    @router.post("/session")
    async def open_session(body: SessionBody, response: Response) -> Me:
        try:
            link = read(LinkPurpose.STAFF_LOGIN, body.code, keys=keys, now=database_now())
        except BadLink:
            raise _used_up() from None
        member = await actions.use_login(deps.sessions, link)
        if member is None:
            raise _used_up()
        session = Link(member.row.tenant_id, member.row.id)
        response.set_cookie(
            COOKIE,
            staff_token(session, keys=keys, expires_at=database_now() + timedelta(hours=SESSION_HOURS)),
            max_age=SESSION_HOURS * 3600,
            httponly=True,
            secure=secure,
            samesite="strict",
        )
        return Me.of(member)

    @router.delete("/session", status_code=204)
    async def close_session(response: Response) -> None:
        response.delete_cookie(COOKIE, httponly=True, secure=secure, samesite="strict")

    @router.get("/me")
    async def me(link: Annotated[Link, Depends(staff)]) -> Me:
        member = await actions.member_of(deps.sessions, link)
        if member is None:
            raise not_signed_in()
        return Me.of(member)

    return router


def _used_up() -> Problem:
    return Problem(401, "login_not_valid", "This link was used before or is too old: ask for a new one.")
