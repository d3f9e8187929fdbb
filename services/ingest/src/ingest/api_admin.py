"""HTTP in, operators: tenants, locations, staff, kept deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from shared.contact import BadEmail, BadPhone
from shared.events import A2pRegistration, FirstTouch
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import BeforeBody, CheckedRoute
from shared.secrets import KnownSecret, check_strength, keys_of, refuse_known
from shared.staff_sessions import sign_session

from ingest import actions
from ingest.deps import Deps
from ingest.domain.configuration import (
    SLUG_PATTERN,
    Change,
    LocationSettings,
    StaffSettings,
    TenantSettings,
    Text,
)
from ingest.domain.contact import Email
from ingest.domain.delivery import DeliveryStatus, Refused
from ingest.domain.refusals import (
    CodesUnknown,
    CrmLocationTaken,
    DeliveryUnknown,
    SiteKeyTaken,
    StaffUnknown,
    TenantUnknown,
    TokenUnknown,
)
from ingest.settings import Settings
from ingest.tables import WebhookDelivery
from ingest.views import Me, signed

Slug = Annotated[str, Path(pattern=SLUG_PATTERN)]
TenantQuery = Annotated[str, Query(pattern=SLUG_PATTERN)]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TenantBody(TenantSettings):
    webhook_secrets: tuple[Annotated[Text, AfterValidator(check_strength)], ...] = ()


class TenantAnswer(BaseModel):
    """`id` is null when a dry run would create the tenant."""

    id: UUID | None
    slug: str
    changes: list[Change]


class LocationAnswer(BaseModel):
    """`id` is null when a dry run would create the location."""

    id: UUID | None
    code: str
    changes: list[Change]


class LocationView(LocationSettings):
    id: UUID
    code: str
    version: int


class TenantViewAnswer(BaseModel):
    """Without the webhook secrets; `webhook_secret_count` tells how many there are."""

    id: UUID
    slug: str
    name: str
    webhook_secret_count: int
    site_keys: list[str]
    demo_mode: bool
    allow_list: list[str]
    text_countries: list[str]
    a2p: A2pRegistration | None
    first_touch: FirstTouch
    crm_account: str
    crm_lead_rule: dict[str, Any]
    postal_address: str | None
    form_challenge: str
    locations: list[LocationView]


class SecretsView(BaseModel):
    """How many of a tenant's webhook secrets are kept how; `lost`: no key opens them."""

    model_config = ConfigDict(from_attributes=True)

    tenant: str
    newest_key: int
    older_key: int
    plain: int
    lost: int


class SecretsList(BaseModel):
    secrets: list[SecretsView]


class StaffAnswer(BaseModel):
    """`id` is null when a dry run would create the member."""

    id: UUID | None
    email: str
    changes: list[Change]


class StaffList(BaseModel):
    staff: list[Me]


class TokenBody(BaseModel):
    days: int = Field(default=90, ge=1, le=365)


class TokenAnswer(BaseModel):
    """An API token acts as its member; it ends with `expires_at`, when it is revoked, or when the member is made inactive."""

    id: UUID
    token: str
    expires_at: AwareDatetime


class TokenView(BaseModel):
    """`made_by` is the operator."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    made_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None


class Tokens(BaseModel):
    tokens: list[TokenView]


class DeliveryView(BaseModel):
    """`body` as it came, with unreadable bytes replaced; `event_id` is null while it is refused."""

    id: UUID
    webhook_id: str
    status: str
    error: str | None
    location_id: UUID | None
    received_at: AwareDatetime
    attempts: int
    event_id: UUID | None
    headers: dict[str, str]
    body: str


class Deliveries(BaseModel):
    deliveries: list[DeliveryView]


class SourceView(BaseModel):
    """A trace of a lead; `held`: contact points that a form named and that are used for nothing, with the reason."""

    id: UUID
    lead_id: UUID | None
    location_id: UUID
    trace: str
    seen_at: AwareDatetime
    seen: dict[str, Any]
    suspicion: str | None
    held: dict[str, str]


class Sources(BaseModel):
    sources: list[SourceView]


class ReplayAnswer(BaseModel):
    delivery_id: UUID
    status: str


class PersonBody(BaseModel):
    """`address`: an e-mail address or a phone number; in a body, since URLs are kept in logs."""

    address: Annotated[str, Field(min_length=3, max_length=254)]


class LeadOfPerson(BaseModel):
    """The CRM's ids are what the shop needs to find its own record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    location_id: UUID
    status: str
    received_at: AwareDatetime
    name: str
    email: str | None
    phone: str | None
    order_id: str | None
    customer_id: str | None


class MemberOfPerson(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    email: str
    phone: str | None
    role: str
    active: bool


class PersonAnswer(BaseModel):
    """As in `Person`."""

    model_config = ConfigDict(from_attributes=True)

    address: str
    addresses: list[str]
    tenant_id: UUID
    leads: list[LeadOfPerson]
    related: list[LeadOfPerson]
    erased: list[UUID]
    staff: list[MemberOfPerson]


def build_admin_api(deps: Deps, settings: Settings) -> APIRouter:
    check_ops = require_ops(settings)
    router = APIRouter(prefix="/api/admin", route_class=CheckedRoute, dependencies=[Depends(check_ops)])

    @router.put("/tenants/{slug}")
    async def configure_tenant(slug: Slug, wanted: TenantBody, *, dry_run: bool = False) -> TenantAnswer:
        with _problems():
            refuse_known(settings.public_url, [("webhook_secrets", one) for one in wanted.webhook_secrets])
            done = await actions.configure_tenant(deps.sessions, deps.sealer, slug, wanted, dry_run=dry_run)
        return TenantAnswer(id=done.id, slug=slug, changes=done.changes)

    @router.get("/tenants/{slug}")
    async def view_tenant(slug: Slug) -> TenantViewAnswer:
        with _problems():
            return _tenant_view(await actions.view_tenant(deps.sessions, slug))

    @router.put("/locations/{slug}/{code}")
    async def configure_location(
        slug: Slug, code: Code, wanted: LocationSettings, *, dry_run: bool = False
    ) -> LocationAnswer:
        with _problems():
            done = await actions.configure_location(deps.sessions, slug, code, wanted, dry_run=dry_run)
        return LocationAnswer(id=done.id, code=code, changes=done.changes)

    @router.get("/secrets")
    async def list_secrets() -> SecretsList:
        """Of every tenant, which key they are kept under: what `older_key` counts is lost without the older keys."""
        states = await actions.states_of_secrets(deps.sessions, deps.sealer)
        return SecretsList(secrets=[SecretsView.model_validate(state) for state in states])

    _add_staff(router, deps)
    _add_tokens(router, deps, settings, check_ops)
    _add_deliveries(router, deps)
    _add_sources(router, deps)
    _add_persons(router, deps, settings)
    return router


def _add_staff(router: APIRouter, deps: Deps) -> None:
    @router.get("/tenants/{slug}/staff")
    async def list_staff(slug: Slug) -> StaffList:
        with _problems():
            return StaffList(staff=[Me.of(m) for m in await actions.list_staff(deps.sessions, slug)])

    @router.put("/tenants/{slug}/staff/{email}")
    async def configure_staff(
        slug: Slug, email: Email, wanted: StaffSettings, *, dry_run: bool = False
    ) -> StaffAnswer:
        with _problems():
            done = await actions.configure_staff(deps.sessions, slug, email, wanted, dry_run=dry_run)
        return StaffAnswer(id=done.id, email=email.lower(), changes=done.changes)


def _add_tokens(router: APIRouter, deps: Deps, settings: Settings, check_ops: BeforeBody[str]) -> None:
    path = "/tenants/{slug}/staff/{email}/tokens"

    @router.post(path, status_code=201)
    async def make_token(
        slug: Slug, email: Email, body: TokenBody, operator: Annotated[str, Depends(check_ops)]
    ) -> TokenAnswer:
        with _problems():
            made = await actions.make_token(deps.sessions, slug, email, days=body.days, operator=operator)
        token = sign_session(signed(made), keys_of(settings.session_keys)[0])
        return TokenAnswer(id=made.id, token=token, expires_at=made.expires_at)

    @router.get(path)
    async def list_tokens(slug: Slug, email: Email) -> Tokens:
        """Oldest first; without the tokens themselves, which nobody has but who asked for them."""
        with _problems():
            found = await actions.list_tokens(deps.sessions, slug, email)
        return Tokens(tokens=[TokenView.model_validate(one) for one in found])

    @router.delete(f"{path}/{{token_id}}", status_code=204)
    async def revoke_token(slug: Slug, email: Email, token_id: UUID) -> None:
        """Refused everywhere within about a second; repeating it is harmless."""
        with _problems():
            await actions.revoke_token(deps.sessions, slug, email, token_id)


def _add_deliveries(router: APIRouter, deps: Deps) -> None:
    @router.get("/deliveries")
    async def list_deliveries(
        tenant: TenantQuery,
        status: DeliveryStatus | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Deliveries:
        with _problems():
            rows = await actions.list_deliveries(deps.sessions, tenant, status, limit)
        return Deliveries(deliveries=[_delivery_view(row) for row in rows])

    @router.post("/deliveries/{delivery_id}/replay")
    async def replay_delivery(delivery_id: UUID, tenant: TenantQuery) -> ReplayAnswer:
        """Passes a refused delivery on when its location takes leads by now; repeating it is harmless."""
        with _problems():
            outcome = await actions.replay_delivery(deps, tenant, delivery_id)
        status = outcome.reason if isinstance(outcome, Refused) else "accepted"
        return ReplayAnswer(delivery_id=delivery_id, status=status)


def _add_sources(router: APIRouter, deps: Deps) -> None:
    @router.get("/tenants/{slug}/lead-sources")
    async def list_sources(
        slug: Slug,
        lead_id: UUID | None = None,
        *,
        held: bool = False,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Sources:
        """Every trace as it came, newest first; `held`: only those that name a contact point of somebody else."""
        with _problems():
            rows = await actions.list_sources(deps.sessions, slug, lead_id=lead_id, held=held, limit=limit)
        return Sources(sources=[SourceView.model_validate(row.model_dump()) for row in rows])


def _add_persons(router: APIRouter, deps: Deps, settings: Settings) -> None:
    @router.post("/persons/{slug}/find")
    async def find_person(slug: Slug, body: PersonBody) -> PersonAnswer:
        with _problems():
            found = await actions.find_person(deps.sessions, slug, body.address, settings.person_key)
        return PersonAnswer.model_validate(found)

    @router.post("/persons/{slug}/erase", status_code=202)
    async def erase_person(slug: Slug, body: PersonBody) -> PersonAnswer:
        """Erased here when this is answered; the other services follow. Repeating it is harmless."""
        with _problems():
            erased = await actions.erase_person(deps.sessions, slug, body.address, settings.person_key)
        return PersonAnswer.model_validate(erased)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except TenantUnknown as error:
        raise Problem(404, "tenant_unknown", str(error)) from error
    except TokenUnknown as error:
        raise Problem(404, "token_unknown", str(error)) from error
    except StaffUnknown as error:
        raise Problem(404, "staff_unknown", str(error)) from error
    except CodesUnknown as error:
        raise Problem(422, "location_unknown", str(error)) from error
    except KnownSecret as error:
        raise Problem(422, "known_secret", str(error)) from error
    except DeliveryUnknown as error:
        raise Problem(404, "delivery_unknown", str(error)) from error
    except (BadEmail, BadPhone) as error:
        errors = [{"field": "address", "detail": str(error)}]
        raise Problem(422, "invalid_address", str(error), errors=errors) from error
    except SiteKeyTaken as error:
        raise Problem(409, "site_key_taken", str(error)) from error
    except CrmLocationTaken as error:
        raise Problem(409, "crm_location_taken", str(error)) from error


def _tenant_view(view: actions.TenantView) -> TenantViewAnswer:
    tenant = view.tenant
    return TenantViewAnswer(
        **tenant.model_dump(exclude={"webhook_secrets", "sealed_secrets"}),
        webhook_secret_count=len(tenant.webhook_secrets) + len(tenant.sealed_secrets),
        locations=[
            LocationView.model_validate(location.model_dump(include=set(LocationView.model_fields)))
            for location in view.locations
        ],
    )


def _delivery_view(row: WebhookDelivery) -> DeliveryView:
    return DeliveryView(
        **row.model_dump(exclude={"body", "tenant_id"}), body=row.body.decode("utf-8", "replace")
    )
