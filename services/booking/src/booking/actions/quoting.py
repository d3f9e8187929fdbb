"""The catalogue of a location and stored quotes out of it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Visitor, lead_of
from booking.deps import Deps
from booking.domain.catalog import Offer, effective, find_service
from booking.domain.errors import UnknownService
from booking.domain.quotes import price_job, vehicle_class_of
from booking.store import catalog
from booking.tables import Lead, Quote

QUOTE_VALID_HOURS = 48


@dataclass(frozen=True)
class Wish:
    """`vehicle_class` None: that of the lead's own vehicle."""

    service: str
    vehicle_class: str | None
    addons: tuple[str, ...] = ()


async def show_catalog(deps: Deps, visitor: Visitor) -> tuple[Offer, ...]:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead = await lead_of(session, visitor)
        return await offers_of(session, lead.tenant_id, lead.location_id)


async def offers_of(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> tuple[Offer, ...]:
    return effective(*await catalog.rows_for_location(session, tenant_id, location_id))


async def make_quote(deps: Deps, visitor: Visitor, wish: Wish) -> Quote:
    """Raises `UnknownService`, `UnknownAddon`, `UnknownVehicleClass`, `PriceOnRequest`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        return await quote_for(deps, session, await lead_of(session, visitor), wish)


async def quote_for(deps: Deps, session: AsyncSession, lead: Lead, wish: Wish) -> Quote:
    offer = find_service(await offers_of(session, lead.tenant_id, lead.location_id), wish.service)
    if offer is None:
        raise UnknownService(wish.service)
    job = price_job(offer, vehicle_class_of(wish.vehicle_class, lead.vehicle), wish.addons)
    now = deps.now()
    quote = Quote(
        tenant_id=lead.tenant_id,
        location_id=lead.location_id,
        lead_id=lead.lead_id,
        id=uuid4(),
        service_code=offer.code,
        service_name=offer.name,
        vehicle_class=job.vehicle_class,
        lines=[{"label": line.label, "amount_cents": line.amount_cents} for line in job.lines],
        total_cents=job.total_cents,
        kind=job.kind,
        duration_minutes=offer.duration_minutes,
        buffer_minutes=offer.buffer_minutes,
        cure_minutes=offer.cure_minutes,
        skills=list(offer.skills),
        catalog_version=await catalog.version(session, lead.tenant_id, lead.location_id),
        valid_until=now + timedelta(hours=QUOTE_VALID_HOURS),
        created_at=now,
    )
    session.add(quote)
    await session.flush()
    return quote
