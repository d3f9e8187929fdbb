"""What is seen in the CRM, by webhook or poll: read there first, then noted and published in one transaction."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import ConsentProof, CrmChangeReceived, CrmLeadObserved, Event
from shared.messaging.failures import DeadLetter, RetryLater
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
from crm_sync.domain.lead_rule import LeadRule, Skip, judge
from crm_sync.tables import Location, Observation


@dataclass(frozen=True)
class SeenOrder:
    """An order as it was when we looked, and what we make of it."""

    order_id: str
    tenant_id: UUID
    location_id: UUID | None
    updated_at: datetime | None
    found: LeadFacts | Skip


async def observe_order(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM or the location's replica is not ready."""
    order_id = crm_id_of(event)
    if event.data.operation == "DELETE":
        seen = SeenOrder(order_id, event.tenant_id, event.location_id, None, Skip("deleted"))
    else:
        place = await place_of(deps, event)
        try:
            seen = await look_at_order(deps, place, order_id)
        except (Throttled, Unavailable) as error:
            raise RetryLater(f"ShopMonkey: {error}") from error

    async def note_changed_order(session: AsyncSession, event: Event[CrmChangeReceived]) -> None:
        await note_order(session, seen, seen_by="webhook", received_at=event.data.received_at)

    await once(deps.sessions, event, note_changed_order)


async def look_at_order(deps: Deps, place: Location, order_id: str) -> SeenOrder:
    """`place` says whose account to ask; the order's own location decides. Raises the client's errors."""
    api = api_of(deps, place)
    try:
        order = await api.order(order_id)
    except NotFound:
        return SeenOrder(order_id, place.tenant_id, place.location_id, None, Skip("deleted"))
    home = await _home_of(deps, place, order)
    if home is None:
        return SeenOrder(order_id, place.tenant_id, None, order.updated_date, Skip("unknown_location"))
    found = await _judged(api, home, order)
    return SeenOrder(order_id, place.tenant_id, home.location_id, order.updated_date, found)


async def _home_of(deps: Deps, place: Location, order: Order) -> Location | None:
    if order.location_id in (None, place.crm_location_id):
        return place
    async with transaction(deps.sessions, place.tenant_id) as session:
        return await store.location_by_crm_id(
            session, place.tenant_id, str(order.location_id), crm_account=place.crm_account
        )


async def _judged(api: ShopMonkey, home: Location, order: Order) -> LeadFacts | Skip:
    rule = LeadRule.model_validate(home.lead_rule)
    column = None
    if rule.workflow_columns:
        column = await api.columns.name_of(str(home.crm_location_id), order.workflow_status_id)
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
    """Publishes a lead once, and again only when person, vehicle or consent changed."""
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
    if not isinstance(seen.found, LeadFacts):
        return
    if row.digest != seen.found.digest:
        row.digest = seen.found.digest
        await _publish_lead(session, seen, seen.found, seen_by=seen_by, received_at=received_at)
    await note_customer(session, _customer_of(seen, seen.found, seen_by, received_at))


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
