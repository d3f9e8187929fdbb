"""Holds, appointments, idempotency keys, booking requests, and appointments of the CRM."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from booking.tables import Appointment, BookingRequest, ExternalAppointment, Hold, IdempotencyKey, Lead


async def appointment(
    session: AsyncSession, tenant_id: UUID, appointment_id: UUID, *, lock: bool = False
) -> Appointment | None:
    """With `lock` as it is now, not as this session has seen it before. `None`, too, once its person was erased."""
    statement = select(Appointment).where(
        Appointment.tenant_id == tenant_id,
        Appointment.id == appointment_id,
        exists().where(col(Lead.lead_id) == col(Appointment.lead_id)),
    )
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(statement)


async def stored(
    session: AsyncSession, tenant_id: UUID, appointment_id: UUID, *, lock: bool = False
) -> Appointment | None:
    """Also one whose person was erased."""
    statement = select(Appointment).where(
        Appointment.tenant_id == tenant_id, Appointment.id == appointment_id
    )
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(statement)


async def insert_appointment(session: AsyncSession, fresh: Appointment) -> bool:
    """False when its number is in use."""
    kept = await session.execute(
        insert(Appointment)
        .values(fresh.model_dump())
        .on_conflict_do_nothing(index_elements=["tenant_id", "number"])
        .returning(col(Appointment.id))
    )
    return kept.first() is not None


async def count_live(session: AsyncSession, tenant_id: UUID, lead_id: UUID, now: datetime) -> int:
    """Booked ones of the lead that are not over."""
    statement = select(func.count()).where(
        Appointment.tenant_id == tenant_id,
        Appointment.lead_id == lead_id,
        Appointment.status == "booked",
        Appointment.ends_at > now,
    )
    return int((await session.execute(statement)).scalar_one())


async def booked_of_quote(session: AsyncSession, tenant_id: UUID, quote_id: UUID) -> Sequence[Appointment]:
    statement = select(Appointment).where(
        Appointment.tenant_id == tenant_id,
        Appointment.quote_id == quote_id,
        Appointment.status == "booked",
    )
    return (await session.scalars(statement)).all()


async def overlapping(
    session: AsyncSession, lead: Lead, span: tuple[datetime, datetime]
) -> Sequence[Appointment]:
    """The lead's booked appointments that share time with the span."""
    statement = select(Appointment).where(
        Appointment.tenant_id == lead.tenant_id,
        Appointment.lead_id == lead.lead_id,
        Appointment.status == "booked",
        Appointment.starts_at < span[1],
        Appointment.ends_at > span[0],
    )
    return (await session.scalars(statement)).all()


async def hold_of_lead(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, hold_id: UUID
) -> Hold | None:
    return await session.scalar(
        select(Hold).where(Hold.tenant_id == tenant_id, Hold.id == hold_id, Hold.lead_id == lead_id)
    )


async def idempotency_key(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, key: str
) -> IdempotencyKey | None:
    return await session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.tenant_id == tenant_id,
            IdempotencyKey.lead_id == lead_id,
            IdempotencyKey.key == key,
        )
    )


async def request(session: AsyncSession, tenant_id: UUID, request_id: UUID) -> BookingRequest | None:
    return await session.scalar(
        select(BookingRequest).where(
            BookingRequest.tenant_id == tenant_id, BookingRequest.request_id == request_id
        )
    )


async def begin_request(session: AsyncSession, tenant_id: UUID, *, request_id: UUID, lead_id: UUID) -> bool:
    """False when the request was answered before."""
    kept = await session.execute(
        insert(BookingRequest)
        .values(tenant_id=tenant_id, request_id=request_id, lead_id=lead_id)
        .on_conflict_do_nothing()
        .returning(col(BookingRequest.request_id))
    )
    return kept.first() is not None


async def external_locations(
    session: AsyncSession, tenant_id: UUID, crm_appointment_id: str
) -> Sequence[UUID]:
    """Where it was seen last."""
    statement = select(ExternalAppointment.location_id).where(
        ExternalAppointment.tenant_id == tenant_id,
        ExternalAppointment.crm_appointment_id == crm_appointment_id,
    )
    return (await session.scalars(statement.distinct())).all()


async def externals(
    session: AsyncSession, tenant_id: UUID, crm_appointment_id: str
) -> Sequence[ExternalAppointment]:
    """Every time at which this one takes place, and its tombstone."""
    statement = select(ExternalAppointment).where(
        ExternalAppointment.tenant_id == tenant_id,
        ExternalAppointment.crm_appointment_id == crm_appointment_id,
    )
    return (await session.scalars(statement)).all()


async def delete_externals(session: AsyncSession, tenant_id: UUID, ids: Collection[UUID]) -> None:
    await session.execute(
        delete(ExternalAppointment).where(
            col(ExternalAppointment.tenant_id) == tenant_id, col(ExternalAppointment.id).in_(ids)
        )
    )


async def externals_within(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, span: tuple[datetime, datetime]
) -> list[ExternalAppointment]:
    """Those that stand and touch the span, oldest first."""
    statement = (
        select(ExternalAppointment)
        .where(
            ExternalAppointment.tenant_id == tenant_id,
            ExternalAppointment.location_id == location_id,
            ExternalAppointment.ends_at > span[0],
            ExternalAppointment.starts_at < span[1],
            col(ExternalAppointment.deleted).is_(False),
        )
        .order_by(col(ExternalAppointment.starts_at), col(ExternalAppointment.id))
    )
    return list((await session.scalars(statement)).all())
