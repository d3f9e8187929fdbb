"""A person is erased: nothing more is sent, and what is being sent right now is waited for."""

from shared.db.engine import transaction
from shared.events import Event, PersonErasureRequested
from shared.messaging.failures import RetryLater
from shared.persons import erase_once
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.deps import Deps
from notifier.holdings import HOLDINGS
from notifier.store import deliveries


async def erase_person(deps: Deps, event: Event[PersonErasureRequested]) -> None:
    """Raises `RetryLater` while a message is under way, or while nobody knows yet whether it went."""
    tenant_id, lead_id = event.tenant_id, event.data.lead_id
    async with transaction(deps.sessions, tenant_id) as session:
        await deliveries.suppress_planned(session, tenant_id, deliveries.of_lead(lead_id), "erased")
    await erase_once(deps.sessions, event, HOLDINGS, _stop_sending, deps.settings.person_key)


async def _stop_sending(session: AsyncSession, event: Event[PersonErasureRequested]) -> None:
    tenant_id, lead_id = event.tenant_id, event.data.lead_id
    await deliveries.suppress_planned(session, tenant_id, deliveries.of_lead(lead_id), "erased")
    if await deliveries.is_under_way(session, tenant_id, lead_id):
        raise RetryLater("a message to the person is under way")
