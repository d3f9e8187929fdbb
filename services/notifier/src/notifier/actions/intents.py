"""From a reason to write to the rows that will be sent, one for each channel."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.events.notification import OutboundChannel
from shared.messaging.replay import repeated_by

from notifier.domain.gate import Purpose, lane_of
from notifier.domain.sequence import Touch
from notifier.tables import Delivery, Lead

Addresses = Mapping[OutboundChannel, str | None]


@dataclass(frozen=True)
class Intent:
    """`key` with the channel is the dedupe key: the same reason never becomes a second message, unless an operator repeats it."""

    key: str
    purpose: Purpose
    template: str
    due_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    touch: Touch | None = None
    appointment_id: UUID | None = None
    sequence: int | None = None


def addresses_of(lead: Lead) -> dict[OutboundChannel, str | None]:
    return {"email": lead.email, "sms": lead.phone}


def heard_at(lead: Lead) -> list[tuple[OutboundChannel, str]]:
    """From where the lead's person writes: the addresses that we write to, first, and what else the CRM has of theirs."""
    own = [address for address in (lead.email, lead.phone) if address]
    return [("email" if "@" in address else "sms", address) for address in (*own, *lead.other_addresses)]


def intend(
    intent: Intent, lead: Lead, addresses: Addresses, channels: Iterable[OutboundChannel], now: datetime
) -> list[Delivery]:
    """A channel without an address becomes a row too: the gate suppresses it with that reason."""
    return [_delivery(intent, lead, channel, addresses.get(channel) or "", now) for channel in channels]


def _delivery(intent: Intent, lead: Lead, channel: OutboundChannel, address: str, now: datetime) -> Delivery:
    # What is still to come (a reminder) is not said twice.
    replay_id = repeated_by() if intent.due_at <= now else None
    key = f"{intent.key}:{channel}"
    return Delivery(
        tenant_id=lead.tenant_id,
        location_id=lead.location_id,
        lead_id=lead.id,
        dedupe_key=f"{key}@{replay_id}" if replay_id else key,
        purpose=intent.purpose.value,
        channel=channel,
        address=address,
        template=intent.template,
        payload=intent.payload,
        lane=lane_of(intent.purpose, intent.touch.step if intent.touch else None),
        touch=intent.touch.step if intent.touch else None,
        touch_day=intent.touch.day if intent.touch else None,
        appointment_id=intent.appointment_id,
        sequence=intent.sequence,
        lead_version=lead.lead_version,
        correlation_id=lead.correlation_id,
        due_at=intent.due_at,
        created_at=now,
    )
