"""Catalogue rows, and quotes."""

from uuid import UUID

from shared.db.direct import columns_of, direct, row_of
from shared.events import Addon
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from booking.domain.catalog import Offer
from booking.store.entries import Kept
from booking.tables import CatalogVersion, Location, Quote, ServiceRow


def _offer(row: ServiceRow) -> Offer:
    return Offer(
        id=row.id,
        code=row.code,
        name=row.name,
        name_es=row.name_es,
        description=row.description,
        synonyms=tuple(row.synonyms),
        family=row.family,
        tier=row.tier,
        price_kind=row.price_kind,  # type: ignore[arg-type]  # a closed set, checked when imported
        price_cents=row.price_cents,
        max_cents=row.max_cents,
        class_prices=row.class_prices,
        duration_minutes=row.duration_minutes,
        buffer_minutes=row.buffer_minutes,
        cure_minutes=row.cure_minutes,
        skills=tuple(row.skills),
        addons=tuple(Addon.model_validate(addon) for addon in row.addons),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        active=row.active,
    )


def _row(tenant_id: UUID, location_id: UUID | None, offer: Offer) -> ServiceRow:
    return ServiceRow(
        tenant_id=tenant_id,
        location_id=location_id,
        id=offer.id,
        code=offer.code,
        name=offer.name,
        name_es=offer.name_es,
        description=offer.description,
        synonyms=list(offer.synonyms),
        family=offer.family,
        tier=offer.tier,
        price_kind=offer.price_kind,
        price_cents=offer.price_cents,
        max_cents=offer.max_cents,
        class_prices=dict(offer.class_prices),
        duration_minutes=offer.duration_minutes,
        buffer_minutes=offer.buffer_minutes,
        cure_minutes=offer.cure_minutes,
        skills=list(offer.skills),
        addons=[addon.model_dump() for addon in offer.addons],
        valid_from=offer.valid_from,
        valid_to=offer.valid_to,
        active=offer.active,
    )


SERVICES = Kept(ServiceRow, CatalogVersion, _offer, _row)


async def quote_of_lead(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, quote_id: UUID
) -> Quote | None:
    return await session.scalar(
        select(Quote).where(Quote.tenant_id == tenant_id, Quote.id == quote_id, Quote.lead_id == lead_id)
    )


_PLACE_AND_QUOTE = f"""
SELECT {columns_of(Location, "p")}, {columns_of(Quote, "q")} FROM booking.leads l
JOIN booking.locations p ON p.tenant_id = l.tenant_id AND p.location_id = l.location_id
LEFT JOIN booking.quotes q ON q.tenant_id = l.tenant_id AND q.lead_id = l.lead_id AND q.id = $3
WHERE l.tenant_id = $1 AND l.lead_id = $2
"""  # noqa: S608 - our own columns


async def place_and_quote(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, quote_id: UUID
) -> tuple[Location, Quote | None] | None:
    """The lead's location, and its quote if it is one of the lead's; `None` while lead or location are not known."""
    found = await (await direct(session)).fetchrow(_PLACE_AND_QUOTE, tenant_id, lead_id, quote_id)
    if found is None:
        return None
    return row_of(Location, found, "p"), row_of(Quote, found, "q") if found["q.id"] else None
