"""Tenants, locations and leads as ingest told of them."""

from typing import Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from booking.tables import Lead, Location, Tenant


async def tenant_by_slug(session: AsyncSession, slug: str) -> Tenant | None:
    return await session.scalar(select(Tenant).where(Tenant.slug == slug))


async def tenant_ids(session: AsyncSession) -> list[UUID]:
    return list((await session.scalars(select(Tenant.id).order_by(col(Tenant.slug)))).all())


async def lock_tenant(session: AsyncSession, tenant_id: UUID) -> None:
    """Orders changes of the catalogue, and of who is concerned by it."""
    await session.execute(select(Tenant).where(Tenant.id == tenant_id).with_for_update(key_share=True))


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str) -> None:
    await session.execute(insert(Tenant).values(id=tenant_id, slug=slug).on_conflict_do_nothing())


async def location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    return await session.scalar(
        select(Location).where(Location.tenant_id == tenant_id, Location.location_id == location_id)
    )


async def locations(session: AsyncSession, tenant_id: UUID) -> list[Location]:
    """By code."""
    statement = select(Location).where(Location.tenant_id == tenant_id).order_by(col(Location.code))
    return list((await session.scalars(statement)).all())


async def location_by_code(session: AsyncSession, tenant_id: UUID, code: str) -> Location | None:
    return await session.scalar(
        select(Location).where(Location.tenant_id == tenant_id, Location.code == code)
    )


async def keep_location(session: AsyncSession, fresh: Location) -> bool:
    """False when a newer or the same version is known already."""
    values = fresh.model_dump()
    statement = insert(Location).values(values)
    kept = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={name: value for name, value in values.items() if name != "location_id"},
            where=col(Location.version) < fresh.version,
        ).returning(col(Location.location_id))
    )
    return kept.first() is not None


async def lead(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: Literal["shared", "alone"] | None = None
) -> Lead | None:
    """`shared`: whoever erases it waits for the end of the transaction; `alone`: whoever holds or books for it, too."""
    statement = select(Lead).where(Lead.tenant_id == tenant_id, Lead.lead_id == lead_id)
    if lock:
        statement = statement.with_for_update(key_share=True, read=lock == "shared")
    return await session.scalar(statement)


async def keep_lead(session: AsyncSession, fresh: Lead) -> None:
    """An older version than the known one changes nothing."""
    values = fresh.model_dump()
    statement = insert(Lead).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["lead_id"],
            set_={name: value for name, value in values.items() if name != "lead_id"},
            where=col(Lead.lead_version) < fresh.lead_version,
        )
    )
