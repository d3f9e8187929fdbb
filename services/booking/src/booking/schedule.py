"""What a clock starts: freeing expired holds, clearing old rows, telling the catalogue of a new day."""

from datetime import date
from uuid import UUID

from shared.clock import Clock

from booking.actions.clearing import Retention, clear_old_rows, sweep_expired_holds
from booking.actions.publishing import local_days, republish, tenants
from booking.deps import Deps

SWEEP_SECONDS = 15
CLEAR_SECONDS = 3600
DAY_SECONDS = 30


def build_sweeper(deps: Deps) -> Clock:
    async def sweep() -> bool:
        await sweep_expired_holds(deps)
        return False

    return Clock("booking-holds", sweep, SWEEP_SECONDS)


def build_clearer(deps: Deps, retention: Retention) -> Clock:
    async def clear() -> bool:
        return await clear_old_rows(deps, retention)

    return Clock("booking-old-rows", clear, CLEAR_SECONDS)


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
