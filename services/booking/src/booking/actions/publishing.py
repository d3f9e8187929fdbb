"""Tells the others of a location's catalogue and of what it says, whenever that has become another."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.documents import DOCUMENTS, Document
from booking.actions.quoting import today_at
from booking.deps import Deps
from booking.domain.entries import EntryT, effective, fingerprint
from booking.store import entries, replicas
from booking.store.entries import Told
from booking.tables import Location


async def tenants(deps: Deps) -> list[UUID]:
    async with transaction(deps.sessions, tenant_id=None) as session:
        return await replicas.tenant_ids(session)


async def local_days(deps: Deps, tenant_id: UUID) -> dict[UUID, date]:
    """The day that it is at each location."""
    async with transaction(deps.sessions, tenant_id) as session:
        locations = await replicas.locations(session, tenant_id)
    return {location.location_id: today_at(location, deps.now()) for location in locations}


async def republish(deps: Deps, tenant_id: UUID) -> None:
    """What begins to hold today, or holds no more, reaches the others; the caller knows that a day has begun."""
    async with transaction(deps.sessions, tenant_id) as session:
        await replicas.lock_tenant(session, tenant_id)
        for location in await replicas.locations(session, tenant_id):
            await publish_all(session, location, deps.now())


async def publish_all(session: AsyncSession, location: Location, now: datetime) -> None:
    """The caller has locked the tenant."""
    for document in DOCUMENTS:
        await _publish_today(session, location, document, now)


async def _publish_today(
    session: AsyncSession, location: Location, document: Document[EntryT], now: datetime
) -> None:
    place = (location.tenant_id, location.location_id)
    rows = await entries.rows_for_location(session, document.kept, *place)
    told = await entries.told(session, document.kept, *place)
    await publish(session, location, document, effective(*rows, today_at(location, now)), told)


async def publish(
    session: AsyncSession,
    location: Location,
    document: Document[EntryT],
    today: Sequence[EntryT],
    told: Told | None,
) -> int:
    """The version as it is afterwards; a new one only where `today` is not what was told last."""
    version = version_with(today, told)
    if version == (told[0] if told else 0):
        return version
    place = (location.tenant_id, location.location_id)
    version = await entries.next_version(session, document.kept, *place, fingerprint(today))
    fact = document.fact(location.location_id, version, today)
    await record(session, fact, tenant_id=place[0], subject=place[1], location_id=place[1])
    return version


def version_with(today: Sequence[EntryT], told: Told | None) -> int:
    """The version that a location has once this holds; 0: nothing was ever told, and there is nothing to tell."""
    if told is None:
        return 1 if today else 0
    return told[0] + (told[1] != fingerprint(today))
