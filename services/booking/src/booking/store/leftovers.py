"""Rows that nobody asks for any more, cleared a batch at a time so that no lock is held for long."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Leftover = Literal["quotes", "holds", "idempotency_keys"]

_CLEAR = {
    # What was booked stays with its appointment.
    "quotes": text("""
DELETE FROM quotes WHERE id IN (
  SELECT q.id FROM quotes q WHERE q.tenant_id = :tenant_id AND q.created_at < :before
    AND NOT EXISTS (SELECT 1 FROM appointments a WHERE a.quote_id = q.id)
  ORDER BY q.created_at LIMIT :batch)
"""),
    "holds": text("""
DELETE FROM holds WHERE id IN (
  SELECT id FROM holds WHERE tenant_id = :tenant_id AND expires_at < :before ORDER BY expires_at LIMIT :batch)
"""),
    "idempotency_keys": text("""
DELETE FROM idempotency_keys WHERE (lead_id, key) IN (
  SELECT lead_id, key FROM idempotency_keys WHERE tenant_id = :tenant_id AND created_at < :before
  ORDER BY created_at LIMIT :batch)
"""),
}


async def clear(
    session: AsyncSession, tenant_id: UUID, what: Leftover, *, before: datetime, batch: int
) -> int:
    """How many rows went, at most `batch`."""
    answer = await session.execute(_CLEAR[what], {"tenant_id": tenant_id, "before": before, "batch": batch})
    return int(answer.rowcount)  # type: ignore[attr-defined]  # a DELETE has it
