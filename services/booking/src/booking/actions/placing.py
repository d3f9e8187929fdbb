"""Who gets which time of a bay and a technician.

Locks are taken in one order everywhere: lead, location (shared by claims, alone for what frees or places other people's
time), occupancies. So nobody waits in a circle; the README says why.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from shared.db.direct import direct
from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.deps import Deps
from booking.domain.capacity import Busy, Footprint, Span, assign
from booking.domain.errors import SlotTaken
from booking.store import appointments, occupancies
from booking.store.occupancies import Claim, Inserted, Row, rows_of
from booking.tables import ExternalAppointment

ResultT = TypeVar("ResultT")


class HoldsExpired(Exception):
    """Holds that are over stand in the way: this transaction ends, they are swept, and it begins again."""

    def __init__(self, location_id: UUID) -> None:
        super().__init__(f"expired holds at {location_id}")
        self.location_id = location_id


async def past_expired_holds(
    deps: Deps, tenant_id: UUID, attempt: Callable[[], Awaitable[ResultT]]
) -> ResultT:
    """`attempt` is a whole transaction."""
    while True:
        try:
            return await attempt()
        except HoldsExpired as found:
            await sweep_location(deps, tenant_id, found.location_id)


async def sweep_location(deps: Deps, tenant_id: UUID, location_id: UUID) -> None:
    async with transaction(deps.sessions, tenant_id) as session:
        await have_location_alone(session, tenant_id, location_id)


async def have_location_alone(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> None:
    """Until the end of the transaction; also frees what expired holds hold."""
    await occupancies.have_location_alone(session, location_id)
    for span in await occupancies.sweep_expired_holds(session, tenant_id, location_id):
        await place_externals(session, tenant_id, location_id, span)


async def have_locations_alone(session: AsyncSession, tenant_id: UUID, location_ids: set[UUID]) -> None:
    """In the order of their ids, so that two who do so do not wait for each other."""
    for location_id in sorted(location_ids):
        await have_location_alone(session, tenant_id, location_id)


async def take(session: AsyncSession, claim: Claim, job: Footprint) -> datetime:
    """All of the job's time or none. Answers when a hold on it expires, by the database's clock.

    What the lead holds and what the claim's holder had before is given up for it, after the new time is certain.
    The caller shares the location or has it alone. Raises `SlotTaken`, `HoldsExpired`; rolling back then restores all.
    """
    own = await occupancies.own_rows(session, claim)
    while True:
        capacity = await occupancies.capacity(
            session, claim.tenant_id, claim.location_id, job.bay, [row.holder_id for row in own]
        )
        found = assign([job], capacity.preferring(_resources(own)))
        if found is None:
            raise SlotTaken
        wanted = rows_of(job, found[0])
        missing = [piece for row in wanted for piece in _without(row, own)]
        claimed = await _claim(session, claim, missing)
        if claimed is not None:
            break
        if await occupancies.has_expired_holds(session, claim.tenant_id, claim.location_id):
            raise HoldsExpired(claim.location_id)
    had = [row.id for row in own]
    if missing != wanted:
        claimed = await _exchange(session, claim, [*had, *(row.id for row in claimed)], wanted)
    elif had:
        await occupancies.delete_rows(session, claim.tenant_id, had)
    return claimed[0].until


def _resources(rows: Sequence[Row]) -> list[UUID]:
    return [row.resource_id for row in rows if row.resource_id is not None]


def _without(row: Row, own: Sequence[Row]) -> list[Row]:
    """The parts of the row that are not in `own`, in order."""
    pieces: list[Row] = []
    start = row.starts_at
    for had in sorted(own, key=lambda had: had.starts_at):
        if had.resource_id != row.resource_id or had.ends_at <= start or had.starts_at >= row.ends_at:
            continue
        if had.starts_at > start:
            pieces.append(Row(row.bay_id, row.technician_id, start, had.starts_at))
        start = had.ends_at
    return (
        [*pieces, Row(row.bay_id, row.technician_id, start, row.ends_at)] if start < row.ends_at else pieces
    )


async def _claim(session: AsyncSession, claim: Claim, rows: Sequence[Row]) -> list[Inserted] | None:
    """None when somebody else has a part of it: then nothing of it is kept, so that nobody waits for us in vain."""
    if not rows:
        return []
    if len(rows) == 1:
        return await occupancies.insert_rows(session, claim, rows) or None
    savepoint = (await direct(session)).transaction()
    await savepoint.start()
    inserted = await occupancies.insert_rows(session, claim, rows)
    if len(inserted) < len(rows):
        await savepoint.rollback()
        return None
    await savepoint.commit()
    return inserted


async def _exchange(
    session: AsyncSession, claim: Claim, ids: Sequence[UUID], wanted: Sequence[Row]
) -> list[Inserted]:
    """All of the wanted time is ours already, in pieces: nobody else can get between."""
    await occupancies.delete_rows(session, claim.tenant_id, ids)
    inserted = await occupancies.insert_rows(session, claim, wanted)
    if len(inserted) < len(wanted):
        raise SlotTaken
    return inserted


async def free(session: AsyncSession, tenant_id: UUID, location_id: UUID, holder_id: UUID) -> None:
    """What stands in the CRM and found no room before comes first. The caller has the location alone."""
    for span in await occupancies.release(session, tenant_id, holder_id):
        await place_externals(session, tenant_id, location_id, span)


async def place_externals(session: AsyncSession, tenant_id: UUID, location_id: UUID, span: Span) -> None:
    """Gives bays and technicians to the CRM's own appointments within the span. The caller has the location alone."""
    for external in await appointments.externals_within(session, tenant_id, location_id, span):
        await _place(session, external)


async def _place(session: AsyncSession, external: ExternalAppointment) -> None:
    """One bay and, where the shop plans technicians, one of them for all of the time: its pauses are not known."""
    claim = Claim(external.tenant_id, external.location_id, kind="external", holder_id=external.id)
    span = (external.starts_at, external.ends_at)
    if external.all_day:
        await occupancies.fill_every_bay(session, claim, span)
        return
    own = await occupancies.own_rows(session, claim)
    capacity = await occupancies.capacity(session, claim.tenant_id, claim.location_id, span)
    crew = {worker_id: worker.busy for worker_id, worker in capacity.technicians.items()}
    rows: list[Row] = []
    if not any(row.bay_id for row in own):
        rows += [Row(bay_id, None, *span) for bay_id in _first_free(capacity.bays, span)]
    if not any(row.technician_id for row in own):
        rows += [Row(None, worker_id, *span) for worker_id in _first_free(crew, span)]
    if rows:
        await occupancies.insert_rows(session, claim, rows)


def _first_free(resources: Mapping[UUID, Busy], span: Span) -> list[UUID]:
    """One at most."""
    return [resource_id for resource_id, busy in resources.items() if busy.free(*span)][:1]
