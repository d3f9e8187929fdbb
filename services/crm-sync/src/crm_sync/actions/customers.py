"""A lead's customer changed in the CRM: what their flags say, and for new numbers and addresses what their orders say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import CrmChangeReceived, Event
from shared.messaging.failures import VendorAway
from shared.messaging.inbox import once
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.consents import SeenCustomer, addresses_digest, note_customer
from crm_sync.actions.looking import SeenBy, api_of, crm_id_of
from crm_sync.actions.observing import SeenOrder, look_at_order, note_order
from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.deps import Deps
from crm_sync.domain.contact import addresses_of
from crm_sync.domain.crm import Customer
from crm_sync.domain.lead_rule import Skip
from crm_sync.tables import Location


@dataclass(frozen=True)
class Look:
    """`orders`: of their leads, read again where the customer's numbers or addresses are not those told before."""

    customer: SeenCustomer
    addresses: str
    """A digest."""
    orders: Sequence[SeenOrder]


async def observe_customer(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM is not ready."""
    try:
        look = await _look(deps, event.tenant_id, crm_id_of(event), "webhook")
    except (Throttled, Unavailable) as error:
        raise VendorAway(f"ShopMonkey: {error}") from error

    async def note_changed_customer(session: AsyncSession, _: Event[CrmChangeReceived]) -> None:
        if look is not None:
            await _note(session, look, received_at=event.data.received_at)

    await once(deps.sessions, event, note_changed_customer)


async def look_at_customer_again(deps: Deps, tenant_id: UUID, customer_id: str) -> None:
    """Raises the client's errors. That we looked is noted first: a customer who cannot be read is in nobody's way."""
    async with transaction(deps.sessions, tenant_id) as session:
        if await _is_known(session, tenant_id, customer_id):
            await store.note_attempt(session, tenant_id, customer_id)
    look = await _look(deps, tenant_id, customer_id, "poll")
    if look is not None:
        async with transaction(deps.sessions, tenant_id) as session:
            await _note(session, look, received_at=look.customer.at)


async def _look(deps: Deps, tenant_id: UUID, customer_id: str, seen_by: SeenBy) -> Look | None:
    """`None`: no lead's customer. One that was deleted there says nothing any more."""
    async with transaction(deps.sessions, tenant_id) as session:
        place = await store.location_of_customer(session, tenant_id, customer_id)
        before = await store.observation(session, tenant_id, kind="customer", crm_id=customer_id)
        order_ids = await store.orders_of_customer(session, tenant_id, customer_id)
    if place is None:
        return None
    at = database_now()
    try:
        customer = await api_of(deps, place).customer(customer_id)
    except NotFound:
        customer = Customer(id=customer_id)
    seen = SeenCustomer(tenant_id, place.location_id, customer, seen_by, at)
    digest = addresses_digest(customer)
    is_new = bool(addresses_of(customer)) and (before is None or before.digest != digest)
    return Look(seen, digest, await _look_at_orders(deps, place, order_ids) if is_new else ())


async def _look_at_orders(deps: Deps, place: Location, order_ids: Sequence[str]) -> list[SeenOrder]:
    """One after the other: few customers have several leads, and the CRM counts calls."""
    return [await look_at_order(deps, place, order_id) for order_id in order_ids]


async def _note(session: AsyncSession, look: Look, *, received_at: datetime) -> None:
    seen = look.customer
    if not await _is_known(session, seen.tenant_id, seen.customer.id):
        return
    for order in look.orders:  # all before the customer, as whoever notes an order locks them
        await store.observation(session, seen.tenant_id, kind="order", crm_id=order.order_id, lock=True)
    for order in look.orders:
        await note_order(session, order, seen_by=seen.seen_by, received_at=received_at)
    await note_customer(session, seen)
    if not any(
        order.found == Skip("not_found") for order in look.orders
    ):  # one read that missed it proves nothing
        await store.note_addresses(session, seen.tenant_id, seen.customer.id, look.addresses)


async def _is_known(session: AsyncSession, tenant_id: UUID, customer_id: str) -> bool:
    """A person erased while the look was under way is not written back; whoever erases waits from here on."""
    if await store.lock_leads_of_customer(session, tenant_id, customer_id):
        return True
    seen = await store.observation(session, tenant_id, kind="customer", crm_id=customer_id, lock=True)
    return seen is not None
