"""What a clock starts: freeing expired holds, telling the catalogue of a new day, removing what is too old."""

from datetime import date
from uuid import UUID

from shared.clock import Clock
from shared.retention import Remover

from booking.actions.clearing import sweep_expired_holds
from booking.actions.publishing import local_days, republish, tenants
from booking.deps import Deps
from booking.holdings import RETENTION
from booking.settings import Settings
from booking.store import replicas

SWEEP_SECONDS = 15
DAY_SECONDS = 30


def build_sweeper(deps: Deps) -> Clock:
    async def sweep() -> bool:
        await sweep_expired_holds(deps)
        return False

    return Clock("booking-holds", sweep, SWEEP_SECONDS)


def build_remover(deps: Deps, settings: Settings) -> Remover:
    return Remover(deps.sessions, RETENTION, settings.retention_ages(), replicas.tenant_ids, now=deps.now)


def build_day_clock(deps: Deps) -> Clock:
    """Also once after the start, for the days that passed while no service ran."""
    seen: dict[UUID, dict[UUID, date]] = {}

    async def begin_days() -> bool:
        for tenant_id in await tenants(deps):
            days = await local_days(deps, tenant_id)
            if seen.get(tenant_id) != days:
                await republish(deps, tenant_id)
                seen[tenant_id] = days
        return False

    return Clock("catalog-days", begin_days, DAY_SECONDS)
