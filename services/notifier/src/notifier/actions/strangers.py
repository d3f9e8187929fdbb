"""Words of people we do not know: the shop that they wrote to is told of them, of each one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.addresses import inbox
from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.deps import Deps
from notifier.domain.gate import allowed
from notifier.domain.outcome import Accepted, Refused
from notifier.store import deliveries, inbound, replicas
from notifier.tables import InboundMessage, Lead, Location

A_DAY = timedelta(days=1)
NOTICES_A_DAY = 30
"""To one shop at once; what comes of more people, or of the same again, waits for the next notice."""
HELD_FOR = timedelta(hours=1)
"""At most, where no other notice goes before."""
AGAIN_AFTER = timedelta(minutes=5)
"""A mail server that did not take a notice, or did not answer, is asked again with the same Message-ID."""


async def plan_notice(session: AsyncSession, message: InboundMessage, written_to: str) -> None:
    """Sets the shop whose number or address it was, and when it is to be told: at once, once a day and sender."""
    location = await replicas.location_written_to(session, message.tenant_id, message.channel, written_to)
    if location is None:
        return
    message.location_id = location.id
    senders = await inbound.notices(session, message.tenant_id, location.id, message.received_at - A_DAY)
    told = {inbox(sender) for sender in senders}
    at_once = inbox(message.sender or "") not in told and len(told) < NOTICES_A_DAY
    message.notice_due_at = message.received_at if at_once else message.received_at + HELD_FOR


async def plan_another(session: AsyncSession, message: InboundMessage, lead: Lead) -> None:
    """Of a mail that nothing proves the shop is told by itself once a day and lead; this is none of the first."""
    if await inbound.has_unproven(session, lead.tenant_id, lead.id, message.received_at):
        message.location_id, message.notice_due_at = lead.location_id, message.received_at + HELD_FOR


async def tell_shops(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    while claimed := await _claim(deps, tenant_id, now):
        messages, location = claimed
        if not location.demo_mode or allowed(location.email, location.allow_list):
            outcome = await deps.smtp.send(deps.writer.stranger_mail(messages, location))
            if not isinstance(outcome, (Accepted, Refused)):
                return
        async with transaction(deps.sessions, tenant_id) as session:
            ids = [message.id for message in messages]
            await inbound.note_noticed(session, tenant_id, ids, await deliveries.clock(session))


async def _claim(
    deps: Deps, tenant_id: UUID, now: datetime
) -> tuple[Sequence[InboundMessage], Location] | None:
    async with transaction(deps.sessions, tenant_id) as session:
        messages = await inbound.claim_notice(session, tenant_id, now, now + AGAIN_AFTER)
        if not messages or messages[0].location_id is None:
            return None
        location = await replicas.location(session, tenant_id, messages[0].location_id)
        return (messages, location) if location else None
