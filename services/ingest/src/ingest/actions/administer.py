"""Tenants and locations as operators set them; what the other services know of a location is told to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.db.engine import Sessions, transaction
from shared.events import FirstTouch, LocationChanged
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.domain.configuration import Change, LocationSettings, TenantSettings, changes, is_published
from ingest.domain.delivery import DeliveryStatus
from ingest.domain.refusals import CrmLocationTaken, SiteKeyTaken, TenantUnknown
from ingest.sealing import Sealer
from ingest.tables import LeadSourceRow, Location, Tenant, WebhookDelivery


@dataclass(frozen=True)
class Configured:
    """`id` is null for what a dry run would create."""

    id: UUID | None
    changes: list[Change]


@dataclass(frozen=True)
class TenantView:
    """`locations` by code."""

    tenant: Tenant
    locations: Sequence[Location]


async def configure_tenant(
    sessions: Sessions, sealer: Sealer, slug: str, wanted: TenantSettings, *, dry_run: bool
) -> Configured:
    """Raises `SiteKeyTaken`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug, lock=True)
        if await store.site_keys_of_others(session, slug, wanted.site_keys):
            raise SiteKeyTaken
        found = changes(tenant_settings(tenant, sealer) if tenant else None, wanted)
        if dry_run or (tenant and not found):
            return Configured(tenant.id if tenant else None, found)
        if tenant is None:
            tenant = Tenant(slug=slug, **_columns(wanted, sealer))
            session.add(tenant)
            return Configured(tenant.id, found)
        tenant.sqlmodel_update(_columns(wanted, sealer))
        if is_published(found):
            await _publish_all(session, tenant)
        return Configured(tenant.id, found)


async def configure_location(
    sessions: Sessions, slug: str, code: str, wanted: LocationSettings, *, dry_run: bool
) -> Configured:
    """A dry run shows a whole new tenant, so there its locations may come before it. Raises `TenantUnknown`, `CrmLocationTaken`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug, lock=True)
        if tenant is None:
            if dry_run:
                return Configured(None, changes(None, wanted))
            raise TenantUnknown(slug)
        location = await store.location_by_code(session, tenant.id, code)
        await _check_crm_location(session, tenant.id, code, wanted.crm_location_id)
        found = changes(location_settings(location) if location else None, wanted)
        if dry_run or (location and not found):
            return Configured(location.id if location else None, found)
        location = await _set_location(session, tenant, code, location, wanted)
        return Configured(location.id, found)


async def view_tenant(sessions: Sessions, slug: str) -> TenantView:
    """Raises `TenantUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await _tenant(session, slug)
        return TenantView(tenant, await store.locations(session, tenant.id))


async def list_deliveries(
    sessions: Sessions, slug: str, status: DeliveryStatus | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Newest first. Raises `TenantUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await _tenant(session, slug)
        return await store.deliveries(session, tenant.id, status, limit)


async def list_sources(
    sessions: Sessions, slug: str, *, lead_id: UUID | None, held: bool, limit: int
) -> Sequence[LeadSourceRow]:
    """Newest first. Raises `TenantUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await _tenant(session, slug)
        return await store.sources(session, tenant.id, lead_id=lead_id, held=held, limit=limit)


def tenant_settings(tenant: Tenant, sealer: Sealer) -> TenantSettings:
    """A secret that no key opens stands there as it is stored, so that it differs from whatever is wanted."""
    opened = [sealer.open(sealed) or sealed for sealed in tenant.sealed_secrets]
    known = tenant.model_dump(include=set(TenantSettings.model_fields))
    return TenantSettings.model_validate(known | {"webhook_secrets": [*tenant.webhook_secrets, *opened]})


def _columns(wanted: TenantSettings, sealer: Sealer) -> dict[str, Any]:
    sealed = [sealer.seal(secret) for secret in wanted.webhook_secrets]
    return wanted.model_dump(mode="json") | {"webhook_secrets": [], "sealed_secrets": sealed}


def location_settings(location: Location) -> LocationSettings:
    return LocationSettings.model_validate(location.model_dump(include=set(LocationSettings.model_fields)))


async def _tenant(session: AsyncSession, slug: str) -> Tenant:
    tenant = await store.enter_tenant(session, slug)
    if tenant is None:
        raise TenantUnknown(slug)
    return tenant


async def _check_crm_location(
    session: AsyncSession, tenant_id: UUID, code: str, crm_location_id: str | None
) -> None:
    if crm_location_id is None:
        return
    holder = await store.location_by_crm_id(session, tenant_id, crm_location_id)
    if holder is not None and holder.code != code:
        raise CrmLocationTaken(crm_location_id, holder.code)


async def _set_location(
    session: AsyncSession, tenant: Tenant, code: str, location: Location | None, wanted: LocationSettings
) -> Location:
    if location is None:
        location = Location(tenant_id=tenant.id, code=code, **wanted.model_dump(mode="json"))
    else:
        location.sqlmodel_update(wanted.model_dump(mode="json"))
        location.version += 1
    session.add(location)
    await _publish(session, tenant, location)
    return location


async def _publish_all(session: AsyncSession, tenant: Tenant) -> None:
    for location in await store.locations(session, tenant.id):
        location.version += 1
        await _publish(session, tenant, location)


async def _publish(session: AsyncSession, tenant: Tenant, location: Location) -> None:
    known = location_settings(location).model_copy(update={"a2p": location.a2p or tenant.a2p})
    changed = LocationChanged(
        location_id=location.id,
        version=location.version,
        tenant_slug=tenant.slug,
        tenant_name=tenant.name,
        code=location.code,
        crm_account=tenant.crm_account,
        crm_lead_rule=tenant.crm_lead_rule,
        demo_mode=tenant.demo_mode,
        allow_list=tuple(tenant.allow_list),
        text_countries=tuple(tenant.text_countries),
        first_touch=FirstTouch.model_validate(tenant.first_touch),
        **{name: getattr(known, name) for name in LocationSettings.model_fields},
    )
    await record(session, changed, tenant_id=tenant.id, subject=location.id, location_id=location.id)
