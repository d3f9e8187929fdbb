"""Events in: one subscriber for each event that chat consumes."""

from faststream.rabbit import RabbitRouter
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookingDeclined,
    BookingRequested,
    CallBackRequested,
    CatalogChanged,
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
    KnowledgeChanged,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    NotificationFailed,
    NotificationSent,
    PersonErasureRequested,
    StaffChanged,
)
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once
from shared.persons import erase_once
from shared.staff import keep_staff
from sqlalchemy.ext.asyncio import AsyncSession

from chat.actions import conversations
from chat.actions.timeline import keep_in_timeline
from chat.deps import Deps
from chat.holdings import HOLDINGS


def build_consumers(deps: Deps) -> RabbitRouter:
    router = RabbitRouter()
    _replicas(router, deps)
    _leads(router, deps)
    _appointments(router, deps)
    _messages(router, deps)
    _timeline_only(router, deps)
    _own_in_timeline(router, deps)
    return router


def _replicas(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("chat", LocationChanged), ack_policy=ACK_POLICY)
    async def keep_location(event: Event[LocationChanged]) -> None:
        await once(deps.sessions, event, conversations.keep_location)

    @router.subscriber(work_queue("chat", StaffChanged), ack_policy=ACK_POLICY)
    async def keep_member(event: Event[StaffChanged]) -> None:
        await once(deps.sessions, event, keep_staff)

    @router.subscriber(work_queue("chat", CatalogChanged), ack_policy=ACK_POLICY)
    async def keep_catalog(event: Event[CatalogChanged]) -> None:
        await once(deps.sessions, event, conversations.keep_catalog)

    @router.subscriber(work_queue("chat", KnowledgeChanged), ack_policy=ACK_POLICY)
    async def keep_knowledge(event: Event[KnowledgeChanged]) -> None:
        await once(deps.sessions, event, conversations.keep_knowledge)


def _leads(router: RabbitRouter, deps: Deps) -> None:
    async def open_conversation(session: AsyncSession, event: Event[LeadReceived]) -> None:
        await conversations.open_conversation(deps, session, event)

    @router.subscriber(work_queue("chat", LeadReceived), ack_policy=ACK_POLICY)
    async def greet_lead(event: Event[LeadReceived]) -> None:
        await once(deps.sessions, event, keep_in_timeline, conversations.keep_lead, open_conversation)

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def keep_status(event: Event[LeadStatusChanged]) -> None:
        await once(deps.sessions, event, keep_in_timeline, conversations.keep_status)

    @router.subscriber(work_queue("chat", PersonErasureRequested), ack_policy=ACK_POLICY)
    async def erase_person(event: Event[PersonErasureRequested]) -> None:
        await erase_once(deps.sessions, event, HOLDINGS)


def _appointments(router: RabbitRouter, deps: Deps) -> None:
    async def show_appointment(session: AsyncSession, event: conversations.AppointmentEvent) -> None:
        await conversations.show_appointment(deps, session, event)

    async def tell_declined(session: AsyncSession, event: Event[BookingDeclined]) -> None:
        await conversations.tell_declined(deps, session, event)

    @router.subscriber(work_queue("chat", AppointmentBooked), ack_policy=ACK_POLICY)
    async def show_booked(event: Event[AppointmentBooked]) -> None:
        await once(deps.sessions, event, keep_in_timeline, show_appointment)

    @router.subscriber(work_queue("chat", AppointmentRescheduled), ack_policy=ACK_POLICY)
    async def show_moved(event: Event[AppointmentRescheduled]) -> None:
        await once(deps.sessions, event, keep_in_timeline, show_appointment)

    @router.subscriber(work_queue("chat", AppointmentCancelled), ack_policy=ACK_POLICY)
    async def show_cancelled(event: Event[AppointmentCancelled]) -> None:
        await once(deps.sessions, event, keep_in_timeline, show_appointment)

    @router.subscriber(work_queue("chat", AppointmentNoShow), ack_policy=ACK_POLICY)
    async def note_no_show(event: Event[AppointmentNoShow]) -> None:
        """For the shop alone: the customer reads nothing of it."""
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", BookingDeclined), ack_policy=ACK_POLICY)
    async def offer_others(event: Event[BookingDeclined]) -> None:
        await once(deps.sessions, event, keep_in_timeline, tell_declined)


def _messages(router: RabbitRouter, deps: Deps) -> None:
    async def receive_inbound(session: AsyncSession, event: Event[InboundMessageReceived]) -> None:
        await conversations.receive_inbound(deps, session, event)

    async def observe_crm_message(session: AsyncSession, event: Event[CrmMessageObserved]) -> None:
        await conversations.observe_crm_message(deps, session, event)

    @router.subscriber(work_queue("chat", InboundMessageReceived), ack_policy=ACK_POLICY)
    async def receive_text_or_mail(event: Event[InboundMessageReceived]) -> None:
        if await once(deps.sessions, event, keep_in_timeline, receive_inbound):
            deps.bell.ring(0)

    @router.subscriber(work_queue("chat", CrmMessageObserved), ack_policy=ACK_POLICY)
    async def take_over(event: Event[CrmMessageObserved]) -> None:
        await once(deps.sessions, event, keep_in_timeline, observe_crm_message)


def _timeline_only(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("chat", CrmSynced), ack_policy=ACK_POLICY)
    async def keep_crm_synced(event: Event[CrmSynced]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", CrmLeadEntered), ack_policy=ACK_POLICY)
    async def keep_crm_lead_entered(event: Event[CrmLeadEntered]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", CrmLeadRefused), ack_policy=ACK_POLICY)
    async def keep_crm_lead_refused(event: Event[CrmLeadRefused]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", CrmSyncFailed), ack_policy=ACK_POLICY)
    async def keep_crm_sync_failed(event: Event[CrmSyncFailed]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", NotificationSent), ack_policy=ACK_POLICY)
    async def keep_notification(event: Event[NotificationSent]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", NotificationFailed), ack_policy=ACK_POLICY)
    async def keep_failed_notification(event: Event[NotificationFailed]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", ContactOptedOut), ack_policy=ACK_POLICY)
    async def keep_opt_out(event: Event[ContactOptedOut]) -> None:
        await once(deps.sessions, event, keep_in_timeline)


def _own_in_timeline(router: RabbitRouter, deps: Deps) -> None:
    """What chat itself told: the timeline is made from the log alone, and so can be made again from it."""

    @router.subscriber(work_queue("chat", HandoffRequested), ack_policy=ACK_POLICY)
    async def keep_handoff(event: Event[HandoffRequested]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", HandoffEscalated), ack_policy=ACK_POLICY)
    async def keep_escalation(event: Event[HandoffEscalated]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", HandoffEnded), ack_policy=ACK_POLICY)
    async def keep_handoff_end(event: Event[HandoffEnded]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", CallBackRequested), ack_policy=ACK_POLICY)
    async def keep_call_back(event: Event[CallBackRequested]) -> None:
        await once(deps.sessions, event, keep_in_timeline)

    @router.subscriber(work_queue("chat", BookingRequested), ack_policy=ACK_POLICY)
    async def keep_booking_wish(event: Event[BookingRequested]) -> None:
        await once(deps.sessions, event, keep_in_timeline)
