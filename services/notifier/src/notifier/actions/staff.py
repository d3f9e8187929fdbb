"""What the people of the shop are sent: who needs a person, and the link that signs them in."""

from dataclasses import replace
from datetime import datetime

import structlog
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import (
    CallBackRequested,
    Event,
    HandoffEscalated,
    HandoffRequested,
    StaffChanged,
    StaffLoginRequested,
    Vehicle,
)
from shared.events.notification import OutboundChannel
from shared.http.limits import Limits
from shared.messaging.failures import DeadLetter, RetryLater
from shared.messaging.replay import current_replay, replica
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import Intent, intend
from notifier.actions.leads import need_lead, need_location, stop_sequence
from notifier.deps import Deps
from notifier.domain.gate import Purpose, allowed
from notifier.domain.outcome import Accepted, Refused
from notifier.domain.wording import phone_as_read, quoted
from notifier.limits import PAGES_PER_LEAD
from notifier.store import deliveries, replicas
from notifier.tables import Delivery, Lead, StaffMember

log = structlog.get_logger()

FIRST = ("location",)
NEXT = ("region", "owner")


@replica
async def replicate_staff(session: AsyncSession, event: Event[StaffChanged]) -> None:
    fact = event.data
    await replicas.keep_staff(
        session,
        StaffMember(
            id=fact.staff_id,
            tenant_id=event.tenant_id,
            version=fact.version,
            name=fact.name,
            email=fact.email,
            phone=fact.phone,
            role=fact.role,
            locations=list(fact.locations),
            active=fact.active,
        ),
    )


async def notify_shop(session: AsyncSession, event: Event[HandoffRequested], limits: Limits) -> None:
    """The shop's own address and who works there hear who needs a person, and why; the sequence ends."""
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    location = await need_location(session, event.tenant_id, lead.location_id)
    await stop_sequence(session, lead, "handoff")
    if await _too_often(session, limits, lead, "handoff"):
        return
    now = await deliveries.clock(session)
    intent = _notice(f"handoff:{event.id}", event.data, lead, now, event.data.suggested_reply)
    shop = intend(intent, lead, {"email": location.email}, ["email"], intent.due_at)
    await deliveries.add_deliveries(session, [*shop, *await _to_staff(session, intent, lead, FIRST)])


async def notify_next(session: AsyncSession, event: Event[HandoffEscalated], limits: Limits) -> None:
    """Nobody at the location has answered in time: region and owner are told. Later the assistant offers a call-back."""
    if event.data.level != 1:
        return
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    if await _too_often(session, limits, lead, "escalation"):
        return
    intent = _notice(f"handoff:{event.id}", event.data, lead, await deliveries.clock(session))
    await deliveries.add_deliveries(session, await _to_staff(session, intent, lead, NEXT))


async def notify_call_back(session: AsyncSession, event: Event[CallBackRequested], limits: Limits) -> None:
    """Everybody who was asked before hears whom to call, and where."""
    lead = await need_lead(session, event.tenant_id, event.data.lead_id)
    location = await need_location(session, event.tenant_id, lead.location_id)
    if await _too_often(session, limits, lead, "call_back"):
        return
    now = await deliveries.clock(session)
    intent = _notice(f"callback:{event.id}", event.data, lead, now)
    intent = replace(intent, template="call_back_notice")
    intent.payload["customer_phone"] = phone_as_read(event.data.phone)
    shop = intend(intent, lead, {"email": location.email}, ["email"], now)
    staff = await _to_staff(session, intent, lead, FIRST + NEXT)
    await deliveries.add_deliveries(session, [*shop, *staff])


async def _too_often(session: AsyncSession, limits: Limits, lead: Lead, kind: str) -> bool:
    """Whoever asks again and again stands in the console, and wakes nobody each time."""
    refusal = await limits.refusal((PAGES_PER_LEAD, (lead.id, kind)), within=session)
    if refusal:
        log.warning("staff.not_written_to", lead_id=str(lead.id), kind=kind)
    return refusal is not None


async def _to_staff(
    session: AsyncSession, intent: Intent, lead: Lead, roles: tuple[str, ...]
) -> list[Delivery]:
    members = await replicas.staff_at(session, lead.tenant_id, lead.location_id, roles)
    return [delivery for member in members for delivery in _to_member(intent, lead, member)]


def _to_member(intent: Intent, lead: Lead, member: StaffMember) -> list[Delivery]:
    channels: list[OutboundChannel] = ["email", "sms"] if member.phone else ["email"]
    own = Intent(
        key=f"{intent.key}:{member.id}",
        purpose=intent.purpose,
        template=intent.template,
        due_at=intent.due_at,
        payload=intent.payload,
    )
    return intend(own, lead, {"email": member.email, "sms": member.phone}, channels, intent.due_at)


def _notice(
    key: str,
    fact: HandoffRequested | HandoffEscalated | CallBackRequested,
    lead: Lead,
    now: datetime,
    suggested_reply: str | None = None,
) -> Intent:
    vehicle = Vehicle.model_validate(lead.vehicle) if lead.vehicle else None
    return Intent(
        key=key,
        purpose=Purpose.SHOP_NOTICE,
        template="handoff_notice",
        due_at=now,
        payload={
            "conversation_id": str(fact.conversation_id),
            "reason": quoted(fact.reason, 120),
            "summary": quoted(fact.summary),
            "open_question": quoted(fact.open_question) if fact.open_question else None,
            "suggested_reply": quoted(suggested_reply) if suggested_reply else None,
            "customer_phone": phone_as_read(lead.phone) if lead.phone else None,
            "customer_email": lead.email,
            "vehicle": quoted(vehicle.typed) if vehicle and vehicle.typed else None,
            "interest_as_typed": quoted(lead.interest, 200) if lead.interest else None,
        },
    )


async def send_login(deps: Deps, event: Event[StaffLoginRequested]) -> None:
    """At once and without a row: a link that comes twice is good once, and one that is lost is asked for again.

    A link that would be too old by now is not sent, nor is one that an operator replays. Raises `RetryLater` while the member is on the way or the mail server is not to be had.
    """
    fact = event.data
    if fact.expires_at <= database_now() or current_replay().id:
        return
    async with transaction(deps.sessions, event.tenant_id) as session:
        member = await replicas.staff_member(session, event.tenant_id, fact.staff_id)
        location = await replicas.any_location(
            session, event.tenant_id, among=member.locations if member else []
        )
    if member is None or location is None:
        raise RetryLater("the member of staff is not known here yet")
    if location.demo_mode and not allowed(fact.email, location.allow_list):
        return
    outcome = await deps.smtp.send(deps.writer.login_mail(event, member, location))
    if isinstance(outcome, Refused):
        raise DeadLetter(f"the mail server refused it: {outcome.code}")
    if not isinstance(outcome, Accepted):
        raise RetryLater("the mail server did not take it")
