"""What is over is cleared away: expired holds at once."""

from uuid import UUID

from shared.db.engine import transaction

from booking.actions.placing import sweep_location
from booking.deps import Deps
from booking.store import occupancies, replicas


async def sweep_expired_holds(deps: Deps) -> None:
    """They block nobody before that either; but what waits in the CRM gets the time only now."""
    for tenant_id in await _tenants(deps):
        async with transaction(deps.sessions, tenant_id) as session:
            locations = await occupancies.locations_with_expired_holds(session, tenant_id)
        for location_id in locations:
            await sweep_location(deps, tenant_id, location_id)


async def _tenants(deps: Deps) -> list[UUID]:
    async with transaction(deps.sessions, tenant_id=None) as session:
        return await replicas.tenant_ids(session)
