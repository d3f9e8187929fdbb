"""The members of staff as each service that they sign in to knows them: a replica of `staff.changed`. Needs `cryptography`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import MetaData, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.engine import Sessions, transaction
from shared.db.tables import staff_table
from shared.events import Event, StaffChanged
from shared.messaging.replay import replica
from shared.staff_sessions import StaffSession

_STAFF = staff_table(MetaData())


class NotStaff(Exception):
    """Nobody who works there (any more), a session that was ended, or a token that came before the news of its member."""


@dataclass(frozen=True)
class Viewer:
    """Who looks, in which session. `locations`: where they work, `None` for everywhere."""

    session: StaffSession
    tenant_id: UUID
    staff_id: UUID
    name: str
    locations: frozenset[UUID] | None
    may_act: bool

    def sees(self, location_id: UUID) -> bool:
        return self.locations is None or location_id in self.locations


@replica
async def keep_staff(session: AsyncSession, event: Event[StaffChanged]) -> None:
    """Unless the replica is as new or newer."""
    member = event.data
    values = {
        "staff_id": member.staff_id,
        "tenant_id": event.tenant_id,
        "version": member.version,
        "name": member.name,
        "role": member.role,
        "locations": list(member.locations),
        "active": member.active,
        "ended_sessions": list(member.ended_sessions),
    }
    await session.execute(
        insert(_STAFF)
        .values(values)
        .on_conflict_do_update(
            index_elements=["staff_id"], set_=values, where=_STAFF.c.version < member.version
        )
    )


async def viewer_of(sessions: Sessions, staff: StaffSession, now: Callable[[], datetime]) -> Viewer:
    """As they are now. Raises `NotStaff`."""
    known = select(_STAFF).where(_STAFF.c.tenant_id == staff.tenant_id, _STAFF.c.staff_id == staff.staff_id)
    async with transaction(sessions, staff.tenant_id) as session:
        member = (await session.execute(known)).one_or_none()
    if member is None or not member.active or staff.id in member.ended_sessions:
        raise NotStaff
    if staff.expires_at < now():
        raise NotStaff
    return Viewer(
        session=staff,
        tenant_id=staff.tenant_id,
        staff_id=member.staff_id,
        name=member.name,
        locations=None if member.role == "owner" else frozenset(member.locations),
        may_act=member.role != "read_only",
    )
