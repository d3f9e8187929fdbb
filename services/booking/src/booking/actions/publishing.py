"""Tells the others of a location's catalogue."""

from uuid import UUID

from shared.events import CatalogChanged
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.quoting import offers_of
from booking.domain.catalog import VEHICLE_CLASSES, published
from booking.store import catalog


async def publish_catalog(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, *, even_empty: bool = True
) -> int:
    """A new version; answers it (0 when there was nothing to tell)."""
    offers = await offers_of(session, tenant_id, location_id)
    if not offers and not even_empty:
        return 0
    version = await catalog.next_version(session, tenant_id, location_id)
    fact = CatalogChanged(
        location_id=location_id,
        version=version,
        services=tuple(published(offer) for offer in offers),
        vehicle_classes=VEHICLE_CLASSES,
    )
    await record(session, fact, tenant_id=tenant_id, subject=location_id, location_id=location_id)
    return version
