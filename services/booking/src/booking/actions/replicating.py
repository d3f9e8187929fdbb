"""What booking keeps of other services' facts."""

from shared.events import Address, Event, LeadReceived, LocationChanged
from shared.messaging.failures import DeadLetter
from shared.messaging.replay import replica
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.publishing import publish_all
from booking.store import replicas
from booking.tables import Lead, Location


@replica
async def keep_location(session: AsyncSession, event: Event[LocationChanged]) -> None:
    """A location that arrives after the tenant's catalogue, or what it says, gets its own version of it."""
    changed = event.data
    await replicas.keep_tenant(session, event.tenant_id, changed.tenant_slug)
    await replicas.lock_tenant(session, event.tenant_id)
    location = Location(
        tenant_id=event.tenant_id,
        location_id=changed.location_id,
        version=changed.version,
        code=changed.code,
        name=changed.name,
        timezone=changed.timezone,
        address=one_line(changed.address),
        phone=changed.phone,
        email=changed.email,
        enabled=changed.switches.enabled,
    )
    if await replicas.keep_location(session, location):
        await publish_all(session, location, event.time)


def one_line(address: Address) -> str:
    """`1 Sample St, San Diego, CA 92101`."""
    region = f"{address.region} {address.postal_code}".strip()
    return ", ".join(part for part in (address.street, address.city, region) if part)


@replica
async def keep_lead(session: AsyncSession, event: Event[LeadReceived]) -> None:
    received = event.data
    if event.location_id is None:
        raise DeadLetter("lead.received names no location")
    await replicas.keep_lead(
        session,
        Lead(
            tenant_id=event.tenant_id,
            lead_id=received.lead_id,
            location_id=event.location_id,
            lead_version=event.lead_version,
            contact=received.contact.model_dump(mode="json"),
            vehicle=received.vehicle.model_dump(mode="json") if received.vehicle else None,
            correlation_id=event.correlation_id,
        ),
    )
