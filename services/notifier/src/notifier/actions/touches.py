"""The later touches of a sequence, when their day has come."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.db.engine import transaction

from notifier.actions.leads import deliveries_of
from notifier.deps import Deps
from notifier.domain.sequence import UnknownSequence
from notifier.sequences import Sequences
from notifier.store import deliveries, touches
from notifier.store.touches import DueTouch
from notifier.tables import Delivery

MISSED_AFTER = timedelta(days=1)
"""After an outage of days a lead gets the touch that is due, not all those that were missed."""

BATCH = 100


async def fire_due_touches(deps: Deps, tenant_id: UUID, now: datetime) -> bool:
    """Turns due touches into intended messages; True: there may be more."""
    async with transaction(deps.sessions, tenant_id) as session:
        due = await touches.due_touches(session, tenant_id, now, BATCH)
        for found in due:
            await deliveries.add_deliveries(session, _fire(found, deps.sequences, now))
    return len(due) == BATCH


def _fire(due: DueTouch, sequences: Sequences, now: datetime) -> list[Delivery]:
    """Changes the touch's state in the caller's transaction; no messages when it is not to go."""
    touch = due.touch
    if due.lead.stopped_reason:
        touch.state, touch.reason = "cancelled", due.lead.stopped_reason
        return []
    if now - touch.due_at > MISSED_AFTER:
        touch.state, touch.reason = "skipped", "missed"
        return []
    try:
        step = sequences.get(touch.sequence_name, touch.sequence_version).touches[touch.step]
    except (UnknownSequence, IndexError):
        touch.state, touch.reason = "skipped", "unknown_sequence"
        return []
    touch.state = "fired"
    return deliveries_of(due.lead, step, now)
