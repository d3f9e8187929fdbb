from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from ingest import store
from ingest.tables import Lead
from shared.db.engine import Sessions, transaction

from .conftest import RECEIVED_AT, Rows

pytestmark = pytest.mark.postgres


async def test_leads_are_found_by_location_and_status_newest_first(
    sessions: Sessions, tenant_id: UUID, location_id: UUID, rows: Rows
) -> None:
    [other] = [row["id"] for row in await rows("SELECT id FROM locations") if row["id"] != location_id][:1]
    kept = [
        (location_id, "new"),
        (location_id, "won"),
        (location_id, "new"),
        (other, "new"),
        (location_id, "new"),
    ]
    async with transaction(sessions, tenant_id) as session:
        for minute, (place, status) in enumerate(kept):
            await store.add_lead(session, lead(tenant_id, place, status, minute))
    async with transaction(sessions, tenant_id) as session:
        found = await store.leads_by_status(session, tenant_id, location_id, "new", limit=2)
        nobody = await store.leads_by_status(session, uuid4(), location_id, "new", limit=2)
    assert [one.name for one in found] == ["Sample 4", "Sample 2"]
    assert list(nobody) == []


def lead(tenant_id: UUID, location_id: UUID, status: str, minute: int) -> Lead:
    return Lead(
        tenant_id=tenant_id,
        location_id=location_id,
        status=status,
        name=f"Sample {minute}",
        source="web_form",
        consent_sms=True,
        consent_email=True,
        correlation_id="sample",
        received_at=RECEIVED_AT + timedelta(minutes=minute),
    )
