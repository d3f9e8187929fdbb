"""The catalogue of a location and stored quotes out of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from shared.events import Vehicle
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Visitor, lead_of, location_of
from booking.deps import Deps
from booking.domain.catalog import Offer, find_service
from booking.domain.entries import effective
from booking.domain.errors import UnknownService
from booking.domain.quotes import car_of, price_job
from booking.store import entries
from booking.store.catalog import SERVICES
from booking.tables import Lead, Location, Quote

QUOTE_VALID_HOURS = 48


@dataclass(frozen=True)
class Wish:
    """`vehicle` None: the lead's own, or one of `vehicle_class`. `tier` picks one service out of a family."""

    service: str
    vehicle_class: str | None
    addons: tuple[str, ...] = ()
    tier: str | None = None
    vehicle: Vehicle | None = None


async def show_catalog(deps: Deps, visitor: Visitor) -> tuple[Offer, ...]:
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead = await lead_of(session, visitor)
        return await offers_at(session, lead.tenant_id, lead.location_id, deps.now())


async def offers_at(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, now: datetime
) -> tuple[Offer, ...]:
    """Of the day that it is there. Raises `NotReady`."""
    location = await location_of(session, tenant_id, location_id)
    rows = await entries.rows_for_location(session, SERVICES, tenant_id, location_id)
    return effective(*rows, today_at(location, now))


def today_at(location: Location, now: datetime) -> date:
    return now.astimezone(ZoneInfo(location.timezone)).date()


async def make_quote(deps: Deps, visitor: Visitor, wish: Wish) -> Quote:
    """Raises `UnknownService`, `UnknownTier`, `TierNeeded`, `UnknownAddon`, `UnknownVehicleClass`, `PriceOnRequest`."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        return await quote_for(deps, session, await lead_of(session, visitor, lock="shared"), wish)


async def quote_for(deps: Deps, session: AsyncSession, lead: Lead, wish: Wish) -> Quote:
    now = deps.now()
    offers = await offers_at(session, lead.tenant_id, lead.location_id, now)
    offer = find_service(offers, wish.service, wish.tier)
    if offer is None:
        raise UnknownService(wish.service)
    own = Vehicle.model_validate(lead.vehicle) if lead.vehicle else None
    car = car_of(wish.vehicle, wish.vehicle_class, own)
    vehicle_class = car.vehicle_class if car else None
    job = price_job(offer, vehicle_class, wish.addons)
    told = await entries.told(session, SERVICES, lead.tenant_id, lead.location_id)
    quote = Quote(
        tenant_id=lead.tenant_id,
        location_id=lead.location_id,
        lead_id=lead.lead_id,
        id=uuid4(),
        service_code=offer.code,
        service_name=offer.name,
        service_name_es=offer.name_es,
        vehicle=car.model_dump(mode="json") if car else None,
        vehicle_class=vehicle_class,
        lines=[{"label": line.label, "amount_cents": line.amount_cents} for line in job.lines],
        total_cents=job.total_cents,
        max_cents=job.max_cents,
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
