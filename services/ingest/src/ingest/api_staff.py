"""HTTP in, staff: sign in with a mailed link, who is signed in, and the person behind a lead."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, StringConstraints
from shared.db.time import database_now
from shared.events import LeadSource, LeadStatus
from shared.http.app import bearer_token
from shared.http.limits import caller, limits_of
from shared.http.links import BadLink, LinkPurpose, read
from shared.http.problems import Problem
from shared.http.routes import BeforeBody, CheckedRoute
from shared.http.staff import cookie_name, not_signed_in, refuse_other_sites, staff_of
from shared.secrets import keys_of
from shared.staff_sessions import StaffSession as SignedSession
from shared.staff_sessions import public_key, sign_session
from shared.text import Code, Moment, Words

from ingest import actions
from ingest.deps import Deps
from ingest.domain.contact import Email
from ingest.domain.table_file import csv_lines
from ingest.settings import Settings
from ingest.store_staff import Before, LeadFilter, LeadRow
from ingest.tables import StaffSession
from ingest.views import CSV_COLUMNS, LeadRowView, LeadView, Me, signed


class LoginBody(BaseModel):
    email: Email


class SessionBody(BaseModel):
    """`code` is what the link in the mail carries."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LeadsAnswer(BaseModel):
    """Newest first; with `before` = the last one's `received_at` and `before_id` = its `id`, the next page."""

    leads: list[LeadRowView]


_CSV: dict[str, Any] = {"description": "The leads as a table.", "content": {"text/csv": {}}}


class _Sessions:
    """How a session travels with a browser: one cookie, that no page and no other site can use."""

    def __init__(self, settings: Settings) -> None:
        self._public_url = settings.public_url
        self._keys = keys_of(settings.session_keys)
        self._public_keys = [public_key(key) for key in self._keys]
        self._secure = settings.public_url.startswith("https://")

    async def of(self, request: Request) -> SignedSession:
        """Whether it was ended is still to be looked up."""
        try:
            session = self._signed(request)
        except Problem:
            await _count_failure(request)
            raise
        await _count_use(request, session)
        return session

    def shown_by(self, request: Request) -> bool:
        """Something that claims to be one."""
        return bool(bearer_token(request) or request.cookies.get(cookie_name(self._public_url)))

    async def if_any(self, request: Request) -> SignedSession | None:
        """Another website is refused with or without one."""
        refuse_other_sites(request, self._public_url)
        try:
            session = self._signed(request)
        except Problem:
            return None
        await _count_use(request, session)
        return session

    def _signed(self, request: Request) -> SignedSession:
        return staff_of(request, public_keys=self._public_keys, public_url=self._public_url, now=database_now)

    def keep(self, response: Response, session: StaffSession) -> None:
        response.set_cookie(
            cookie_name(self._public_url),
            sign_session(signed(session), self._keys[0]),
            max_age=actions.SESSION_HOURS * 3600,
            httponly=True,
            secure=self._secure,
            samesite="strict",
        )

    def forget(self, response: Response) -> None:
        response.delete_cookie(
            cookie_name(self._public_url), httponly=True, secure=self._secure, samesite="strict"
        )


async def _count_failure(request: Request) -> None:
    await limits_of(request).failed(("staff_failures_per_ip", caller(request)))


async def _count_use(request: Request, session: SignedSession) -> None:
    await limits_of(request).take(("staff_requests_per_member", session.staff_id))


def _counted(limit: str) -> BeforeBody[None]:
    """By the caller's address."""

    async def count(request: Request) -> None:
        await limits_of(request).take((limit, caller(request)))

    return BeforeBody(count)


def build_staff_api(deps: Deps, settings: Settings) -> APIRouter:
    router, sessions = APIRouter(prefix="/api/staff", route_class=CheckedRoute), _Sessions(settings)
    _add_signing_in(router, deps, sessions, keys_of(settings.link_keys_login))
    _add_signing_out(router, deps, sessions)

    async def signed_in(
        request: Request, session: Annotated[SignedSession, Depends(sessions.of)]
    ) -> actions.Member:
        member = await actions.member_of(deps.sessions, session)
        if member is None:
            await _count_failure(request)
            raise not_signed_in()
        return member

    @router.get("/me")
    async def me(member: Annotated[actions.Member, Depends(signed_in)]) -> Me:
        return Me.of(member)

    _add_leads(router, deps, signed_in)

    @router.get("/leads/{lead_id}", response_model_exclude_none=True)
    async def lead(lead_id: UUID, member: Annotated[actions.Member, Depends(signed_in)]) -> LeadView:
        """How to reach them, where they came from, and what they agreed to."""
        found = await actions.lead_for(deps.sessions, member.row, lead_id)
        if found is None:
            raise Problem(404, "not_found", "There is no such lead at your locations.")
        return LeadView.of(found)

    return router


def _wanted(
    status: LeadStatus | None = None,
    source: LeadSource | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
    q: Annotated[Words | None, Query(max_length=100)] = None,
) -> LeadFilter:
    """From `from` until before `to`; `q`: words, each of which is in name, phone, e-mail address or car."""
    return LeadFilter(None, status, source, since, until, q)


Wanted = Annotated[LeadFilter, Depends(_wanted)]
LocationCode = Annotated[Code | None, Query(max_length=64)]


def _add_leads(router: APIRouter, deps: Deps, signed_in: Callable[..., Awaitable[actions.Member]]) -> None:
    member_signed_in = Annotated[actions.Member, Depends(signed_in)]
    turn = asyncio.Lock()

    @router.get("/leads", response_model_exclude_none=True)
    async def leads(
        member: member_signed_in,
        wanted: Wanted,
        location: LocationCode = None,
        before: Moment | None = None,
        before_id: UUID | None = None,
    ) -> LeadsAnswer:
        """Of the member's locations, or of the one with that code."""
        end = Before(before, before_id or UUID(int=0)) if before else None
        rows = await actions.list_leads(deps.sessions, member.row, wanted, location=location, before=end)
        return LeadsAnswer(leads=[LeadRowView.of(row) for row in rows])

    @router.get("/leads.csv", response_class=StreamingResponse, responses={200: _CSV})
    async def leads_as_file(
        request: Request, member: member_signed_in, wanted: Wanted, location: LocationCode = None
    ) -> StreamingResponse:
        """All that the list would show, page after page. A cell that a spreadsheet would run begins with an apostrophe."""
        await limits_of(request).take(("exports_per_member", member.row.id))
        parts = actions.export_leads(deps.sessions, member.row, wanted, location=location)
        return StreamingResponse(
            _file(parts, turn),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="leads.csv"'},
        )


async def _file(parts: AsyncIterator[Sequence[LeadRow]], turn: asyncio.Lock) -> AsyncIterator[str]:
    """One part at a time of all files: however many are asked for, forms and webhooks wait for one at most."""
    yield csv_lines([CSV_COLUMNS])
    while True:
        async with turn:
            rows = await anext(parts, None)
            lines = csv_lines(LeadRowView.of(row).cells() for row in rows or ())
        if rows is None:
            return
        yield lines


def _add_signing_in(router: APIRouter, deps: Deps, sessions: _Sessions, link_keys: Sequence[str]) -> None:
    @router.post("/login", status_code=202, dependencies=[Depends(_counted("login_per_ip"))])
    async def login(body: LoginBody, request: Request, afterwards: BackgroundTasks) -> None:
        """202 always, at once: nothing tells whether somebody with this address works here, or has asked too often."""
        address = body.email.lower()
        asked = ("login_per_address", (address, caller(request))), ("login_per_member", address)
        if await limits_of(request).refusal(*asked) is None:
            afterwards.add_task(actions.request_login, deps.sessions, body.email)

    @router.post("/session", dependencies=[Depends(_counted("codes_per_ip"))])
    async def open_session(
        body: SessionBody,
        request: Request,
        response: Response,
        replaced: Annotated[SignedSession | None, Depends(sessions.if_any)],
    ) -> Me:
        """Ends the session that the same browser had before."""
        try:
            link = read(LinkPurpose.STAFF_LOGIN, body.code, keys=link_keys, now=database_now())
            opened = await actions.use_login(deps.sessions, link)
        except BadLink:
            opened = None
        if opened is None:
            await limits_of(request).failed(("session_failures_per_ip", caller(request)))
            raise _used_up()
        if replaced is not None:
            await actions.end_session(deps.sessions, replaced)
        member, session = opened
        sessions.keep(response, session)
        return Me.of(member)


def _add_signing_out(router: APIRouter, deps: Deps, sessions: _Sessions) -> None:
    @router.delete("/session", status_code=204)
    async def close_session(
        request: Request,
        response: Response,
        session: Annotated[SignedSession | None, Depends(sessions.if_any)],
    ) -> None:
        """Ends the session or API token it is called with; harmless without one."""
        if session is not None:
            await actions.end_session(deps.sessions, session)
        elif sessions.shown_by(request):
            await _count_failure(request)
        sessions.forget(response)

    @router.delete("/sessions", status_code=204)
    async def close_all_sessions(
        request: Request, response: Response, session: Annotated[SignedSession, Depends(sessions.of)]
    ) -> None:
        """Of the member, in every browser."""
        if await actions.member_of(deps.sessions, session) is None:
            await _count_failure(request)
            raise not_signed_in()
        await actions.end_session(deps.sessions, session, everywhere=True)
        sessions.forget(response)


def _used_up() -> Problem:
    return Problem(401, "login_not_valid", "This link was used before or is too old: ask for a new one.")
