"""Confirmations of what was booked, moved or cancelled, and the reminders before it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.events import (
    AppointmentCancelled,
    AppointmentFact,
    AppointmentNoShow,
    AppointmentRescheduled,
    ChatLinkRequested,
    Event,
)
from shared.events.base import DataT
from shared.events.notification import OutboundChannel
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.intents import Addresses, Intent, addresses_of, intend
from notifier.actions.leads import need_lead, need_location, stop_sequence
from notifier.actions.links import plan_chat_link
from notifier.domain.gate import LEAST_WARNING, Purpose
from notifier.domain.quiet_hours import last_allowed, next_allowed, zones_of
from notifier.store import deliveries, replicas
from notifier.tables import Appointment, Delivery, Lead

REMINDERS: tuple[tuple[timedelta, tuple[OutboundChannel, ...]], ...] = (
    (timedelta(hours=24), ("email", "sms")),
    (timedelta(hours=2), ("sms",)),
)

_BY_SHOP = {
    "confirmation": "restored_by_shop",
    "rescheduled": "rescheduled_by_shop",
    "cancelled": "cancelled_by_shop",
}
BOTH: tuple[OutboundChannel, ...] = ("email", "sms")


async def confirm_appointment(session: AsyncSession, event: Event[DataT], template: str) -> None:
    """Tells the customer how the appointment now stands; an older state than the one told is skipped."""
    fact = event.data
    if not isinstance(fact, AppointmentFact):
        raise TypeError(f"{event.type} is not about an appointment")
    lead = await need_lead(session, event.tenant_id, fact.lead_id, lock=True)
    if not await _advance(session, event, fact, lead):
        return
    await stop_sequence(session, lead, "appointment", engaged=True)
    now = await deliveries.clock(session)
    if fact.changed_by == "shop" and fact.end <= now:
        return  # staff keep their books in order: nobody is to come any more
    if fact.changed_by == "shop" or (fact.staff_id and template != "confirmation"):
        template = _BY_SHOP[template]
    await deliveries.add_deliveries(session, _messages(fact, lead, template, now))


async def end_appointment(session: AsyncSession, event: Event[AppointmentNoShow]) -> None:
    """The customer did not come: nothing about it goes out any more."""
    lead = await need_lead(session, event.tenant_id, event.data.lead_id, lock=True)
    await _advance(session, event, event.data, lead)


async def _advance(session: AsyncSession, event: Event[DataT], fact: AppointmentFact, lead: Lead) -> bool:
    """False for an older state than the one that is known. What was planned for older ones is not sent."""
    await need_location(session, event.tenant_id, event.location_id or lead.location_id)
    if not await replicas.advance_appointment(session, _appointment(event, fact, lead)):
        return False
    older = deliveries.older_than(fact.appointment_id, fact.sequence)
    await deliveries.suppress_planned(session, lead.tenant_id, older, "superseded")
    return True


async def send_chat_link(session: AsyncSession, event: Event[ChatLinkRequested]) -> None:
    """To the lead's own addresses, once an hour, however often it is asked for."""
    await plan_chat_link(session, await need_lead(session, event.tenant_id, event.data.lead_id), event.time)


def _appointment(event: Event[DataT], fact: AppointmentFact, lead: Lead) -> Appointment:
    return Appointment(
        id=fact.appointment_id,
        tenant_id=event.tenant_id,
        location_id=event.location_id or lead.location_id,
        lead_id=fact.lead_id,
        sequence=fact.sequence,
        status="cancelled" if isinstance(fact, AppointmentCancelled | AppointmentNoShow) else "booked",
        start=fact.start,
    )


def _messages(fact: AppointmentFact, lead: Lead, template: str, now: datetime) -> list[Delivery]:
    addresses = addresses_of(lead)
    if fact.contact.email:
        addresses["email"] = fact.contact.email
    if fact.contact.phone:
        addresses["sms"] = fact.contact.phone
    intent = _intent(fact, f"confirm:{fact.appointment_id}:{fact.sequence}", template, now)
    messages = intend(intent, lead, addresses, BOTH, now)
    if not isinstance(fact, AppointmentCancelled):
        messages.extend(_reminders(fact, lead, addresses, now))
    return messages


def _reminders(fact: AppointmentFact, lead: Lead, addresses: Addresses, now: datetime) -> Iterator[Delivery]:
    zones = zones_of(fact.timezone, addresses.get("sms"))
    for before, channels in REMINDERS:
        if due_at := _reminder_at(fact.start, before, zones, now):
            hours = int(before.total_seconds() // 3600)
            key = f"remind:{fact.appointment_id}:{fact.sequence}:{hours}h"
            yield from intend(_intent(fact, key, "reminder", due_at), lead, addresses, channels, now)


def _reminder_at(
    start: datetime, before: timedelta, zones: Sequence[ZoneInfo], now: datetime
) -> datetime | None:
    """Where quiet hours leave no time before the appointment it is for the evening before, or at once; `None`: too late for it."""
    due_at, latest = next_allowed(start - before, zones), start - LEAST_WARNING
    if due_at <= latest:
        return due_at if now < due_at else None
    due_at = max(last_allowed(start - before, zones), now)
    return due_at if next_allowed(due_at, zones) == due_at <= latest else None


def _intent(fact: AppointmentFact, key: str, template: str, due_at: datetime) -> Intent:
    return Intent(
        key=key,
        purpose=Purpose.BOOKING,
        template=template,
        due_at=due_at,
        payload=_payload(fact),
        appointment_id=fact.appointment_id,
        sequence=fact.sequence,
    )


def _payload(fact: AppointmentFact) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "number": fact.number,
        "service": fact.service.job(),
        "start": fact.start.isoformat(),
        "end": fact.end.isoformat(),
        "timezone": fact.timezone,
        "total_cents": fact.total_cents,
        "price": fact.agreed_price.model_dump(mode="json"),
        "manage_url": fact.manage_url,
        "vehicle": fact.vehicle.called if fact.vehicle else None,
    }
    if isinstance(fact, AppointmentRescheduled):
        payload["old_start"] = fact.old_start.isoformat()
    if fact.by_shop:
        payload["alternatives"] = [slot.label for slot in fact.alternatives]
    return payload
