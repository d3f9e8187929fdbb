"""Catalogue rows, their versions, and quotes."""

from uuid import UUID

from shared.events import Addon
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from booking.domain.catalog import Offer
from booking.tables import CatalogVersion, Quote, ServiceRow


def _offer(row: ServiceRow) -> Offer:
    return Offer(
        id=row.id,
        code=row.code,
        name=row.name,
        description=row.description,
        synonyms=tuple(row.synonyms),
        price_kind=row.price_kind,  # type: ignore[arg-type]  # a closed set, checked when imported
        price_cents=row.price_cents,
        max_cents=row.max_cents,
        class_prices=row.class_prices,
        duration_minutes=row.duration_minutes,
        buffer_minutes=row.buffer_minutes,
        addons=tuple(Addon.model_validate(addon) for addon in row.addons),
        active=row.active,
        cure_minutes=row.cure_minutes,
        skills=tuple(row.skills),
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


async def all_rows(session: AsyncSession, tenant_id: UUID) -> dict[tuple[UUID | None, str], Offer]:
    statement = select(ServiceRow).where(ServiceRow.tenant_id == tenant_id)
    return {(row.location_id, row.code): _offer(row) for row in (await session.scalars(statement)).all()}


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
            price_kind=offer.price_kind,
            price_cents=offer.price_cents,
            max_cents=offer.max_cents,
            class_prices=dict(offer.class_prices),
            duration_minutes=offer.duration_minutes,
            buffer_minutes=offer.buffer_minutes,
            addons=[addon.model_dump() for addon in offer.addons],
            active=offer.active,
            cure_minutes=offer.cure_minutes,
            skills=list(offer.skills),
        )
    )
    await session.flush()


async def remove_row(session: AsyncSession, tenant_id: UUID, row_id: UUID) -> None:
    await session.execute(
        delete(ServiceRow).where(col(ServiceRow.tenant_id) == tenant_id, col(ServiceRow.id) == row_id)
    )


async def version(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> int:
    """0 while there has never been a catalogue."""
    known = await session.scalar(
        select(CatalogVersion.version).where(
            CatalogVersion.tenant_id == tenant_id, CatalogVersion.location_id == location_id
        )
    )
    return known or 0


async def next_version(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> int:
    statement = insert(CatalogVersion).values(tenant_id=tenant_id, location_id=location_id, version=1)
    risen = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"], set_={"version": CatalogVersion.version + 1}
        ).returning(col(CatalogVersion.version))
    )
    return int(risen.scalar_one())


async def quote_of_lead(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, quote_id: UUID
) -> Quote | None:
    return await session.scalar(
        select(Quote).where(Quote.tenant_id == tenant_id, Quote.id == quote_id, Quote.lead_id == lead_id)
    )
