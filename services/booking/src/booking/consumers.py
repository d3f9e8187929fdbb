"""Events in."""

from faststream.rabbit import RabbitRouter
from shared.events import (
    BookingRequested,
    CrmAppointmentObserved,
    Event,
    LeadReceived,
    LocationChanged,
    PersonErasureRequested,
    StaffChanged,
)
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once
from shared.persons import erase_once
from shared.staff import keep_staff
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions import crm_calendar, replicating, requests
from booking.actions.placing import past_expired_holds
from booking.deps import Deps
from booking.holdings import HOLDINGS


def build_consumers(deps: Deps) -> RabbitRouter:
    router = RabbitRouter()

    @router.subscriber(work_queue("booking", LocationChanged), ack_policy=ACK_POLICY)
    async def keep_location(event: Event[LocationChanged]) -> None:
        await once(deps.sessions, event, replicating.keep_location)

    @router.subscriber(work_queue("booking", LeadReceived), ack_policy=ACK_POLICY)
    async def keep_lead(event: Event[LeadReceived]) -> None:
        await once(deps.sessions, event, replicating.keep_lead)

    @router.subscriber(work_queue("booking", StaffChanged), ack_policy=ACK_POLICY)
    async def keep_member(event: Event[StaffChanged]) -> None:
        await once(deps.sessions, event, keep_staff)

    @router.subscriber(work_queue("booking", BookingRequested), ack_policy=ACK_POLICY)
    async def book_requested(event: Event[BookingRequested]) -> None:
        async def answer_request(session: AsyncSession, wish: Event[BookingRequested]) -> None:
            await requests.answer_request(deps, session, wish)

        async def attempt() -> bool:
            return await once(deps.sessions, event, answer_request)

        await past_expired_holds(deps, event.tenant_id, attempt)

    @router.subscriber(work_queue("booking", CrmAppointmentObserved), ack_policy=ACK_POLICY)
    async def observe_crm_appointment(event: Event[CrmAppointmentObserved]) -> None:
        async def follow_staff(session: AsyncSession, event: Event[CrmAppointmentObserved]) -> None:
            await crm_calendar.follow_staff(deps, session, event)

        await once(deps.sessions, event, crm_calendar.keep_theirs, follow_staff)

    @router.subscriber(work_queue("booking", PersonErasureRequested), ack_policy=ACK_POLICY)
    async def erase_person(event: Event[PersonErasureRequested]) -> None:
        await erase_once(deps.sessions, event, HOLDINGS)

    return router
