"""Appointments and messages seen in the CRM: theirs are news, our own come back as echoes and stop here."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import (
    CrmAppointmentObserved,
    CrmChangeReceived,
    CrmMessageObserved,
    CrmOccurrence,
    Event,
)
from shared.messaging.failures import RetryLater, VendorAway
from shared.messaging.inbox import once
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.looking import (
    SeenBy,
    api_of,
    crm_id_of,
    digest_of,
    is_stale,
    place_of,
    subject_of,
)
from crm_sync.actions.observing import look_at_order, note_order
from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.deps import Deps
from crm_sync.domain.appointment import Look, Written, edited, gone, written_of
from crm_sync.domain.crm import CrmAppointment, CrmMessage
from crm_sync.domain.horizon import series_span
from crm_sync.domain.notes import marker_of, why_no_speech
from crm_sync.domain.recurrence import NoRule, occurrences
from crm_sync.tables import ExternalRef, LeadReplica, Location, Observation

log = structlog.get_logger()


async def observe_appointment(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """Raises `RetryLater` while the CRM or the location's replica is not ready."""
    place = await place_of(deps, event)
    seen = await _appointment_now(deps, place, event)

    async def note_changed_appointment(session: AsyncSession, _: Event[CrmChangeReceived]) -> None:
        if seen is not None:
            await note_appointment(session, place, seen, seen_by="webhook")

    await once(deps.sessions, event, note_changed_appointment)


async def _appointment_now(
    deps: Deps, place: Location, event: Event[CrmChangeReceived]
) -> CrmAppointment | None:
    """As it stands, whatever order the webhooks come in; when it was deleted, its last row.

    None: it is not found, and nobody said that it was deleted; the poll looks again (ADR 28, 5).
    """
    if event.data.operation != "DELETE":
        try:
            return await api_of(deps, place).appointment(crm_id_of(event))
        except NotFound:
            return None
        except (Throttled, Unavailable) as error:
            raise VendorAway(f"ShopMonkey: {error}") from error
    return CrmAppointment.model_validate({**event.data.row, "deleted": True, "updatedDate": None})


async def note_appointment(
    session: AsyncSession,
    place: Location,
    seen: CrmAppointment,
    *,
    seen_by: SeenBy | Literal["write"],
    theirs: bool = False,
) -> bool:
    """Publishes what is new about it, once; False: nothing is. `place`: where it was looked for; `theirs`: staff's word, whatever our marker says; so is one of ours without it."""
    home = await _home_of(session, place, seen)
    if home is None:
        await _warn_if_ours(session, place.tenant_id, seen)
        return False
    row = await _observation(session, home.tenant_id, "appointment", seen.id, seen.updated_date)
    if is_stale(row, seen.updated_date):
        return False
    written = await _ours(session, home.tenant_id, seen, row)
    theirs = theirs or written_of(seen) is None
    look = Look(row.crm_updated_at, row.observed_at, row.edited_sequence)
    changed = written is not None and (theirs or edited(seen, written, look))
    fact = _fact(seen, home, written, changed=changed)
    digest = digest_of(fact.model_dump_json(exclude={"observed_at"}))
    _look_again(row, seen, fact, seen_by, digest)
    if digest == row.digest:
        return False
    row.digest, row.verdict = digest, "ours" if written else "theirs"
    row.edited_sequence = written.sequence if written and changed else None
    row.observed_at = max(database_now(), row.observed_at + timedelta(microseconds=1))
    fact = fact.model_copy(update={"observed_at": row.observed_at})
    if written is not None:
        ref = ExternalRef(
            tenant_id=home.tenant_id, kind="appointment", our_id=written.appointment_id, crm_id=seen.id
        )
        await store.keep_ref(session, ref, replace=False)
    lead = await _lead_of(session, home.tenant_id, seen.order_id, None)
    await record(
        session,
        fact,
        tenant_id=home.tenant_id,
        subject=lead.lead_id if lead else subject_of(home.tenant_id, "appointment", seen.id),
        location_id=home.location_id,
        correlation_id=lead.correlation_id if lead else None,
    )
    return True


async def _home_of(session: AsyncSession, place: Location, seen: CrmAppointment) -> Location | None:
    if seen.location_id in (None, place.crm_location_id):
        return place
    return await store.location_by_crm_id(session, place.tenant_id, str(seen.location_id))


async def _warn_if_ours(session: AsyncSession, tenant_id: UUID, seen: CrmAppointment) -> None:
    """Staff moved it to where we do not look: booking keeps its old hour until a person helps."""
    if await store.our_id_of(session, tenant_id, kind="appointment", crm_id=seen.id):
        log.error("appointment.unknown_location", crm_id=seen.id, crm_location_id=seen.location_id)


async def _ours(
    session: AsyncSession, tenant_id: UUID, seen: CrmAppointment, row: Observation
) -> Written | None:
    """None for a copy of ours, too: staff who duplicate it there duplicate its marker. Ours may have lost its own."""
    written = written_of(seen)
    if written is None:
        our_id = await store.our_id_of(session, tenant_id, kind="appointment", crm_id=seen.id)
        return Written(appointment_id=our_id, sequence=row.edited_sequence or 0) if our_id else None
    known = await store.crm_id_of(session, tenant_id, kind="appointment", our_id=written.appointment_id)
    return written if known in (None, seen.id) else None


def _fact(
    seen: CrmAppointment, home: Location, written: Written | None, *, changed: bool
) -> CrmAppointmentObserved:
    return CrmAppointmentObserved(
        crm_appointment_id=seen.id,
        location_id=home.location_id,
        our_id=written.appointment_id if written else None,
        order_id=seen.order_id,
        start=seen.start_date,
        end=seen.end_date,
        all_day=bool(seen.all_day),
        deleted=seen.off,
        our_sequence=written.sequence if written else None,
        changed_there=changed,
        occurrences=_occurrences(seen, home),
    )


def _occurrences(seen: CrmAppointment, home: Location) -> tuple[CrmOccurrence, ...]:
    if not seen.rruleset or seen.off:
        return ()
    once = (seen.start_date, seen.end_date)
    try:
        spans = occurrences(seen.rruleset, once, ZoneInfo(home.timezone), series_span(database_now()))
    except NoRule:
        log.exception("appointment.unreadable_rule", crm_id=seen.id)
        spans = []
    return tuple(CrmOccurrence(start=start, end=end) for start, end in spans or [once])


def _look_again(
    row: Observation, seen: CrmAppointment, fact: CrmAppointmentObserved, seen_by: str, digest: str
) -> None:
    """Of one that is gone, a look that began before that must not bring it back."""
    gone_at = (seen.updated_date or database_now()) if seen.deleted and digest != row.digest else None
    row.crm_updated_at = max(filter(None, (row.crm_updated_at, seen.updated_date, gone_at)), default=None)
    ends = [fact.end, *(one.end for one in fact.occurrences)]
    row.standing_until = None if fact.deleted else max(ends)
    row.location_id, row.seen_by, row.missing_since = fact.location_id, seen_by, None


async def note_gone(session: AsyncSession, place: Location, known: Observation) -> None:
    """Direct reads said twice that it is not there any more."""
    our_id = await store.our_id_of(session, place.tenant_id, kind="appointment", crm_id=known.crm_id)
    seen = gone(known.crm_id, our_id, known.standing_until or known.observed_at)
    await note_appointment(session, place, seen, seen_by="poll", theirs=True)


async def observe_message(deps: Deps, event: Event[CrmChangeReceived]) -> None:
    """The row of the webhook tells all: a message does not change. Raises `RetryLater` while its lead is on its way to us."""
    if event.data.operation == "DELETE":
        return
    message = CrmMessage.model_validate(event.data.row)
    if message.order_id is not None and why_no_speech(message) is None:
        await _look_at_unheard_order(deps, event, message.order_id)

    async def note_message(session: AsyncSession, event: Event[CrmChangeReceived]) -> None:
        await _note_message(session, event.tenant_id, message)

    await once(deps.sessions, event, note_message)


async def _look_at_unheard_order(deps: Deps, event: Event[CrmChangeReceived], order_id: str) -> None:
    """A message may overtake the webhook of its order: whether that is a lead decides what becomes of the message."""
    async with transaction(deps.sessions, event.tenant_id) as session:
        known = await store.observation(session, event.tenant_id, kind="order", crm_id=order_id)
        if known or await store.lead_of_order(session, event.tenant_id, order_id):
            return
    place = await place_of(deps, event)
    try:
        seen = await look_at_order(deps, place, order_id)
    except (Throttled, Unavailable) as error:
        raise VendorAway(f"ShopMonkey: {error}") from error
    async with transaction(deps.sessions, event.tenant_id) as session:
        await note_order(session, seen, seen_by="webhook", received_at=event.data.received_at)


async def _note_message(session: AsyncSession, tenant_id: UUID, message: CrmMessage) -> None:
    row = await _observation(session, tenant_id, "message", message.id, message.updated_date)
    if row.verdict != "new":
        return
    lead = await _lead_of(session, tenant_id, message.order_id, message.customer_id)
    if lead is not None:
        await _keep_ref_of_note(session, lead, message)
    reason = await _not_news(session, tenant_id, message, lead)
    row.verdict, row.reason = ("skipped", reason) if reason else ("published", None)
    order_id = message.order_id or (lead and lead.order_id)
    if reason or lead is None or order_id is None:
        return
    row.location_id = lead.location_id
    fact = CrmMessageObserved(
        crm_message_id=message.id,
        order_id=order_id,
        lead_id=lead.lead_id,
        author="customer" if message.author_type == "Customer" else "staff",
        text=(message.text or "").strip(),
    )
    await record(
        session,
        fact,
        tenant_id=tenant_id,
        subject=lead.lead_id,
        location_id=lead.location_id,
        correlation_id=lead.correlation_id,
    )


async def _keep_ref_of_note(session: AsyncSession, lead: LeadReplica, message: CrmMessage) -> None:
    """Our own note is seen: whoever still wonders whether it was written knows it now."""
    marker = marker_of(message)
    if marker is None:
        return
    our_id = await store.note_of_marker(session, lead.tenant_id, lead_id=lead.lead_id, marker=marker)
    if our_id is not None:
        ref = ExternalRef(tenant_id=lead.tenant_id, kind="message", our_id=our_id, crm_id=message.id)
        await store.keep_ref(session, ref, replace=False)


async def _not_news(
    session: AsyncSession, tenant_id: UUID, message: CrmMessage, lead: LeadReplica | None
) -> str | None:
    """Why the message belongs to no conversation; None: it is news."""
    if await store.is_known_ref(session, tenant_id, kind="message", crm_id=message.id):
        return "ours"
    reason = why_no_speech(message)
    if reason is None and lead is None:
        return await _without_lead(session, tenant_id, message)
    return reason


async def _without_lead(session: AsyncSession, tenant_id: UUID, message: CrmMessage) -> str:
    """Raises `RetryLater` when the lead is on its way to us."""
    if message.order_id is not None:
        order = await store.observation(session, tenant_id, kind="order", crm_id=message.order_id)
        if order is not None and order.digest is not None:
            raise RetryLater("the lead of this order is not known here yet")
    return "not_of_a_lead"


async def _lead_of(
    session: AsyncSession, tenant_id: UUID, order_id: str | None, customer_id: str | None
) -> LeadReplica | None:
    if order_id is not None:
        return await store.lead_of_order(session, tenant_id, order_id)
    if customer_id is not None:
        return await store.newest_proven_lead_of_customer(session, tenant_id, customer_id)
    return None


async def _observation(
    session: AsyncSession, tenant_id: UUID, kind: str, crm_id: str, updated_at: datetime | None
) -> Observation:
    row, _ = await store.locked_observation(
        session,
        Observation(
            tenant_id=tenant_id,
            kind=kind,
            crm_id=crm_id,
            crm_updated_at=updated_at,
            verdict="new",
            seen_by="webhook",
        ),
    )
    return row
