"""Time taken in bays. `TAKE_BAY` is the only statement that gives somebody a slot."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from booking.domain.slots import Busy

Kind = Literal["hold", "appointment", "external"]


@dataclass(frozen=True)
class Claim:
    """Time wanted in any bay of a location; `hold_minutes` for holds only."""

    tenant_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: Kind
    holder_id: UUID
    lead_id: UUID | None = None
    hold_minutes: int | None = None


# One bay is tried at a time, and what others are freeing counts as taken: so a claim waits only for claims that wait
# for nothing themselves, and there is no deadlock (performance.md has the alternatives that were measured).
_TAKE_BAY = text("""
WITH candidate AS MATERIALIZED (
  SELECT b.id FROM bays b
  WHERE b.tenant_id = :tenant_id AND b.location_id = :location_id AND b.active AND NOT EXISTS (
    SELECT 1 FROM occupancies o
    WHERE o.bay_id = b.id AND o.ends_at > CAST(:starts_at AS timestamptz) AND o.starts_at < CAST(:ends_at AS timestamptz))
  ORDER BY b.name LIMIT 1
), taken AS (
  INSERT INTO occupancies
    (tenant_id, location_id, id, bay_id, starts_at, ends_at, kind, holder_id, lead_id, expires_at)
  SELECT CAST(:tenant_id AS uuid), CAST(:location_id AS uuid), gen_random_uuid(), candidate.id,
    CAST(:starts_at AS timestamptz), CAST(:ends_at AS timestamptz), CAST(:kind AS text),
    CAST(:holder_id AS uuid), CAST(:lead_id AS uuid),
    clock_timestamp() + make_interval(mins => CAST(:hold_minutes AS integer))
  FROM candidate ON CONFLICT DO NOTHING RETURNING coalesce(expires_at, ends_at) AS until
)
SELECT (SELECT count(*) FROM candidate) AS candidates, (SELECT count(*) FROM taken) AS won,
  (SELECT until FROM taken) AS until
""")

_BAYS = text("""
SELECT b.id, o.starts_at, o.ends_at FROM bays b
LEFT JOIN occupancies o ON o.bay_id = b.id AND o.ends_at > :from_time AND o.starts_at < :to_time
  AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp())
  AND (CAST(:ignored AS uuid) IS NULL OR o.holder_id <> CAST(:ignored AS uuid))
WHERE b.tenant_id = :tenant_id AND b.location_id = :location_id AND b.active
ORDER BY b.id, o.starts_at
""")

_EXPIRED = text("""
SELECT EXISTS (SELECT 1 FROM occupancies WHERE tenant_id = :tenant_id AND location_id = :location_id
  AND kind = 'hold' AND expires_at <= clock_timestamp())
""")

_SWEEP = text("""
DELETE FROM occupancies WHERE tenant_id = :tenant_id AND location_id = :location_id
  AND kind = 'hold' AND expires_at <= clock_timestamp() RETURNING starts_at, ends_at
""")

_RELEASE = text("""
DELETE FROM occupancies WHERE tenant_id = :tenant_id AND holder_id = :holder_id RETURNING starts_at, ends_at
""")

_RELEASE_HOLDS = text("""
DELETE FROM occupancies WHERE tenant_id = :tenant_id AND location_id = :location_id
  AND kind = 'hold' AND lead_id = :lead_id
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


@dataclass(frozen=True)
class Taken:
    """`until`: a hold's expiry by the database's clock, else the end."""

    until: datetime


async def take_bay(session: AsyncSession, claim: Claim) -> Taken | None:
    """None when no bay is free for the whole time. A bay lost to somebody quicker means trying the next one."""
    while True:
        row = (await session.execute(_TAKE_BAY, claim.__dict__)).one()
        if row.won:
            return Taken(row.until)
        if not row.candidates:
            return None


async def bays(
    session: AsyncSession,
    tenant_id: UUID,
    location_id: UUID,
    span: tuple[datetime, datetime],
    ignored: UUID | None = None,
) -> dict[UUID, Busy]:
    """What is taken within `span` in each bay in use; what `ignored` holds counts as free."""
    rows = await session.execute(
        _BAYS,
        {
            "tenant_id": tenant_id,
            "location_id": location_id,
            "from_time": span[0],
            "to_time": span[1],
            "ignored": ignored,
        },
    )
    spans: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for bay_id, starts_at, ends_at in rows:
        taken = spans.setdefault(bay_id, [])
        if starts_at is not None:
            taken.append((starts_at, ends_at))
    return {
        bay_id: Busy(tuple(start for start, _ in taken), tuple(end for _, end in taken))
        for bay_id, taken in spans.items()
    }


async def has_expired_holds(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> bool:
    place = {"tenant_id": tenant_id, "location_id": location_id}
    return bool((await session.execute(_EXPIRED, place)).scalar_one())


async def sweep_expired_holds(
    session: AsyncSession, tenant_id: UUID, location_id: UUID
) -> list[tuple[datetime, datetime]]:
    """The spans that are free again. The caller has locked the location."""
    rows = await session.execute(_SWEEP, {"tenant_id": tenant_id, "location_id": location_id})
    return [(row.starts_at, row.ends_at) for row in rows]


async def release(session: AsyncSession, tenant_id: UUID, holder_id: UUID) -> list[tuple[datetime, datetime]]:
    """The spans that are free again."""
    rows = await session.execute(_RELEASE, {"tenant_id": tenant_id, "holder_id": holder_id})
    return [(row.starts_at, row.ends_at) for row in rows]


async def release_holds_of_lead(
    session: AsyncSession, tenant_id: UUID, *, location_id: UUID, lead_id: UUID
) -> None:
    await session.execute(
        _RELEASE_HOLDS, {"tenant_id": tenant_id, "location_id": location_id, "lead_id": lead_id}
    )


async def stands(session: AsyncSession, tenant_id: UUID, holder_id: UUID) -> bool:
    found = await session.execute(_STANDS, {"tenant_id": tenant_id, "holder_id": holder_id})
    return bool(found.scalar_one())


async def fill_every_bay(session: AsyncSession, claim: Claim) -> None:
    """Takes whatever is still free of the time, in every bay. The caller has locked the location."""
    wanted = {key: value for key, value in claim.__dict__.items() if key in _FILL_PARAMETERS}
    await session.execute(_FILL_EVERY_BAY, wanted)


_FILL_PARAMETERS = {"tenant_id", "location_id", "starts_at", "ends_at", "holder_id"}
