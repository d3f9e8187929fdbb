"""Words of people we do not know: the shop that they wrote to is told of them."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.addresses import inbox
from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.deps import Deps
from notifier.domain.gate import allowed
from notifier.domain.outcome import Accepted, Refused
from notifier.store import deliveries, inbound, replicas
from notifier.tables import InboundMessage, Location

A_DAY = timedelta(days=1)
NOTICES_A_DAY = 30
"""To one shop: what spam is above that is listed by `leadctl inbound unassigned` and mailed to nobody."""
AGAIN_AFTER = timedelta(minutes=5)
"""A mail server that did not take a notice, or did not answer, is asked again with the same Message-ID."""


async def plan_notice(session: AsyncSession, message: InboundMessage, written_to: str) -> None:
    """Sets the shop whose number or address it was, and that it is to be told, once a day and sender."""
    location = await replicas.location_written_to(session, message.tenant_id, message.channel, written_to)
    if location is None:
        return
    message.location_id = location.id
    told = await inbound.notices(session, message.tenant_id, location.id, message.received_at - A_DAY)
    again = inbox(message.sender or "") in {inbox(sender) for sender in told}
    if not again and len(told) < NOTICES_A_DAY:
        message.notice_due_at = message.received_at


async def tell_shops(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    while claimed := await _claim(deps, tenant_id, now):
        message, location = claimed
        if not location.demo_mode or allowed(location.email, location.allow_list):
            outcome = await deps.smtp.send(deps.writer.stranger_mail(message, location))
            if not isinstance(outcome, (Accepted, Refused)):
                return
        async with transaction(deps.sessions, tenant_id) as session:
            await inbound.note_noticed(session, tenant_id, message.id, await deliveries.clock(session))


async def _claim(deps: Deps, tenant_id: UUID, now: datetime) -> tuple[InboundMessage, Location] | None:
    async with transaction(deps.sessions, tenant_id) as session:
        message = await inbound.claim_notice(session, tenant_id, now, now + AGAIN_AFTER)
        if message is None or message.location_id is None:
            return None
        location = await replicas.location(session, tenant_id, message.location_id)
        return (message, location) if location else None
