"""The consent ledger: who may be written to, where, and what they said about it."""

from collections.abc import Iterable
from uuid import UUID

from shared.events.notification import OutboundChannel
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import addresses_of, heard_at
from notifier.actions.leads import stop_sequence
from notifier.actions.ledger import Said, refusal, refuse
from notifier.domain.consent import CRM
from notifier.store import consents, deliveries, leads
from notifier.store.consents import Address
from notifier.tables import Lead


async def opt_out(
    session: AsyncSession, lead: Lead, channel: OutboundChannel, said: Said, *, at: str | None = None
) -> bool:
    """Ends every sequence to that address, whichever lead it belongs to. False: there is no address (yet), or it was out before.

    `at`: another address of the lead's person than the one that we write to.
    """
    address = at or addresses_of(lead)[channel]
    if address is None:
        if channel not in await consents.refused_by_lead(session, lead.tenant_id, lead.id):
            await consents.add_consents(session, [refusal(lead.tenant_id, (channel, ""), said, lead)])
        return False
    await leads.lock_leads_of_person(session, lead)
    for lead_id in await leads.leads_of_address(session, lead.tenant_id, (channel, address)):
        known = await leads.lead(session, lead.tenant_id, lead_id)
        if known:
            await stop_sequence(session, known, "opted_out")
    if await is_out(session, lead.tenant_id, (channel, address)):
        return False
    await refuse(session, lead.tenant_id, (channel, address), said, lead)
    return True


async def is_out(session: AsyncSession, tenant_id: UUID, address: Address) -> bool:
    """By their own word: the CRM's may be taken back there."""
    newest = (await consents.newest(session, tenant_id, [address])).get(address)
    return newest is not None and newest.permission == "opted_out" and newest.source != CRM


async def opt_out_as_said(
    session: AsyncSession,
    lead: Lead,
    channels: Iterable[OutboundChannel],
    *,
    by: OutboundChannel | None,
    said: Said,
) -> None:
    """Words that came `by` a channel, `None`: the web chat. They count for an address if its owner said them.

    Anybody types anybody's number into a form: of what is not known to be the writer's own only this lead is left alone.
    Consent is one number's; who refuses from one is taken to refuse at all that the shop knows of the same person.
    """
    await leads.lock_leads_of_person(session, lead)
    proven = await _proven(session, lead, by)
    for channel in channels:
        if addresses_of(lead)[channel] is None or channel in proven:
            await opt_out(session, lead, channel, said)
        else:
            await _leave_alone(session, lead, channel, said)
        for one in (lead, *await leads.joined_to(session, lead)):
            for kind, address in heard_at(one):
                if kind == channel and address != addresses_of(lead)[channel]:
                    await opt_out(session, one, channel, said, at=address)


async def _proven(
    session: AsyncSession, lead: Lead, by: OutboundChannel | None
) -> dict[OutboundChannel, str]:
    """Addresses that are surely the writer's: the shop names them, the words came from there, or the chat's link went nowhere else."""
    known = {channel: address for channel, address in addresses_of(lead).items() if address is not None}
    if lead.in_crm:
        return known
    told = await deliveries.told_addresses(session, lead.tenant_id, lead.id) if by is None else set()
    return {channel: address for channel, address in known.items() if channel == by or told == {address}}


async def _leave_alone(session: AsyncSession, lead: Lead, channel: OutboundChannel, said: Said) -> None:
    """Also the lead of the same person that it was joined to."""
    for lead_id in {lead.id, lead.same_as or lead.id}:
        one = await leads.lead(session, lead.tenant_id, lead_id)
        if one is None:
            continue
        await stop_sequence(session, one, "opted_out")
        if channel not in await consents.refused_by_lead(session, lead.tenant_id, lead_id):
            await consents.add_consents(session, [refusal(lead.tenant_id, (channel, ""), said, one)])


async def hold_marketing(session: AsyncSession, lead: Lead, *, by: OutboundChannel | None) -> None:
    """The person may have opted out and is being asked: every sequence to them ends. A request of theirs begins a new one."""
    await leads.lock_leads_of_person(session, lead)
    theirs = {lead.id, lead.same_as or lead.id}
    for address in (await _proven(session, lead, by)).items():
        theirs.update(await leads.leads_of_address(session, lead.tenant_id, address))
    for lead_id in sorted(theirs):
        if known := await leads.lead(session, lead.tenant_id, lead_id):
            await stop_sequence(session, known, "opt_out_asked")
