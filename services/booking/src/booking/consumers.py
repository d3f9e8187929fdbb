"""Events in."""

from faststream.rabbit import RabbitRouter
from shared.events import BookingRequested, CrmAppointmentObserved, Event, LeadReceived, LocationChanged
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions import replicating, requests
from booking.actions.placing import past_expired_holds
from booking.deps import Deps


def build_consumers(deps: Deps) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(work_queue("booking", LocationChanged), ack_policy=ACK_POLICY)
    async def keep_location(event: Event[LocationChanged]) -> None:
        await once(deps.sessions, event, replicating.keep_location)

    @router.subscriber(work_queue("booking", LeadReceived), ack_policy=ACK_POLICY)
    async def keep_lead(event: Event[LeadReceived]) -> None:
        await once(deps.sessions, event, replicating.keep_lead)

    @router.subscriber(work_queue("booking", BookingRequested), ack_policy=ACK_POLICY)
    async def book_requested(event: Event[BookingRequested]) -> None:
        async def answer_request(session: AsyncSession, wish: Event[BookingRequested]) -> None:
            await requests.answer_request(deps, session, wish)

        async def attempt() -> bool:
            return await once(deps.sessions, event, answer_request)

        await past_expired_holds(deps, event.tenant_id, attempt)

    @router.subscriber(work_queue("booking", CrmAppointmentObserved), ack_policy=ACK_POLICY)
    async def observe_crm_appointment(event: Event[CrmAppointmentObserved]) -> None:
        await once(deps.sessions, event, requests.observe_crm_appointment)

    return router
