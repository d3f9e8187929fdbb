"""Time taken of bays and technicians. `INSERT_ROWS` is the only statement that gives somebody a slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from shared.db.direct import direct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from booking.domain.capacity import Busy, Capacity, Footprint, Place, Span, Technician

Kind = Literal["hold", "appointment", "external"]


@dataclass(frozen=True)
class Claim:
    """For whom time is taken; `hold_minutes` for holds only."""

    tenant_id: UUID
    location_id: UUID
    kind: Kind
    holder_id: UUID
    lead_id: UUID | None = None
    hold_minutes: int | None = None


@dataclass(frozen=True)
class Row:
    """A span of one bay or of one technician."""

    bay_id: UUID | None
    technician_id: UUID | None
    starts_at: datetime
    ends_at: datetime

    @property
    def resource_id(self) -> UUID | None:
        return self.bay_id or self.technician_id


@dataclass(frozen=True)
class StoredRow(Row):
    id: UUID
    holder_id: UUID


def rows_of(job: Footprint, place: Place) -> list[Row]:
    """The bay first, then the technician's spans in order: the one order in which time is claimed."""
    rows = [Row(place.bay_id, None, *job.bay)]
    if place.technician_id is not None:
        rows += [Row(None, place.technician_id, *span) for span in job.work]
    return rows


# Alone or shared until the end of the transaction; a lock of its own kind, since a row that many share is rewritten by each.
_SHARE = "SELECT pg_advisory_xact_lock_shared($1)"
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")

_INSERT_ROWS = """
INSERT INTO occupancies
  (tenant_id, location_id, id, bay_id, technician_id, starts_at, ends_at, kind, holder_id, lead_id, expires_at)
SELECT CAST($1 AS uuid), CAST($2 AS uuid), gen_random_uuid(), r.bay_id, r.technician_id,
  r.starts_at, r.ends_at, CAST($3 AS text), CAST($4 AS uuid), CAST($5 AS uuid),
  clock_timestamp() + make_interval(mins => CAST($6 AS integer))
FROM unnest(CAST($7 AS uuid[]), CAST($8 AS uuid[]), CAST($9 AS timestamptz[]),
  CAST($10 AS timestamptz[])) WITH ORDINALITY AS r (bay_id, technician_id, starts_at, ends_at, number)
ORDER BY r.number ON CONFLICT DO NOTHING RETURNING id, coalesce(expires_at, ends_at) AS until
"""

_TAKEN = """
  o.ends_at > $3 AND o.starts_at < $4
  AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp())
  AND o.holder_id <> ALL(CAST($5 AS uuid[]))
"""
_CAPACITY = f"""
WITH taken AS (
  SELECT true AS bay, b.id, b.name, CAST('{{}}' AS text[]) AS skills, o.starts_at, o.ends_at
  FROM bays b LEFT JOIN occupancies o ON o.bay_id = b.id AND {_TAKEN}
  WHERE b.tenant_id = $1 AND b.location_id = $2 AND b.active
  UNION ALL
  SELECT false, t.id, t.name, t.skills, o.starts_at, o.ends_at
  FROM technicians t LEFT JOIN occupancies o ON o.technician_id = t.id AND {_TAKEN}
  WHERE t.tenant_id = $1 AND t.location_id = $2 AND t.active
  UNION ALL
  SELECT false, t.id, t.name, t.skills, f.starts_at, f.ends_at
  FROM technicians t JOIN time_off f ON f.technician_id = t.id AND f.ends_at > $3 AND f.starts_at < $4
  WHERE t.tenant_id = $1 AND t.location_id = $2 AND t.active
)
SELECT bay, id, skills, array_agg(starts_at ORDER BY starts_at, ends_at) AS starts,
  array_agg(ends_at ORDER BY starts_at, ends_at) AS ends
FROM taken GROUP BY bay, id, name, skills ORDER BY cardinality(skills), name
"""  # noqa: S608 - our own text

_OWN = """
SELECT id, holder_id, bay_id, technician_id, starts_at, ends_at FROM occupancies
WHERE tenant_id = $1 AND location_id = $2
  AND (holder_id = $3 OR (kind = 'hold' AND lead_id = CAST($4 AS uuid)))
"""

_BAY_TAKEN_FROM = text("""
SELECT min(starts_at) FROM occupancies WHERE tenant_id = :tenant_id AND holder_id = :holder_id AND bay_id IS NOT NULL
""")

_DELETE = text("DELETE FROM occupancies WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))")

_EXPIRED = """
SELECT EXISTS (SELECT 1 FROM occupancies WHERE tenant_id = $1 AND location_id = $2
  AND kind = 'hold' AND expires_at <= clock_timestamp())
"""

_SWEEP = text("""
DELETE FROM occupancies WHERE tenant_id = :tenant_id AND location_id = :location_id
  AND kind = 'hold' AND expires_at <= clock_timestamp() RETURNING starts_at, ends_at
""")

_WITH_EXPIRED = text("""
SELECT DISTINCT location_id FROM occupancies
WHERE tenant_id = :tenant_id AND kind = 'hold' AND expires_at <= clock_timestamp()
""")

_RELEASE = text("""
DELETE FROM occupancies WHERE tenant_id = :tenant_id AND holder_id = :holder_id RETURNING starts_at, ends_at
""")

_STANDS = text(
    "SELECT EXISTS (SELECT 1 FROM occupancies WHERE tenant_id = :tenant_id AND holder_id = :holder_id)"
)

_FILL_EVERY_BAY = text("""
INSERT INTO occupancies (tenant_id, location_id, id, bay_id, starts_at, ends_at, kind, holder_id)
SELECT b.tenant_id, b.location_id, gen_random_uuid(), b.id, lower(gap), upper(gap), 'external', CAST(:holder_id AS uuid)
FROM bays b CROSS JOIN LATERAL unnest(
  tstzmultirange(tstzrange(CAST(:starts_at AS timestamptz), CAST(:ends_at AS timestamptz)))
  - coalesce((SELECT range_agg(o.during) FROM occupancies o
              WHERE o.bay_id = b.id AND o.ends_at > CAST(:starts_at AS timestamptz) AND o.starts_at < CAST(:ends_at AS timestamptz)),
             '{}'::tstzmultirange)) AS gap
WHERE b.tenant_id = :tenant_id AND b.location_id = :location_id AND b.active
ORDER BY b.id, gap ON CONFLICT DO NOTHING
""")


async def share_location(session: AsyncSession, location_id: UUID) -> None:
    """Beside others who share it; waits for whoever has it alone."""
    await (await direct(session)).fetchval(_SHARE, _lock_key(location_id))


async def have_location_alone(session: AsyncSession, location_id: UUID) -> None:
    """Never after sharing it in the same transaction: two who do so wait for each other."""
    await session.execute(_ALONE, {"key": _lock_key(location_id)})


def _lock_key(location_id: UUID) -> int:
    return int.from_bytes(location_id.bytes[:8], "big", signed=True)


class Inserted(NamedTuple):
    """`until`: a hold's expiry by the database's clock, else the end."""

    id: UUID
    until: datetime


async def insert_rows(session: AsyncSession, claim: Claim, rows: Sequence[Row]) -> list[Inserted]:
    """Fewer than the rows: somebody else has the rest. Waits for those who are about to have it."""
    answer = await (await direct(session)).fetch(
        _INSERT_ROWS,
        claim.tenant_id,
        claim.location_id,
        claim.kind,
        claim.holder_id,
        claim.lead_id,
        claim.hold_minutes,
        [row.bay_id for row in rows],
        [row.technician_id for row in rows],
        [row.starts_at for row in rows],
        [row.ends_at for row in rows],
    )
    return [Inserted(row["id"], row["until"]) for row in answer]


async def capacity(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, window: Span, ignored: Sequence[UUID] = ()
) -> Capacity:
    """What is taken within the window; what the `ignored` hold, and what expired holds hold, counts as free."""
    rows = await (await direct(session)).fetch(_CAPACITY, tenant_id, location_id, *window, list(ignored))
    bays: dict[UUID, Busy] = {}
    technicians: dict[UUID, Technician] = {}
    for is_bay, resource_id, skills, starts, ends in rows:
        busy = Busy() if starts[0] is None else Busy.of(_spans(starts, ends))
        if is_bay:
            bays[resource_id] = busy
        else:
            technicians[resource_id] = Technician(frozenset(skills), busy)
    return Capacity(bays, technicians)


def _spans(starts: Sequence[datetime | None], ends: Sequence[datetime | None]) -> list[Span]:
    """A technician with time off and no job has one empty pair besides."""
    return [(s, e) for s, e in zip(starts, ends, strict=True) if s is not None and e is not None]


async def bay_taken_from(session: AsyncSession, tenant_id: UUID, holder_id: UUID) -> datetime | None:
    found: datetime | None = await session.scalar(
        _BAY_TAKEN_FROM, {"tenant_id": tenant_id, "holder_id": holder_id}
    )
    return found


async def own_rows(session: AsyncSession, claim: Claim) -> list[StoredRow]:
    """What the holder of the claim has already, and what its lead holds."""
    connection = await direct(session)
    rows = await connection.fetch(_OWN, claim.tenant_id, claim.location_id, claim.holder_id, claim.lead_id)
    return [StoredRow(**row) for row in rows]


async def delete_rows(session: AsyncSession, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    await session.execute(_DELETE, {"tenant_id": tenant_id, "ids": list(ids)})


async def has_expired_holds(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> bool:
    return bool(await (await direct(session)).fetchval(_EXPIRED, tenant_id, location_id))


async def locations_with_expired_holds(session: AsyncSession, tenant_id: UUID) -> list[UUID]:
    return list((await session.execute(_WITH_EXPIRED, {"tenant_id": tenant_id})).scalars())


async def sweep_expired_holds(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> list[Span]:
    """The spans that are free again. The caller has the location alone."""
    rows = await session.execute(_SWEEP, {"tenant_id": tenant_id, "location_id": location_id})
    return [(row.starts_at, row.ends_at) for row in rows]


async def release(session: AsyncSession, tenant_id: UUID, holder_id: UUID) -> list[Span]:
    """The spans that are free again. The caller has the location alone."""
    rows = await session.execute(_RELEASE, {"tenant_id": tenant_id, "holder_id": holder_id})
    return [(row.starts_at, row.ends_at) for row in rows]


async def stands(session: AsyncSession, tenant_id: UUID, holder_id: UUID) -> bool:
    found = await session.execute(_STANDS, {"tenant_id": tenant_id, "holder_id": holder_id})
    return bool(found.scalar_one())


async def fill_every_bay(session: AsyncSession, claim: Claim, span: Span) -> None:
    """Takes whatever is still free of the time, in every bay. The caller has the location alone."""
    await session.execute(
        _FILL_EVERY_BAY,
        {
            "tenant_id": claim.tenant_id,
            "location_id": claim.location_id,
            "holder_id": claim.holder_id,
            "starts_at": span[0],
            "ends_at": span[1],
        },
    )
