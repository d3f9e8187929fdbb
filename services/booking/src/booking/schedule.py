"""What the clock starts: a catalogue is told anew when the day at a location has become another."""

from datetime import date
from uuid import UUID

from shared.clock import Clock

from booking.actions.publishing import local_days, republish, tenants
from booking.deps import Deps

SECONDS = 30


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

    return Clock("catalog-days", begin_days, SECONDS)
