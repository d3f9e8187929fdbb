"""An operator's word on a write whose outcome nobody knows."""

from uuid import UUID

from shared.db.engine import transaction

from crm_sync import store
from crm_sync.deps import Deps
from crm_sync.tables import SyncTask


async def settle_in_doubt(deps: Deps, tenant_id: UUID, task_id: UUID, *, written: bool) -> SyncTask | None:
    """`None` when it is in no doubt. Not written: the next attempt counts as the first and does not look before it writes."""
    async with transaction(deps.sessions, tenant_id) as session:
        task = await store.in_doubt(session, tenant_id, task_id)
        if task is None:
            return None
        task.state = "done" if written else "planned"
        task.attempts, task.unknown_since, task.last_error = 0, None, None
        task.due_at = await store.clock(session)
    return task
