"""Catalogue rows, their versions, and quotes."""

from datetime import date
from uuid import UUID

from shared.events import Addon
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from booking.domain.catalog import Offer
from booking.tables import CatalogVersion, Quote, ServiceRow

Place = tuple[UUID | None, str, date | None]
"""Where a row stands: location (None: tenant-wide), code, first day."""


def _offer(row: ServiceRow) -> Offer:
    return Offer(
        id=row.id,
        code=row.code,
        name=row.name,
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


async def rows_for_location(
    session: AsyncSession, tenant_id: UUID, location_id: UUID
) -> tuple[list[Offer], list[Offer]]:
    """The tenant-wide rows and the location's own."""
    statement = select(ServiceRow).where(
        ServiceRow.tenant_id == tenant_id,
        or_(col(ServiceRow.location_id).is_(None), ServiceRow.location_id == location_id),
    )
    rows = (await session.scalars(statement)).all()
    tenant_wide = [_offer(row) for row in rows if row.location_id is None]
    return tenant_wide, [_offer(row) for row in rows if row.location_id is not None]


async def all_rows(session: AsyncSession, tenant_id: UUID) -> dict[Place, Offer]:
    statement = select(ServiceRow).where(ServiceRow.tenant_id == tenant_id)
    rows = (await session.scalars(statement)).all()
    return {(row.location_id, row.code, row.valid_from): _offer(row) for row in rows}


async def keep_row(session: AsyncSession, tenant_id: UUID, location_id: UUID | None, offer: Offer) -> None:
    await session.merge(
        ServiceRow(
            tenant_id=tenant_id,
            location_id=location_id,
            id=offer.id,
            code=offer.code,
            name=offer.name,
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
    )
    await session.flush()


async def remove_row(session: AsyncSession, tenant_id: UUID, row_id: UUID) -> None:
    await session.execute(
        delete(ServiceRow).where(col(ServiceRow.tenant_id) == tenant_id, col(ServiceRow.id) == row_id)
    )


Told = tuple[int, str]
"""Version and fingerprint of the catalogue that the others know."""


async def told(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Told | None:
    """None while there has never been a catalogue."""
    row = await session.execute(
        select(CatalogVersion.version, CatalogVersion.fingerprint).where(
            CatalogVersion.tenant_id == tenant_id, CatalogVersion.location_id == location_id
        )
    )
    known = row.first()
    return (known[0], known[1]) if known else None


async def next_version(session: AsyncSession, tenant_id: UUID, location_id: UUID, fingerprint: str) -> int:
    statement = insert(CatalogVersion).values(
        tenant_id=tenant_id, location_id=location_id, version=1, fingerprint=fingerprint
    )
    risen = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={"version": CatalogVersion.version + 1, "fingerprint": fingerprint},
        ).returning(col(CatalogVersion.version))
    )
    return int(risen.scalar_one())


async def quote_of_lead(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, quote_id: UUID
) -> Quote | None:
    return await session.scalar(
        select(Quote).where(Quote.tenant_id == tenant_id, Quote.id == quote_id, Quote.lead_id == lead_id)
    )
