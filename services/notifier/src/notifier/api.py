"""The doors for Twilio, the mail provider, and people who unsubscribe."""

from html import escape
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from shared.db.time import database_now
from shared.http.links import BadLink, Link, LinkPurpose, read
from shared.http.problems import Problem

from notifier.actions.inbound import Inbound, follow_text_status, receive
from notifier.actions.tenants import tenant_named
from notifier.actions.unsubscribing import unsubscribe
from notifier.deps import Deps
from notifier.domain.inbound_email import UnreadableMail, parse_inbound
from notifier.domain.signatures import body_signature, same, twilio_signature

TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"></head>
<body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>"""
_BUTTON = '<form method="post"><button name="List-Unsubscribe" value="One-Click">Unsubscribe</button></form>'


def build_api(deps: Deps) -> APIRouter:
    router = APIRouter()
    _add_twilio(router, deps)
    _add_email(router, deps)
    _add_unsubscribe(router, deps)
    return router


def _add_twilio(router: APIRouter, deps: Deps) -> None:
    async def signed_form(request: Request) -> dict[str, str]:
        """Raises 403 unless Twilio signed it for our public address."""
        pairs = parse_qsl((await request.body()).decode("utf-8", errors="replace"), keep_blank_values=True)
        token = deps.settings.twilio_auth_token.get_secret_value()
        expected = twilio_signature(token, _public_url(deps, request), pairs)
        if not token or not same(expected, request.headers.get("x-twilio-signature", "")):
            raise _bad_signature()
        return dict(pairs)

    Form = Annotated[dict[str, str], Depends(signed_form)]  # noqa: N806 - a type

    @router.post("/webhooks/twilio/sms/{tenant}")
    async def receive_text(tenant: str, form: Form) -> Response:
        tenant_id = await tenant_named(deps, tenant)
        if form.get("MessageSid") and form.get("From"):
            await receive(deps, tenant_id, _inbound_text(form))
        return Response(TWIML, media_type="text/xml")

    @router.post("/webhooks/twilio/status/{tenant}")
    async def receive_status(tenant: str, form: Form, delivery: UUID | None = None) -> Response:
        await follow_text_status(
            deps,
            await tenant_named(deps, tenant),
            provider_id=form.get("MessageSid", ""),
            status=form.get("MessageStatus", ""),
            error_code=form.get("ErrorCode"),
            delivery_id=delivery,
        )
        return Response(TWIML, media_type="text/xml")


def _inbound_text(form: dict[str, str]) -> Inbound:
    return Inbound("sms", form["MessageSid"], form["From"], form.get("To", ""), form.get("Body", ""))


def _public_url(deps: Deps, request: Request) -> str:
    """As the caller addressed us at the gateway, which is what it signed."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{deps.settings.public_url.rstrip('/')}{request.url.path}{query}"


def _bad_signature() -> Problem:
    return Problem(403, "bad_signature", "The signature does not match.")


def _add_email(router: APIRouter, deps: Deps) -> None:

    async def signed_body(request: Request) -> bytes:
        """Raises 403 without the shared secret's signature over the raw body."""
        secret = deps.settings.inbound_email_secret
        body = await request.body()
        given = request.headers.get("x-inbound-signature", "")
        if secret is None or not same(body_signature(secret.get_secret_value(), body), given):
            raise _bad_signature()
        return body

    @router.post("/webhooks/email/{tenant}")
    async def receive_email(
        tenant: str, request: Request, body: Annotated[bytes, Depends(signed_body)]
    ) -> dict[str, str]:
        tenant_id = await tenant_named(deps, tenant)
        try:
            mail = parse_inbound(request.headers.get("content-type", ""), body)
        except UnreadableMail as error:
            raise Problem(400, "malformed", f"This is not an inbound mail: {error}.") from error
        if mail.automatic or not mail.text:
            return {"status": "ignored"}
        await receive(
            deps, tenant_id, Inbound("email", mail.message_id, mail.sender, mail.to, mail.text, mail.subject)
        )
        return {"status": "received"}


def _add_unsubscribe(router: APIRouter, deps: Deps) -> None:
    def link_of(token: str) -> Link:
        try:
            return read(LinkPurpose.UNSUBSCRIBE, token, keys=deps.settings.signing_keys(), now=database_now())
        except BadLink as error:
            raise _invalid_link() from error

    @router.get("/u/{token}")
    async def show_unsubscribe(token: str) -> HTMLResponse:
        """Changes nothing: mail scanners open every link."""
        link_of(token)
        return _page(
            "Unsubscribe", "Press the button and we will send you no more offers by e-mail.", _BUTTON
        )

    @router.post("/u/{token}")
    async def unsubscribe_by_link(token: str) -> HTMLResponse:
        link = link_of(token)
        if not await unsubscribe(deps, link.tenant_id, link.subject_id):
            raise _invalid_link()
        return _page("You are unsubscribed", "We will send you no more offers by e-mail.")


def _invalid_link() -> Problem:
    return Problem(401, "invalid_link", "This link is not valid any more.")


def _page(title: str, text: str, form: str = "") -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), text=escape(text), form=form))
