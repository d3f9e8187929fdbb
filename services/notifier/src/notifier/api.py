"""The endpoints for Twilio, the mail provider, and people who unsubscribe."""

import asyncio
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError
from shared.db.time import database_now
from shared.events.notification import Media
from shared.http.app import bearer_token
from shared.http.limits import caller, client_ip, limits_of
from shared.http.links import BadLink, Link, LinkPurpose, read, read_expired
from shared.http.problems import Problem
from shared.secrets import keys_of
from shared.text import AddressText, Code, Words, one_line

from notifier.actions import unsubscribing
from notifier.actions.inbound import Inbound, follow_text_status, receive
from notifier.actions.links import renew_chat_link
from notifier.actions.tenants import tenant_named
from notifier.deps import Deps
from notifier.domain.inbound_email import InboundEmail, UnreadableMail, parse_inbound
from notifier.domain.numbers import as_leads_keep_it
from notifier.domain.reply_address import lead_answered
from notifier.domain.signatures import is_current, looks_signed, mail_signature, same, twilio_signature
from notifier.pages import Screen, unsubscribe_page

TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

Sid = Annotated[Code, Field(alias="MessageSid", max_length=100)]
MOST_MEDIA = 10
"""Of one message, at Twilio; of a mail as many are named."""
LARGEST_TEXT_BYTES, MOST_FIELDS = 64 * 1024, 200
"""Of Twilio's forms, which have some 30 fields and 1600 characters of text."""
Address = Annotated[AddressText, Field(max_length=100)]


class TextForm(BaseModel):
    """What Twilio tells of a text to us."""

    sid: Sid = Field(min_length=1)
    sender: Address = Field(alias="From", min_length=1)
    to: Address = Field(default="", alias="To")
    body: Words = Field(default="", alias="Body")
    media: Annotated[int, Field(alias="NumMedia", ge=0)] = 0


class StatusForm(BaseModel):
    """What Twilio tells of a text of ours."""

    sid: Sid = ""
    status: Code = Field(default="", alias="MessageStatus")
    error_code: Annotated[Code, Field(max_length=20)] | None = Field(default=None, alias="ErrorCode")


FormT = TypeVar("FormT", bound=BaseModel)


def build_api(deps: Deps) -> APIRouter:
    router = APIRouter()
    _add_twilio(router, deps)
    _add_email(router, deps)
    _add_unsubscribe(router, deps)
    _add_new_links(router, deps)
    return router


def _add_twilio(router: APIRouter, deps: Deps) -> None:
    async def signed_form(request: Request) -> dict[str, str]:
        """Raises 403 unless Twilio signed it for our public address, 413 for more than it ever sends.

        What is signed are the form's fields: they are read first, so nothing else may cost more than that.
        """
        given, url = request.headers.get("x-twilio-signature", ""), _public_url(deps, request)
        if not looks_signed(given):
            raise await _bad_signature(request)
        pairs = await _form_fields(request)
        tokens = keys_of(deps.settings.twilio_auth_token)
        if not any(same(twilio_signature(token, url, pairs), given) for token in tokens):
            raise await _bad_signature(request)
        return dict(pairs)

    Form = Annotated[dict[str, str], Depends(signed_form)]  # noqa: N806 - a type

    @router.post("/webhooks/twilio/sms/{tenant}")
    async def receive_text(tenant: Code, form: Form) -> Response:
        tenant_id = await tenant_named(deps, tenant)
        text = _read(TextForm, form)
        sender, media = as_leads_keep_it(text.sender), _twilio_media(text, form)
        message = Inbound("sms", text.sid, sender, text.to, text.body, media=media)
        await receive(deps, tenant_id, message)
        return Response(TWIML, media_type="text/xml")

    @router.post("/webhooks/twilio/status/{tenant}")
    async def receive_status(tenant: Code, form: Form, delivery: UUID | None = None) -> Response:
        told = _read(StatusForm, form)
        await follow_text_status(
            deps,
            await tenant_named(deps, tenant),
            provider_id=told.sid,
            status=told.status,
            error_code=told.error_code,
            delivery_id=delivery,
        )
        return Response(TWIML, media_type="text/xml")


async def _form_fields(request: Request) -> list[tuple[str, str]]:
    """Raises 413."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_TEXT_BYTES:
            raise _too_large()
    try:
        return parse_qsl(
            body.decode("utf-8", errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise _too_large() from None


def _too_large() -> Problem:
    return Problem(413, "too_large", f"A text has up to {LARGEST_TEXT_BYTES} bytes and {MOST_FIELDS} fields.")


def _twilio_media(text: TextForm, form: dict[str, str]) -> tuple[Media, ...]:
    return tuple(
        Media(
            content_type=one_line(form.get(f"MediaContentType{at}", ""))[:100],
            url=one_line(form.get(f"MediaUrl{at}", ""))[:500],
        )
        for at in range(min(text.media, MOST_MEDIA))
    )


def _read(kind: type[FormT], form: dict[str, str]) -> FormT:
    """Raises 422 with the field named."""
    try:
        return kind.model_validate(form)
    except ValidationError as error:
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        ) from error


def _public_url(deps: Deps, request: Request) -> str:
    """As the caller addressed us at the gateway, which is what it signed."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{deps.settings.public_url.rstrip('/')}{request.url.path}{query}"


async def _bad_signature(request: Request) -> Problem:
    """Raises 429 where there were too many."""
    await limits_of(request).failed(("signature_failures_per_ip", caller(request)))
    return Problem(403, "bad_signature", "The signature does not match.")


def _add_email(router: APIRouter, deps: Deps) -> None:

    async def signed_body(tenant: str, request: Request) -> bytes:
        """Raises 403 without a signature over time, tenant and raw body with the shared secret (any of them)."""
        at = request.headers.get("x-inbound-timestamp", "")
        given = request.headers.get("x-inbound-signature", "")
        if not is_current(at, database_now()):
            raise await _bad_signature(request)
        body = await request.body()
        secrets = keys_of(deps.settings.inbound_email_secret)
        if not any(same(mail_signature(secret, at, tenant, body), given) for secret in secrets):
            raise await _bad_signature(request)
        return body

    @router.post("/webhooks/email/{tenant}")
    async def receive_email(
        tenant: Code, request: Request, body: Annotated[bytes, Depends(signed_body)]
    ) -> dict[str, str]:
        tenant_id = await tenant_named(deps, tenant)
        try:
            # In a thread: a long mail is a long while to read.
            mail = await asyncio.to_thread(parse_inbound, request.headers.get("content-type", ""), body)
        except UnreadableMail as error:
            raise Problem(400, "malformed", f"This is not an inbound mail: {error}.") from error
        await receive(deps, tenant_id, _inbound_mail(deps, tenant_id, mail))
        return {"status": "received"}


def _inbound_mail(deps: Deps, tenant_id: UUID, mail: InboundEmail) -> Inbound:
    return Inbound(
        "email",
        mail.message_id,
        mail.sender,
        mail.to,
        mail.text,
        mail.subject,
        lead_id=lead_answered(mail.recipients, tenant_id, keys=keys_of(deps.settings.link_keys_reply)),
        answered=deps.writer.deliveries_named(mail.answered),
        proven=mail.authentic,
        media=tuple(
            Media(content_type=file.content_type, name=file.name)
            for file in mail.files[:MOST_MEDIA]
            if not file.inline or not mail.text
        ),
        automatic=mail.automatic,
        about_invitation=mail.about_invitation,
    )


def _add_unsubscribe(router: APIRouter, deps: Deps) -> None:
    keys = keys_of(deps.settings.link_keys_unsubscribe)

    async def link_of(token: str, request: Request) -> Link:
        try:
            return read(LinkPurpose.UNSUBSCRIBE, token, keys=keys, now=database_now())
        except BadLink as error:
            await limits_of(request).failed(("link_failures_per_ip", caller(request)))
            raise _invalid_link() from error

    async def shown(screen: Screen, link: Link, request: Request) -> HTMLResponse:
        location = await unsubscribing.location_of(deps, link)
        if location is None:
            raise _invalid_link()
        return unsubscribe_page(screen, location, request.headers.get("accept-language", ""))

    gone = {"description": "The link is not valid (any more): a page says so", "content": {"text/html": {}}}

    @router.get("/u/{token}", response_class=HTMLResponse, responses={401: gone})
    async def show_unsubscribe(token: str, request: Request) -> HTMLResponse:
        """Changes nothing: mail scanners open every link."""
        try:
            return await shown("ask", await link_of(token, request), request)
        except Problem as problem:
            if problem.status != 401:
                raise
            return unsubscribe_page("invalid", None, request.headers.get("accept-language", ""), 401)

    @router.post("/u/{token}", response_class=HTMLResponse)
    async def unsubscribe_by_link(link: Annotated[Link, Depends(link_of)], request: Request) -> HTMLResponse:
        """With `undo=yes` what this link refused is taken back; mail programs send anything else, or nothing."""
        undo = ("undo", "yes") in await _form_fields(request)
        change = unsubscribing.undo if undo else unsubscribing.unsubscribe
        if not await change(deps, link, client_ip(request)):
            raise _invalid_link()
        return await shown("undone" if undo else "done", link, request)


def _add_new_links(router: APIRouter, deps: Deps) -> None:
    keys = keys_of(deps.settings.link_keys_chat)

    @router.post("/api/links/renew", status_code=202)
    async def renew(request: Request) -> dict[str, str]:
        """With a chat link of ours, however old, a new one goes to the lead's own addresses, once an hour.

        The answer is the same for any token. A link that is none is counted as a guess.
        """
        try:
            link = read_expired(LinkPurpose.CHAT, bearer_token(request), keys=keys)
        except BadLink:
            await limits_of(request).failed(("link_failures_per_ip", caller(request)))
        else:
            await renew_chat_link(deps, link)
        return {"status": "accepted"}


def _invalid_link() -> Problem:
    return Problem(401, "invalid_link", "This link is not valid any more.")
