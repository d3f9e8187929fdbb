"""The catalogue of a location and stored quotes out of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Visitor, lead_of, location_of
from booking.deps import Deps
from booking.domain.catalog import Offer, effective, find_service
from booking.domain.errors import UnknownService
from booking.domain.quotes import price_job, vehicle_class_of
from booking.store import catalog
from booking.tables import Lead, Location, Quote

QUOTE_VALID_HOURS = 48


@dataclass(frozen=True)
class Wish:
    """`vehicle_class` None: that of the lead's own vehicle. `tier` picks one service out of a family."""

    service: str
    vehicle_class: str | None
    addons: tuple[str, ...] = ()
    tier: str | None = None


async def show_catalog(deps: Deps, visitor: Visitor) -> tuple[Offer, ...]:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead = await lead_of(session, visitor)
        return await offers_at(session, lead.tenant_id, lead.location_id, deps.now())


async def offers_at(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, now: datetime
) -> tuple[Offer, ...]:
    """Of the day that it is there. Raises `NotReady`."""
    location = await location_of(session, tenant_id, location_id)
    rows = await catalog.rows_for_location(session, tenant_id, location_id)
    return effective(*rows, today_at(location, now))


def today_at(location: Location, now: datetime) -> date:
    return now.astimezone(ZoneInfo(location.timezone)).date()


async def make_quote(deps: Deps, visitor: Visitor, wish: Wish) -> Quote:
    """Raises `UnknownService`, `UnknownTier`, `TierNeeded`, `UnknownAddon`, `UnknownVehicleClass`, `PriceOnRequest`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        return await quote_for(deps, session, await lead_of(session, visitor), wish)


async def quote_for(deps: Deps, session: AsyncSession, lead: Lead, wish: Wish) -> Quote:
    now = deps.now()
    offers = await offers_at(session, lead.tenant_id, lead.location_id, now)
    offer = find_service(offers, wish.service, wish.tier)
    if offer is None:
        raise UnknownService(wish.service)
    job = price_job(offer, vehicle_class_of(wish.vehicle_class, lead.vehicle), wish.addons)
    told = await catalog.told(session, lead.tenant_id, lead.location_id)
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
        catalog_version=told[0] if told else 0,
        valid_until=now + timedelta(hours=QUOTE_VALID_HOURS),
        created_at=now,
    )
    session.add(quote)
    await session.flush()
    return quote
