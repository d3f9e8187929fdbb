"""The lead's timeline: one row for every event about it, in words without personal data."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar, assert_never
from uuid import UUID

from shared.db.engine import transaction
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookingDeclined,
    BookingRequested,
    CallBackRequested,
    ContactOptedOut,
    CrmLeadEntered,
    CrmLeadRefused,
    CrmMessageObserved,
    CrmSynced,
    CrmSyncFailed,
    Event,
    HandoffEnded,
    HandoffEscalated,
    HandoffRequested,
    InboundMessageReceived,
    LeadReceived,
    LeadStatusChanged,
    NotificationFailed,
    NotificationSent,
)
from shared.messaging.replay import replica
from shared.staff import Viewer
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.actions.messages import READ_AT_ONCE
from chat.deps import Deps
from chat.domain.reply.render import moment
from chat.tables import TimelineEntry

Told = (
    LeadReceived
    | LeadStatusChanged
    | AppointmentBooked
    | AppointmentRescheduled
    | AppointmentCancelled
    | AppointmentNoShow
    | BookingDeclined
    | CrmMessageObserved
    | CrmSynced
    | CrmSyncFailed
    | CrmLeadEntered
    | CrmLeadRefused
    | NotificationSent
    | NotificationFailed
    | InboundMessageReceived
    | ContactOptedOut
    | HandoffRequested
    | HandoffEscalated
    | HandoffEnded
    | CallBackRequested
    | BookingRequested
)


ToldT = TypeVar("ToldT", bound=Told)


@replica
async def keep_in_timeline(session: AsyncSession, event: Event[ToldT]) -> None:
    lead_id: UUID | None = event.data.lead_id
    if lead_id is None:
        return
    entry = TimelineEntry(
        event_id=event.id,
        tenant_id=event.tenant_id,
        lead_id=lead_id,
        type=event.type,
        time=event.time,
        summary=summary(event.data),
    )
    await store.keep_in_timeline(session, entry)


async def read_timeline_of_tenant(
    deps: Deps, slug: str, lead_id: UUID, *, before: datetime | None = None
) -> Sequence[TimelineEntry] | None:
    """By time, the newest or those before `before`, up to `READ_AT_ONCE`; `None` for a tenant that is not known here."""
    async with transaction(deps.sessions, None) as session:
        tenant_id = await store.tenant_by_slug(session, slug)
    if tenant_id is None:
        return None
    async with transaction(deps.sessions, tenant_id) as session:
        return await store.timeline_of(session, tenant_id, lead_id, before=before, most=READ_AT_ONCE)


async def read_timeline(
    deps: Deps, viewer: Viewer, lead_id: UUID, *, before: datetime | None = None
) -> Sequence[TimelineEntry] | None:
    """As above; `None` for a lead of another tenant or of a location where the viewer does not work."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        lead = await store.lead_of(session, viewer.tenant_id, lead_id)
        if lead is None or not viewer.sees(lead.location_id):
            return None
        return await store.timeline_of(session, viewer.tenant_id, lead_id, before=before, most=READ_AT_ONCE)


def summary(told: Told) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each event
    match told:
        case LeadReceived():
            return f"Lead received from {told.source}"
        case LeadStatusChanged():
            return f"Status {told.old} to {told.new}: {told.reason}"
        case AppointmentBooked():
            car = f" for {told.vehicle.called}" if told.vehicle and told.vehicle.called else ""
            if told.changed_by == "shop":
                return (
                    f"Restored by the shop: {told.number}, {moment(told.start, told.timezone)}{_crowd(told)}"
                )
            job = f"{told.service.job()}{car}, {moment(told.start, told.timezone)}"
            return f"Booked {told.number}{_by(told)}: {job}"
        case AppointmentRescheduled():
            moved = f"Moved {told.number} to {moment(told.start, told.timezone)}"
            return f"{moved}{_by(told)}{_crowd(told)}"
        case AppointmentCancelled():
            return f"Cancelled {told.number}{_by(told)}"
        case AppointmentNoShow():
            return f"Did not come: {told.number}, {moment(told.start, told.timezone)}"
        case BookingDeclined():
            return f"Booking wish declined: {told.code}"
        case CrmMessageObserved():
            return f"Message by {told.author} in the CRM"
        case CrmSynced():
            return f"{told.what.capitalize()} stands in the CRM"
        case CrmSyncFailed():
            return f"{told.what.capitalize()} not in the CRM: {told.code} after {told.attempts} attempts"
        case CrmLeadEntered():
            return f"Order {told.ref.order_id} was written to the CRM"
        case CrmLeadRefused():
            return f"Not in the CRM, its {told.step} was refused: {told.code} after {told.attempts} attempts"
        case NotificationSent():
            return f"{told.channel} sent: {told.template}"
        case NotificationFailed():
            fate = "perhaps sent" if told.code.startswith("unknown:") else "not sent"
            return f"{told.channel} {fate}: {told.template}, {told.code}"
        case InboundMessageReceived():
            return f"Customer wrote by {told.channel}"
        case ContactOptedOut():
            return f"Opted out of {told.channel} ({told.how})"
        case HandoffRequested():
            return f"A person is needed: {told.reason}"
        case HandoffEscalated():
            return "Nobody answered: " + (
                "the next person is told" if told.level == 1 else "the assistant offered a call-back"
            )
        case HandoffEnded():
            return f"The assistant answers again ({told.how})"
        case CallBackRequested():
            return f"Wants to be called at the number ending in {told.phone[-4:]}"
        case BookingRequested():
            return f"Booking wish kept: {told.service}, {told.wished_start:%Y-%m-%d %H:%M %Z}"
        case _:
            assert_never(told)


def _by(told: AppointmentFact) -> str:
    return " by the shop" if told.by_shop else ""


def _crowd(told: AppointmentFact) -> str:
    return ", an hour that is taken: other times were offered" if told.alternatives else ""
