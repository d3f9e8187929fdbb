"""Appointments and messages seen in the CRM: theirs are news, our own come back as echoes and stop here."""

from datetime import datetime
from uuid import UUID

from shared.db.engine import transaction
from shared.events import CrmAppointmentObserved, CrmChangeReceived, CrmMessageObserved, Event
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.observing import (
    SeenBy,
    api_of,
    crm_id_of,
    digest_of,
    is_stale,
    look_at_order,
    note_order,
    place_of,
    subject_of,
)
from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.deps import Deps
from crm_sync.domain.appointment import our_id_of
from crm_sync.domain.crm import CrmAppointment, CrmMessage
from crm_sync.domain.notes import marker_of, why_no_speech
from crm_sync.tables import ExternalRef, LeadReplica, Location, Observation


async def observe_appointment(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM or the location's replica is not ready."""
    place = await place_of(deps, event)
    seen = await _appointment_now(deps, place, event)

    async def note_changed_appointment(session: AsyncSession, event: Event[CrmChangeReceived]) -> None:
        home = place
        if seen.location_id not in (None, place.crm_location_id):
            found = await store.location_by_crm_id(session, event.tenant_id, str(seen.location_id))
            if found is None:
                return
            home = found
        await note_appointment(session, home, seen, seen_by="webhook")

    await once(deps.sessions, event, note_changed_appointment)


async def _appointment_now(deps: Deps, place: Location, event: Event[CrmChangeReceived]) -> CrmAppointment:
    """As it stands, whatever order the webhooks come in; when it is gone, its last row."""
    gone = {**event.data.row, "deleted": True}
    if event.data.operation == "DELETE":
        return CrmAppointment.model_validate(gone)
    try:
        return await api_of(deps, place).appointment(crm_id_of(event))
    except NotFound:
        return CrmAppointment.model_validate(gone)
    except (Throttled, Unavailable) as error:
        raise RetryLater(f"ShopMonkey: {error}") from error


async def note_appointment(
    session: AsyncSession, home: Location, seen: CrmAppointment, *, seen_by: SeenBy
) -> None:
    """Publishes what is new about it, once."""
    our_id = our_id_of(seen)
    fact = CrmAppointmentObserved(
        crm_appointment_id=seen.id,
        location_id=home.location_id,
        our_id=our_id,
        order_id=seen.order_id,
        start=seen.start_date,
        end=seen.end_date,
        all_day=bool(seen.all_day),
        deleted=seen.off,
    )
    row = await _observation(session, home.tenant_id, "appointment", seen.id, seen.updated_date)
    digest = digest_of(fact.model_dump_json())
    if is_stale(row, seen.updated_date) or row.digest == digest:
        return
    row.digest, row.crm_updated_at, row.location_id = digest, seen.updated_date, home.location_id
    row.verdict, row.seen_by = ("ours" if our_id else "theirs"), seen_by
    if our_id is not None:
        ref = ExternalRef(tenant_id=home.tenant_id, kind="appointment", our_id=our_id, crm_id=seen.id)
        await store.keep_ref(session, ref, replace=False)
    lead = await _lead_of(session, home.tenant_id, seen.order_id, None)
    await record(
        session,
        fact,
        tenant_id=home.tenant_id,
        subject=lead.lead_id if lead else subject_of(home.tenant_id, "appointment", seen.id),
        location_id=home.location_id,
        correlation_id=lead.correlation_id if lead else None,
    )


async def observe_message(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """The row of the webhook tells all: a message does not change. Raises `RetryLater` while its lead is on its way to us."""
    if event.data.operation == "DELETE":
        return
    message = CrmMessage.model_validate(event.data.row)
    if message.order_id is not None and why_no_speech(message) is None:
        await _look_at_unheard_order(deps, event, message.order_id)

    async def note_message(session: AsyncSession, event: Event[CrmChangeReceived]) -> None:
        await _note_message(session, event.tenant_id, message)

    await once(deps.sessions, event, note_message)


async def _look_at_unheard_order(deps: Deps, event: Event[CrmChangeReceived], order_id: str) -> None:
    """A message may overtake the webhook of its order: whether that is a lead decides what becomes of the message."""
    async with transaction(deps.sessions, event.tenant_id) as session:
        known = await store.observation(session, event.tenant_id, kind="order", crm_id=order_id)
        if known or await store.lead_of_order(session, event.tenant_id, order_id):
            return
    place = await place_of(deps, event)
    try:
        seen = await look_at_order(deps, place, order_id)
    except (Throttled, Unavailable) as error:
        raise RetryLater(f"ShopMonkey: {error}") from error
    async with transaction(deps.sessions, event.tenant_id) as session:
        await note_order(session, seen, seen_by="webhook", received_at=event.data.received_at)


async def _note_message(session: AsyncSession, tenant_id: UUID, message: CrmMessage) -> None:
    row = await _observation(session, tenant_id, "message", message.id, message.updated_date)
    if row.verdict != "new":
        return
    lead = await _lead_of(session, tenant_id, message.order_id, message.customer_id)
    if lead is not None:
        await _keep_ref_of_note(session, lead, message)
    reason = await _not_news(session, tenant_id, message, lead)
    row.verdict, row.reason = ("skipped", reason) if reason else ("published", None)
    if reason or lead is None or lead.order_id is None:
        return
    row.location_id = lead.location_id
    fact = CrmMessageObserved(
        crm_message_id=message.id,
        order_id=message.order_id or lead.order_id,
        lead_id=lead.lead_id,
        author="customer" if message.author_type == "Customer" else "staff",
        text=(message.text or "").strip(),
    )
    await record(
        session,
        fact,
        tenant_id=tenant_id,
        subject=lead.lead_id,
        location_id=lead.location_id,
        correlation_id=lead.correlation_id,
    )


async def _keep_ref_of_note(session: AsyncSession, lead: LeadReplica, message: CrmMessage) -> None:
    """Our own note is seen: whoever still wonders whether it was written knows it now."""
    marker = marker_of(message)
    if marker is None:
        return
    our_id = await store.note_of_marker(session, lead.tenant_id, lead_id=lead.lead_id, marker=marker)
    if our_id is not None:
        ref = ExternalRef(tenant_id=lead.tenant_id, kind="message", our_id=our_id, crm_id=message.id)
        await store.keep_ref(session, ref, replace=False)


async def _not_news(
    session: AsyncSession, tenant_id: UUID, message: CrmMessage, lead: LeadReplica | None
) -> str | None:
    """Why the message belongs to no conversation; None: it is news."""
    if await store.is_known_ref(session, tenant_id, kind="message", crm_id=message.id):
        return "ours"
    reason = why_no_speech(message)
    if reason is None and lead is None:
        return await _without_lead(session, tenant_id, message)
    return reason


async def _without_lead(session: AsyncSession, tenant_id: UUID, message: CrmMessage) -> str:
    """Raises `RetryLater` when the lead is on its way to us."""
    if message.order_id is not None:
        order = await store.observation(session, tenant_id, kind="order", crm_id=message.order_id)
        if order is not None and order.digest is not None:
            raise RetryLater("the lead of this order is not known here yet")
    return "not_of_a_lead"


async def _lead_of(
    session: AsyncSession, tenant_id: UUID, order_id: str | None, customer_id: str | None
) -> LeadReplica | None:
    if order_id is not None:
        return await store.lead_of_order(session, tenant_id, order_id)
    if customer_id is not None:
        return await store.newest_lead_of_customer(session, tenant_id, customer_id)
    return None


async def _observation(
    session: AsyncSession, tenant_id: UUID, kind: str, crm_id: str, updated_at: datetime | None
) -> Observation:
    row, _ = await store.locked_observation(
        session,
        Observation(
            tenant_id=tenant_id,
            kind=kind,
            crm_id=crm_id,
            crm_updated_at=updated_at,
            verdict="new",
            seen_by="webhook",
        ),
    )
    return row
