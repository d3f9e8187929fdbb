"""What the chat's facts mean for messages: replies go out, the sequence stops."""

from shared.events import BookingDeclined, Channel, Event, MessageSent
from shared.events.notification import OutboundChannel
from shared.understanding.opt_out import OptOut
from shared.understanding.whole import hear_whole
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.consents import hold_marketing, opt_out_as_said
from notifier.actions.intents import Intent, addresses_of, heard_at, intend
from notifier.actions.leads import need_lead, stop_sequence
from notifier.actions.ledger import Said
from notifier.domain.gate import Purpose
from notifier.domain.wording import harmless, quoted
from notifier.store import consents, deliveries, inbound, leads
from notifier.tables import InboundMessage, Lead

PREVIEW_CHARACTERS = 90


async def hear_customer(message: MessageSent) -> OptOut | None:
    """What came by SMS or e-mail was read for an opt-out at the endpoint; the web chat is read here."""
    if message.author != "customer" or message.channel not in {"web", "crm"}:
        return None
    return await hear_whole(message.text, None)


async def follow_conversation(session: AsyncSession, event: Event[MessageSent], heard: OptOut | None) -> None:
    if event.data.author == "system":
        return
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if event.data.author == "customer":
        await _heed_customer(session, event, lead, heard)
        return
    if event.data.author == "staff":
        await stop_sequence(session, lead, "staff")
    await _send_reply(session, event.data, lead)


async def _heed_customer(
    session: AsyncSession, event: Event[MessageSent], lead: Lead, heard: OptOut | None
) -> None:
    """`opt_out` is what the chat understood, which knows what it had asked."""
    channels = event.data.opt_out or (heard.channels if heard and heard.sure else ())
    by = _came_by(event.data.channel)
    if channels:
        await leads.lock_leads_of_person(session, lead)
    elif heard:
        await hold_marketing(session, lead, by=by)
    await stop_sequence(session, lead, "engaged", engaged=True)
    if channels:
        how = heard.how if heard else "free_text"
        said = Said(how, event.data.text, event.data.ip, event.time)
        await opt_out_as_said(session, lead, channels, by=by, said=said)


def _came_by(channel: Channel) -> OutboundChannel | None:
    return channel if channel in {"sms", "email"} else None


async def _send_reply(session: AsyncSession, message: MessageSent, lead: Lead) -> None:
    came_by = _came_by(message.channel)
    ways = [came_by] if came_by else []
    for channel in dict.fromkeys([*ways, *(_reached(lead, way) for way in message.also)]):
        await _send_by(session, message, lead, channel)


def _reached(lead: Lead, channel: OutboundChannel) -> OutboundChannel:
    """By the other one where the lead has no address for this."""
    other: OutboundChannel = "sms" if channel == "email" else "email"
    addresses = addresses_of(lead)
    return channel if addresses.get(channel) or not addresses.get(other) else other


async def _send_by(session: AsyncSession, message: MessageSent, lead: Lead, channel: OutboundChannel) -> None:
    now = await deliveries.clock(session)
    answered = await inbound.last_of(session, lead.tenant_id, lead.id, channel)
    address = await _written_from(session, lead, answered) or addresses_of(lead)[channel]
    confirms = channel in message.opt_out
    intent = Intent(
        key=await _refusal_key(session, lead, (channel, address), message)
        if confirms
        else f"reply:{message.message_id}",
        purpose=Purpose.OPT_OUT_RECEIPT if confirms else Purpose.REPLY,
        template="reply",
        due_at=now,
        payload={
            **_reply_payload(message.text, answered if channel == "email" else None),
            "unasked": message.author == "staff" and channel != _came_by(message.channel),
        },
    )
    await deliveries.add_deliveries(session, intend(intent, lead, {channel: address}, [channel], now))


async def _written_from(session: AsyncSession, lead: Lead, answered: InboundMessage | None) -> str | None:
    """From where it came, where that is another number or address that the shop knows of the same person."""
    if answered is None or answered.sender is None:
        return None
    theirs = (lead, *await leads.joined_to(session, lead))
    known = {address for one in theirs for _, address in heard_at(one)}
    return answered.sender if answered.sender in known else None


async def _refusal_key(
    session: AsyncSession, lead: Lead, to: tuple[OutboundChannel, str | None], message: MessageSent
) -> str:
    """An opt-out is confirmed once, however often it is repeated: who opted out is not written to again for it."""
    channel, address = to
    refusal = await consents.refusal_of(session, lead.tenant_id, (channel, address)) if address else None
    return f"opt_out:{refusal or message.message_id}"


def _reply_payload(text: str, answered: InboundMessage | None) -> dict[str, str | None]:
    subject = quoted((answered.subject if answered else None) or "Your message to us", 200)
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
