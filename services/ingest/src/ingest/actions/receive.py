"""Leads come in: every trace is kept, and webhook, poll, replay and double submit make one lead."""

from dataclasses import replace
from typing import cast
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue
from shared.db.engine import Sessions, transaction
from shared.events import (
    Consent,
    Contact,
    CrmLeadObserved,
    CrmRef,
    Event,
    LeadReceived,
    LeadSource,
    LeadStatus,
    Vehicle,
)
from shared.messaging.failures import DeadLetter
from shared.messaging.outbox import record
from shared.telemetry.traces import current_cause
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.domain.contact import usable
from ingest.domain.form import Submission
from ingest.domain.refusals import KeyReused, LocationUnknown, SiteUnknown
from ingest.domain.sighting import KnownLead, Sighting, Trace, lock_keys, recognised, said_first
from ingest.domain.text import words_or_none
from ingest.domain.vehicle_class import with_class
from ingest.tables import IdempotencyKey, Lead, LeadSourceRow, Location


async def receive_lead(session: AsyncSession, event: Event[CrmLeadObserved]) -> None:
    """An order at a location that is unknown or switched off is put aside: ops replay it once that is mended."""
    location = await store.location_by_id(session, event.tenant_id, event.data.location_id)
    if location is None or not location.switches["enabled"]:
        raise DeadLetter(f"location {event.data.location_id} is unknown or switched off")
    sighting = _observed(event.data)
    new_id = lead_id_of(event.tenant_id, location.id, event.data.ref.order_id)
    lead_id = await _take_in(session, event.tenant_id, sighting, new_id, event.correlation_id)
    source = _source(event.tenant_id, sighting, event.data.seen_by, lead_id)
    source.cause_id = str(event.id)
    await store.add_source(session, source)


def lead_id_of(tenant_id: UUID, location_id: UUID, order_id: str) -> UUID:
    """The same for the same order, so that a replay makes the same leads."""
    return uuid5(tenant_id, f"order/{location_id}/{order_id}")


async def receive_form(sessions: Sessions, form: Submission) -> UUID:
    """The lead's id; the same for the same key. What looks like a machine's gets an id that stands for nothing.

    Raises `SiteUnknown`, `KeyReused` or `LocationUnknown`.
    """
    async with transaction(sessions, tenant_id=None) as session:
        tenant_id = await store.enter_tenant_of_site(session, form.site_key)
        if tenant_id is None:
            raise SiteUnknown
        location = await store.location_by_code(session, tenant_id, form.location_code)
        if location is None or not location.switches["enabled"]:
            raise LocationUnknown
        return await _submit(session, location, form)


async def _submit(session: AsyncSession, location: Location, form: Submission) -> UUID:
    tenant_id, now = location.tenant_id, form.consent.given_at
    claim = IdempotencyKey(
        tenant_id=tenant_id, key=form.key, fingerprint=form.fingerprint, lead_id=uuid4(), created_at=now
    )
    earlier = await store.claim_key(session, claim)
    if earlier is not None:
        if earlier.fingerprint != form.fingerprint:
            raise KeyReused
        return earlier.lead_id
    sighting = _submitted(location.id, form)
    lead_id = None if form.suspicion else await _take_in(session, tenant_id, sighting, claim.lead_id)
    source = _source(tenant_id, sighting, "form", lead_id)
    source.cause_id, source.suspicion = current_cause().id, form.suspicion
    source.consent = form.consent.model_dump(mode="json")
    await store.add_source(session, source)
    if lead_id not in {None, claim.lead_id}:
        await store.answer_key(session, tenant_id, form.key, lead_id)
    return lead_id or claim.lead_id


async def _take_in(
    session: AsyncSession,
    tenant_id: UUID,
    sighting: Sighting,
    new_id: UUID,
    correlation_id: str | None = None,
) -> UUID:
    """The lead that it is a trace of: one that we have, or a new one with `new_id`."""
    await store.lock_keys(session, lock_keys(sighting))
    leads = await store.leads_like(session, tenant_id, sighting)
    known_id = recognised(sighting, [_known(lead) for lead in leads])
    for lead in leads:
        if lead.id == known_id:
            await _complete(session, lead, sighting)
            return lead.id
    refused = await store.opted_out_channels(
        session, tenant_id, phone=sighting.contact.phone, email=sighting.contact.email
    )
    sighting = replace(sighting, consent=_without(sighting.consent, refused))
    # Without a correlation its own first event is what everything about the lead is traced back to.
    event_id = await record(
        session,
        _lead_received(new_id, sighting),
        tenant_id=tenant_id,
        subject=new_id,
        location_id=sighting.location_id,
        lead_version=1,
        correlation_id=correlation_id,
    )
    await store.add_lead(session, _new_lead(tenant_id, new_id, sighting, correlation_id or str(event_id)))
    return new_id


def _without(consent: Consent, refused: set[str]) -> Consent:
    return Consent(sms=consent.sms and "sms" not in refused, email=consent.email and "email" not in refused)


async def _complete(session: AsyncSession, lead: Lead, sighting: Sighting) -> None:
    """What was said first stays, whichever trace arrives first; only gaps are filled. A change is told like the lead itself."""
    earlier = await store.sources_of(session, lead.tenant_id, lead.id)
    traces = sorted(
        [(source.seen_at, source.seen, source.consent) for source in earlier]
        + [(sighting.received_at, _seen(sighting), sighting.consent.model_dump())],
        key=lambda trace: trace[0],
    )
    facts = said_first([seen for _, seen, _ in traces])
    refused = await store.opted_out_channels(
        session, lead.tenant_id, phone=facts["phone"], email=facts["email"]
    )
    consent = _without(Consent.model_validate(traces[0][2]), refused)
    facts |= {"consent_sms": consent.sms, "consent_email": consent.email}
    lead.received_at = traces[0][0]
    changes = {name: value for name, value in facts.items() if value != getattr(lead, name)}
    if not changes:
        return
    for name, value in changes.items():
        setattr(lead, name, value)
    lead.version += 1
    await record(
        session,
        _as_it_stands(lead),
        tenant_id=lead.tenant_id,
        subject=lead.id,
        location_id=lead.location_id,
        lead_version=lead.version,
        correlation_id=lead.correlation_id,
    )


def _as_it_stands(lead: Lead) -> LeadReceived:
    ref = None
    if lead.order_id is not None:
        ref = CrmRef(order_id=lead.order_id, customer_id=lead.customer_id, vehicle_id=lead.vehicle_id)
    return LeadReceived(
        lead_id=lead.id,
        contact=Contact(name=lead.name, email=lead.email, phone=lead.phone),
        vehicle=Vehicle(**lead.vehicle) if lead.vehicle else None,
        interest=lead.interest,
        message=lead.message,
        source=cast("LeadSource", lead.source),
        external_ref=ref,
        consent=Consent(sms=lead.consent_sms, email=lead.consent_email),
        received_at=lead.received_at,
    )


def _observed(seen: CrmLeadObserved) -> Sighting:
    return Sighting(
        location_id=seen.location_id,
        contact=usable(seen.contact),
        vehicle=with_class(seen.vehicle),
        interest=words_or_none(seen.interest),
        message=words_or_none(seen.message),
        source="shopmonkey",
        ref=seen.ref,
        consent=seen.consent,
        received_at=seen.received_at,
    )


def _submitted(location_id: UUID, form: Submission) -> Sighting:
    return Sighting(
        location_id=location_id,
        contact=form.contact,
        vehicle=with_class(form.vehicle),
        interest=form.interest,
        message=form.message,
        source="web_form",
        ref=None,
        consent=Consent(sms=form.consent.sms, email=form.consent.email),
        received_at=form.consent.given_at,
    )


def _known(lead: Lead) -> KnownLead:
    return KnownLead(
        lead_id=lead.id,
        status=cast("LeadStatus", lead.status),
        source=cast("LeadSource", lead.source),
        order_id=lead.order_id,
        contact=Contact(name=lead.name, email=lead.email, phone=lead.phone),
        words=(lead.interest, lead.message),
        vehicle=Vehicle(**lead.vehicle) if lead.vehicle else None,
        received_at=lead.received_at,
    )


def _new_lead(tenant_id: UUID, lead_id: UUID, sighting: Sighting, correlation_id: str) -> Lead:
    ref = sighting.ref
    return Lead(
        tenant_id=tenant_id,
        location_id=sighting.location_id,
        id=lead_id,
        **sighting.contact.model_dump(),
        vehicle=sighting.vehicle.model_dump() if sighting.vehicle else None,
        interest=sighting.interest,
        message=sighting.message,
        source=sighting.source,
        order_id=ref.order_id if ref else None,
        customer_id=ref.customer_id if ref else None,
        vehicle_id=ref.vehicle_id if ref else None,
        consent_sms=sighting.consent.sms,
        consent_email=sighting.consent.email,
        correlation_id=correlation_id,
        received_at=sighting.received_at,
    )


def _lead_received(lead_id: UUID, sighting: Sighting) -> LeadReceived:
    return LeadReceived(
        lead_id=lead_id,
        contact=sighting.contact,
        vehicle=sighting.vehicle,
        interest=sighting.interest,
        message=sighting.message,
        source=sighting.source,
        external_ref=sighting.ref,
        consent=sighting.consent,
        received_at=sighting.received_at,
    )


def _source(tenant_id: UUID, sighting: Sighting, trace: Trace, lead_id: UUID | None) -> LeadSourceRow:
    return LeadSourceRow(
        tenant_id=tenant_id,
        location_id=sighting.location_id,
        lead_id=lead_id,
        trace=trace,
        seen_at=sighting.received_at,
        seen=_seen(sighting),
        consent=sighting.consent.model_dump(),
    )


def _seen(sighting: Sighting) -> dict[str, JsonValue]:
    return {
        "contact": sighting.contact.model_dump(),
        "vehicle": sighting.vehicle.model_dump() if sighting.vehicle else None,
        "interest": sighting.interest,
        "message": sighting.message,
        "ref": sighting.ref.model_dump() if sighting.ref else None,
    }
