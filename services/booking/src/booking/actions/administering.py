"""Catalogue and knowledge as operators set them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.documents import Document
from booking.actions.publishing import publish, version_with
from booking.actions.quoting import today_at
from booking.deps import Deps
from booking.domain.entries import Entry, EntryT, effective
from booking.domain.errors import LocationUnknown
from booking.domain.rows import (
    Change,
    Format,
    Key,
    RawRow,
    Row,
    RowError,
    differences,
    in_order,
    plain,
    unknown_locations,
)
from booking.store import entries, replicas
from booking.store.entries import Place
from booking.tables import Location

Rows = Mapping[Place, EntryT]


class InvalidRows(Exception):
    """Nothing of the import was used; `errors` are all of them."""

    def __init__(self, document: str, errors: Sequence[RowError]) -> None:
        super().__init__(f"{len(errors)} errors in the {document}")
        self.code = f"invalid_{document}"
        self.errors = errors


@dataclass(frozen=True)
class Imported:
    """`versions` by location code, as they are afterwards."""

    changes: list[Change]
    versions: dict[str, int]


async def tenant_id_of(deps: Deps, slug: str) -> UUID:
    """Raises `LocationUnknown` while no location of the tenant has arrived."""
    async with transaction(deps.sessions, tenant_id=None) as session:
        tenant = await replicas.tenant_by_slug(session, slug)
    if tenant is None:
        raise LocationUnknown("No location of this tenant has arrived here yet.")
    return tenant.id


async def show_rows(deps: Deps, document: Document[EntryT], slug: str) -> list[dict[str, object]]:
    """The rows as they were imported, by location, code and first day. Raises `LocationUnknown`."""
    tenant_id = await tenant_id_of(deps, slug)
    async with transaction(deps.sessions, tenant_id) as session:
        codes = _codes(await replicas.locations(session, tenant_id))
        rows = _by_code(await entries.all_rows(session, document.kept, tenant_id), codes)
    return [
        {"row": number, "location": key[0], **as_imported(document.form, rows[key])}
        for number, key in enumerate(sorted(rows, key=in_order), start=1)
    ]


async def import_rows(
    deps: Deps, document: Document[EntryT], slug: str, raw: Sequence[RawRow], *, dry_run: bool
) -> Imported:
    """The document becomes what the rows say; every location that it changes for gets a new version.

    Raises `InvalidRows`, and `LocationUnknown` when a location that has not arrived yet is all that is wrong.
    """
    tenant_id = await tenant_id_of(deps, slug)
    rows, errors = document.form.read(raw)
    async with transaction(deps.sessions, tenant_id) as session:
        await replicas.lock_tenant(session, tenant_id)
        locations = await replicas.locations(session, tenant_id)
        codes = _codes(locations)
        unknown = unknown_locations(rows, codes.values())
        if errors:
            raise InvalidRows(document.name, [*errors, *unknown])
        if unknown:
            raise _unknown(unknown)
        old = await entries.all_rows(session, document.kept, tenant_id)
        new = _wanted(document, rows, codes, old)
        if not dry_run:
            await _store(session, document, tenant_id, old, new)
        versions = await _versions(session, document, locations, new, deps.now(), dry_run=dry_run)
    changes = differences(_by_code(old, codes), _by_code(new, codes), document.form.columns)
    return Imported(changes, versions)


def _unknown(errors: Sequence[RowError]) -> LocationUnknown:
    return LocationUnknown(
        "; ".join(f"row {error.row}: {error.detail}" for error in errors),
        [error.__dict__ for error in errors],
    )


def _codes(locations: Sequence[Location]) -> dict[UUID | None, str]:
    """Location id to code; no id is the whole tenant."""
    return {None: "", **{location.location_id: location.code for location in locations}}


def _by_code(rows: Rows[EntryT], codes: Mapping[UUID | None, str]) -> dict[Key, EntryT]:
    return {(codes[place], code, begins): o for (place, code, begins), o in rows.items() if place in codes}


def _wanted(
    document: Document[EntryT], rows: Sequence[Row], codes: Mapping[UUID | None, str], old: Rows[EntryT]
) -> Rows[EntryT]:
    """A row that stood before keeps its id."""
    places = {code: place for place, code in codes.items()}
    new: dict[Place, EntryT] = {}
    for row in rows:
        key = (places[row.location], row.code, row.valid_from)
        known = old.get(key)
        new[key] = document.build(id=known.id if known else uuid4(), **row.values)
    return new


async def _store(
    session: AsyncSession,
    document: Document[EntryT],
    tenant_id: UUID,
    old: Rows[EntryT],
    new: Rows[EntryT],
) -> None:
    for key, entry in old.items():
        if key not in new:
            await entries.remove_row(session, document.kept, tenant_id, entry.id)
    for key, entry in new.items():
        if old.get(key) != entry:
            await entries.keep_row(session, document.kept, tenant_id, key[0], entry)


async def _versions(
    session: AsyncSession,
    document: Document[EntryT],
    locations: Sequence[Location],
    new: Rows[EntryT],
    now: datetime,
    *,
    dry_run: bool,
) -> dict[str, int]:
    """By location code, as they are with the new rows; tells of them unless it is a dry run."""
    versions: dict[str, int] = {}
    for location in locations:
        today = _today(new, location, now)
        told = await entries.told(session, document.kept, location.tenant_id, location.location_id)
        versions[location.code] = (
            version_with(today, told) if dry_run else await publish(session, location, document, today, told)
        )
    return versions


def _today(rows: Rows[EntryT], location: Location, now: datetime) -> tuple[EntryT, ...]:
    return effective(
        (entry for key, entry in rows.items() if key[0] is None),
        (entry for key, entry in rows.items() if key[0] == location.location_id),
        today_at(location, now),
    )


def as_imported(form: Format, entry: Entry) -> dict[str, object]:
    return {name: plain(getattr(entry, name)) for name in form.columns}
