"""What a clock starts: freeing expired holds, clearing old rows."""

from shared.clock import Clock

from booking.actions.clearing import Retention, clear_old_rows, sweep_expired_holds
from booking.deps import Deps

SWEEP_SECONDS = 15
CLEAR_SECONDS = 3600


def build_sweeper(deps: Deps) -> Clock:
    async def sweep() -> bool:
        await sweep_expired_holds(deps)
        return False

    return Clock("booking-holds", sweep, SWEEP_SECONDS)


def build_clearer(deps: Deps, retention: Retention) -> Clock:
    async def clear() -> bool:
        return await clear_old_rows(deps, retention)

    return Clock("booking-old-rows", clear, CLEAR_SECONDS)
