"""The outbox: an event is recorded in the transaction that makes it true, and relayed afterwards."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.engine import as_written
from shared.db.time import database_now
from shared.events import Event, EventData
from shared.events.base import DataT
from shared.messaging.replay import current_replay, leaves
from shared.telemetry.traces import current_cause

_INSERT = "INSERT INTO outbox (event_id, tenant_id, type, key, body, created_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())"


async def record(  # noqa: PLR0913 - the attributes of one event
    session: AsyncSession,
    data: EventData,
    *,
    tenant_id: UUID,
    subject: UUID,
    location_id: UUID | None = None,
    lead_version: int = 0,
    correlation_id: str | None = None,
) -> UUID:
    """Inserts through the caller's session and never commits; answers the event's id.

    `subject` is the lead where there is one (else the location or delivery): events of one subject keep their order.
    The cause is what the current consumer or request works on; `correlation_id` is needed only where that knows no lead.
    """
    event = envelope(
        data,
        tenant_id=tenant_id,
        subject=subject,
        location_id=location_id,
        lead_version=lead_version,
        correlation_id=correlation_id,
    )
    if current_replay().mode == "rebuild":
        return event.id  # the log has told it already
    leaves(event.type)
    await as_written(session, _INSERT, event.id, event.tenant_id, event.type, event.subject, event.to_json())
    return event.id


def envelope(
    data: DataT,
    *,
    tenant_id: UUID,
    subject: UUID,
    location_id: UUID | None = None,
    lead_version: int = 0,
    correlation_id: str | None = None,
) -> Event[DataT]:
    """The event as it will travel, caused by what the current consumer or request works on."""
    event_id = uuid4()
    cause = current_cause()
    return Event(
        id=event_id,
        type=data.type,
        source=data.publisher,
        subject=str(subject),
        time=database_now(),
        tenant_id=tenant_id,
        location_id=location_id,
        causation_id=cause.id,
        correlation_id=correlation_id or cause.correlation_id or str(event_id),
        traceparent=cause.traceparent,
        lead_version=lead_version,
        data=data,
    )
