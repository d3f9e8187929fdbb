"""Facts of other services, kept for our own decisions."""

from shared.events import Event, LeadReceived, LocationChanged
from shared.messaging.replay import replica
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.domain.lead_rule import LeadRule
from crm_sync.tables import ExternalRef, LeadReplica, Location


@replica
async def keep_location(session: AsyncSession, event: Event[LocationChanged]) -> None:
    """Raises pydantic's `ValidationError` for a lead rule that cannot be one."""
    fact = event.data
    LeadRule.model_validate(fact.crm_lead_rule)
    await store.keep_tenant(session, event.tenant_id, fact.tenant_slug)
    kept = Location(
        tenant_id=event.tenant_id,
        location_id=fact.location_id,
        version=fact.version,
        code=fact.code,
        name=fact.name,
        timezone=fact.timezone,
        crm_account=fact.crm_account,
        crm_location_id=fact.crm_location_id,
        lead_rule=fact.crm_lead_rule,
    )
    await store.keep_location(session, kept)


@replica
async def keep_lead(session: AsyncSession, event: Event[LeadReceived]) -> None:
    fact, ref = event.data, event.data.external_ref
    kept = LeadReplica(
        tenant_id=event.tenant_id,
        lead_id=fact.lead_id,
        version=event.lead_version,
        location_id=event.location_id,
        order_id=ref.order_id if ref else None,
        customer_id=ref.customer_id if ref else None,
        vehicle_id=ref.vehicle_id if ref else None,
        vehicle=fact.vehicle.model_dump(mode="json") if fact.vehicle else None,
        contact_name=fact.contact.name,
        service=fact.interest,
        correlation_id=event.correlation_id,
        received_at=fact.received_at,
    )
    await store.keep_lead(session, kept)
    if ref is not None and ref.by_us:
        ours = ExternalRef(tenant_id=event.tenant_id, kind="order", our_id=fact.lead_id, crm_id=ref.order_id)
        await store.keep_ref(session, ours, replace=False)
    await store.hurry_tasks_of_lead(session, event.tenant_id, fact.lead_id)
