"""What the chat's facts mean for messages: replies go out, the sequence stops."""

from shared.events import BookingDeclined, Event, MessageSent
from shared.events.notification import OutboundChannel
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.consents import opt_out
from notifier.actions.intents import Intent, addresses_of, intend
from notifier.actions.leads import need_lead, stop_sequence
from notifier.domain.gate import Purpose
from notifier.domain.opt_out import opt_out_in
from notifier.domain.wording import harmless
from notifier.store import deliveries, inbound, leads
from notifier.tables import InboundMessage, Lead

PREVIEW_CHARACTERS = 90


async def follow_conversation(session: AsyncSession, event: Event[MessageSent]) -> None:
    if event.data.author == "system":
        return
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if event.data.author == "customer":
        await _heed_customer(session, event, lead)
        return
    if event.data.author == "staff":
        await stop_sequence(session, lead, "staff")
    await _send_reply(session, event.data, lead)


async def _heed_customer(session: AsyncSession, event: Event[MessageSent], lead: Lead) -> None:
    """What came by SMS or e-mail was read for an opt-out at the door; the web chat is read here."""
    wish = opt_out_in(event.data.text, None) if event.data.channel in {"web", "crm"} else None
    if wish:
        await leads.lock_leads_of_person(session, lead)
    await stop_sequence(session, lead, "engaged", engaged=True)
    if wish:
        for channel in wish.channels:
            await opt_out(session, lead, channel, how=wish.how, text=event.data.text)


async def _send_reply(session: AsyncSession, message: MessageSent, lead: Lead) -> None:
    if message.channel not in {"sms", "email"}:
        return
    now = await deliveries.clock(session)
    answered = None
    if message.channel == "email":
        answered = await inbound.last_mail_of(session, lead.tenant_id, lead.id)
    intent = Intent(
        key=f"reply:{message.message_id}",
        purpose=Purpose.REPLY,
        template="reply",
        due_at=now,
        payload=_reply_payload(message.text, answered),
    )
    channel: OutboundChannel = "sms" if message.channel == "sms" else "email"
    await deliveries.add_deliveries(session, intend(intent, lead, addresses_of(lead), [channel], now))


def _reply_payload(text: str, answered: InboundMessage | None) -> dict[str, str | None]:
    subject = harmless((answered.subject if answered else None) or "Your message to us", 200)
    return {
        "text": text,
        "preview": harmless(text, PREVIEW_CHARACTERS),
        "subject": subject if subject.lower().startswith("re:") else f"Re: {subject}",
        "answers": answered.provider_id if answered and answered.provider_id.startswith("<") else None,
    }


async def offer_alternatives(session: AsyncSession, event: Event[BookingDeclined]) -> None:
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    now = await deliveries.clock(session)
    intent = Intent(
        key=f"declined:{event.data.request_id}",
        purpose=Purpose.BOOKING,
        template="booking_declined",
        due_at=now,
        payload={"alternatives": [slot.label for slot in event.data.alternatives]},
    )
    await deliveries.add_deliveries(session, intend(intent, lead, addresses_of(lead), ["email", "sms"], now))
