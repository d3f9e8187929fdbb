"""What happens to a lead elsewhere moves its status; each move is published with the lead's new version."""

from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from shared.db.time import database_now
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentNoShow,
    AppointmentRescheduled,
    Contact,
    ContactOptedOut,
    CrmOrderObserved,
    Event,
    LeadStatus,
    LeadStatusChanged,
    MessageSent,
    NotificationSent,
)
from shared.events.base import DataT
from shared.messaging.failures import RetryLater
from shared.messaging.outbox import record
from shared.persons import erased
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.domain.contact import usable
from ingest.domain.sighting import lock_key
from ingest.domain.status import (
    Appointment,
    AppointmentHeard,
    Contacted,
    Engaged,
    Happening,
    LeadState,
    OrderHeard,
    after,
)
from ingest.tables import Lead, LeadStatusChange, OptOut

AppointmentT = TypeVar("AppointmentT", bound=AppointmentFact)


async def mark_engaged(session: AsyncSession, event: Event[MessageSent]) -> None:
    await _move(session, event, event.data.lead_id, Engaged(), "customer_wrote")


async def mark_contacted(session: AsyncSession, event: Event[NotificationSent]) -> None:
    await _move(session, event, event.data.lead_id, Contacted(), "message_sent")


async def mark_scheduled(session: AsyncSession, event: Event[AppointmentBooked]) -> None:
    await _move(session, event, event.data.lead_id, _heard(event), "appointment_booked", event.data.end)


async def mark_rescheduled(session: AsyncSession, event: Event[AppointmentRescheduled]) -> None:
    await _move(session, event, event.data.lead_id, _heard(event), "appointment_rescheduled", event.data.end)


async def mark_cancelled(session: AsyncSession, event: Event[AppointmentCancelled]) -> None:
    heard = _heard(event, cancelled=True)
    await _move(session, event, event.data.lead_id, heard, "appointment_cancelled")


async def mark_no_show(session: AsyncSession, event: Event[AppointmentNoShow]) -> None:
    """Nobody is expected any more, as after a cancellation."""
    heard = _heard(event, cancelled=True)
    await _move(session, event, event.data.lead_id, heard, "appointment_no_show")


async def follow_order(session: AsyncSession, event: Event[CrmOrderObserved]) -> None:
    """Won, lost or open again, as its order in the CRM is."""
    seen = event.data
    lead_id = await store.lead_of_order(session, event.tenant_id, seen.order_id)
    if lead_id is None:
        if await erased(session, UUID(event.subject)):
            return
        raise RetryLater(f"the lead of order {seen.order_id} is not here yet")
    reason = f"order_{seen.cause}" if seen.cause else "order_open_again"
    await _move(session, event, lead_id, OrderHeard(seen.outcome, seen.at), reason)


async def withdraw_consent(session: AsyncSession, event: Event[ContactOptedOut]) -> None:
    """For every lead of the tenant with this address, also a later one: one person has one consent, at however many locations."""
    opted_out = event.data
    if opted_out.lead_id and not await store.is_known(session, event.tenant_id, opted_out.lead_id):
        raise RetryLater(f"lead {opted_out.lead_id} is not here yet")
    if opted_out.channel == "sms":
        address = usable(Contact(name="", phone=opted_out.address)).phone or opted_out.address
        withdraw = store.withdraw_sms_consent
    else:
        address = opted_out.address.strip().lower()
        withdraw = store.withdraw_email_consent
    # A lead that comes with it at this moment waits, and then finds the opt-out.
    await store.lock_keys(session, [lock_key(event.tenant_id, address)])
    await withdraw(session, event.tenant_id, address)
    kept = OptOut(tenant_id=event.tenant_id, channel=opted_out.channel, address=address)
    await store.keep_opt_out(session, kept)


def _heard(event: Event[AppointmentT], *, cancelled: bool = False) -> AppointmentHeard:
    fact = event.data
    newest = Appointment(sequence=fact.sequence, cancelled=cancelled)
    return AppointmentHeard(fact.appointment_id, newest, event.time)


async def _move(
    session: AsyncSession,
    event: Event[DataT],
    lead_id: UUID,
    happening: Happening,
    reason: str,
    until: datetime | None = None,
) -> None:
    """Under the lead's row lock, so that its versions rise in the order in which they are published.

    `until`: the lead is active until then, `None`: at the time of the event.
    """
    lead = await store.locked_lead(session, event.tenant_id, lead_id)
    if lead is None:
        raise RetryLater(f"lead {lead_id} is not here yet")
    lead.active_at = max(lead.active_at, event.time, until or event.time)
    old = _state(lead)
    new = after(old, happening)
    if new == old:
        return
    lead.status = new.status
    lead.appointments = {
        str(appointment_id): {"sequence": known.sequence, "cancelled": known.cancelled}
        for appointment_id, known in new.appointments.items()
    }
    lead.outcome_at = new.outcome_at
    lead.version += 1
    if new.status != old.status:
        await _publish(session, event, lead, old.status, reason)


async def _publish(
    session: AsyncSession, event: Event[DataT], lead: Lead, old: LeadStatus, reason: str
) -> None:
    new = cast("LeadStatus", lead.status)
    change = LeadStatusChange(
        tenant_id=lead.tenant_id,
        lead_id=lead.id,
        lead_version=lead.version,
        old=old,
        new=new,
        reason=reason,
        cause_event_id=event.id,
        changed_at=database_now(),
    )
    session.add(change)
    await record(
        session,
        LeadStatusChanged(lead_id=lead.id, old=old, new=new, reason=reason),
        tenant_id=lead.tenant_id,
        subject=lead.id,
        location_id=lead.location_id,
        lead_version=lead.version,
        correlation_id=lead.correlation_id,
    )


def _state(lead: Lead) -> LeadState:
    appointments = {UUID(key): Appointment(**known) for key, known in lead.appointments.items()}
    return LeadState(cast("LeadStatus", lead.status), appointments, lead.outcome_at)
