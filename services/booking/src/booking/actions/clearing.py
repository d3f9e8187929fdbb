"""What is over is cleared away: expired holds at once, old rows when their retention has passed."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from shared.db.engine import transaction

from booking.actions.placing import sweep_location
from booking.deps import Deps
from booking.store import leftovers, occupancies, replicas
from booking.store.leftovers import Leftover

BATCH = 500

Retention = Mapping[Leftover, timedelta]


async def sweep_expired_holds(deps: Deps) -> None:
    """They block nobody before that either; but what waits in the CRM gets the time only now."""
    for tenant_id in await _tenants(deps):
        async with transaction(deps.sessions, tenant_id) as session:
            locations = await occupancies.locations_with_expired_holds(session, tenant_id)
        for location_id in locations:
            await sweep_location(deps, tenant_id, location_id)


async def clear_old_rows(deps: Deps, retention: Retention) -> bool:
    """One batch of each kind for each tenant; True: there may be more."""
    full = False
    for tenant_id in await _tenants(deps):
        for what, age in retention.items():
            async with transaction(deps.sessions, tenant_id) as session:
                before = deps.now() - age
                cleared = await leftovers.clear(session, tenant_id, what, before=before, batch=BATCH)
            full = full or cleared == BATCH
    return full


async def _tenants(deps: Deps) -> list[UUID]:
    async with transaction(deps.sessions, tenant_id=None) as session:
        return await replicas.tenant_ids(session)
