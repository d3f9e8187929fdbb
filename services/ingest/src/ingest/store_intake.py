"""SQL of the webhooks that are kept in groups: one statement for all that wait, prepared once for each connection."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.events import CrmChangeReceived, Event

from ingest.holdings import webhooks_and_erasing
from ingest.store import WebhookTenant


@dataclass(frozen=True)
class KnownTenant:
    """`locations`: those that take leads, by their id in the CRM. `has_erased`: somebody who is known by a sign was erased."""

    tenant: WebhookTenant
    locations: Mapping[str, UUID]
    has_erased: bool


@dataclass(frozen=True)
class WaitingDelivery:
    """`leads`: from the first to the last id of those of whom none may have been erased. `signs`: hashes, likewise."""

    webhook_id: str
    delivery_id: UUID
    location: tuple[UUID, str] | None
    body: bytes
    headers: dict[str, str]
    received_at: datetime
    event: Event[CrmChangeReceived]
    leads: Sequence[tuple[UUID, UUID]]
    signs: Collection[str]


# The tenant's id is one that the database gave. The next statement of the transaction sees what the eraser has committed,
# who holds alone what is shared here.
_ENTER = "SELECT set_config('app.tenant_id', '{tenant}', true), pg_advisory_xact_lock_shared({lock})"

_TENANT = "SELECT id, webhook_secrets, sealed_secrets FROM tenants WHERE slug = $1"
_LOCATIONS = """
SELECT crm_location_id, id FROM locations
WHERE tenant_id = $1 AND crm_location_id IS NOT NULL AND CAST(switches ->> 'enabled' AS boolean)
"""
_HAS_ERASED = "SELECT EXISTS (SELECT FROM erased_signs WHERE tenant_id = $1)"

_KEEP = """
WITH given AS (
  SELECT * FROM unnest($4::text[], $5::uuid[], $6::uuid[], $7::bytea[], $8::jsonb[], $9::timestamptz[], $10::uuid[], $11::bytea[])
    AS g (webhook_id, id, location_id, body, headers, received_at, event_id, event_body)
), stands AS (
  SELECT FROM tenants WHERE id = $1 AND webhook_secrets = $2::text[] AND sealed_secrets = $3::text[]
  AND NOT EXISTS (
    SELECT FROM unnest($13::uuid[], $14::text[]) AS u (id, crm_id) LEFT JOIN locations l
      ON l.tenant_id = $1 AND l.id = u.id AND l.crm_location_id = u.crm_id AND CAST(l.switches ->> 'enabled' AS boolean)
    WHERE l.id IS NULL)
  AND NOT EXISTS (
    SELECT FROM unnest($15::uuid[], $16::uuid[]) AS m (first, last) JOIN erased_leads e ON e.lead_id BETWEEN m.first AND m.last)
  AND NOT EXISTS (SELECT FROM erased_signs WHERE tenant_id = $1 AND ($17::text[] IS NULL OR sign = ANY($17::text[])))
), kept AS (
  INSERT INTO webhook_deliveries AS d
    (tenant_id, webhook_id, id, location_id, body, headers, received_at, attempts, status, error, event_id)
  SELECT $1, webhook_id, id, location_id, body, headers, received_at, 1, 'accepted', NULL, event_id FROM given, stands
  ON CONFLICT (tenant_id, webhook_id) DO UPDATE SET
    attempts = d.attempts + 1,
    location_id = CASE WHEN d.event_id IS NULL THEN excluded.location_id ELSE d.location_id END,
    status = CASE WHEN d.event_id IS NULL THEN excluded.status ELSE d.status END,
    error = CASE WHEN d.event_id IS NULL THEN excluded.error ELSE d.error END,
    event_id = coalesce(d.event_id, excluded.event_id)
  RETURNING webhook_id, event_id
), recorded AS (
  INSERT INTO outbox (event_id, tenant_id, type, key, body, created_at)
  SELECT event_id, $1, $12, CAST(given.id AS text), event_body, clock_timestamp()
  FROM given JOIN kept USING (webhook_id, event_id)
)
SELECT webhook_id, event_id FROM kept
"""
"""As `store.keep_delivery`, of many and only while `stands` finds that what was known of the tenant still is so."""


async def known_tenant(connection: asyncpg.Connection, slug: str) -> KnownTenant | None:
    async with connection.transaction():
        row = await connection.fetchrow(_TENANT, slug)
        if row is None:
            return None
        await connection.execute(_enter(row["id"]))
        return KnownTenant(
            WebhookTenant(row["id"], row["webhook_secrets"], row["sealed_secrets"]),
            dict(await connection.fetch(_LOCATIONS, row["id"])),
            await connection.fetchval(_HAS_ERASED, row["id"]),
        )


async def keep_deliveries(
    connection: asyncpg.Connection, known: KnownTenant, waiting: Sequence[WaitingDelivery]
) -> dict[str, UUID]:
    """By `webhook_id`, which no two share, the event that passed it on, now or earlier; empty: nothing was kept.

    Three round trips, of which the last one waits for the disk.
    """
    rows = sorted(waiting, key=lambda one: one.webhook_id)  # or two replicas could wait for each other
    leads = [pair for row in rows for pair in row.leads]
    locations = list({row.location for row in rows if row.location})
    signs = sorted({sign for row in rows for sign in row.signs}) if known.has_erased else None
    await connection.execute("BEGIN; " + _enter(known.tenant.id))
    kept = await connection.fetch(
        _KEEP,
        known.tenant.id,
        known.tenant.plain,
        known.tenant.sealed,
        [row.webhook_id for row in rows],
        [row.delivery_id for row in rows],
        [row.location and row.location[0] for row in rows],
        [row.body for row in rows],
        [json.dumps(row.headers) for row in rows],
        [row.received_at for row in rows],
        [row.event.id for row in rows],
        [row.event.to_json() for row in rows],
        CrmChangeReceived.type,
        [id_ for id_, _ in locations],
        [crm_id for _, crm_id in locations],
        [first for first, _ in leads],
        [last for _, last in leads],
        signs,
    )
    await connection.execute("COMMIT")
    return {row["webhook_id"]: row["event_id"] for row in kept}


def _enter(tenant_id: UUID) -> str:
    lock = webhooks_and_erasing(f"CAST('{tenant_id}' AS uuid)")
    return _ENTER.format(tenant=tenant_id, lock=lock)
