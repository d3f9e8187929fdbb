"""An operator's word on a delivery whose fate nobody knows."""

from uuid import UUID

from shared.db.engine import transaction

from notifier.actions.sending import note_accepted
from notifier.deps import Deps
from notifier.store import deliveries
from notifier.tables import Delivery


async def settle_unknown(deps: Deps, tenant_id: UUID, delivery_id: UUID, *, resend: bool) -> Delivery | None:
    """`None` when it is not unknown (any more)."""
    async with transaction(deps.sessions, tenant_id) as session:
        now = await deliveries.clock(session)
        delivery = await deliveries.delivery(session, tenant_id, delivery_id, "unknown")
        if delivery is None:
            return None
        if resend:
            delivery.state, delivery.due_at = "planned", now
        else:
            await note_accepted(session, tenant_id, delivery.id, f"settled:{delivery.id}", now)
            await session.refresh(delivery)
    deps.wake(tenant_id)
    return delivery
