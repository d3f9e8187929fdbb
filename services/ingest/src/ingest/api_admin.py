"""HTTP in, operators: tenants, locations, staff, kept deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, Field
from shared.db.time import database_now
from shared.http.app import require_ops
from shared.http.problems import Problem
from shared.http.staff import staff_token

from ingest import actions
from ingest.deps import Deps
from ingest.domain.configuration import (
    SLUG_PATTERN,
    Change,
    LocationSettings,
    StaffSettings,
    TenantSettings,
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
)
from ingest.settings import Settings
from ingest.tables import WebhookDelivery
from ingest.views import Me

Slug = Annotated[str, Path(pattern=SLUG_PATTERN)]
TenantQuery = Annotated[str, Query(pattern=SLUG_PATTERN)]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


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
    crm_account: str
    crm_lead_rule: dict[str, Any]
    postal_address: str | None
    locations: list[LocationView]


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
    """An API token acts as its member; it ends with `expires_at` or when the member is made inactive."""

    token: str
    expires_at: AwareDatetime


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


class ReplayAnswer(BaseModel):
    delivery_id: UUID
    status: str


def build_admin_api(deps: Deps, settings: Settings) -> APIRouter:
    router = APIRouter(prefix="/api/admin", dependencies=[Depends(require_ops(settings))])

    @router.put("/tenants/{slug}")
    async def configure_tenant(slug: Slug, wanted: TenantSettings, *, dry_run: bool = False) -> TenantAnswer:
        with _problems():
            done = await actions.configure_tenant(deps.sessions, slug, wanted, dry_run=dry_run)
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

    _add_staff(router, deps, settings)
    _add_deliveries(router, deps)
    return router


def _add_staff(router: APIRouter, deps: Deps, settings: Settings) -> None:
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

    @router.post("/tenants/{slug}/staff/{email}/tokens", status_code=201)
    async def make_token(slug: Slug, email: Email, body: TokenBody) -> TokenAnswer:
        with _problems():
            member = await actions.member_for_token(deps.sessions, slug, email)
        expires_at = database_now() + timedelta(days=body.days)
        token = staff_token(member, keys=settings.signing_keys(), expires_at=expires_at)
        return TokenAnswer(token=token, expires_at=expires_at)


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
            outcome = await actions.replay_delivery(deps.sessions, tenant, delivery_id)
        status = outcome.reason if isinstance(outcome, Refused) else "accepted"
        return ReplayAnswer(delivery_id=delivery_id, status=status)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except TenantUnknown as error:
        raise Problem(404, "tenant_unknown", str(error)) from error
    except StaffUnknown as error:
        raise Problem(404, "staff_unknown", str(error)) from error
    except CodesUnknown as error:
        raise Problem(422, "location_unknown", str(error)) from error
    except DeliveryUnknown as error:
        raise Problem(404, "delivery_unknown", str(error)) from error
    except SiteKeyTaken as error:
        raise Problem(409, "site_key_taken", str(error)) from error
    except CrmLocationTaken as error:
        raise Problem(409, "crm_location_taken", str(error)) from error


def _tenant_view(view: actions.TenantView) -> TenantViewAnswer:
    tenant = view.tenant
    return TenantViewAnswer(
        **tenant.model_dump(exclude={"webhook_secrets"}),
        webhook_secret_count=len(tenant.webhook_secrets),
        locations=[
            LocationView.model_validate(location.model_dump(include=set(LocationView.model_fields)))
            for location in view.locations
        ],
    )


def _delivery_view(row: WebhookDelivery) -> DeliveryView:
    return DeliveryView(
        **row.model_dump(exclude={"body", "tenant_id"}), body=row.body.decode("utf-8", "replace")
    )
