"""HTTP in: ShopMonkey's webhooks and the web form."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    model_validator,
)
from shared.db.time import database_now
from shared.events import Contact, Vehicle
from shared.http.problems import Problem

from ingest import actions
from ingest.deps import Deps
from ingest.domain import contact, form
from ingest.domain.delivery import Accepted, Duplicate, IncomingWebhook, Malformed, Outcome, Refused
from ingest.domain.refusals import KeyReused, LocationUnknown, SiteUnknown, TenantUnknown
from ingest.domain.signature import BadSignature, SignatureHeaders, StaleTimestamp
from ingest.domain.text import plain_text

log = structlog.get_logger()

KEPT_HEADERS = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "webhook-version",
    "x-attempt",
    "x-request-id",
    "user-agent",
    "content-type",
)


def _none_if_blank(value: object) -> object:
    """Forms send an empty field as an empty text."""
    return None if isinstance(value, str) and not value.strip() else value


Plain = Annotated[str, AfterValidator(plain_text)]
Name = Annotated[Plain, Field(max_length=200)]
Short = Annotated[Annotated[Plain, Field(max_length=100)] | None, BeforeValidator(_none_if_blank)]
Long = Annotated[Annotated[Plain, Field(max_length=4000)] | None, BeforeValidator(_none_if_blank)]
Proof = Annotated[Plain, Field(min_length=1, max_length=4000)]
Email = Annotated[
    Annotated[str, AfterValidator(contact.normal_email)] | None, BeforeValidator(_none_if_blank)
]
Phone = Annotated[
    Annotated[str, AfterValidator(contact.normal_phone)] | None, BeforeValidator(_none_if_blank)
]


class FormContact(BaseModel):
    name: Name
    email: Email = None
    phone: Phone = None

    @model_validator(mode="after")
    def _reachable(self) -> "FormContact":
        if not self.name:
            raise ValueError("a name is needed")
        if not (self.email or self.phone):
            raise ValueError("an e-mail address or a phone number is needed")
        return self


class FormVehicle(BaseModel):
    year: int | None = Field(default=None, ge=1900, le=2100)
    make: Short = None
    model: Short = None
    vehicle_class: Annotated[
        Annotated[Plain, Field(max_length=40)] | None, BeforeValidator(_none_if_blank)
    ] = Field(default=None, alias="class")


class FormConsent(BaseModel):
    """`text` is the wording that the person saw, `version` its version, `url` the page."""

    sms: StrictBool
    email: StrictBool
    text: Proof
    version: Proof
    url: Proof


class LeadForm(BaseModel):
    """`website` is the honeypot; `started_at` is when the person began to fill in the form."""

    site_key: Annotated[Plain, Field(max_length=300)]
    location: Annotated[Plain, Field(max_length=100)]
    contact: FormContact
    vehicle: FormVehicle | None = None
    interest: Long = None
    message: Long = None
    consent: FormConsent
    website: str | None = None
    started_at: AwareDatetime | None = None


class LeadAnswer(BaseModel):
    lead_id: UUID


class DeliveryAnswer(BaseModel):
    delivery_id: UUID
    duplicate: bool | None = None


_BODY_IS_SHOPMONKEYS = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


def build_api(deps: Deps) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/webhooks/shopmonkey/{tenant}",
        status_code=202,
        response_model=DeliveryAnswer,
        responses={200: {"model": DeliveryAnswer, "description": "This webhook-id was accepted before"}},
        openapi_extra=_BODY_IS_SHOPMONKEYS,
    )
    async def receive_webhook(tenant: str, request: Request) -> JSONResponse:
        incoming = _incoming(request.headers, await request.body())
        with _webhook_problems(tenant):
            outcome = await actions.receive_webhook(deps.sessions, tenant, incoming)
        return delivery_answer(outcome)

    @router.post("/api/leads", status_code=201)
    async def submit_form(
        body: LeadForm,
        request: Request,
        idempotency_key: Annotated[str, Header(min_length=1, max_length=255)],
    ) -> LeadAnswer:
        submission = _submission(body, idempotency_key, request.client.host if request.client else None)
        with _form_problems():
            return LeadAnswer(lead_id=await actions.receive_form(deps.sessions, submission))

    return router


def delivery_answer(outcome: Outcome) -> JSONResponse:
    """Raises the `Problem` of a refused delivery, which is stored by now."""
    match outcome:
        case Accepted(delivery_id):
            return JSONResponse({"delivery_id": str(delivery_id)}, 202)
        case Duplicate(delivery_id):
            return JSONResponse({"delivery_id": str(delivery_id), "duplicate": True}, 200)
        case Refused(delivery_id, reason):
            raise Problem(
                422,
                reason,
                "The row's location is not one that takes leads here; the delivery is kept for the operators.",
                delivery_id=str(delivery_id),
                errors=[{"field": "data.locationId", "detail": reason.replace("_", " ")}],
            )


def _incoming(headers: Mapping[str, str], body: bytes) -> IncomingWebhook:
    return IncomingWebhook(
        signature=SignatureHeaders(
            webhook_id=headers.get("webhook-id", ""),
            timestamp=headers.get("webhook-timestamp", ""),
            signatures=headers.get("webhook-signature", ""),
        ),
        kept_headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
        body=body,
    )


@contextmanager
def _webhook_problems(tenant: str) -> Iterator[None]:
    try:
        yield
    except TenantUnknown as error:
        raise Problem(404, "unknown_tenant", str(error)) from error
    except BadSignature as error:
        log.warning("webhook.rejected", tenant=tenant, reason="invalid_signature")
        raise Problem(401, "invalid_signature", "The signature does not fit the body.") from error
    except StaleTimestamp as error:
        log.warning("webhook.rejected", tenant=tenant, reason="stale_timestamp")
        raise Problem(401, "stale_timestamp", "The timestamp is more than 5 minutes off.") from error
    except Malformed as error:
        log.warning("webhook.rejected", tenant=tenant, reason="malformed")
        raise Problem(400, "malformed", str(error)) from error


def _submission(body: LeadForm, key: str, ip: str | None) -> form.Submission:
    now = database_now()
    vehicle = Vehicle(**body.vehicle.model_dump()) if body.vehicle else None
    return form.Submission(
        site_key=body.site_key,
        location_code=body.location,
        key=key,
        fingerprint=hashlib.sha256(body.model_dump_json().encode()).digest(),
        contact=Contact(**body.contact.model_dump()),
        vehicle=vehicle,
        interest=body.interest,
        message=body.message,
        consent=form.ConsentGiven(**body.consent.model_dump(), ip=ip, given_at=now),
        suspicion=form.suspicion(body.website, body.started_at, now),
    )


@contextmanager
def _form_problems() -> Iterator[None]:
    try:
        yield
    except SiteUnknown as error:
        raise _field_problem("unknown_site_key", "site_key", error) from error
    except LocationUnknown as error:
        raise _field_problem("unknown_location", "location", error) from error
    except KeyReused as error:
        raise Problem(409, "idempotency_conflict", str(error)) from error


def _field_problem(code: str, field: str, error: Exception) -> Problem:
    return Problem(422, code, f"{field}: {error}", errors=[{"field": field, "detail": str(error)}])
