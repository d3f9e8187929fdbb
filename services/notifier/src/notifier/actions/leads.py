"""What happens to a lead: it is greeted at once, and its sequence stops when it engages."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from shared.events import (
    CatalogChanged,
    CrmConsent,
    CrmMessageObserved,
    Event,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    NotificationFailed,
)
from shared.events.notification import OutboundChannel
from shared.messaging.failures import RetryLater
from shared.messaging.replay import repeated_by, replica
from shared.words import vocabulary
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import Intent, addresses_of, heard_at, intend
from notifier.actions.ledger import note_crm, recall, refuse_as_elsewhere, tell_what_waited
from notifier.actions.touching import first_text_at
from notifier.deps import Deps
from notifier.domain.consent import CRM, START
from notifier.domain.gate import TOO_MANY, Purpose
from notifier.domain.sequence import Sequence, Touch
from notifier.store import consents, deliveries, leads, replicas, touches
from notifier.tables import Consent, Delivery, Lead, Location, TouchPoint

ONE_GREETING_IN = timedelta(days=1)
"""An order and a form, or two orders, of one person within this are greeted once."""
FORM = "web_form"
STOPPED_BY_FORMS = frozenset({"same_person", TOO_MANY})
STOPPING_STATUSES = frozenset({"won", "lost", "engaged", "appointment_scheduled"})


@replica
async def replicate_location(session: AsyncSession, event: Event[LocationChanged]) -> None:
    fact = event.data
    await replicas.keep_tenant(session, event.tenant_id, fact.tenant_slug)
    await replicas.keep_location(
        session,
        Location(
            id=fact.location_id,
            tenant_id=event.tenant_id,
            version=fact.version,
            tenant_name=fact.tenant_name,
            code=fact.code,
            name=fact.name,
            timezone=fact.timezone,
            address=fact.address.model_dump(),
            phone=fact.phone,
            email=fact.email,
            sms_from=fact.sms_from,
            demo_mode=fact.demo_mode,
            allow_list=list(fact.allow_list),
            text_countries=list(fact.text_countries),
            a2p=fact.a2p.model_dump() if fact.a2p else None,
            first_touch=fact.first_touch.model_dump(),
            enabled=fact.switches.enabled,
            sends=fact.switches.sends,
            sms=fact.switches.sms,
        ),
    )


@replica
async def replicate_catalog(session: AsyncSession, event: Event[CatalogChanged]) -> None:
    """Only the words that a wish may be repeated in."""
    location = await need_location(session, event.tenant_id, event.data.location_id)
    wordings = [wording for service in event.data.services for wording in service.wordings]
    words = sorted(vocabulary(wordings))
    await replicas.keep_wish_words(session, location, event.data.version, words)


async def greet_lead(session: AsyncSession, event: Event[LeadReceived], deps: Deps) -> None:
    """The first touch is intended here, so that it leaves with this transaction's commit; the rest waits for its days."""
    if event.location_id is None:
        raise RetryLater("a lead without a location cannot be greeted")
    location = await need_location(session, event.tenant_id, event.location_id)
    lead = _lead(event, location.id)
    heard = [address for _, address in heard_at(lead)]
    await recall(session, lead.tenant_id, heard, deps.settings.person_key)
    if await leads.add_lead(session, lead) or repeated_by():
        await _keep_consents(session, event, lead)
        first_id = await leads.greeted_as(session, lead, since=lead.received_at - ONE_GREETING_IN)
        if first_id and not (lead.in_crm and await _takes_over(session, lead, first_id)):
            await leads.join(session, lead, first_id)
            return
        begins_at = first_text_at(deps.states, lead, location)
        await _plan(session, lead, location, deps.sequences.newest(), begins_at)
    elif await leads.renew_lead(session, lead):
        await leads.raise_lead_version(session, lead.tenant_id, lead.id, lead.lead_version)
        await _keep_consents(session, event, lead)
        for channel, address in _known_addresses(lead):
            await deliveries.fill_address(session, lead, channel, address)
        lost = deliveries.to_lost_addresses(lead)
        await deliveries.suppress_planned(session, lead.tenant_id, lost, "address_lost")
        if lead.in_crm and lead.source == FORM:
            await _greet_where_the_form_did_not(session, lead, location, deps.sequences.newest())
    await _heed_earlier_opt_out(session, lead)


async def _greet_where_the_form_did_not(
    session: AsyncSession, lead: Lead, location: Location, sequence: Sequence
) -> None:
    """The shop names its customer for what only a form had asked, maybe a stranger's: each address of theirs gets its greeting."""
    now = await deliveries.clock(session)
    known = await leads.lead(session, lead.tenant_id, lead.id)
    greeted = await deliveries.greeted_addresses(session, lead, now - ONE_GREETING_IN)
    channels = {channel for channel, address in _known_addresses(lead) if (channel, address) not in greeted}
    stopped = known.stopped_reason if known else None
    if not channels or (stopped and stopped not in STOPPED_BY_FORMS):
        return
    if stopped:
        await leads.resume(session, lead)
    [first, *_] = [touch for touch, _ in sequence.plan(lead.received_at, location.timezone, now)]
    greetings = deliveries_of(lead, first, now, key=f"touch:{lead.id}:0:crm")
    await deliveries.add_deliveries(session, [one for one in greetings if one.channel in channels])


async def _takes_over(session: AsyncSession, lead: Lead, first_id: UUID) -> bool:
    """The greeting of the first one waits (for its hour, mostly), and this one names all of its addresses and more."""
    first = await need_lead(session, lead.tenant_id, first_id)
    if first.stopped_reason or not set(_known_addresses(lead)) > set(_known_addresses(first)):
        return False
    await deliveries.suppress_planned(
        session, lead.tenant_id, deliveries.greeting_of(first.id), "same_person"
    )
    if await deliveries.is_greeted(session, first):
        return False
    await _join_instead(session, first, lead)
    return True


async def _join_instead(session: AsyncSession, first: Lead, lead: Lead) -> None:
    await touches.cancel_touches(session, first.tenant_id, first.id, "same_person")
    await leads.join(session, first, lead.id)


async def greet_who_joined(session: AsyncSession, event: Event[NotificationFailed], deps: Deps) -> None:
    """Nobody took the greeting: another lead of the person, which was to need none of its own, may name an address that does."""
    first = await leads.lead(session, event.tenant_id, event.data.lead_id)
    if event.data.touch != 0 or first is None or first.stopped_reason:
        return
    tried = _known_addresses(first)
    await leads.lock_addresses(session, first.tenant_id, [address for _, address in tried])
    if await deliveries.is_greeted(session, first):
        return
    joined = await leads.stopped_as_same(session, first)
    lead = next((one for one in joined if set(_known_addresses(one)) - set(tried)), None)
    if lead is None:
        return
    location = await need_location(session, lead.tenant_id, lead.location_id)
    await _join_instead(session, first, lead)
    await leads.resume(session, lead)
    await _plan(
        session,
        lead,
        location,
        deps.sequences.newest(),
        first_text_at(deps.states, lead, location),
        but=tried,
    )


async def _heed_earlier_opt_out(session: AsyncSession, lead: Lead) -> None:
    """The person asked, opted out elsewhere, and the second was heard first."""
    addresses = heard_at(lead)
    if addresses and await consents.opted_out_since(session, lead.tenant_id, addresses, lead.received_at):
        await stop_sequence(session, lead, "opted_out")


def _known_addresses(lead: Lead) -> list[consents.Address]:
    return [(channel, address) for channel, address in addresses_of(lead).items() if address is not None]


def _lead(event: Event[LeadReceived], location_id: UUID) -> Lead:
    fact = event.data
    return Lead(
        id=fact.lead_id,
        tenant_id=event.tenant_id,
        location_id=location_id,
        lead_version=event.lead_version,
        facts_version=event.lead_version,
        name=fact.contact.name,
        email=fact.contact.email,
        phone=fact.contact.phone,
        other_addresses=list(fact.other_addresses),
        vehicle=fact.vehicle.model_dump() if fact.vehicle else None,
        interest=fact.interest,
        correlation_id=event.correlation_id,
        received_at=fact.received_at,
        source=fact.source,
        in_crm=fact.proven,
    )


async def _keep_consents(session: AsyncSession, event: Event[LeadReceived], lead: Lead) -> None:
    """What the lead agreed to; a person who opted out stays so until they opt in themselves."""
    if event.data.source == "shopmonkey":
        proof = event.data.consent_proof
        said_at = proof.said_at if proof else event.data.received_at
        await note_crm(session, lead.tenant_id, _said_by_crm(event, lead), said_at, lead)
    known = await consents.newest(session, lead.tenant_id, heard_at(lead))
    fresh = await _new_consents(session, event, lead, known)
    await consents.add_consents(session, fresh)
    superseded = {(one.channel, one.address) for one in fresh}
    standing = {address: row for address, row in known.items() if address not in superseded}
    await tell_what_waited(session, lead, standing)
    await refuse_as_elsewhere(session, lead, _known_addresses(lead), heard_at(lead))


def _said_by_crm(event: Event[LeadReceived], lead: Lead) -> list[CrmConsent]:
    given, proof = event.data.consent, event.data.consent_proof
    granted: dict[OutboundChannel, bool] = {"sms": given.sms, "email": given.email}
    return [
        CrmConsent(
            channel=channel,
            address=address,
            granted=granted[channel],
            words=proof.text if proof else "ShopMonkey",
        )
        for channel, address in _known_addresses(lead)
        if granted[channel] or channel in given.refused
    ]


async def _new_consents(
    session: AsyncSession,
    event: Event[LeadReceived],
    lead: Lead,
    known: Mapping[consents.Address, Consent],
) -> list[Consent]:
    given: dict[OutboundChannel, bool] = {"sms": event.data.consent.sms, "email": event.data.consent.email}
    refused = await consents.refused_by_lead(session, lead.tenant_id, lead.id)
    # What only this lead refused is the gate's; the address itself is refused once the shop says whose it is.
    addresses = [
        (channel, address)
        for channel, address in _known_addresses(lead)
        if (lead.in_crm if channel in refused else given[channel])
    ]
    proof = event.data.consent_proof
    return [
        Consent(
            tenant_id=lead.tenant_id,
            channel=channel,
            address=address,
            permission="opted_out" if channel in refused else "granted",
            source=f"lead:{event.data.source}",
            text=proof.text if proof else None,
            version=proof.version if proof else None,
            url=proof.url if proof else None,
            ip=proof.ip if proof else None,
            lead_id=lead.id,
            said_at=proof.said_at if proof else event.data.received_at,
        )
        for channel, address in addresses
        if _is_news(known.get((channel, address)), refused=channel in refused, own=event.data.source == FORM)
    ]


def _is_news(known: Consent | None, *, refused: bool, own: bool) -> bool:
    """What they refused before their address was known counts against whatever others have said of it.

    The CRM's own refusal does not stand for theirs: it may be taken back there; nor does its consent for one of their `own`, which outlasts it.
    """
    if known is None:
        return True
    if own and not refused and known.source == CRM and known.permission != "opted_out":
        return True
    return refused and (known.source == CRM or (known.permission == "granted" and known.source != START))


async def _plan(
    session: AsyncSession,
    lead: Lead,
    location: Location,
    sequence: Sequence,
    begins_at: datetime,
    *,
    but: Collection[consents.Address] = (),
) -> None:
    """`but`: where a greeting was refused already."""
    now = await deliveries.clock(session)
    plan = list(sequence.plan(lead.received_at, location.timezone, begins_at))
    await touches.add_touches(
        session, [_touch_point(lead, sequence, touch, due_at) for touch, due_at in plan]
    )
    greetings = deliveries_of(lead, plan[0][0], now)
    await deliveries.add_deliveries(
        session, [one for one in greetings if (one.channel, one.address) not in but]
    )


def _touch_point(lead: Lead, sequence: Sequence, touch: Touch, due_at: datetime) -> TouchPoint:
    return TouchPoint(
        tenant_id=lead.tenant_id,
        location_id=lead.location_id,
        lead_id=lead.id,
        step=touch.step,
        due_at=due_at,
        state="fired" if touch.step == 0 else "planned",
        sequence_name=sequence.name,
        sequence_version=sequence.version,
    )


def deliveries_of(lead: Lead, touch: Touch, now: datetime, key: str | None = None) -> list[Delivery]:
    intent = Intent(
        key=key or f"touch:{lead.id}:{touch.step}",
        purpose=Purpose.TOUCH,
        template=touch.template,
        due_at=now,
        touch=touch,
    )
    return intend(intent, lead, addresses_of(lead), touch.channels, now)


async def stop_sequence(session: AsyncSession, lead: Lead, reason: str, *, engaged: bool = False) -> None:
    """All at once with the reason for it, in the caller's transaction: what is not claimed yet will not go."""
    await leads.stop_lead(session, lead.tenant_id, lead.id, reason, engaged=engaged)
    await touches.cancel_touches(session, lead.tenant_id, lead.id, reason)
    await deliveries.suppress_planned(session, lead.tenant_id, deliveries.touches_of(lead.id), reason)


async def follow_status(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    tenant_id, lead_id = event.tenant_id, event.data.lead_id
    if event.data.new in STOPPING_STATUSES:
        lead = await need_lead(session, tenant_id, lead_id)
        await stop_sequence(session, lead, event.data.new, engaged=event.data.new == "engaged")
    if not await leads.raise_lead_version(session, tenant_id, lead_id, event.lead_version):
        raise _not_known_yet(lead_id)


async def heed_crm_message(session: AsyncSession, event: Event[CrmMessageObserved]) -> None:
    """The customer wrote in the shop's CRM, or somebody of the shop did: either way a person is on it."""
    if event.data.lead_id is None:
        return
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if event.data.author == "customer":
        await stop_sequence(session, lead, "engaged", engaged=True)
    else:
        await stop_sequence(session, lead, "staff")


async def need_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False) -> Lead:
    """Raises `RetryLater` while the lead's own event has not arrived. `lock`: its addresses stay as they are read."""
    lead = await leads.lead(session, tenant_id, lead_id, lock=lock)
    if lead is None:
        raise _not_known_yet(lead_id)
    return lead


def _not_known_yet(lead_id: UUID) -> RetryLater:
    return RetryLater(f"lead {lead_id} is not known yet")


async def need_location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location:
    """Raises `RetryLater` while the location's own event has not arrived."""
    location = await replicas.location(session, tenant_id, location_id)
    if location is None:
        raise RetryLater(f"location {location_id} is not known yet")
    return location
