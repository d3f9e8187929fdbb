"""A new link to the chat."""

from datetime import datetime

from shared.db.engine import transaction
from shared.events.notification import OutboundChannel
from shared.http.links import Link
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import Intent, addresses_of, intend
from notifier.deps import Deps
from notifier.domain.gate import Purpose
from notifier.store import deliveries, leads
from notifier.tables import Lead

CHANNELS: tuple[OutboundChannel, ...] = ("email", "sms")


async def plan_chat_link(session: AsyncSession, lead: Lead, asked_at: datetime) -> None:
    """To the lead's own addresses, once an hour, however often it is asked for."""
    now = await deliveries.clock(session)
    intent = Intent(
        key=f"chat_link:{lead.id}:{asked_at:%Y-%m-%dT%H}",
        purpose=Purpose.BOOKING,
        template="chat_link",
        due_at=now,
    )
    await deliveries.add_deliveries(session, intend(intent, lead, addresses_of(lead), CHANNELS, now))


async def renew_chat_link(deps: Deps, link: Link) -> None:
    """Nobody is told whether there is such a lead."""
    async with transaction(deps.sessions, link.tenant_id) as session:
        lead = await leads.lead(session, link.tenant_id, link.subject_id)
        if lead is None or not await leads.share_lead(session, link.tenant_id, link.subject_id):
            return
        await plan_chat_link(session, lead, await deliveries.clock(session))
    deps.wake(link.tenant_id)
