"""The catalogue as operators set it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.publishing import publish_offers, version_with
from booking.actions.quoting import today_at
from booking.deps import Deps
from booking.domain.catalog import Offer, effective
from booking.domain.catalog_import import (
    FIELDS,
    Catalog,
    CatalogRow,
    Change,
    RawRow,
    RowError,
    differences,
    in_order,
    plain,
    read_rows,
    unknown_locations,
)
from booking.domain.errors import LocationUnknown
from booking.store import catalog, replicas
from booking.store.catalog import Place
from booking.tables import Location

Rows = Mapping[Place, Offer]


class InvalidCatalog(Exception):
    """Nothing of the import was used; `errors` are all of them."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__(f"{len(errors)} errors in the catalogue")
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


async def show_rows(deps: Deps, slug: str) -> list[dict[str, object]]:
    """The catalogue as it was imported, by location, code and first day. Raises `LocationUnknown`."""
    tenant_id = await tenant_id_of(deps, slug)
    async with transaction(deps.sessions, tenant_id) as session:
        codes = _codes(await replicas.locations(session, tenant_id))
        rows = _by_code(await catalog.all_rows(session, tenant_id), codes)
    return [
        {"row": number, "location": key[0], **as_imported(rows[key])}
        for number, key in enumerate(sorted(rows, key=in_order), start=1)
    ]


async def import_catalog(deps: Deps, slug: str, raw: Sequence[RawRow], *, dry_run: bool) -> Imported:
    """The catalogue becomes what the rows say; every location that it changes for gets a new version.

    Raises `InvalidCatalog`, and `LocationUnknown` when a location that has not arrived yet is all that is wrong.
    """
    tenant_id = await tenant_id_of(deps, slug)
    rows, errors = read_rows(raw)
    async with transaction(deps.sessions, tenant_id) as session:
        await replicas.lock_tenant(session, tenant_id)
        locations = await replicas.locations(session, tenant_id)
        codes = _codes(locations)
        unknown = unknown_locations(rows, codes.values())
        if errors:
            raise InvalidCatalog([*errors, *unknown])
        if unknown:
            raise _unknown(unknown)
        old = await catalog.all_rows(session, tenant_id)
        new = _wanted(rows, codes, old)
        if not dry_run:
            await _store(session, tenant_id, old, new)
        versions = await _versions(session, locations, new, deps.now(), dry_run=dry_run)
    return Imported(differences(_by_code(old, codes), _by_code(new, codes)), versions)


def _unknown(errors: Sequence[RowError]) -> LocationUnknown:
    return LocationUnknown(
        "; ".join(f"row {error.row}: {error.detail}" for error in errors),
        [error.__dict__ for error in errors],
    )


def _codes(locations: Sequence[Location]) -> dict[UUID | None, str]:
    """Location id to code; no id is the whole tenant."""
    return {None: "", **{location.location_id: location.code for location in locations}}


def _by_code(rows: Rows, codes: Mapping[UUID | None, str]) -> Catalog:
    return {(codes[place], code, begins): o for (place, code, begins), o in rows.items() if place in codes}


def _wanted(rows: Sequence[CatalogRow], codes: Mapping[UUID | None, str], old: Rows) -> Rows:
    """A row that stood before keeps its id."""
    places = {code: place for place, code in codes.items()}
    new: dict[Place, Offer] = {}
    for row in rows:
        key = (places[row.location], row.code, row.valid_from)
        known = old.get(key)
        new[key] = row.offer(known.id if known else uuid4())
    return new


async def _store(session: AsyncSession, tenant_id: UUID, old: Rows, new: Rows) -> None:
    for key, offer in old.items():
        if key not in new:
            await catalog.remove_row(session, tenant_id, offer.id)
    for key, offer in new.items():
        if old.get(key) != offer:
            await catalog.keep_row(session, tenant_id, key[0], offer)


async def _versions(
    session: AsyncSession, locations: Sequence[Location], new: Rows, now: datetime, *, dry_run: bool
) -> dict[str, int]:
    """By location code, as they are with the new rows; tells of them unless it is a dry run."""
    versions: dict[str, int] = {}
    for location in locations:
        offers = _offered(new, location, now)
        told = await catalog.told(session, location.tenant_id, location.location_id)
        versions[location.code] = (
            version_with(offers, told) if dry_run else await publish_offers(session, location, offers, told)
        )
    return versions


def _offered(rows: Rows, location: Location, now: datetime) -> tuple[Offer, ...]:
    return effective(
        (offer for key, offer in rows.items() if key[0] is None),
        (offer for key, offer in rows.items() if key[0] == location.location_id),
        today_at(location, now),
    )


def as_imported(offer: Offer) -> dict[str, object]:
    return {name: plain(getattr(offer, name)) for name in FIELDS}
