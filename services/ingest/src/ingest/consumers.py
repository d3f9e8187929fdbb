"""Events in: leads seen in the CRM, and what happens to a lead elsewhere."""

from faststream.rabbit import RabbitRouter
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    ContactOptedOut,
    CrmLeadEntered,
    CrmLeadObserved,
    CrmOrderObserved,
    Event,
    MessageSent,
    NotificationSent,
)
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once

from ingest import actions
from ingest.deps import Deps


def build_consumers(deps: Deps) -> RabbitRouter:
    router = RabbitRouter()
    _of_the_crm(router, deps)
    _of_other_services(router, deps)
    return router


def _of_the_crm(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("ingest", CrmLeadObserved), ack_policy=ACK_POLICY)
    async def receive_lead(event: Event[CrmLeadObserved]) -> None:
        await once(deps.sessions, event, actions.unless_erased(actions.receive_lead, deps.person_key))

    @router.subscriber(work_queue("ingest", CrmLeadEntered), ack_policy=ACK_POLICY)
    async def enter_lead(event: Event[CrmLeadEntered]) -> None:
        await once(deps.sessions, event, actions.enter_lead)

    @router.subscriber(work_queue("ingest", CrmOrderObserved), ack_policy=ACK_POLICY)
    async def follow_order(event: Event[CrmOrderObserved]) -> None:
        await once(deps.sessions, event, actions.follow_order)


def _of_other_services(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("ingest", NotificationSent), ack_policy=ACK_POLICY)
    async def mark_contacted(event: Event[NotificationSent]) -> None:
        await once(deps.sessions, event, actions.mark_contacted)

    @router.subscriber(work_queue("ingest", MessageSent), ack_policy=ACK_POLICY)
    async def mark_engaged(event: Event[MessageSent]) -> None:
        if event.data.author == "customer":
            await once(deps.sessions, event, actions.mark_engaged)

    @router.subscriber(work_queue("ingest", AppointmentBooked), ack_policy=ACK_POLICY)
    async def mark_scheduled(event: Event[AppointmentBooked]) -> None:
        await once(deps.sessions, event, actions.mark_scheduled)

    @router.subscriber(work_queue("ingest", AppointmentRescheduled), ack_policy=ACK_POLICY)
    async def mark_rescheduled(event: Event[AppointmentRescheduled]) -> None:
        await once(deps.sessions, event, actions.mark_rescheduled)

    @router.subscriber(work_queue("ingest", AppointmentCancelled), ack_policy=ACK_POLICY)
    async def mark_cancelled(event: Event[AppointmentCancelled]) -> None:
        await once(deps.sessions, event, actions.mark_cancelled)

    @router.subscriber(work_queue("ingest", AppointmentNoShow), ack_policy=ACK_POLICY)
    async def mark_no_show(event: Event[AppointmentNoShow]) -> None:
        await once(deps.sessions, event, actions.mark_no_show)

    @router.subscriber(work_queue("ingest", ContactOptedOut), ack_policy=ACK_POLICY)
    async def withdraw_consent(event: Event[ContactOptedOut]) -> None:
        await once(deps.sessions, event, actions.unless_erased(actions.withdraw_consent, deps.person_key))
