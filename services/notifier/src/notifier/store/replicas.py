"""Tenants, locations, staff and appointments, as other services told of them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.db.direct import columns_of, direct, row_of
from shared.messaging.replay import repeated_by
from sqlalchemy import any_, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.tables import (
    Appointment,
    Location,
    StaffMember,
    Tenant,
)


async def tenants(session: AsyncSession) -> Sequence[UUID]:
    return (await session.execute(select(col(Tenant.id)))).scalars().all()


async def tenant_by_slug(session: AsyncSession, slug: str) -> UUID | None:
    return (await session.execute(select(col(Tenant.id)).where(col(Tenant.slug) == slug))).scalar()


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str) -> None:
    """First word counts: a slug never changes, and an update would lose the race of two first words."""
    await session.execute(insert(Tenant).values(id=tenant_id, slug=slug).on_conflict_do_nothing())


async def keep_location(session: AsyncSession, location: Location) -> None:
    """Unless a newer version stands already; the words of its catalogue are kept apart."""
    values = location.model_dump()
    kept = {"id", "tenant_id", "catalog_version", "wish_words"}
    row = insert(Location).values(values)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["id"],
            set_={name: row.excluded[name] for name in values if name not in kept},
            where=col(Location.version) < row.excluded.version,
        )
    )


async def keep_wish_words(
    session: AsyncSession, location: Location, version: int, words: Sequence[str]
) -> None:
    """Unless those of a newer catalogue stand already."""
    await session.execute(
        update(Location)
        .where(
            col(Location.tenant_id) == location.tenant_id,
            col(Location.id) == location.id,
            col(Location.catalog_version) < version,
        )
        .values(catalog_version=version, wish_words=words)
    )


_LOCATION = f"""
SELECT {columns_of(Location, "p")} FROM notify.locations p WHERE p.tenant_id = $1 AND p.id = $2
"""  # noqa: S608 - our own columns


async def location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    found = await (await direct(session)).fetchrow(_LOCATION, tenant_id, location_id)
    return row_of(Location, found, "p") if found else None


async def advance_appointment(session: AsyncSession, appointment: Appointment) -> bool:
    """False when this change (unless it is repeated on purpose) or a later one is known."""
    row = insert(Appointment).values(appointment.model_dump())
    known, fresh = col(Appointment.sequence), row.excluded.sequence
    statement = row.on_conflict_do_update(
        index_elements=["id"],
        set_={name: row.excluded[name] for name in ("sequence", "status", "start", "location_id")},
        where=known <= fresh if repeated_by() else known < fresh,
    )
    return (await session.execute(statement.returning(col(Appointment.id)))).scalar() is not None


async def keep_staff(session: AsyncSession, member: StaffMember) -> None:
    """Unless the replica is as new or newer."""
    values = member.model_dump()
    statement = insert(StaffMember).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_=values, where=col(StaffMember.version) < member.version
        )
    )


async def staff_member(session: AsyncSession, tenant_id: UUID, staff_id: UUID) -> StaffMember | None:
    statement = select(StaffMember).where(
        col(StaffMember.tenant_id) == tenant_id, col(StaffMember.id) == staff_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def staff_at(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, roles: Collection[str]
) -> Sequence[StaffMember]:
    """Who works there in one of the roles; the owner works everywhere."""
    there = or_(col(StaffMember.role) == "owner", literal(location_id) == any_(col(StaffMember.locations)))
    statement = select(StaffMember).where(
        col(StaffMember.tenant_id) == tenant_id,
        col(StaffMember.active),
        col(StaffMember.role).in_(roles),
        there,
    )
    return (await session.execute(statement.order_by(col(StaffMember.email)))).scalars().all()


async def location_written_to(
    session: AsyncSession, tenant_id: UUID, channel: str, address: str
) -> Location | None:
    """The first by code with that number or e-mail address; locked, so that strangers are counted one by one."""
    ours = (
        col(Location.sms_from) == address if channel == "sms" else func.lower(col(Location.email)) == address
    )
    statement = select(Location).where(col(Location.tenant_id) == tenant_id, ours)
    statement = statement.order_by(col(Location.code)).limit(1).with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def any_location(session: AsyncSession, tenant_id: UUID, among: Collection[UUID]) -> Location | None:
    """The first by code; with `among`, of these."""
    statement = select(Location).where(col(Location.tenant_id) == tenant_id)
    if among:
        statement = statement.where(col(Location.id).in_(among))
    return (await session.execute(statement.order_by(col(Location.code)).limit(1))).scalar_one_or_none()
