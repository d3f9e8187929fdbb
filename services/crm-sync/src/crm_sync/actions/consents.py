"""What the CRM's flags say of consent: of the customers of leads only, told once for each change.

We write flags only of a customer whom we enter, as their form said them; what our own writes bring back is not told.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import CrmChangeReceived, CrmConsent, CrmConsentObserved, Event
from shared.messaging.failures import VendorAway
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.looking import SeenBy, api_of, crm_id_of, is_stale, subject_of
from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.deps import Deps
from crm_sync.domain.contact import consents_of
from crm_sync.domain.crm import Customer
from crm_sync.tables import Location, Observation


@dataclass(frozen=True)
class SeenCustomer:
    """A customer as they stood when we looked; `order_id`: of the lead's order, where that led to them."""

    tenant_id: UUID
    location_id: UUID | None
    customer: Customer
    seen_by: SeenBy
    at: datetime
    order_id: str | None = None


async def observe_customer(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM is not ready."""
    try:
        seen = await _look(deps, event.tenant_id, crm_id_of(event), "webhook")
    except (Throttled, Unavailable) as error:
        raise VendorAway(f"ShopMonkey: {error}") from error

    async def note_changed_customer(session: AsyncSession, _: Event[CrmChangeReceived]) -> None:
        if seen is not None and await _is_known(session, event.tenant_id, seen.customer.id):
            await note_customer(session, seen)

    await once(deps.sessions, event, note_changed_customer)


async def look_at_customer_again(deps: Deps, tenant_id: UUID, customer_id: str) -> None:
    """Raises the client's errors. That we looked is noted first: a customer who cannot be read is in nobody's way."""
    async with transaction(deps.sessions, tenant_id) as session:
        if await _is_known(session, tenant_id, customer_id):
            await store.note_attempt(session, tenant_id, customer_id)
    seen = await _look(deps, tenant_id, customer_id, "poll")
    if seen is not None:
        async with transaction(deps.sessions, tenant_id) as session:
            if await _is_known(session, tenant_id, customer_id):
                await note_customer(session, seen)


async def _look(deps: Deps, tenant_id: UUID, customer_id: str, seen_by: SeenBy) -> SeenCustomer | None:
    """`None`: no lead's customer. One that was deleted there says nothing any more."""
    place = await _place_of_customer(deps, tenant_id, customer_id)
    if place is None:
        return None
    at = database_now()
    try:
        customer = await api_of(deps, place).customer(customer_id)
    except NotFound:
        customer = Customer(id=customer_id)
    return SeenCustomer(tenant_id, place.location_id, customer, seen_by, at)


async def _place_of_customer(deps: Deps, tenant_id: UUID, customer_id: str) -> Location | None:
    """`None`: no lead's customer, as far as is known here."""
    async with transaction(deps.sessions, tenant_id) as session:
        return await store.location_of_customer(session, tenant_id, customer_id)


async def _is_known(session: AsyncSession, tenant_id: UUID, customer_id: str) -> bool:
    """A person erased while the look was under way is not written back; whoever erases waits from here on."""
    if await store.lock_leads_of_customer(session, tenant_id, customer_id):
        return True
    seen = await store.observation(session, tenant_id, kind="customer", crm_id=customer_id, lock=True)
    return seen is not None


async def note_customer(session: AsyncSession, seen: SeenCustomer, *, told: bool = True) -> None:
    """`told` False: we wrote the flags ourselves, as a form said them."""
    customer = seen.customer
    row, created = await store.locked_observation(
        session,
        Observation(
            tenant_id=seen.tenant_id,
            kind="customer",
            crm_id=customer.id,
            location_id=seen.location_id,
            verdict="customer",
            seen_by=seen.seen_by,
        ),
    )
    row.observed_at = database_now()
    if not created and is_stale(row, customer.updated_date):
        return
    said, before = consents_of(customer), row.consents or {}
    news = tuple(one for one in said if before.get(f"{one.channel} {one.address}") != one.granted)
    row.consents = {f"{one.channel} {one.address}": one.granted for one in said}
    lapsed = tuple(_lapsed(key) for key, granted in before.items() if granted and key not in row.consents)
    row.location_id = seen.location_id or row.location_id
    row.crm_updated_at, row.seen_by = customer.updated_date, seen.seen_by
    if (news or lapsed) and told:
        await _tell(session, seen, news, lapsed)


def _lapsed(key: str) -> CrmConsent:
    channel, _, address = key.partition(" ")
    words = "ShopMonkey: the flag is not set any more"
    return CrmConsent(
        channel="sms" if channel == "sms" else "email", address=address, granted=False, words=words
    )


async def _tell(
    session: AsyncSession, seen: SeenCustomer, news: tuple[CrmConsent, ...], lapsed: tuple[CrmConsent, ...]
) -> None:
    lead = await store.newest_lead_of_customer(session, seen.tenant_id, seen.customer.id)
    await record(
        session,
        CrmConsentObserved(
            customer_id=seen.customer.id,
            order_id=seen.order_id,
            consents=news,
            lapsed=lapsed,
            said_at=seen.customer.updated_date or seen.at,
            seen_by=seen.seen_by,
        ),
        tenant_id=seen.tenant_id,
        subject=lead.lead_id if lead else subject_of(seen.tenant_id, "customer", seen.customer.id),
        location_id=seen.location_id,
        correlation_id=lead.correlation_id if lead else None,
    )
