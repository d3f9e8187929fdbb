"""What stands in a location's calendar, as staff look at it: all of a span of days in a few reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record
from shared.db.direct import direct
from sqlalchemy.ext.asyncio import AsyncSession

from booking.domain.capacity import Span


@dataclass(frozen=True)
class Rows:
    """`taken`: time of bays and technicians, by `holder_id`. `blocks`: what stands in the CRM."""

    bays: Sequence[Record]
    technicians: Sequence[Record]
    taken: Sequence[Record]
    appointments: Sequence[Record]
    holds: Sequence[Record]
    blocks: Sequence[Record]
    time_off: Sequence[Record]


_BAYS = "SELECT id, name, active FROM bays WHERE tenant_id = $1 AND location_id = $2 ORDER BY name"
_TECHNICIANS = (
    "SELECT id, name, active FROM technicians WHERE tenant_id = $1 AND location_id = $2 ORDER BY name"
)

_TAKEN = """
SELECT r.id AS resource_id, o.starts_at, o.ends_at, o.kind, o.holder_id
FROM (SELECT id, true AS bay FROM bays WHERE tenant_id = $1 AND location_id = $2) r
JOIN occupancies o ON o.bay_id = r.id AND o.ends_at > $3 AND o.starts_at < $4
WHERE o.expires_at IS NULL OR o.expires_at > clock_timestamp()
UNION ALL
SELECT r.id, o.starts_at, o.ends_at, o.kind, o.holder_id
FROM (SELECT id FROM technicians WHERE tenant_id = $1 AND location_id = $2) r
JOIN occupancies o ON o.technician_id = r.id AND o.ends_at > $3 AND o.starts_at < $4
WHERE o.expires_at IS NULL OR o.expires_at > clock_timestamp()
ORDER BY starts_at
"""

# By id, too: a bay may be taken until after the customer has the car back.
_APPOINTMENTS = """
SELECT a.id, a.number, a.status, a.lead_id, a.starts_at, a.ends_at, a.service_code, a.service_name, a.service_name_es,
  a.addons, a.vehicle, a.total_cents, a.max_cents, a.price_kind, a.cure_minutes, a.overbooked, l.contact
FROM appointments a LEFT JOIN leads l ON l.lead_id = a.lead_id
WHERE a.tenant_id = $1 AND a.status <> 'cancelled' AND (
  (a.location_id = $2 AND a.ends_at > $3 AND a.starts_at < $4) OR a.id = ANY(CAST($5 AS uuid[])))
ORDER BY a.starts_at, a.id
"""

_HOLDS = """
SELECT h.id, h.lead_id, h.starts_at, h.ends_at, h.expires_at, q.service_name, l.contact
FROM holds h JOIN quotes q ON q.id = h.quote_id LEFT JOIN leads l ON l.lead_id = h.lead_id
WHERE h.tenant_id = $1 AND h.id = ANY(CAST($2 AS uuid[])) ORDER BY h.starts_at, h.id
"""

_BLOCKS = """
SELECT id, starts_at, ends_at, all_day FROM external_appointments
WHERE tenant_id = $1 AND location_id = $2 AND ends_at > $3 AND starts_at < $4 AND NOT deleted
ORDER BY starts_at, id
"""

_TIME_OFF = """
SELECT t.id AS technician_id, f.starts_at, f.ends_at, f.note
FROM technicians t JOIN time_off f ON f.technician_id = t.id AND f.ends_at > $3 AND f.starts_at < $4
WHERE t.tenant_id = $1 AND t.location_id = $2 AND t.active ORDER BY f.starts_at
"""


async def read(session: AsyncSession, tenant_id: UUID, location_id: UUID, window: Span) -> Rows:
    connection = await direct(session)
    place: tuple[Any, ...] = (tenant_id, location_id)
    taken = await connection.fetch(_TAKEN, *place, *window)
    return Rows(
        bays=await connection.fetch(_BAYS, *place),
        technicians=await connection.fetch(_TECHNICIANS, *place),
        taken=taken,
        appointments=await connection.fetch(_APPOINTMENTS, *place, *window, _holders(taken, "appointment")),
        holds=await connection.fetch(_HOLDS, tenant_id, _holders(taken, "hold")),
        blocks=await connection.fetch(_BLOCKS, *place, *window),
        time_off=await connection.fetch(_TIME_OFF, *place, *window),
    )


def _holders(taken: Sequence[Record], kind: str) -> list[UUID]:
    return list({row["holder_id"] for row in taken if row["kind"] == kind})
