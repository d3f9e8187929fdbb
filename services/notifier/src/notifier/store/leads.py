"""Leads and what stopped their sequences."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.store.consents import Address
from notifier.tables import (
    Lead,
    Location,
)


async def add_lead(session: AsyncSession, lead: Lead) -> bool:
    """False when it is known."""
    row = insert(Lead).values(lead.model_dump()).on_conflict_do_nothing(index_elements=["id"])
    return (await session.execute(row.returning(col(Lead.id)))).scalar() is not None


async def renew_lead(session: AsyncSession, fresh: Lead) -> bool:
    """False when the same or a newer state of the person is known."""
    facts = {
        name: getattr(fresh, name)
        for name in ("facts_version", "name", "email", "phone", "vehicle", "interest", "received_at")
    }
    statement = update(Lead).where(
        col(Lead.tenant_id) == fresh.tenant_id,
        col(Lead.id) == fresh.id,
        col(Lead.facts_version) < fresh.facts_version,
    )
    renewed = await session.execute(statement.values(facts).returning(col(Lead.id)))
    return renewed.first() is not None


async def lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead | None:
    return (
        await session.execute(select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id))
    ).scalar()


async def newest_lead_by_phone(
    session: AsyncSession, tenant_id: UUID, phone: str, sms_from: str
) -> Lead | None:
    """Of the shop whose number was written to, where there is one."""
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.phone) == phone)
        .order_by((col(Location.sms_from) == sms_from).desc().nulls_last(), col(Lead.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def newest_lead_by_email(
    session: AsyncSession, tenant_id: UUID, email: str, shop_email: str
) -> Lead | None:
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.email) == email)
        .order_by((func.lower(col(Location.email)) == shop_email).desc(), col(Lead.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def leads_of_address(session: AsyncSession, tenant_id: UUID, address: Address) -> Sequence[UUID]:
    channel, value = address
    column = col(Lead.phone) if channel == "sms" else col(Lead.email)
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == tenant_id, column == value)
    return (await session.execute(statement)).scalars().all()


async def lock_leads_of_person(session: AsyncSession, lead: Lead) -> None:
    """All leads with one of the lead's addresses, in one order, so that two opt-outs cannot wait for each other."""
    same = or_(
        col(Lead.id) == lead.id,
        *([col(Lead.phone) == lead.phone] if lead.phone else []),
        *([col(Lead.email) == lead.email] if lead.email else []),
    )
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == lead.tenant_id, same).order_by(col(Lead.id))
    await session.execute(statement.with_for_update(key_share=True))


async def raise_lead_version(session: AsyncSession, tenant_id: UUID, lead_id: UUID, version: int) -> None:
    await session.execute(
        update(Lead)
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id, col(Lead.lead_version) < version)
        .values(lead_version=version)
    )


async def stop_lead(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, reason: str, *, engaged: bool
) -> None:
    """The first reason stays; `engaged` notes the moment of the customer's first own act."""
    values: dict[str, Any] = {
        "stopped_at": func.coalesce(col(Lead.stopped_at), func.clock_timestamp()),
        "stopped_reason": func.coalesce(col(Lead.stopped_reason), reason),
    }
    if engaged:
        values["engaged_at"] = func.coalesce(col(Lead.engaged_at), func.clock_timestamp())
    await session.execute(
        update(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id).values(values)
    )
