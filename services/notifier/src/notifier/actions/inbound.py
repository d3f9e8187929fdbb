"""What customers write back by SMS and e-mail, and what Twilio tells of our own texts."""

from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import InboundMessageReceived
from shared.events.notification import Media
from shared.http.limits import Use
from shared.messaging.outbox import record
from shared.telemetry.traces import correlated
from shared.understanding.opt_out import OptOut, is_carriers_word, keyword_heard
from shared.understanding.whole import hear_whole
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.consents import hold_marketing, is_out, opt_out_as_said
from notifier.actions.intents import Intent, addresses_of, intend
from notifier.actions.leads import need_location, stop_sequence
from notifier.actions.ledger import Said, refuse
from notifier.actions.sending import apply_status, note_accepted
from notifier.actions.strangers import plan_another, plan_notice
from notifier.deps import Deps
from notifier.domain.consent import CRM
from notifier.domain.gate import Purpose
from notifier.domain.opt_in import opts_in
from notifier.domain.quoted import is_quoted
from notifier.domain.wording import files_named, quoted
from notifier.limits import INBOUND_PER_SENDER, UNPROVEN_PER_TENANT
from notifier.store import consents, deliveries, inbound, leads
from notifier.tables import Consent, InboundMessage, Lead, ProviderStatus

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
PICTURES_SHOWN_A_DAY = 5


@dataclass(frozen=True)
class Inbound:
    """A message as it came in; `to` is the shop's number or address, `subject` an e-mail's.

    `lead_id`: whose reply address a mail was sent to. `answered`: our messages that it says it answers, as anybody may.
    Not `proven`: anybody may have written it in the sender's name. `automatic`: a machine did; `about_invitation`: a calendar.
    """

    channel: Literal["sms", "email"]
    provider_id: str
    sender: str
    to: str
    text: str
    subject: str | None = None
    lead_id: UUID | None = None
    answered: tuple[UUID, ...] = ()
    proven: bool = True
    media: tuple[Media, ...] = ()
    automatic: bool = False
    about_invitation: bool = False

    @property
    def empty(self) -> bool:
        return not self.text.strip() and not self.media


async def receive(deps: Deps, tenant_id: UUID, message: Inbound) -> None:
    """Once for each provider id: the words go to the conversation, the sequence stops, a wish to be left alone is kept."""
    async with transaction(deps.sessions, tenant_id) as session:
        if await inbound.is_known(session, tenant_id, message.channel, message.provider_id):
            return
    wish = None if message.automatic else await _wish_in(deps, tenant_id, message)
    async with transaction(deps.sessions, tenant_id) as session:
        lead, proven = await _lead_of(session, tenant_id, message)
        if lead is not None and not await leads.share_lead(session, tenant_id, lead.id):
            lead = None  # erased this moment: a stranger's words from here on
        row = _row(tenant_id, message, lead, proven=proven)
        if lead is None and not message.automatic and not (wish and wish.sure):
            await plan_notice(session, row, message.to)
        if lead and not proven and not message.automatic:
            await plan_another(session, row, lead)
        if not await inbound.add_inbound(session, row):
            return
        with correlated(lead.correlation_id if lead else ""):
            if message.automatic:
                await _heed_machine(session, lead, message)
            elif lead is None:
                await _heed_stranger(session, tenant_id, message, wish)
            elif not proven:
                await _heed_unproven(session, lead, message, wish)
            elif not message.empty:
                await _heed(session, lead, message, wish)
    deps.wake(tenant_id)


async def _wish_in(deps: Deps, tenant_id: UUID, message: Inbound) -> OptOut | None:
    """The subject counts where it is the sender's own: many write "unsubscribe" there and nothing below.

    Of a sender who is over their limit only the words that stand alone count, which cost nothing.
    """
    hear = keyword_heard if await deps.limits.refusal(*_uses(tenant_id, message)) else hear_whole
    wish = await hear(message.text, message.channel)
    subject = (message.subject or "").strip()
    if wish is not None or not subject or is_quoted(subject):
        return wish
    return await hear(subject, message.channel)


def _uses(tenant_id: UUID, message: Inbound) -> list[Use]:
    """What somebody writes in another's name takes nothing from that person."""
    proven = message.proven or message.lead_id is not None
    sender = (tenant_id, message.channel, message.sender, message.lead_id, proven)
    return [(INBOUND_PER_SENDER, sender), *([] if proven else [(UNPROVEN_PER_TENANT, tenant_id)])]


async def _lead_of(session: AsyncSession, tenant_id: UUID, message: Inbound) -> tuple[Lead | None, bool]:
    """And whether it is the lead who writes."""
    if message.lead_id and (answered := await leads.lead(session, tenant_id, message.lead_id)):
        return answered, True
    named = await leads.lead_of_deliveries(session, tenant_id, message.answered) if message.answered else None
    if named and named.email == message.sender:
        return named, message.proven
    find = leads.newest_lead_by_phone if message.channel == "sms" else leads.newest_lead_by_email
    found = await find(session, tenant_id, message.sender, message.to)
    # Who answers one of our mails from an address of nobody's may be its reader, or may not (ADR 19).
    return (found, message.proven) if found or not named else (named, False)


def _row(tenant_id: UUID, message: Inbound, lead: Lead | None, *, proven: bool) -> InboundMessage:
    """With the words where no conversation keeps them, and from where it came where the lead does not tell."""
    kept = lead is None or not proven or message.automatic or message.empty
    elsewhere = lead is None or addresses_of(lead)[message.channel] != message.sender
    return InboundMessage(
        tenant_id=tenant_id,
        channel=message.channel,
        provider_id=message.provider_id,
        lead_id=lead.id if lead else None,
        subject=message.subject,
        sender=message.sender if kept or elsewhere else None,
        text=message.text if kept else None,
        proven=proven,
        automatic=message.automatic,
        media=[one.model_dump() for one in message.media],
        received_at=database_now(),
    )


async def _heed_unproven(session: AsyncSession, lead: Lead, message: Inbound, wish: OptOut | None) -> None:
    """An opt-out counts on its own channel, whoever wrote it: it stops marketing by mail, and no text about an appointment.

    Anything else the shop is shown, once a day and lead, and nothing comes of it.
    """
    if wish:
        await _opt_out(session, lead, message, replace(wish, channels=(message.channel,)))
    payload = {"sender": message.sender, "text": _as_told(message)}
    await _tell_shop_once_a_day(session, lead, "unproven", "unproven_mail", payload)


async def _heed_machine(session: AsyncSession, lead: Lead | None, message: Inbound) -> None:
    """It is kept and nothing comes of it; what a calendar says of an invitation the shop is shown, once a day and lead."""
    if lead and message.about_invitation:
        payload = {"subject_of_it": quoted(message.subject or "", 200), "text": _as_told(message)}
        await _tell_shop_once_a_day(session, lead, "invitation", "invitation_answered", payload)


async def _tell_shop_once_a_day(
    session: AsyncSession, lead: Lead, kind: str, template: str, payload: dict[str, str]
) -> None:
    """More of the `kind` today are kept: a sender has messages without end."""
    await _tell_shop(session, lead, f"{kind}:{lead.id}:{database_now():%Y-%m-%d}", template, payload)


async def _tell_shop(
    session: AsyncSession, lead: Lead, key: str, template: str, payload: dict[str, Any]
) -> None:
    location = await need_location(session, lead.tenant_id, lead.location_id)
    now = await deliveries.clock(session)
    notice = Intent(key=key, purpose=Purpose.SHOP_NOTICE, template=template, due_at=now, payload=payload)
    await deliveries.add_deliveries(session, intend(notice, lead, {"email": location.email}, ["email"], now))


def _as_told(message: Inbound) -> str:
    return quoted(message.text) or files_named([one.model_dump() for one in message.media]) or "(no words)"


async def _heed(session: AsyncSession, lead: Lead, message: Inbound, wish: OptOut | None) -> None:
    """The chat confirms an opt-out, or asks, on this channel; but for the words that the carrier answers."""
    if message.channel == "sms" and opts_in(message.text):
        await _opt_in(session, lead, message)
        return
    if wish:
        await _opt_out(session, lead, message, wish)
    if wish is None or wish.how == "free_text":
        await stop_sequence(session, lead, "engaged", engaged=True)
    if message.channel != "sms" or not is_carriers_word(message.text):
        await _pass_on(session, lead, message)


async def _opt_out(session: AsyncSession, lead: Lead, message: Inbound, wish: OptOut) -> None:
    if not wish.sure:
        await hold_marketing(session, lead, by=message.channel)
        return
    said = Said(wish.how, message.text)
    await opt_out_as_said(session, lead, wish.channels, by=message.channel, said=said)


async def _opt_in(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    address = (message.channel, message.sender)
    await leads.lock_addresses(session, lead.tenant_id, [message.sender])
    newest = (await consents.newest(session, lead.tenant_id, [address])).get(address)
    known = newest is not None and newest.permission == "granted" and newest.source != CRM
    granted = [] if known else [message.sender]
    if "sms" in await consents.refused_by_lead(session, lead.tenant_id, lead.id):
        granted.append("")
    given = [
        Consent(
            tenant_id=lead.tenant_id,
            channel="sms",
            address=one,
            permission="granted",
            source="keyword",
            text=message.text,
            lead_id=lead.id,
        )
        for one in granted
    ]
    await consents.add_consents(session, given)


async def _pass_on(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    if message.media:
        await _show_pictures(session, lead, message)
    received = InboundMessageReceived(
        lead_id=lead.id,
        channel=message.channel,
        sender=message.sender,
        text=message.text,
        provider_id=message.provider_id,
        media=message.media,
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


async def _show_pictures(session: AsyncSession, lead: Lead, message: Inbound) -> None:
    """A few times a day and lead: whoever is known may send pictures without end."""
    today = database_now().replace(hour=0, minute=0, second=0, microsecond=0)
    shown = await deliveries.notices_since(session, lead.tenant_id, lead.id, "media_notice", today)
    if shown >= PICTURES_SHOWN_A_DAY:
        return
    payload = {
        "kind": "text" if message.channel == "sms" else "mail",
        "files": files_named([one.model_dump() for one in message.media]),
        "text": quoted(message.text) or "(no words)",
        "pictures": [one.url for one in message.media if one.url],
    }
    await _tell_shop(session, lead, f"media:{lead.id}:{message.provider_id}", "media_notice", payload)


async def _heed_stranger(
    session: AsyncSession, tenant_id: UUID, message: Inbound, wish: OptOut | None
) -> None:
    """Nobody we know: an opt-out counts all the same, anything else has no conversation to go to, and no sequence to end."""
    if wish is None or not wish.sure or message.channel not in wish.channels:
        return
    address = (message.channel, message.sender)
    await leads.lock_addresses(session, tenant_id, [message.sender])
    if not await is_out(session, tenant_id, address):
        await refuse(session, tenant_id, address, Said(wish.how, message.text), None)


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
