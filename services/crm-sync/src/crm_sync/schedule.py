"""What a clock starts: writing to the CRM what it is owed, and polling it for what the webhooks missed."""

from shared.clock import Clock

from crm_sync.actions.polling import poll_appointments, poll_locations
from crm_sync.actions.syncing import report_unknown, work_off_due_tasks
from crm_sync.deps import Deps

WORK_SECONDS = 1.0
"""Only retries wait for this: a consumer wakes the clock for what is due at once."""


def build_worker(deps: Deps) -> Clock:
    async def work() -> bool:
        more = await work_off_due_tasks(deps)
        await report_unknown(deps)
        return more

    return Clock("sync-tasks", work, WORK_SECONDS)


CALENDAR_SECONDS = 600
"""The webhooks tell at once; this is for what stood there before us and for what they missed."""


def build_calendar_poll(deps: Deps) -> Clock:
    async def poll() -> bool:
        return await poll_appointments(deps)

    return Clock("crm-calendar", poll, CALENDAR_SECONDS)


def build_poll(deps: Deps, seconds: float) -> Clock:
    async def poll() -> bool:
        return await poll_locations(deps)

    return Clock("crm-poll", poll, seconds)
