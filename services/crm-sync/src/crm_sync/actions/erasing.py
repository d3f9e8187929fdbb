"""Before a person is erased: no write about them may be under way."""

from shared.events import Event, PersonErasureRequested
from shared.messaging.failures import RetryLater
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store


async def wait_for_writes(session: AsyncSession, event: Event[PersonErasureRequested]) -> None:
    """Raises `RetryLater` while one is; what is planned will be skipped."""
    if await store.is_sending(session, event.tenant_id, event.data.lead_id):
        raise RetryLater("something of the lead is being written to the CRM")
