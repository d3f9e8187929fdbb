"""The consent ledger: who may be written to, where, and what they said about it."""

from typing import Literal

from shared.events import ContactOptedOut
from shared.events.notification import OutboundChannel
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import addresses_of
from notifier.actions.leads import stop_sequence
from notifier.store import consents, leads
from notifier.tables import Consent, Lead

How = Literal["keyword", "free_text", "link", "complaint", "staff"]


async def opt_out(
    session: AsyncSession, lead: Lead, channel: OutboundChannel, *, how: How, text: str | None = None
) -> bool:
    """Ends every sequence to that address, whichever lead it belongs to. False: there is no address (yet), or it was out before."""
    address = addresses_of(lead)[channel]
    if address is None:
        await consents.add_consents(session, [_refusal(lead, channel, "", how, text)])
        return False
    await leads.lock_leads_of_person(session, lead)
    for lead_id in await leads.leads_of_address(session, lead.tenant_id, (channel, address)):
        known = await leads.lead(session, lead.tenant_id, lead_id)
        if known:
            await stop_sequence(session, known, "opted_out")
    known_permissions = await consents.permissions(session, lead.tenant_id, [(channel, address)])
    if known_permissions.get((channel, address)) == "opted_out":
        return False
    await consents.add_consents(session, [_refusal(lead, channel, address, how, text)])
    await record(
        session,
        ContactOptedOut(lead_id=lead.id, address=address, channel=channel, how=how, text=text),
        tenant_id=lead.tenant_id,
        subject=lead.id,
        location_id=lead.location_id,
        lead_version=lead.lead_version,
        correlation_id=lead.correlation_id,
    )
    return True


def _refusal(lead: Lead, channel: OutboundChannel, address: str, how: How, text: str | None) -> Consent:
    return Consent(
        tenant_id=lead.tenant_id,
        channel=channel,
        address=address,
        permission="opted_out",
        source=how,
        text=text,
        lead_id=lead.id,
    )
