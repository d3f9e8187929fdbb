"""Tells the others of a location's catalogue, whenever what it offers has become another."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.events import CatalogChanged
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.quoting import offers_at, today_at
from booking.deps import Deps
from booking.domain.catalog import VEHICLE_CLASSES, Offer, fingerprint, published
from booking.store import catalog, replicas
from booking.store.catalog import Told
from booking.tables import Location


async def tenants(deps: Deps) -> list[UUID]:
    async with transaction(deps.sessions, tenant_id=None) as session:
        return await replicas.tenant_ids(session)


async def local_days(deps: Deps, tenant_id: UUID) -> dict[UUID, date]:
    """The day that it is at each location."""
    async with transaction(deps.sessions, tenant_id) as session:
        locations = await replicas.locations(session, tenant_id)
    return {location.location_id: today_at(location, deps.now()) for location in locations}


async def republish(deps: Deps, tenant_id: UUID) -> None:
    """A service whose time has come, or is over, reaches the others; the caller knows that a day has begun."""
    async with transaction(deps.sessions, tenant_id) as session:
        await replicas.lock_tenant(session, tenant_id)
        for location in await replicas.locations(session, tenant_id):
            await publish_catalog(session, location, deps.now())


async def publish_catalog(session: AsyncSession, location: Location, now: datetime) -> None:
    """The caller has locked the tenant."""
    place = (location.tenant_id, location.location_id)
    told = await catalog.told(session, *place)
    await publish_offers(session, location, await offers_at(session, *place, now), told)


async def publish_offers(
    session: AsyncSession, location: Location, offers: Sequence[Offer], told: Told | None
) -> int:
    """The version as it is afterwards; a new one only where `offers` are not what was told last."""
    version = version_with(offers, told)
    if version == (told[0] if told else 0):
        return version
    place = (location.tenant_id, location.location_id)
    fact = CatalogChanged(
        location_id=location.location_id,
        version=await catalog.next_version(session, *place, fingerprint(offers)),
        services=tuple(published(offer) for offer in offers),
        vehicle_classes=VEHICLE_CLASSES,
    )
    await record(session, fact, tenant_id=place[0], subject=place[1], location_id=place[1])
    return fact.version


def version_with(offers: Sequence[Offer], told: Told | None) -> int:
    """The version that a location has once it offers this; 0: nothing was ever told, and there is nothing to tell."""
    if told is None:
        return 1 if offers else 0
    return told[0] + (told[1] != fingerprint(offers))
