"""The leads as staff list them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from shared.db.engine import Sessions, transaction
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store, store_staff
from ingest.store_staff import Before, LeadFilter, LeadRow
from ingest.tables import StaffMember

PAGE = 50
EXPORTED_AT_ONCE = 200
"""Of a file; while they are read and written nobody else is answered."""


async def list_leads(
    sessions: Sessions,
    member: StaffMember,
    wanted: LeadFilter,
    *,
    location: str | None,
    before: Before | None,
) -> Sequence[LeadRow]:
    """Of where the member works, or of these the location with that code; one page, newest first."""
    return await _page(sessions, member, wanted, location=location, before=before, most=PAGE)


async def export_leads(
    sessions: Sessions, member: StaffMember, wanted: LeadFilter, *, location: str | None
) -> AsyncIterator[Sequence[LeadRow]]:
    """All of them, in parts: no transaction stays open while the file goes out."""
    before: Before | None = None
    while rows := await _page(
        sessions, member, wanted, location=location, before=before, most=EXPORTED_AT_ONCE
    ):
        yield rows
        before = Before(rows[-1].lead.received_at, rows[-1].lead.id)


async def _page(
    sessions: Sessions,
    member: StaffMember,
    wanted: LeadFilter,
    *,
    location: str | None,
    before: Before | None,
    most: int,
) -> Sequence[LeadRow]:
    async with transaction(sessions, tenant_id=member.tenant_id) as session:
        seen = await _narrowed(session, member, wanted, location)
        return await store_staff.leads(session, member.tenant_id, seen, before=before, most=most)


async def _narrowed(
    session: AsyncSession, member: StaffMember, wanted: LeadFilter, code: str | None
) -> LeadFilter:
    works_at = None if member.role == "owner" else frozenset(member.locations)
    if code is not None:
        named = await store.location_by_code(session, member.tenant_id, code)
        asked = frozenset({named.id} if named else ())
        works_at = asked if works_at is None else works_at & asked
    return replace(wanted, locations=works_at)
