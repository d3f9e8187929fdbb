"""What customers write back by SMS and e-mail, and what Twilio tells of our own texts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import ContactOptedOut, InboundMessageReceived
from shared.messaging.outbox import record
from shared.telemetry.traces import correlated
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.consents import opt_out
from notifier.actions.intents import Intent, addresses_of, intend
from notifier.actions.leads import stop_sequence
from notifier.actions.sending import apply_status, note_accepted
from notifier.deps import Deps
from notifier.domain.gate import Purpose
from notifier.domain.opt_out import OptOut, answered_by_provider, opt_out_in, opts_in
from notifier.store import consents, deliveries, inbound, leads
from notifier.tables import Consent, Delivery, InboundMessage, Lead, ProviderStatus

STATUS_RANKS = {
    name: rank
    for rank, names in enumerate(
        (
            ("accepted", "scheduled"),
            ("queued",),
            ("sending",),
            ("sent",),
            ("delivered", "undelivered", "failed", "canceled", "partially_delivered"),
            ("read",),
        )
    )
    for name in names
}
"""Callbacks come in any order; a status of a lower or the same rank changes nothing."""


@dataclass(frozen=True)
class Inbound:
    """A message as it came in; `to` is the shop's number or address, `subject` an e-mail's."""

    channel: Literal["sms", "email"]
    provider_id: str
    sender: str
    to: str
    text: str
    subject: str | None = None


async def receive(deps: Deps, tenant_id: UUID, message: Inbound) -> None:
    """Once for each provider id: the words go to the conversation, the sequence stops, a wish to be left alone is kept."""
    async with transaction(deps.sessions, tenant_id) as session:
        lead = await _lead_of(session, tenant_id, message)
        if not await inbound.add_inbound(session, _row(tenant_id, message, lead)):
            return
        with correlated(lead.correlation_id if lead else ""):
            await (_heed(session, lead, message) if lead else _heed_stranger(session, tenant_id, message))
    deps.wake(tenant_id)


async def _lead_of(session: AsyncSession, tenant_id: UUID, message: Inbound) -> Lead | None:
    find = leads.newest_lead_by_phone if message.channel == "sms" else leads.newest_lead_by_email
    return await find(session, tenant_id, message.sender, message.to)


def _row(tenant_id: UUID, message: Inbound, lead: Lead | None) -> InboundMessage:
    return InboundMessage(
        tenant_id=tenant_id,
        channel=message.channel,
        provider_id=message.provider_id,
        lead_id=lead.id if lead else None,
        subject=message.subject,
        received_at=database_now(),
    )


async def _heed(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    if message.channel == "sms" and opts_in(message.text):
        await _opt_in(session, lead, message)
        return
    wish = opt_out_in(message.text, message.channel)
    if wish:
        await _opt_out(session, lead, message, wish)
    if wish is None or wish.how == "free_text":
        await stop_sequence(session, lead, "engaged", engaged=True)
        await _pass_on(session, lead, message)


async def _opt_out(session: AsyncSession, lead: Lead, message: Inbound, wish: OptOut) -> None:
    changed = [
        channel
        for channel in wish.channels
        if await opt_out(session, lead, channel, how=wish.how, text=message.text)
    ]
    if "sms" in changed and message.channel == "sms" and not answered_by_provider(message.text):
        await deliveries.add_deliveries(session, _receipt(lead, message, await deliveries.clock(session)))


def _receipt(lead: Lead, message: Inbound, now: datetime) -> list[Delivery]:
    intent = Intent(
        key=f"optout:{message.provider_id}",
        purpose=Purpose.OPT_OUT_RECEIPT,
        template="opt_out_receipt",
        due_at=now,
    )
    return intend(intent, lead, addresses_of(lead), ["sms"], now)


async def _opt_in(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    consent = Consent(
        tenant_id=lead.tenant_id,
        channel="sms",
        address=message.sender,
        permission="granted",
        source="keyword",
        text=message.text,
        lead_id=lead.id,
    )
    await consents.add_consents(session, [consent])


async def _pass_on(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    received = InboundMessageReceived(
        lead_id=lead.id,
        channel=message.channel,
        sender=message.sender,
        text=message.text,
        provider_id=message.provider_id,
    )
    await record(
        session,
        received,
        tenant_id=lead.tenant_id,
        subject=lead.id,
        location_id=lead.location_id,
        lead_version=lead.lead_version,
        correlation_id=lead.correlation_id,
    )


async def _heed_stranger(session: AsyncSession, tenant_id: UUID, message: Inbound) -> None:
    """Nobody we know: an opt-out counts all the same, anything else has no conversation to go to."""
    wish = opt_out_in(message.text, message.channel)
    if wish is None or message.channel not in wish.channels:
        return
    consent = Consent(
        tenant_id=tenant_id,
        channel=message.channel,
        address=message.sender,
        permission="opted_out",
        source=wish.how,
        text=message.text,
    )
    await consents.add_consents(session, [consent])
    fact = ContactOptedOut(address=message.sender, channel=message.channel, how=wish.how, text=message.text)
    await record(session, fact, tenant_id=tenant_id, subject=tenant_id)


async def follow_text_status(
    deps: Deps,
    tenant_id: UUID,
    *,
    provider_id: str,
    status: str,
    error_code: str | None,
    delivery_id: UUID | None = None,
) -> None:
    """A status that is unknown to us changes nothing.

    `delivery_id` is the one that we gave with the text: a callback about it says that Twilio has the text, so it settles
    what was sent without an answer, and may come before the answer.
    """
    rank = STATUS_RANKS.get(status)
    if rank is None:
        return
    row = ProviderStatus(
        tenant_id=tenant_id, provider_id=provider_id, status=status, rank=rank, error_code=error_code
    )
    async with transaction(deps.sessions, tenant_id) as session:
        if delivery_id is not None:
            now = await deliveries.clock(session)
            await note_accepted(session, tenant_id, delivery_id, provider_id, now)
        if await deliveries.advance_status(session, row):
            delivery = await deliveries.delivery_by_provider_id(session, tenant_id, provider_id)
            if delivery:
                await apply_status(session, delivery, status, error_code)
