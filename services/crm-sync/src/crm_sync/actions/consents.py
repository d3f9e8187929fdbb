"""What the CRM's flags say of consent: of the customers of leads only, told once for each change.

We write flags only of a customer whom we enter, as their form said them; what our own writes bring back is not told.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db.time import database_now
from shared.events import CrmConsent, CrmConsentObserved
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.looking import SeenBy, digest_of, is_stale, subject_of
from crm_sync.domain.contact import addresses_of, consents_of
from crm_sync.domain.crm import Customer
from crm_sync.tables import Observation


@dataclass(frozen=True)
class SeenCustomer:
    """A customer as they stood when we looked; `order_id`: of the lead's order, where that led to them."""

    tenant_id: UUID
    location_id: UUID | None
    customer: Customer
    seen_by: SeenBy
    at: datetime
    order_id: str | None = None


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
            digest=addresses_digest(customer),
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


def addresses_digest(customer: Customer) -> str:
    """Another one: there are numbers or addresses that the customer's leads may not have been told of."""
    return digest_of(*sorted(addresses_of(customer)))


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
