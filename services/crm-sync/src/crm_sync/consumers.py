"""Events in: replicas, what the CRM tells, and what it is owed."""

from collections.abc import Callable

from faststream.rabbit import RabbitRouter
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    CallBackRequested,
    ContactOptedOut,
    CrmChangeReceived,
    Event,
    HandoffEnded,
    HandoffRequested,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    MessageSent,
    PersonErasureRequested,
)
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once
from shared.persons import erase_once

from crm_sync.actions import customers, echoes, erasing, observing, planning, replicas
from crm_sync.deps import Deps
from crm_sync.domain.notes import note_of_message
from crm_sync.holdings import HOLDINGS


def build_consumers(
    deps: Deps, *, wake_worker: Callable[[], None], wake_calendar: Callable[[], None]
) -> RabbitRouter:
    """The clocks are woken after the commit of what gives them work."""
    router = RabbitRouter()
    _observers(router, deps)
    _locations(router, deps, wake_calendar)
    _leads(router, deps, wake_worker)
    _notes(router, deps, wake_worker)
    _appointments(router, deps, wake_worker)
    return router


def _observers(router: RabbitRouter, deps: Deps) -> None:
    observers = {
        "order": observing.observe_order,
        "appointment": echoes.observe_appointment,
        "message": echoes.observe_message,
        "customer": customers.observe_customer,
    }

    @router.subscriber(work_queue("crm-sync", CrmChangeReceived), ack_policy=ACK_POLICY)
    async def observe_change(event: Event[CrmChangeReceived]) -> None:
        observe = observers.get(event.data.table)
        if observe is not None:
            await observe(deps, event)


def _locations(router: RabbitRouter, deps: Deps, wake_calendar: Callable[[], None]) -> None:
    @router.subscriber(work_queue("crm-sync", LocationChanged), ack_policy=ACK_POLICY)
    async def keep_location(event: Event[LocationChanged]) -> None:
        if await once(deps.sessions, event, replicas.keep_location):
            wake_calendar()


def _leads(router: RabbitRouter, deps: Deps, wake: Callable[[], None]) -> None:
    @router.subscriber(work_queue("crm-sync", LeadReceived), ack_policy=ACK_POLICY)
    async def keep_lead(event: Event[LeadReceived]) -> None:
        await once(deps.sessions, event, replicas.keep_lead, planning.plan_order)
        wake()

    @router.subscriber(work_queue("crm-sync", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def plan_status(event: Event[LeadStatusChanged]) -> None:
        await once(deps.sessions, event, planning.plan_status)
        wake()

    @router.subscriber(work_queue("crm-sync", PersonErasureRequested), ack_policy=ACK_POLICY)
    async def erase_person(event: Event[PersonErasureRequested]) -> None:
        await erase_once(deps.sessions, event, HOLDINGS, erasing.wait_for_writes)


def _notes(router: RabbitRouter, deps: Deps, wake: Callable[[], None]) -> None:
    @router.subscriber(work_queue("crm-sync", MessageSent), ack_policy=ACK_POLICY)
    async def plan_message_note(event: Event[MessageSent]) -> None:
        if note_of_message(event.data) is not None:
            await once(deps.sessions, event, planning.plan_message_note)
            wake()

    @router.subscriber(work_queue("crm-sync", HandoffRequested), ack_policy=ACK_POLICY)
    async def plan_handoff_note(event: Event[HandoffRequested]) -> None:
        await once(deps.sessions, event, planning.plan_handoff_note)
        wake()

    @router.subscriber(work_queue("crm-sync", CallBackRequested), ack_policy=ACK_POLICY)
    async def plan_call_back_note(event: Event[CallBackRequested]) -> None:
        await once(deps.sessions, event, planning.plan_call_back_note)
        wake()

    @router.subscriber(work_queue("crm-sync", HandoffEnded), ack_policy=ACK_POLICY)
    async def plan_handoff_end_note(event: Event[HandoffEnded]) -> None:
        await once(deps.sessions, event, planning.plan_handoff_end_note)
        wake()

    @router.subscriber(work_queue("crm-sync", ContactOptedOut), ack_policy=ACK_POLICY)
    async def plan_opt_out_note(event: Event[ContactOptedOut]) -> None:
        await once(deps.sessions, event, planning.plan_opt_out_note)
        wake()


def _appointments(router: RabbitRouter, deps: Deps, wake: Callable[[], None]) -> None:
    @router.subscriber(work_queue("crm-sync", AppointmentBooked), ack_policy=ACK_POLICY)
    async def plan_booking(event: Event[AppointmentBooked]) -> None:
        await once(deps.sessions, event, planning.plan_booking)
        wake()

    @router.subscriber(work_queue("crm-sync", AppointmentRescheduled), ack_policy=ACK_POLICY)
    async def plan_move(event: Event[AppointmentRescheduled]) -> None:
        await once(deps.sessions, event, planning.plan_move)
        wake()

    @router.subscriber(work_queue("crm-sync", AppointmentCancelled), ack_policy=ACK_POLICY)
    async def plan_cancellation(event: Event[AppointmentCancelled]) -> None:
        await once(deps.sessions, event, planning.plan_cancellation)
        wake()

    @router.subscriber(work_queue("crm-sync", AppointmentNoShow), ack_policy=ACK_POLICY)
    async def plan_no_show_note(event: Event[AppointmentNoShow]) -> None:
        await once(deps.sessions, event, planning.plan_no_show_note)
        wake()
