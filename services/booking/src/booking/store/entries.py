"""Entries that operators import (services, what a shop says) and the version of them that the others know."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from booking.domain.entries import EntryT
from booking.tables import EntryRow, VersionRow

Place = tuple[UUID | None, str, date | None]
"""Where a row stands: location (None: tenant-wide), code, first day."""

Told = tuple[int, str]
"""Version and fingerprint of what the others know."""


@dataclass(frozen=True)
class Kept(Generic[EntryT]):
    """Where entries of a kind are kept; `row` takes tenant, location and entry."""

    table: type[EntryRow]
    versions: type[VersionRow]
    entry: Callable[[Any], EntryT]
    row: Callable[[UUID, UUID | None, EntryT], EntryRow]


async def rows_for_location(
    session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID, location_id: UUID
) -> tuple[list[EntryT], list[EntryT]]:
    """The tenant-wide rows and the location's own."""
    table = kept.table
    statement = select(table).where(
        table.tenant_id == tenant_id,
        or_(col(table.location_id).is_(None), table.location_id == location_id),
    )
    rows = (await session.scalars(statement)).all()
    tenant_wide = [kept.entry(row) for row in rows if row.location_id is None]
    return tenant_wide, [kept.entry(row) for row in rows if row.location_id is not None]


async def all_rows(session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID) -> dict[Place, EntryT]:
    rows = (await session.scalars(select(kept.table).where(kept.table.tenant_id == tenant_id))).all()
    return {(row.location_id, row.code, row.valid_from): kept.entry(row) for row in rows}


async def keep_row(
    session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID, location_id: UUID | None, entry: EntryT
) -> None:
    await session.merge(kept.row(tenant_id, location_id, entry))
    await session.flush()


async def remove_row(session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID, row_id: UUID) -> None:
    table = kept.table
    await session.execute(delete(table).where(col(table.tenant_id) == tenant_id, col(table.id) == row_id))


async def told(session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID, location_id: UUID) -> Told | None:
    """None while nothing has ever been told."""
    versions = kept.versions
    row = await session.execute(
        select(versions.version, versions.fingerprint).where(
            versions.tenant_id == tenant_id, versions.location_id == location_id
        )
    )
    known = row.first()
    return (known[0], known[1]) if known else None


async def next_version(
    session: AsyncSession, kept: Kept[EntryT], tenant_id: UUID, location_id: UUID, fingerprint: str
) -> int:
    versions = kept.versions
    statement = insert(versions).values(
        tenant_id=tenant_id, location_id=location_id, version=1, fingerprint=fingerprint
    )
    risen = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={"version": versions.version + 1, "fingerprint": fingerprint},
        ).returning(col(versions.version))
    )
    return int(risen.scalar_one())
