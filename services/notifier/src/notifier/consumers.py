"""The events that notifier works off; each wakes the sender once what it led to is committed."""

from collections.abc import Awaitable, Callable

from faststream.rabbit import RabbitRouter
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookingDeclined,
    CallBackRequested,
    CatalogChanged,
    ChatLinkRequested,
    CrmConsentObserved,
    CrmMessageObserved,
    Event,
    HandoffEnded,
    HandoffEscalated,
    HandoffRequested,
    LeadReceived,
    LeadStatusChanged,
    LocationChanged,
    MessageSent,
    NotificationFailed,
    PersonErasureRequested,
    StaffChanged,
    StaffLoginRequested,
)
from shared.events.base import DataT
from shared.messaging.broker import ACK_POLICY, work_queue
from shared.messaging.inbox import once
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.appointments import confirm_appointment, end_appointment, send_chat_link
from notifier.actions.conversation import follow_conversation, hear_customer, offer_alternatives
from notifier.actions.erasing import erase_person
from notifier.actions.leads import (
    follow_status,
    greet_lead,
    greet_who_joined,
    heed_crm_message,
    replicate_catalog,
    replicate_location,
)
from notifier.actions.ledger import heed_crm_consents
from notifier.actions.staff import notify_call_back, notify_next, notify_shop, replicate_staff, send_login
from notifier.deps import Deps


def build_consumers(deps: Deps) -> RabbitRouter:
    router = RabbitRouter()
    _follow_leads(router, deps)
    _follow_shops(router, deps)
    _follow_chat(router, deps)
    _follow_hand_offs(router, deps)
    _follow_booking(router, deps)
    _follow_staff(router, deps)
    return router


async def _once_and_wake(
    deps: Deps, event: Event[DataT], effect: Callable[[AsyncSession, Event[DataT]], Awaitable[None]]
) -> None:
    if await once(deps.sessions, event, effect):
        deps.wake(event.tenant_id)


def _follow_leads(router: RabbitRouter, deps: Deps) -> None:
    async def greet(session: AsyncSession, event: Event[LeadReceived]) -> None:
        await greet_lead(session, event, deps)

    @router.subscriber(work_queue("notifier", LeadReceived), ack_policy=ACK_POLICY)
    async def on_lead(event: Event[LeadReceived]) -> None:
        await _once_and_wake(deps, event, greet)

    async def greet_instead(session: AsyncSession, event: Event[NotificationFailed]) -> None:
        await greet_who_joined(session, event, deps)

    @router.subscriber(work_queue("notifier", NotificationFailed), ack_policy=ACK_POLICY)
    async def on_failed(event: Event[NotificationFailed]) -> None:
        await _once_and_wake(deps, event, greet_instead)

    @router.subscriber(work_queue("notifier", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def on_status(event: Event[LeadStatusChanged]) -> None:
        await once(deps.sessions, event, follow_status)

    @router.subscriber(work_queue("notifier", CrmMessageObserved), ack_policy=ACK_POLICY)
    async def on_crm_message(event: Event[CrmMessageObserved]) -> None:
        await once(deps.sessions, event, heed_crm_message)

    async def heed_consents(session: AsyncSession, event: Event[CrmConsentObserved]) -> None:
        await heed_crm_consents(session, event, deps)

    @router.subscriber(work_queue("notifier", CrmConsentObserved), ack_policy=ACK_POLICY)
    async def on_crm_consent(event: Event[CrmConsentObserved]) -> None:
        await once(deps.sessions, event, heed_consents)

    @router.subscriber(work_queue("notifier", PersonErasureRequested), ack_policy=ACK_POLICY)
    async def on_erasure(event: Event[PersonErasureRequested]) -> None:
        await erase_person(deps, event)


def _follow_shops(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("notifier", LocationChanged), ack_policy=ACK_POLICY)
    async def on_location(event: Event[LocationChanged]) -> None:
        await once(deps.sessions, event, replicate_location)

    @router.subscriber(work_queue("notifier", CatalogChanged), ack_policy=ACK_POLICY)
    async def on_catalog(event: Event[CatalogChanged]) -> None:
        await once(deps.sessions, event, replicate_catalog)


def _follow_chat(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("notifier", MessageSent), ack_policy=ACK_POLICY)
    async def on_message(event: Event[MessageSent]) -> None:
        if event.data.author in {"customer", "staff"} or event.data.channel in {"sms", "email"}:
            heard = await hear_customer(event.data)

            async def follow(session: AsyncSession, event: Event[MessageSent]) -> None:
                await follow_conversation(session, event, heard)

            await _once_and_wake(deps, event, follow)


def _follow_hand_offs(router: RabbitRouter, deps: Deps) -> None:
    async def tell_shop(session: AsyncSession, event: Event[HandoffRequested]) -> None:
        await notify_shop(session, event, deps.limits)

    async def tell_next(session: AsyncSession, event: Event[HandoffEscalated]) -> None:
        await notify_next(session, event, deps.limits)

    async def tell_of_call_back(session: AsyncSession, event: Event[CallBackRequested]) -> None:
        await notify_call_back(session, event, deps.limits)

    @router.subscriber(work_queue("notifier", HandoffRequested), ack_policy=ACK_POLICY)
    async def on_handoff(event: Event[HandoffRequested]) -> None:
        await _once_and_wake(deps, event, tell_shop)

    @router.subscriber(work_queue("notifier", HandoffEscalated), ack_policy=ACK_POLICY)
    async def on_escalation(event: Event[HandoffEscalated]) -> None:
        await _once_and_wake(deps, event, tell_next)

    @router.subscriber(work_queue("notifier", CallBackRequested), ack_policy=ACK_POLICY)
    async def on_call_back(event: Event[CallBackRequested]) -> None:
        await _once_and_wake(deps, event, tell_of_call_back)

    async def note_handoff_ended(session: AsyncSession, event: Event[HandoffEnded]) -> None:
        """Nothing to do: what a hand-off stopped stays stopped, and the inbox row says that it was seen."""

    @router.subscriber(work_queue("notifier", HandoffEnded), ack_policy=ACK_POLICY)
    async def on_handoff_ended(event: Event[HandoffEnded]) -> None:
        await once(deps.sessions, event, note_handoff_ended)


def _follow_booking(router: RabbitRouter, deps: Deps) -> None:
    async def confirm_booking(session: AsyncSession, event: Event[AppointmentBooked]) -> None:
        await confirm_appointment(session, event, "confirmation")

    async def confirm_move(session: AsyncSession, event: Event[AppointmentRescheduled]) -> None:
        await confirm_appointment(session, event, "rescheduled")

    async def confirm_cancellation(session: AsyncSession, event: Event[AppointmentCancelled]) -> None:
        await confirm_appointment(session, event, "cancelled")

    @router.subscriber(work_queue("notifier", AppointmentBooked), ack_policy=ACK_POLICY)
    async def on_booked(event: Event[AppointmentBooked]) -> None:
        await _once_and_wake(deps, event, confirm_booking)

    @router.subscriber(work_queue("notifier", AppointmentRescheduled), ack_policy=ACK_POLICY)
    async def on_rescheduled(event: Event[AppointmentRescheduled]) -> None:
        await _once_and_wake(deps, event, confirm_move)

    @router.subscriber(work_queue("notifier", AppointmentCancelled), ack_policy=ACK_POLICY)
    async def on_cancelled(event: Event[AppointmentCancelled]) -> None:
        await _once_and_wake(deps, event, confirm_cancellation)

    @router.subscriber(work_queue("notifier", AppointmentNoShow), ack_policy=ACK_POLICY)
    async def on_no_show(event: Event[AppointmentNoShow]) -> None:
        await _once_and_wake(deps, event, end_appointment)

    @router.subscriber(work_queue("notifier", ChatLinkRequested), ack_policy=ACK_POLICY)
    async def on_chat_link(event: Event[ChatLinkRequested]) -> None:
        await _once_and_wake(deps, event, send_chat_link)

    @router.subscriber(work_queue("notifier", BookingDeclined), ack_policy=ACK_POLICY)
    async def on_declined(event: Event[BookingDeclined]) -> None:
        await _once_and_wake(deps, event, offer_alternatives)


def _follow_staff(router: RabbitRouter, deps: Deps) -> None:
    @router.subscriber(work_queue("notifier", StaffChanged), ack_policy=ACK_POLICY)
    async def on_staff(event: Event[StaffChanged]) -> None:
        await once(deps.sessions, event, replicate_staff)

    @router.subscriber(work_queue("notifier", StaffLoginRequested), ack_policy=ACK_POLICY)
    async def on_login(event: Event[StaffLoginRequested]) -> None:
        await send_login(deps, event)
