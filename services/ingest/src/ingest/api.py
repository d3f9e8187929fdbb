"""HTTP in: ShopMonkey's webhooks and the web form."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StrictBool, model_validator
from shared.addresses import inbox
from shared.db.time import database_now
from shared.events import Contact, Vehicle
from shared.http.limits import Limits, Use, caller, client_ip, limits_of
from shared.http.problems import Problem, unavailable
from shared.http.routes import BeforeBody, CheckedRoute
from shared.text import BlankIsNone, Code, Line, Words

from ingest import actions
from ingest.actions import Shares
from ingest.challenge import Challenge, Challenges
from ingest.deps import Deps
from ingest.domain import form
from ingest.domain.contact import Email, Phone
from ingest.domain.delivery import Accepted, Duplicate, IncomingWebhook, Malformed, Outcome, Refused
from ingest.domain.form import page_of
from ingest.domain.refusals import (
    ChallengeRequired,
    KeyReused,
    LocationUnknown,
    ProofExpired,
    ProofUsed,
    ProofWrong,
    SecretsLost,
    SiteUnknown,
    TenantUnknown,
)
from ingest.domain.signature import BadSignature, SignatureHeaders, StaleTimestamp, may_be_good

log = structlog.get_logger()

CHALLENGE_PATH = "/api/leads/challenge"
WEBHOOK_PATH = "/webhooks/shopmonkey/{tenant}"
RETRY_WITH_PROOF_SECONDS = 1
"""Of a site that asks every form: without a proof no wait helps."""

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


SiteKey = Annotated[Line, Field(max_length=300)]
Short = Annotated[Annotated[Line, Field(max_length=100)] | None, BlankIsNone]
Long = Annotated[Annotated[Words, Field(max_length=4000)] | None, BlankIsNone]
Proof = Annotated[Words, Field(min_length=1, max_length=4000)]


class FormContact(BaseModel):
    name: Annotated[Line, Field(max_length=200)]
    email: Annotated[Email | None, BlankIsNone] = None
    phone: Annotated[Phone | None, BlankIsNone] = None

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
    vehicle_class: Annotated[Annotated[Line, Field(max_length=40)] | None, BlankIsNone] = Field(
        default=None, alias="class"
    )


class FormConsent(BaseModel):
    """`text` is the wording that the person saw, `version` its version, `url` the page; of it what may name the person is not kept."""

    sms: StrictBool
    email: StrictBool
    text: Proof
    version: Proof
    url: Annotated[Proof, AfterValidator(page_of)]


class LeadForm(BaseModel):
    """`website` is the honeypot; `started_at` is when the person began to fill in the form; `altcha` the solved challenge."""

    site_key: SiteKey
    location: Annotated[Line, Field(max_length=100)]
    contact: FormContact
    vehicle: FormVehicle | None = None
    interest: Long = None
    message: Long = None
    consent: FormConsent
    website: Annotated[Words, Field(max_length=4000)] | None = None
    started_at: AwareDatetime | None = None
    altcha: Annotated[Annotated[Code, Field(max_length=4000)] | None, BlankIsNone] = None


class LeadAnswer(BaseModel):
    lead_id: UUID


class DeliveryAnswer(BaseModel):
    delivery_id: UUID
    duplicate: bool | None = None


_BODY_IS_SHOPMONKEYS = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


def build_api(deps: Deps, challenges: Challenges) -> APIRouter:
    router = APIRouter(route_class=CheckedRoute)

    @router.post(
        WEBHOOK_PATH,
        status_code=202,
        response_model=DeliveryAnswer,
        responses={200: {"model": DeliveryAnswer, "description": "This webhook-id was accepted before"}},
        openapi_extra=_BODY_IS_SHOPMONKEYS,
    )
    async def receive_webhook(tenant: str, request: Request) -> JSONResponse:
        read = may_be_good(signature_of(request.headers), now=database_now())
        incoming = incoming_webhook(request.headers, await request.body() if read else b"")
        try:
            with _webhook_problems(tenant):
                outcome = await actions.receive_webhook(deps, tenant, incoming)
        except Problem as problem:
            if problem.status == 401:
                await limits_of(request).failed(("signature_failures_per_ip", (caller(request), tenant)))
            elif problem.status == 404:  # by address alone: each guess names another tenant
                await limits_of(request).failed(("unknown_tenants_per_ip", caller(request)))
            raise
        return delivery_answer(outcome)

    @router.get(CHALLENGE_PATH)
    async def new_challenge(site_key: Annotated[SiteKey, Query(min_length=1)], request: Request) -> Challenge:
        """To be solved with ALTCHA; the solution, good once and for 10 minutes, goes into the form as `altcha`."""
        await limits_of(request).take(("challenges_per_ip", caller(request)))
        return challenges.new(site_key, database_now())

    @router.post("/api/leads", status_code=201, dependencies=[Depends(BeforeBody(_count_form))])
    async def submit_form(
        body: LeadForm,
        request: Request,
        idempotency_key: Annotated[Code, Header(min_length=1, max_length=255)],
    ) -> LeadAnswer:
        limits = limits_of(request)
        await _ask_for_proof(limits, body, request)
        submission = _submission(body, idempotency_key, client_ip(request))
        with _form_problems(body.site_key):
            if body.altcha is not None:
                proof = challenges.check(body.altcha, body.site_key, database_now())
                submission = replace(submission, proof=proof)
            shares = _shares(limits, body, caller(request))
            return LeadAnswer(lead_id=await actions.receive_form(deps.sessions, submission, shares))

    return router


async def _count_form(request: Request) -> None:
    """Also one that is asked for a proof afterwards, and comes again with it."""
    await limits_of(request).take(("form_per_ip", caller(request)))


async def _ask_for_proof(limits: Limits, body: LeadForm, request: Request) -> None:
    """Raises 429. The proof itself is looked at afterwards, so that nobody makes us do sums without end."""
    if body.altcha is None and (refusal := await limits.refusal(("form_soft_per_ip", caller(request)))):
        raise _challenge_required(body.site_key, refusal.seconds)


def _shares(limits: Limits, body: LeadForm, ip: str) -> Shares:
    inboxes = [inbox(address) for address in (body.contact.email, body.contact.phone) if address]
    by_address: list[Use] = [("form_per_address", (body.site_key, address)) for address in inboxes]
    by_sender: list[Use] = [("leads_per_address_and_ip", (body.site_key, one, ip)) for one in inboxes]
    return Shares(limits, [("form_per_site", body.site_key), *by_address], by_sender)


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


def signature_of(headers: Mapping[str, str]) -> SignatureHeaders:
    return SignatureHeaders(
        webhook_id=headers.get("webhook-id", ""),
        timestamp=headers.get("webhook-timestamp", ""),
        signatures=headers.get("webhook-signature", ""),
    )


def incoming_webhook(headers: Mapping[str, str], body: bytes) -> IncomingWebhook:
    kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    return IncomingWebhook(signature_of(headers), kept, body)


@contextmanager
def _webhook_problems(tenant: str) -> Iterator[None]:
    try:
        yield
    except TenantUnknown as error:
        raise Problem(404, "unknown_tenant", str(error)) from error
    except BadSignature as error:
        log.warning("webhook.rejected", tenant=tenant, reason="invalid_signature")
        raise Problem(401, "invalid_signature", "The signature does not fit the body.") from error
    except SecretsLost as error:
        log.error("webhook.not_checked", tenant=tenant, reason=str(error))  # noqa: TRY400 - its place says nothing
        raise unavailable() from error
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
        fingerprint=hashlib.sha256(body.model_dump_json(exclude={"altcha"}).encode()).digest(),
        contact=Contact(**body.contact.model_dump()),
        vehicle=vehicle,
        interest=body.interest,
        message=body.message,
        consent=form.ConsentGiven(**body.consent.model_dump(), ip=ip, given_at=now),
        suspicion=form.suspicion(body.website, body.started_at, now),
    )


@contextmanager
def _form_problems(site_key: str) -> Iterator[None]:
    try:
        yield
    except ChallengeRequired as error:
        raise _challenge_required(site_key, RETRY_WITH_PROOF_SECONDS) from error
    except (ProofWrong, ProofExpired, ProofUsed) as error:
        problem = _field_problem(_PROOF_CODES[type(error)], "altcha", error)
        problem.extra["challenge"] = _path(site_key)
        raise problem from error
    except SiteUnknown as error:
        raise _field_problem("unknown_site_key", "site_key", error) from error
    except LocationUnknown as error:
        raise _field_problem("unknown_location", "location", error) from error
    except KeyReused as error:
        raise Problem(409, "idempotency_conflict", str(error)) from error


def _field_problem(code: str, field: str, error: Exception) -> Problem:
    return Problem(422, code, f"{field}: {error}", errors=[{"field": field, "detail": str(error)}])


_PROOF_CODES = {
    ProofWrong: "challenge_not_solved",
    ProofExpired: "challenge_expired",
    ProofUsed: "challenge_used",
}


def _challenge_required(site_key: str, seconds: int) -> Problem:
    """With a proof the form may come again at once, without one after `seconds`."""
    return Problem(
        429,
        "challenge_required",
        "This form needs a proof of work: solve the challenge with ALTCHA and send the solution as `altcha`.",
        headers={"Retry-After": str(seconds)},
        challenge=_path(site_key),
    )


def _path(site_key: str) -> str:
    return f"{CHALLENGE_PATH}?{urlencode({'site_key': site_key})}"
