"""A person, as an operator names one by number or address: the leads, and their erasure in every service."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import TypeVar
from uuid import UUID

import structlog
from pydantic import SecretStr
from shared.contact import address_or_none, normal_address
from shared.db.engine import Sessions, transaction
from shared.events import ContactOptedOut, CrmLeadObserved, Event, PersonErasureRequested
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.actions.receive import lead_id_of
from ingest.actions.staff import blank_member
from ingest.domain.contact import usable
from ingest.domain.refusals import TenantUnknown
from ingest.holdings import HOLDINGS
from ingest.tables import Lead, StaffMember
from shared import persons

log = structlog.get_logger()

NamingT = TypeVar("NamingT", CrmLeadObserved, ContactOptedOut)


@dataclass(frozen=True)
class Person:
    """`address` as leads keep it; `addresses`: all that the leads have and had.

    Who had the address once is among `leads` where no other lead has it now, or was erased with it. `related`: leads of other addresses that share one with these; they are somebody else's, or the same person's.
    `erased`: ids of leads with this address that were erased before. `staff`: who works at the shop, or did.
    """

    address: str
    addresses: Sequence[str]
    tenant_id: UUID
    leads: Sequence[Lead]
    related: Sequence[Lead]
    erased: Sequence[UUID]
    staff: Sequence[StaffMember]


async def find_person(sessions: Sessions, slug: str, address: str, keys: SecretStr) -> Person:
    """Raises `TenantUnknown`, `BadEmail` or `BadPhone`."""
    address = normal_address(address)
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug)
        if tenant is None:
            raise TenantUnknown(slug)
        erased = await store.erased_leads_of(session, tenant.id, persons.address_hashes(address, keys))
        now = await store.leads_of_address(session, tenant.id, [address])
        once = await store.leads_once_of_address(session, tenant.id, address)
        leads = now or ([] if erased else once)
        theirs = {address, *[one for lead in leads for one in await _addresses(session, lead)]}
        sharing = [*await store.leads_sharing(session, tenant.id, sorted(theirs)), *once]
        staff = await store.staff_of_address(session, tenant.id, address)
    included = {lead.id for lead in leads}
    related = {lead.id: lead for lead in sharing if lead.id not in included}
    return Person(address, sorted(theirs), tenant.id, leads, list(related.values()), erased, staff)


async def _addresses(session: AsyncSession, lead: Lead) -> list[str]:
    return await persons.addresses_of(session, HOLDINGS, lead.id)


async def erase_person(sessions: Sessions, slug: str, address: str, keys: SecretStr) -> Person:
    """Each lead in a transaction of its own, with the event that tells the other services; those erased before are told again.

    A lead that a form makes meanwhile is erased, too. Raises as `find_person`.
    """
    asked = person = await find_person(sessions, slug, address, keys)
    while person.leads:
        for lead in person.leads:
            async with transaction(sessions, person.tenant_id) as session:
                await persons.stop_writers(session, HOLDINGS, lead.id)
                if (now := await store.locked_lead(session, lead.tenant_id, lead.id)) is not None:
                    await _erase(session, now, keys)
        person = await find_person(sessions, slug, address, keys)
    for lead_id in asked.erased:
        async with transaction(sessions, asked.tenant_id) as session:
            await _tell(session, asked.tenant_id, lead_id)
    for member in asked.staff:
        await forget_member(sessions, asked.tenant_id, member.id)
    return replace(asked, erased=person.erased)


async def forget_member(sessions: Sessions, tenant_id: UUID, staff_id: UUID) -> None:
    """Who works at the shop is the shop's to say: one who still does stays."""
    async with transaction(sessions, tenant_id) as session:
        member = await store.staff_by_id(session, tenant_id, staff_id, lock=True)
        if member is not None and not member.active:
            await store.forget_events(session, tenant_id, str(staff_id))
            await blank_member(session, member)


ERASED_AT_ONCE = 5
"""Each looks through all raw deliveries of the tenant, and consumers wait meanwhile."""


async def erase_old_leads(sessions: Sessions, keys: SecretStr, tenant_id: UUID, before: datetime) -> int:
    """Some that were last active before that, each as in `erase_person`; how many. One that was heard of meanwhile stays."""
    async with transaction(sessions, tenant_id) as session:
        old = await store.old_leads(session, tenant_id, before, ERASED_AT_ONCE)
    count = 0
    for lead_id in old:
        async with transaction(sessions, tenant_id) as session:
            await persons.stop_writers(session, HOLDINGS, lead_id)
            lead = await store.locked_old_lead(session, tenant_id, lead_id, before)
            if lead is not None:
                await _erase(session, lead, keys)
                count += 1
    return count


async def _erase(session: AsyncSession, lead: Lead, keys: SecretStr) -> None:
    """Under `stop_writers`, `lead` as it is now."""
    await persons.erase(session, HOLDINGS, tenant_id=lead.tenant_id, lead_id=lead.id, keys=keys)
    if lead.order_id is not None:
        # The order that a lead of another endpoint was found to be would make a lead of its own.
        of_order = lead_id_of(lead.tenant_id, lead.location_id, lead.order_id)
        await persons.remember(session, tenant_id=lead.tenant_id, lead_id=of_order, rows={}, subjects=[])
    await _tell(session, lead.tenant_id, lead.id)
    log.info("person.erased", lead_id=str(lead.id))


async def _tell(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> None:
    await record(session, PersonErasureRequested(lead_id=lead_id), tenant_id=tenant_id, subject=lead_id)


def unless_erased(
    effect: Callable[[AsyncSession, Event[NamingT]], Awaitable[None]], keys: SecretStr
) -> Callable[[AsyncSession, Event[NamingT]], Awaitable[None]]:
    """Not where the event was on its way when the person that it names was erased."""

    @wraps(effect)
    async def unless(session: AsyncSession, event: Event[NamingT]) -> None:
        if not await _is_of_erased(session, event, keys):
            await effect(session, event)

    return unless


async def _is_of_erased(session: AsyncSession, event: Event[NamingT], keys: SecretStr) -> bool:
    """All that it names was erased since, and no lead has any of it. Notifier knows the wish to be left alone.

    Its order is left alone from then on, as those are that made a lead.
    """
    told = event.data
    named = _named(told)
    gone = await persons.erased_signs(session, event.tenant_id, named, keys, since=event.time)
    if not gone or gone != named or await store.any_is_of_a_lead(session, event.tenant_id, named):
        return False
    if isinstance(told, CrmLeadObserved):
        of_order = lead_id_of(event.tenant_id, told.location_id, told.ref.order_id)
        await persons.remember(session, tenant_id=event.tenant_id, lead_id=of_order, rows={}, subjects=[])
    return True


def _named(told: CrmLeadObserved | ContactOptedOut) -> set[str]:
    if isinstance(told, ContactOptedOut):
        return {address_or_none(told.address) or told.address}
    contact = usable(told.contact)
    return {one for one in (contact.email, contact.phone) if one}
