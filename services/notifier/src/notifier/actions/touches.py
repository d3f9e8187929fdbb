"""The later touches of a sequence, when their day has come."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from shared.db.engine import transaction
from shared.events.notification import OutboundChannel

from notifier.actions.intents import addresses_of
from notifier.actions.leads import deliveries_of
from notifier.deps import Deps
from notifier.domain.outcome import FOR_GOOD
from notifier.domain.sequence import UnknownSequence
from notifier.store import deliveries, touches
from notifier.store.touches import DueTouch
from notifier.tables import Delivery, Lead

MISSED_AFTER = timedelta(days=1)
"""After an outage of days a lead gets the touch that is due, not all those that were missed."""

BATCH = 100

Refusals: TypeAlias = AbstractSet[tuple[UUID, str, str]]
"""Lead, channel and address that takes nothing."""


async def fire_due_touches(deps: Deps, tenant_id: UUID, now: datetime) -> bool:
    """Turns due touches into intended messages; True: there may be more."""
    async with transaction(deps.sessions, tenant_id) as session:
        due = await touches.due_touches(session, tenant_id, now, BATCH)
        leads = {found.lead.id for found in due}
        refused = await deliveries.refused(session, tenant_id, leads, FOR_GOOD)
        for found in due:
            await deliveries.add_deliveries(session, _fire(deps, found, refused, now))
    return len(due) == BATCH


def _fire(deps: Deps, due: DueTouch, refused: Refusals, now: datetime) -> list[Delivery]:
    """Changes the touch's state in the caller's transaction; no messages when it is not to go."""
    touch = due.touch
    if due.lead.stopped_reason:
        touch.state, touch.reason = "cancelled", due.lead.stopped_reason
        return []
    if now - touch.due_at > MISSED_AFTER:
        touch.state, touch.reason = "skipped", "missed"
        return []
    try:
        step = deps.sequences.get(touch.sequence_name, touch.sequence_version).touches[touch.step]
    except (UnknownSequence, IndexError):
        touch.state, touch.reason = "skipped", "unknown_sequence"
        return []
    channels = _taken_channels(due.lead, step.channels, refused, by_text=deps.writer.has_text(step.template))
    if not channels:
        touch.state, touch.reason = "skipped", "refused"
        return []
    touch.state = "fired"
    return deliveries_of(due.lead, step.model_copy(update={"channels": channels}), now)


def _taken_channels(
    lead: Lead, wanted: Collection[OutboundChannel], refused: Refusals, *, by_text: bool
) -> tuple[OutboundChannel, ...]:
    """Those of the step; where one of its addresses was refused for good, all that is left of the lead's."""
    addresses = addresses_of(lead)
    lost = {channel for channel, address in addresses.items() if (lead.id, channel, address) in refused}
    if not lost & set(wanted):
        return tuple(wanted)
    return tuple(
        channel
        for channel, address in addresses.items()
        if address and channel not in lost and (by_text or channel != "sms")
    )
