"""Who gets which time in a bay.

Locks are taken in one order everywhere: lead, location, occupancies. So nobody waits in a circle.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from booking.store import appointments, occupancies, replicas
from booking.store.occupancies import Claim
from booking.tables import ExternalAppointment

Span = tuple[datetime, datetime]


async def free_expired_holds(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> None:
    if not await occupancies.has_expired_holds(session, tenant_id, location_id):
        return
    await replicas.location(session, tenant_id, location_id, lock=True)
    for span in await occupancies.sweep_expired_holds(session, tenant_id, location_id):
        await place_externals(session, tenant_id, location_id, span)


async def free(session: AsyncSession, tenant_id: UUID, location_id: UUID, holder_id: UUID) -> None:
    """What stands in the CRM and found no room before comes first. The caller has locked the location."""
    for span in await occupancies.release(session, tenant_id, holder_id):
        await place_externals(session, tenant_id, location_id, span)


async def place_externals(session: AsyncSession, tenant_id: UUID, location_id: UUID, span: Span) -> None:
    """Gives bays to the CRM's own appointments within the span. The caller has locked the location."""
    for external in await appointments.externals_within(session, tenant_id, location_id, span):
        await _place(session, external)


async def _place(session: AsyncSession, external: ExternalAppointment) -> None:
    claim = Claim(
        tenant_id=external.tenant_id,
        location_id=external.location_id,
        starts_at=external.starts_at,
        ends_at=external.ends_at,
        kind="external",
        holder_id=external.id,
    )
    if external.all_day:
        await occupancies.fill_every_bay(session, claim)
    elif not await occupancies.stands(session, external.tenant_id, external.id):
        await occupancies.take_bay(session, claim)
