"""What is seen in the CRM, by webhook or poll: read there first, then noted and published in one transaction."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import ConsentProof, CrmChangeReceived, CrmLeadObserved, CrmOrderObserved, Event
from shared.messaging.failures import DeadLetter, VendorAway
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.consents import SeenCustomer, note_customer
from crm_sync.actions.looking import SeenBy, api_of, crm_id_of, is_stale, place_of, subject_of
from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.deps import Deps
from crm_sync.domain.contact import LeadFacts, lead_facts
from crm_sync.domain.crm import CrmVehicle, Order
from crm_sync.domain.entry import marker_of_order
from crm_sync.domain.lead_rule import LeadRule, Skip, judge
from crm_sync.domain.standing import Standing, standing_of, standing_of_deleted
from crm_sync.tables import ExternalRef, Location, Observation


@dataclass(frozen=True)
class SeenOrder:
    """An order as it was when we looked, and what we make of it."""

    order_id: str
    tenant_id: UUID
    location_id: UUID | None
    updated_at: datetime | None
    found: LeadFacts | Skip
    standing: Standing | None = None
    """None: nothing is known of that; one read that did not find it proves nothing."""
    marker: str | None = None
    """Of an order that we wrote."""


async def observe_order(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM or the location's replica is not ready."""
    order_id = crm_id_of(event)
    place = await place_of(deps, event)
    if event.data.operation == "DELETE":
        seen = _deleted(place, order_id)
    else:
        try:
            seen = await look_at_order(deps, place, order_id)
        except (Throttled, Unavailable) as error:
            raise VendorAway(f"ShopMonkey: {error}") from error

    async def note_changed_order(session: AsyncSession, event: Event[CrmChangeReceived]) -> None:
        await note_order(session, seen, seen_by="webhook", received_at=event.data.received_at)

    await once(deps.sessions, event, note_changed_order)


def _deleted(place: Location, order_id: str) -> SeenOrder:
    standing = standing_of_deleted(LeadRule.model_validate(place.lead_rule))
    return SeenOrder(order_id, place.tenant_id, place.location_id, None, Skip("deleted"), standing)


async def look_at_order(deps: Deps, place: Location, order_id: str) -> SeenOrder:
    """`place` says whose account to ask; the order's own location decides. Raises the client's errors."""
    api = api_of(deps, place)
    try:
        order = await api.order(order_id)
    except NotFound:
        return SeenOrder(order_id, place.tenant_id, place.location_id, None, Skip("not_found"))
    home = await _home_of(deps, place, order)
    if home is None:
        return SeenOrder(order_id, place.tenant_id, None, order.updated_date, Skip("unknown_location"))
    rule = LeadRule.model_validate(home.lead_rule)
    column = None
    if rule.workflow_columns or rule.lost_columns:
        column = await api.columns.name_of(str(home.crm_location_id), order.workflow_status_id)
    marker = marker_of_order(order)
    return SeenOrder(
        order_id,
        place.tenant_id,
        home.location_id,
        order.updated_date,
        Skip("copy_of_ours") if marker else await _judged(api, rule, column, order),
        standing_of(order, column=column, rule=rule),
        marker,
    )


async def _home_of(deps: Deps, place: Location, order: Order) -> Location | None:
    if order.location_id in (None, place.crm_location_id):
        return place
    async with transaction(deps.sessions, place.tenant_id) as session:
        return await store.location_by_crm_id(
            session, place.tenant_id, str(order.location_id), crm_account=place.crm_account
        )


async def _judged(api: ShopMonkey, rule: LeadRule, column: str | None, order: Order) -> LeadFacts | Skip:
    verdict = judge(order, column=column, rule=rule, now=database_now())
    if isinstance(verdict, Skip):
        return verdict
    return await _facts(api, order, verdict.interest)


async def _facts(api: ShopMonkey, order: Order, interest: str | None) -> LeadFacts | Skip:
    try:
        customer, vehicle = await asyncio.gather(
            api.customer(str(order.customer_id)), _vehicle(api, order.vehicle_id)
        )
    except NotFound:
        return Skip("no_customer")
    facts = lead_facts(order, customer, vehicle, interest=interest)
    if facts.contact.email is None and facts.contact.phone is None:
        return Skip("no_contact")
    return facts


async def _vehicle(api: ShopMonkey, vehicle_id: str | None) -> CrmVehicle | None:
    if vehicle_id is None:
        return None
    try:
        return await api.vehicle(vehicle_id)
    except NotFound:
        return None


async def note_order(
    session: AsyncSession, seen: SeenOrder, *, seen_by: SeenBy, received_at: datetime
) -> None:
    """Publishes a lead once, and again only when person, vehicle or consent changed; of a lead's order what has become of it."""
    if await _is_ours(session, seen):
        seen = replace(seen, found=Skip("ours"))
    skipped = isinstance(seen.found, Skip)
    row, created = await store.locked_observation(
        session,
        Observation(
            tenant_id=seen.tenant_id,
            kind="order",
            crm_id=seen.order_id,
            location_id=seen.location_id,
            crm_updated_at=seen.updated_at,
            verdict="skipped" if skipped else "lead",
            reason=seen.found.reason if isinstance(seen.found, Skip) else None,
            seen_by=seen_by,
        ),
    )
    if not created:
        if row.verdict == "erased" or is_stale(row, seen.updated_at):
            return
        _look_again(row, seen, seen_by)
    await _note_standing(session, row, seen, seen_by)
    if not isinstance(seen.found, LeadFacts):
        return
    if row.digest != seen.found.digest:
        row.digest = seen.found.digest
        await _publish_lead(session, seen, seen.found, seen_by=seen_by, received_at=received_at)
    await note_customer(session, _customer_of(seen, seen.found, seen_by, received_at))


async def _is_ours(session: AsyncSession, seen: SeenOrder) -> bool:
    """Also while nobody has heard the answer to our write. A copy of ours, which bears our marker, is not."""
    if await store.is_known_ref(session, seen.tenant_id, kind="order", crm_id=seen.order_id):
        return True
    lead_id = seen.marker and await store.lead_of_marker(session, seen.tenant_id, seen.marker)
    if not lead_id or await store.crm_id_of(session, seen.tenant_id, kind="order", our_id=lead_id):
        return False
    ref = ExternalRef(tenant_id=seen.tenant_id, kind="order", our_id=lead_id, crm_id=seen.order_id)
    await store.keep_ref(session, ref, replace=False)
    return True


async def _note_standing(session: AsyncSession, row: Observation, seen: SeenOrder, seen_by: SeenBy) -> None:
    """Not of an order of ours beside the shop's own. What was won stays so when its order is deleted: nothing is known of that any more."""
    standing, before = seen.standing, row.outcome or "open"
    if standing is None or standing.outcome == before or (before == "won" and standing.cause == "deleted"):
        return
    lead = await store.lead_of_order(session, seen.tenant_id, seen.order_id)
    if (lead is None and row.digest is None) or (lead and lead.order_id not in (None, seen.order_id)):
        return
    row.outcome = standing.outcome
    fact = CrmOrderObserved(
        order_id=seen.order_id,
        outcome=standing.outcome,
        cause=standing.cause,
        at=seen.updated_at or database_now(),
        seen_by=seen_by,
    )
    await record(
        session,
        fact,
        tenant_id=seen.tenant_id,
        subject=lead.lead_id if lead else subject_of(seen.tenant_id, "order", seen.order_id),
        location_id=seen.location_id,
        correlation_id=lead.correlation_id if lead else None,
    )


def _customer_of(seen: SeenOrder, facts: LeadFacts, seen_by: SeenBy, at: datetime) -> SeenCustomer:
    return SeenCustomer(
        tenant_id=seen.tenant_id,
        location_id=seen.location_id,
        customer=facts.customer,
        seen_by=seen_by,
        at=at,
        order_id=seen.order_id,
    )


def _look_again(row: Observation, seen: SeenOrder, seen_by: SeenBy) -> None:
    row.verdict = "skipped" if isinstance(seen.found, Skip) else "lead"
    row.reason = seen.found.reason if isinstance(seen.found, Skip) else None
    row.location_id = seen.location_id or row.location_id
    row.crm_updated_at = seen.updated_at or row.crm_updated_at
    row.seen_by = seen_by
    row.observed_at = database_now()


def _proof(facts: LeadFacts, at: datetime) -> ConsentProof | None:
    text = facts.proof
    return ConsentProof(text=text, said_at=facts.customer.updated_date or at) if text else None


async def _publish_lead(
    session: AsyncSession, seen: SeenOrder, facts: LeadFacts, *, seen_by: SeenBy, received_at: datetime
) -> None:
    if seen.location_id is None:
        raise DeadLetter("a lead without a location")
    known = await store.lead_of_order(session, seen.tenant_id, seen.order_id)
    observed = CrmLeadObserved(
        ref=facts.ref,
        location_id=seen.location_id,
        contact=facts.contact,
        other_addresses=facts.other_addresses,
        vehicle=facts.vehicle,
        interest=facts.interest,
        message=facts.message,
        consent=facts.consent,
        consent_proof=_proof(facts, received_at),
        seen_by=seen_by,
        received_at=received_at,
    )
    await record(
        session,
        observed,
        tenant_id=seen.tenant_id,
        subject=known.lead_id if known else subject_of(seen.tenant_id, "order", seen.order_id),
        location_id=seen.location_id,
        correlation_id=known.correlation_id if known else None,
    )
