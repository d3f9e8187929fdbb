"""What a clock starts: writing to the CRM what it is owed, polling it for what the webhooks missed, removing what is too old."""

from shared.clock import Clock
from shared.retention import Remover

from crm_sync import store
from crm_sync.actions.polling import poll_appointments, poll_customers, poll_locations, poll_series
from crm_sync.actions.syncing import report_unknown, work_off_due_tasks
from crm_sync.deps import Deps
from crm_sync.holdings import RETENTION
from crm_sync.settings import Settings

WORK_SECONDS = 1.0
"""Only retries wait for this: a consumer wakes the clock for what is due at once."""
REPORT_SECONDS = 15
"""As often as metrics are read."""


def build_worker(deps: Deps) -> Clock:
    async def work() -> bool:
        return await work_off_due_tasks(deps)

    return Clock("sync-tasks", work, WORK_SECONDS)


def build_report(deps: Deps) -> Clock:
    async def report() -> bool:
        await report_unknown(deps)
        return False

    return Clock("sync-unknown", report, REPORT_SECONDS)


CALENDAR_SECONDS = 600
"""The webhooks tell at once; this is for what stood there before us and for what they missed."""


def build_calendar_poll(deps: Deps) -> Clock:
    async def poll() -> bool:
        return await poll_appointments(deps)

    return Clock("crm-calendar", poll, CALENDAR_SECONDS)


SERIES_SECONDS = 86_400


def build_series_poll(deps: Deps) -> Clock:
    async def poll() -> bool:
        return await poll_series(deps)

    return Clock("crm-series", poll, SERIES_SECONDS)


def build_poll(deps: Deps, seconds: float) -> Clock:
    async def poll() -> bool:
        more = await poll_locations(deps)
        await poll_customers(deps)
        return more

    return Clock("crm-poll", poll, seconds)


def build_remover(deps: Deps, settings: Settings) -> Remover:
    return Remover(deps.sessions, RETENTION, settings.retention_ages(), store.tenants)
