"""What the CRM is owed after an event: one task for each write, in the event's own transaction."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from shared.db.time import database_now
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    CallBackRequested,
    ContactOptedOut,
    CrmRef,
    Event,
    HandoffEnded,
    HandoffRequested,
    LeadReceived,
    LeadStatusChanged,
    MessageSent,
)
from shared.events.base import DataT
from shared.messaging.replay import repeated_by
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.domain import notes
from crm_sync.domain.appointment import AppointmentWish
from crm_sync.domain.crm import Json
from crm_sync.domain.entry import Entry, EntryKind, entry_of
from crm_sync.domain.lead_rule import LeadRule
from crm_sync.domain.sync import Kind
from crm_sync.tables import SyncTask

OLDEST = timedelta(days=1)
"""An older lead that is told again, by a replay or a later change, is not entered: staff have long dealt with it."""


async def plan_order(session: AsyncSession, event: Event[LeadReceived]) -> None:
    """Of a lead that has none there: customer first, each further step once the one before is done."""
    entry = entry_of(event.data)
    if entry is None:
        return
    now = await store.clock(session)
    location = event.location_id and await store.location(session, event.tenant_id, event.location_id)
    rule = LeadRule.model_validate(location.lead_rule) if location else LeadRule(order_after_seconds=0)
    if rule.order_after_seconds is None or now - event.data.received_at > OLDEST:
        return
    await _plan(
        session,
        event,
        event.data.lead_id,
        kind="customer",
        our_id=event.data.lead_id,
        sequence=0,
        payload=entry.model_dump(mode="json"),
        due_at=now + timedelta(seconds=rule.order_after_seconds),
    )


async def plan_next_step(session: AsyncSession, task: SyncTask, crm_id: str | None) -> CrmRef | None:
    """After a step of a lead's entry; `crm_id` None: this step cannot be done. What stands there once all are."""
    kind = cast("EntryKind", task.kind)
    entry = Entry.model_validate(task.payload)
    following = entry.after(kind, crm_id)
    if following is None:
        return CrmRef(
            order_id=str(crm_id), customer_id=entry.customer_id, vehicle_id=entry.vehicle_id, by_us=True
        )
    next_kind, payload = following
    step = SyncTask(
        tenant_id=task.tenant_id,
        location_id=task.location_id,
        lead_id=task.lead_id,
        kind=next_kind,
        our_id=task.our_id,
        sequence=task.sequence,
        happened_at=task.happened_at,
        payload=payload.model_dump(mode="json"),
        correlation_id=task.correlation_id,
        due_at=task.due_at,
    )
    await store.add_task(session, step)
    return None


async def plan_message_note(session: AsyncSession, event: Event[MessageSent]) -> None:
    text = notes.note_of_message(event.data)
    if text is not None:
        await _plan_note(session, event, event.data.lead_id, text, our_id=event.data.message_id)


async def plan_handoff_note(session: AsyncSession, event: Event[HandoffRequested]) -> None:
    await _plan_note(session, event, event.data.lead_id, notes.note_of_handoff(event.data))


async def plan_call_back_note(session: AsyncSession, event: Event[CallBackRequested]) -> None:
    await _plan_note(session, event, event.data.lead_id, notes.note_of_call_back(event.data))


async def plan_handoff_end_note(session: AsyncSession, event: Event[HandoffEnded]) -> None:
    await _plan_note(session, event, event.data.lead_id, notes.note_of_handoff_end(event.data))


async def plan_opt_out_note(session: AsyncSession, event: Event[ContactOptedOut]) -> None:
    if event.data.lead_id is not None:
        await _plan_note(session, event, event.data.lead_id, notes.note_of_opt_out(event.data))


async def plan_booking(session: AsyncSession, event: Event[AppointmentBooked]) -> None:
    await _plan_appointment(session, event, AppointmentWish(action="book", fact=event.data))


async def plan_move(session: AsyncSession, event: Event[AppointmentRescheduled]) -> None:
    wish = AppointmentWish(action="move", fact=event.data, old_start=event.data.old_start)
    await _plan_appointment(session, event, wish)


async def plan_cancellation(session: AsyncSession, event: Event[AppointmentCancelled]) -> None:
    wish = AppointmentWish(action="cancel", fact=event.data, reason=event.data.reason)
    await _plan_appointment(session, event, wish)


async def plan_no_show_note(session: AsyncSession, event: Event[AppointmentNoShow]) -> None:
    """ShopMonkey's appointments know no such state: the record stays as it stood."""
    await _plan_note(session, event, event.data.lead_id, notes.note_of_appointment(event.data))


async def plan_status(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
    """Its sequence is the lead's version, so that a late event cannot move the order back."""
    lead_id = event.data.lead_id
    if not await _may_have_column(session, event):
        return
    await _plan(
        session,
        event,
        lead_id,
        kind="status",
        our_id=lead_id,
        sequence=event.lead_version,
        payload={"status": event.data.new},
    )


async def _may_have_column(session: AsyncSession, event: Event[LeadStatusChanged]) -> bool:
    """Most statuses move nothing; where the location is not known yet, the task will tell."""
    location = event.location_id and await store.location(session, event.tenant_id, event.location_id)
    return not location or event.data.new in LeadRule.model_validate(location.lead_rule).status_columns


async def _plan_appointment(session: AsyncSession, event: Event[DataT], wish: AppointmentWish) -> None:
    fact = wish.fact
    wish = wish.model_copy(update={"repeated": repeated_by() is not None})
    await _plan(
        session,
        event,
        fact.lead_id,
        kind="appointment",
        our_id=fact.appointment_id,
        sequence=fact.sequence,
        payload=wish.model_dump(mode="json"),
    )
    await _plan_note(session, event, fact.lead_id, notes.note_of_appointment(fact))


async def _plan_note(
    session: AsyncSession, event: Event[DataT], lead_id: UUID, text: str, *, our_id: UUID | None = None
) -> None:
    """Without an id of its own a note has its event's."""
    note_id = our_id or event.id
    await _plan(session, event, lead_id, kind="message", our_id=note_id, sequence=0, payload={"text": text})


async def _plan(  # noqa: PLR0913 - the fields of a task
    session: AsyncSession,
    event: Event[DataT],
    lead_id: UUID,
    *,
    kind: Kind,
    our_id: UUID,
    sequence: int,
    payload: Json,
    due_at: datetime | None = None,
) -> None:
    task = SyncTask(
        tenant_id=event.tenant_id,
        location_id=event.location_id,
        lead_id=lead_id,
        kind=kind,
        our_id=our_id,
        sequence=sequence,
        happened_at=event.time,
        payload=payload,
        correlation_id=event.correlation_id,
        due_at=due_at or database_now(),
    )
    await store.add_task(session, task)
