"""Leads come in: every trace is kept, and webhook, poll, replay and double submit make one lead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue
from shared.db.engine import Sessions, transaction
from shared.events import (
    Consent,
    ConsentProof,
    Contact,
    CrmLeadEntered,
    CrmLeadObserved,
    CrmRef,
    Event,
    LeadReceived,
    LeadSource,
    LeadStatus,
    Vehicle,
)
from shared.http.limits import Limits, Use
from shared.messaging.failures import DeadLetter, RetryLater
from shared.messaging.outbox import record
from shared.persons import erased
from shared.telemetry.traces import current_cause
from shared.text import cleaned
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.domain.contact import usable, usable_others
from ingest.domain.form import Submission
from ingest.domain.refusals import ChallengeRequired, KeyReused, LocationUnknown, ProofUsed, SiteUnknown
from ingest.domain.sighting import (
    DOUBLE_SUBMIT_HOURS,
    Held,
    KnownLead,
    Point,
    Said,
    Sighting,
    Trace,
    given_up,
    held_back,
    lock_key,
    lock_keys,
    other_points,
    points_of,
    recognised,
    said_first,
)
from ingest.domain.status import CLOSED
from ingest.domain.vehicle_class import with_class
from ingest.store import SiteTenant
from ingest.tables import IdempotencyKey, Lead, LeadSourceRow, Location

_Held = dict[str, Held]
_BY_CRM = frozenset({"webhook", "poll"})
"""Traces that are the CRM's word."""


async def receive_lead(session: AsyncSession, event: Event[CrmLeadObserved]) -> None:
    """An order at a location that is unknown or switched off is put aside: ops replay it once that is mended."""
    location = await store.location_by_id(session, event.tenant_id, event.data.location_id)
    if location is None or not location.switches["enabled"]:
        raise DeadLetter(f"location {event.data.location_id} is unknown or switched off")
    sighting = _observed(event.data)
    new_id = lead_id_of(event.tenant_id, location.id, event.data.ref.order_id)
    if await erased(session, new_id):
        return
    lead, _ = await _take_in(session, event.tenant_id, sighting, new_id, event.correlation_id)
    lead.active_at = max(lead.active_at, event.time)
    source = _source(event.tenant_id, sighting, event.data.seen_by, lead.id)
    source.cause_id = str(event.id)
    await store.add_source(session, source)


def lead_id_of(tenant_id: UUID, location_id: UUID, order_id: str) -> UUID:
    """The same for the same order, so that a replay makes the same leads."""
    return uuid5(tenant_id, f"order/{location_id}/{order_id}")


async def enter_lead(session: AsyncSession, event: Event[CrmLeadEntered]) -> None:
    """We wrote the lead's order into the CRM: it keeps its id, and from now on the order is its own."""
    ref, lead_id = event.data.ref, event.data.lead_id
    if await erased(session, lead_id):
        return
    await store.lock_keys(session, [lock_key(event.tenant_id, f"{event.location_id}/{ref.order_id}")])
    lead = await store.locked_lead(session, event.tenant_id, lead_id)
    if lead is None:
        raise RetryLater(f"lead {lead_id} is not here yet")
    if await store.lead_of_order(session, event.tenant_id, ref.order_id) is not None:
        return
    sighting = Sighting(
        location_id=lead.location_id,
        contact=Contact(name=""),
        vehicle=None,
        interest=None,
        message=None,
        source=cast("LeadSource", lead.source),
        ref=ref,
        consent=Consent(sms=False, email=False),
        received_at=max(event.time, lead.received_at),
    )
    await _complete(session, lead, sighting, _Held())
    source = _source(event.tenant_id, sighting, "entered", lead.id)
    source.cause_id = str(event.id)
    await store.add_source(session, source)


@dataclass(frozen=True)
class Shares:
    """What a form takes from others, who must not lose it to forms that are refused: counted with what it does, or not at all."""

    limits: Limits
    of_form: Sequence[Use]
    of_new_lead: Sequence[Use]


async def receive_form(sessions: Sessions, form: Submission, shares: Shares) -> UUID:
    """An id of the key's own: the lead's, if the form makes one, else one that stands for nothing.

    Neither says whether somebody with this address or number is known. Raises `SiteUnknown`, `KeyReused`, `LocationUnknown`,
    `ChallengeRequired`, `ProofUsed` or 429.
    """
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant_of_site(session, form.site_key)
        if tenant is None:
            raise SiteUnknown
        location = await store.location_by_code(session, tenant.id, form.location_code)
        if location is None or not location.switches["enabled"]:
            raise LocationUnknown
        return await _submit(session, tenant, location, form, shares)


async def _submit(
    session: AsyncSession, tenant: SiteTenant, location: Location, form: Submission, shares: Shares
) -> UUID:
    tenant_id, now = location.tenant_id, form.consent.given_at
    claim = IdempotencyKey(
        tenant_id=tenant_id, key=form.key, fingerprint=form.fingerprint, lead_id=uuid4(), created_at=now
    )
    earlier = await store.claim_key(session, claim)
    if earlier is not None:
        if earlier.fingerprint != form.fingerprint:
            raise KeyReused
        return earlier.lead_id
    await _use_proof(session, tenant, form)
    sighting = _submitted(location.id, form)
    lead, held = None, _Held()
    if form.suspicion is None:
        lead, held = await _take_in(session, tenant_id, sighting, claim.lead_id)
        lead.active_at = max(lead.active_at, now)
        if lead.id == claim.lead_id:
            await shares.limits.take(*shares.of_new_lead, within=session)
    source = _source(tenant_id, sighting, "form", lead.id if lead else None)
    source.cause_id, source.suspicion, source.held = current_cause().id, form.suspicion, dict(held)
    source.consent = form.consent.model_dump(mode="json")
    await store.add_source(session, source)
    # Last: all forms of a site count in one row, which stays locked until the commit. A refusal undoes the rest.
    await shares.limits.take(*shares.of_form, within=session)
    return claim.lead_id


async def _use_proof(session: AsyncSession, tenant: SiteTenant, form: Submission) -> None:
    """After the key is known for new: the same form sent again brings the same proof."""
    if form.proof is None:
        if tenant.form_challenge == "always":
            raise ChallengeRequired
        return
    await store.forget_expired_challenges(session, tenant.id, form.consent.given_at)
    if not await store.use_challenge(session, tenant.id, form.proof):
        raise ProofUsed


async def _take_in(
    session: AsyncSession,
    tenant_id: UUID,
    sighting: Sighting,
    new_id: UUID,
    correlation_id: str | None = None,
) -> tuple[Lead, _Held]:
    """The lead that it is a trace of: one that we have, or a new one with `new_id`; and what of it is held."""
    await store.lock_keys(session, lock_keys(tenant_id, sighting))
    leads = {lead.id: lead for lead in await store.leads_like(session, tenant_id, sighting)}
    known = await _known(session, tenant_id, leads)
    lead, held = leads.get(recognised(sighting, known) or new_id), _Held()
    if lead is None and sighting.ref is None:
        lead, held = await _of_same_form(session, tenant_id, sighting)
    if lead is not None:
        await _complete(session, lead, sighting, held)
    else:
        held = held_back(sighting, known)
        lead = await _add(session, tenant_id, new_id, _without_held(sighting, held), correlation_id)
    if sighting.ref is not None:
        claimed = points_of(_contact(lead)) | other_points(lead.other_addresses)
        for loser, points in given_up(
            claimed, (other for other in known if other.lead_id != lead.id)
        ).items():
            await _give_up(session, leads[loser], points)
    return lead, held


async def _of_same_form(
    session: AsyncSession, tenant_id: UUID, sighting: Sighting
) -> tuple[Lead | None, _Held]:
    """The open lead of a form that is sent twice; it names the second time, too, what is held of it."""
    since = sighting.received_at - timedelta(hours=DOUBLE_SUBMIT_HOURS)
    first = await store.same_form(session, tenant_id, sighting.location_id, _seen(sighting), since)
    lead = await store.locked_lead(session, tenant_id, first.lead_id) if first and first.lead_id else None
    if first is None or lead is None or lead.status in CLOSED or await erased(session, lead.id):
        return None, {}
    return lead, cast("_Held", first.held)


def _without_held(sighting: Sighting, held: _Held) -> Sighting:
    return replace(sighting, contact=sighting.contact.model_copy(update=dict.fromkeys(held)))


async def _add(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, sighting: Sighting, correlation_id: str | None
) -> Lead:
    refused = await store.opted_out_channels(
        session, tenant_id, phone=sighting.contact.phone, email=sighting.contact.email
    )
    sighting = replace(sighting, consent=_without(sighting.consent, refused))
    # Without a correlation its own first event is what everything about the lead is traced back to.
    event_id = await record(
        session,
        _lead_received(lead_id, sighting),
        tenant_id=tenant_id,
        subject=lead_id,
        location_id=sighting.location_id,
        lead_version=1,
        correlation_id=correlation_id,
    )
    lead = _new_lead(tenant_id, lead_id, sighting, correlation_id or str(event_id))
    await store.add_lead(session, lead)
    return lead


async def _give_up(session: AsyncSession, lead: Lead, points: Iterable[Point]) -> None:
    """The CRM names them for somebody else: from now on nothing goes there, and nothing that comes from there is this lead's."""
    kinds = [kind for kind, _ in points]
    sources = await store.sources_of(session, lead.tenant_id, [lead.id])
    for source in sources:
        source.held = {**dict.fromkeys(kinds, "crm"), **source.held}
    first = min(sources, key=lambda source: source.seen_at)
    await _change(session, lead, dict.fromkeys(kinds), first.consent)


def _without(consent: Consent, refused: set[str]) -> Consent:
    still = {"sms": consent.sms and "sms" not in refused, "email": consent.email and "email" not in refused}
    return consent.model_copy(update=still)


async def _complete(session: AsyncSession, lead: Lead, sighting: Sighting, held: _Held) -> None:
    """What was said first stays, whichever trace arrives first; only gaps are filled, and none by a form in what the CRM told."""
    earlier = await store.sources_of(session, lead.tenant_id, [lead.id])
    traces = [_said(source) for source in earlier]
    traces.append(Said(sighting.received_at, sighting.by_crm, _seen(sighting), tuple(held)))
    consents = [(source.seen_at, source.consent) for source in earlier]
    lead.received_at, given = min(
        [*consents, (sighting.received_at, _consent_of(sighting))], key=lambda trace: trace[0]
    )
    facts = said_first(traces)
    refused = await store.opted_out_channels(
        session, lead.tenant_id, phone=facts["phone"], email=facts["email"]
    )
    consent = _without(Consent.model_validate(given), refused)
    facts |= {"consent_sms": consent.sms, "consent_email": consent.email}
    await _change(session, lead, facts, given)


async def _change(
    session: AsyncSession, lead: Lead, facts: Mapping[str, Any], given: Mapping[str, Any]
) -> None:
    """A change is told like the lead itself; `given`: the consent of its first trace."""
    changes = {name: value for name, value in facts.items() if value != getattr(lead, name)}
    if not changes:
        return
    for name, value in changes.items():
        setattr(lead, name, value)
    lead.version += 1
    await record(
        session,
        _as_it_stands(lead, given),
        tenant_id=lead.tenant_id,
        subject=lead.id,
        location_id=lead.location_id,
        lead_version=lead.version,
        correlation_id=lead.correlation_id,
    )


def _said(source: LeadSourceRow) -> Said:
    return Said(source.seen_at, source.trace in _BY_CRM, source.seen, tuple(source.held))


def _as_it_stands(lead: Lead, given: Mapping[str, Any]) -> LeadReceived:
    ref = None
    if lead.order_id is not None:
        ref = CrmRef(
            order_id=lead.order_id,
            customer_id=lead.customer_id,
            vehicle_id=lead.vehicle_id,
            by_us=lead.order_by_us,
        )
    return LeadReceived(
        lead_id=lead.id,
        contact=_contact(lead),
        other_addresses=tuple(lead.other_addresses),
        vehicle=Vehicle(**lead.vehicle) if lead.vehicle else None,
        interest=lead.interest,
        message=lead.message,
        source=cast("LeadSource", lead.source),
        external_ref=ref,
        consent=Consent.model_validate({**given, "sms": lead.consent_sms, "email": lead.consent_email}),
        consent_proof=_proof(given),
        received_at=lead.received_at,
    )


def _proof(given: Mapping[str, Any]) -> ConsentProof | None:
    """Of the consent of a trace, as kept."""
    if not given.get("text"):
        return None
    return ConsentProof.model_validate({"said_at": given.get("given_at"), **given})


def _consent_of(sighting: Sighting) -> dict[str, JsonValue]:
    """As kept."""
    proof = sighting.proof.model_dump(mode="json", exclude_none=True) if sighting.proof else {}
    return proof | sighting.consent.model_dump(mode="json")


def _observed(seen: CrmLeadObserved) -> Sighting:
    contact = usable(seen.contact)
    return Sighting(
        location_id=seen.location_id,
        contact=contact,
        vehicle=with_class(seen.vehicle),
        interest=cleaned(seen.interest or "") or None,
        message=cleaned(seen.message or "") or None,
        source="shopmonkey",
        ref=seen.ref,
        consent=seen.consent,
        received_at=seen.received_at,
        proof=seen.consent_proof,
        other_addresses=usable_others(seen.other_addresses, contact),
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
        proof=_proof(form.consent.model_dump()),
    )


async def _known(session: AsyncSession, tenant_id: UUID, leads: Mapping[UUID, Lead]) -> list[KnownLead]:
    by_form = [lead.id for lead in leads.values() if lead.order_id is None or lead.order_by_us]
    told: dict[UUID, frozenset[Point]] = {}
    for source in await store.sources_of(session, tenant_id, by_form) if by_form else ():
        never = [kind for kind, why in source.held.items() if why == "another_lead"]
        named = points_of(Contact.model_validate(source.seen["contact"]), never)
        told[source.lead_id or tenant_id] = told.get(source.lead_id or tenant_id, frozenset()) | named
    return [_known_lead(lead, told.get(lead.id, frozenset())) for lead in leads.values()]


def _known_lead(lead: Lead, told: frozenset[Point]) -> KnownLead:
    points = points_of(_contact(lead)) | other_points(lead.other_addresses)
    return KnownLead(
        lead_id=lead.id,
        location_id=lead.location_id,
        status=cast("LeadStatus", lead.status),
        order_id=lead.order_id,
        points=points,
        told=points | told,
        received_at=lead.received_at,
        order_by_us=lead.order_by_us,
    )


def _contact(lead: Lead) -> Contact:
    return Contact(name=lead.name, email=lead.email, phone=lead.phone)


def _new_lead(tenant_id: UUID, lead_id: UUID, sighting: Sighting, correlation_id: str) -> Lead:
    ref = sighting.ref
    return Lead(
        tenant_id=tenant_id,
        location_id=sighting.location_id,
        id=lead_id,
        **sighting.contact.model_dump(),
        other_addresses=list(sighting.other_addresses),
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
        active_at=sighting.received_at,
    )


def _lead_received(lead_id: UUID, sighting: Sighting) -> LeadReceived:
    return LeadReceived(
        lead_id=lead_id,
        contact=sighting.contact,
        other_addresses=sighting.other_addresses,
        vehicle=sighting.vehicle,
        interest=sighting.interest,
        message=sighting.message,
        source=sighting.source,
        external_ref=sighting.ref,
        consent=sighting.consent,
        consent_proof=sighting.proof,
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
        consent=_consent_of(sighting),
    )


def _seen(sighting: Sighting) -> dict[str, JsonValue]:
    seen: dict[str, JsonValue] = {
        "contact": sighting.contact.model_dump(),
        "vehicle": sighting.vehicle.model_dump() if sighting.vehicle else None,
        "interest": sighting.interest,
        "message": sighting.message,
        "ref": sighting.ref.model_dump() if sighting.ref else None,
    }
    return seen | {"other_addresses": [*sighting.other_addresses]} if sighting.other_addresses else seen
