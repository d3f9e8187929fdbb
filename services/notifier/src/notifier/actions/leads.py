"""What happens to a lead: it is greeted at once, and its sequence stops when it engages."""

from datetime import datetime
from uuid import UUID

from shared.events import (
    CrmMessageObserved,
    Event,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
)
from shared.events.notification import OutboundChannel
from shared.messaging.failures import RetryLater
from shared.messaging.replay import repeated_by, replica
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import Intent, addresses_of, intend
from notifier.domain.gate import Purpose
from notifier.domain.sequence import Sequence, Touch
from notifier.sequences import Sequences
from notifier.store import consents, deliveries, leads, replicas, touches
from notifier.tables import Consent, Delivery, Lead, Location, TouchPoint

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
            enabled=fact.switches.enabled,
            sends=fact.switches.sends,
            sms=fact.switches.sms,
        ),
    )


async def greet_lead(session: AsyncSession, event: Event[LeadReceived], sequences: Sequences) -> None:
    """The first touch is intended here, so that it leaves with this transaction's commit; the rest waits for its days."""
    if event.location_id is None:
        raise RetryLater("a lead without a location cannot be greeted")
    location = await need_location(session, event.tenant_id, event.location_id)
    lead = _lead(event, location.id)
    if await leads.add_lead(session, lead) or repeated_by():
        await consents.add_consents(session, await _new_consents(session, event, lead))
        await _plan(session, lead, location, sequences.newest())
    elif await leads.renew_lead(session, lead):
        await leads.raise_lead_version(session, lead.tenant_id, lead.id, lead.lead_version)
        await consents.add_consents(session, await _new_consents(session, event, lead))
        for channel, address in _known_addresses(lead):
            await deliveries.fill_address(session, lead, channel, address)
    await _heed_earlier_opt_out(session, lead)


async def _heed_earlier_opt_out(session: AsyncSession, lead: Lead) -> None:
    """The person asked, opted out elsewhere, and the second was heard first."""
    addresses = _known_addresses(lead)
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
        vehicle=fact.vehicle.model_dump() if fact.vehicle else None,
        interest=fact.interest,
        correlation_id=event.correlation_id,
        received_at=fact.received_at,
    )


async def _new_consents(session: AsyncSession, event: Event[LeadReceived], lead: Lead) -> list[Consent]:
    """What the lead agreed to; a person who opted out stays so until they opt in themselves."""
    given: dict[OutboundChannel, bool] = {"sms": event.data.consent.sms, "email": event.data.consent.email}
    refused = await consents.refused_by_lead(session, lead.tenant_id, lead.id)
    addresses = [address for address in _known_addresses(lead) if given[address[0]] or address[0] in refused]
    known = await consents.permissions(session, lead.tenant_id, addresses)
    return [
        Consent(
            tenant_id=lead.tenant_id,
            channel=channel,
            address=address,
            permission="opted_out" if channel in refused else "granted",
            source=f"lead:{event.data.source}",
            lead_id=lead.id,
        )
        for channel, address in addresses
        if (channel, address) not in known
    ]


async def _plan(session: AsyncSession, lead: Lead, location: Location, sequence: Sequence) -> None:
    now = await deliveries.clock(session)
    plan = list(sequence.plan(lead.received_at, location.timezone))
    await touches.add_touches(
        session, [_touch_point(lead, sequence, touch, due_at) for touch, due_at in plan]
    )
    await deliveries.add_deliveries(session, deliveries_of(lead, plan[0][0], now))


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


def deliveries_of(lead: Lead, touch: Touch, now: datetime) -> list[Delivery]:
    intent = Intent(
        key=f"touch:{lead.id}:{touch.step}",
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
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if event.data.new in STOPPING_STATUSES:
        await stop_sequence(session, lead, event.data.new, engaged=event.data.new == "engaged")
    await leads.raise_lead_version(session, event.tenant_id, event.data.lead_id, event.lead_version)


async def heed_crm_message(session: AsyncSession, event: Event[CrmMessageObserved]) -> None:
    """The customer wrote in the shop's CRM, or somebody of the shop did: either way a person is on it."""
    if event.data.lead_id is None:
        return
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if event.data.author == "customer":
        await stop_sequence(session, lead, "engaged", engaged=True)
    else:
        await stop_sequence(session, lead, "staff")


async def need_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead:
    """Raises `RetryLater` while the lead's own event has not arrived."""
    lead = await leads.lead(session, tenant_id, lead_id)
    if lead is None:
        raise RetryLater(f"lead {lead_id} is not known yet")
    return lead


async def need_location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location:
    """Raises `RetryLater` while the location's own event has not arrived."""
    location = await replicas.location(session, tenant_id, location_id)
    if location is None:
        raise RetryLater(f"location {location_id} is not known yet")
    return location
