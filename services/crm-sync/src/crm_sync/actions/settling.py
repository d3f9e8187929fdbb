"""An operator's word on a write whose outcome nobody knows."""

from uuid import UUID

from shared.db.engine import transaction

from crm_sync import store
from crm_sync.deps import Deps
from crm_sync.tables import SyncTask


async def settle_in_doubt(deps: Deps, tenant_id: UUID, task_id: UUID, *, written: bool) -> SyncTask | None:
    """`None` when it is in no doubt. Not written: the next attempt counts as the first and does not look before it writes.

    A step of a lead's entry that is written is looked for, since the steps after it need its id; not found, it fails.
    """
    async with transaction(deps.sessions, tenant_id) as session:
        task = await store.in_doubt(session, tenant_id, task_id)
        if task is None:
            return None
        is_step = task.kind in store.ENTRY
        looked_for = written and is_step
        if is_step and task.payload:
            task.payload = {**task.payload, "settled": looked_for}
        task.state = "done" if written and not looked_for else "planned"
        task.attempts, task.unknown_since, task.last_error = int(looked_for), None, None
        task.due_at = await store.clock(session)
    return task
