"""Working off what the CRM is owed: claimed, looked up when in doubt, written once, settled."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args
from uuid import UUID

import structlog
from shared.availability import Availability
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import CrmLeadEntered, CrmLeadRefused, CrmSynced, CrmSyncFailed
from shared.events.base import EventData
from shared.messaging.outbox import record
from shared.telemetry.metrics import INTENTS_UNKNOWN
from sqlalchemy.ext.asyncio import AsyncSession

from crm_sync import store
from crm_sync.actions.consents import SeenCustomer, note_customer
from crm_sync.actions.echoes import note_appointment
from crm_sync.actions.planning import plan_next_step
from crm_sync.actions.writing import Place, write
from crm_sync.clients.errors import OutcomeUnknown, Refused, ShopMonkeyError, Throttled
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.deps import Deps
from crm_sync.domain.appointment import AppointmentWish, Look
from crm_sync.domain.lead_rule import LeadRule
from crm_sync.domain.sync import (
    ABSENT_AFTER,
    AWAY_LASTS,
    LOOK_UPS_LAST,
    SEARCHES_LOST,
    WRITES_LOST,
    Done,
    Failed,
    Kind,
    Later,
    NotThere,
    Outcome,
    Skipped,
    Unknown,
    Yielded,
    delay_after,
)
from crm_sync.tables import ExternalRef, LeadReplica, Location, SyncTask

log = structlog.get_logger()

TASKS_AT_ONCE = 10
PERFORM_SECONDS = 45
"""From the claim on."""
STUCK_AFTER = timedelta(seconds=60)
"""Longer than a task may take, so that only a dead worker's is taken over."""
REPLICA_PATIENCE = timedelta(hours=1)
"""How long the lead's own event may be late."""
THROTTLED = "throttled"
NOT_THERE_SECONDS = 60
NOT_THERE_PATIENCE = timedelta(hours=1)
"""For the poll to find out what became of a record; then a person must look."""


async def work_off_due_tasks(deps: Deps, now: datetime | None = None) -> bool:
    """One round over all tenants; True when there was something to do. Without `now` by the database's clock."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants_with_due_tasks(session, now)
    worked = [await _work_off(deps, tenant_id, now) for tenant_id in tenants]
    return any(worked)


async def report_unknown(deps: Deps) -> None:
    """The metric `intents_unknown`."""
    counts: Counter[str] = Counter(dict.fromkeys(get_args(Kind), 0))
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            counts.update(await store.count_unknown(session, tenant_id))
    for kind, count in counts.items():
        INTENTS_UNKNOWN.labels(service="crm-sync", kind=kind).set(count)


async def _work_off(deps: Deps, tenant_id: UUID, now: datetime | None) -> bool:
    end_by = asyncio.get_running_loop().time() + PERFORM_SECONDS
    room = deps.crms[tenant_id].room(TASKS_AT_ONCE, 0, time.monotonic())
    if room == 0:
        return False
    async with transaction(deps.sessions, tenant_id) as session:
        now = now or await store.clock(session)
        await store.give_up_stuck(session, tenant_id, now=now, after=STUCK_AFTER)
        claimed = await store.claim_due(session, tenant_id, now=now, limit=room)
    work = (_work(deps, task, now, end_by) for task in claimed)
    results = await asyncio.gather(*work, return_exceptions=True)
    for task, result in zip(claimed, results, strict=True):
        if isinstance(result, BaseException):
            # It stays in `sending` and comes back as unknown.
            log.error("sync.failed", task_id=str(task.id), kind=task.kind, exc_info=result)
    return bool(claimed)


async def _work(deps: Deps, task: SyncTask, now: datetime, end_by: float) -> None:
    outcome = await _perform(deps, task, now, end_by)
    if isinstance(outcome, NotThere):
        outcome = _not_there(task, now)
    back = _heed(deps.crms[task.tenant_id], outcome)
    if isinstance(outcome, Unknown) and _in_vain(task, outcome, now):
        outcome = Failed("outcome_unknown", detail=outcome.reason)
    if isinstance(outcome, Later) and _never_answered(task, outcome, now):
        outcome = Failed("search_unanswered", detail="the search answers nothing that could be read")
    await _settle(deps, task, outcome, now)
    if back:
        async with transaction(deps.sessions, task.tenant_id) as session:
            await store.wake_waiting(session, task.tenant_id, now=now, but=THROTTLED)


def _heed(crm: Availability, outcome: Outcome) -> bool:
    """Whether the CRM is back after a long while."""
    match outcome:
        case Unknown(away=True) | Later(away=True):
            crm.failed(time.monotonic())
        case Done() | Failed() | Unknown() | Yielded():
            return crm.answered(time.monotonic())
        case Later() | Skipped():
            pass  # says nothing of the CRM
    return False


def _in_vain(task: SyncTask, outcome: Unknown, now: datetime) -> bool:
    if not outcome.looked:
        return task.attempts >= WRITES_LOST
    return _doubtful_for(task, now) > (AWAY_LASTS if outcome.away else LOOK_UPS_LAST)


def _never_answered(task: SyncTask, outcome: Later, now: datetime) -> bool:
    """A search may say "none" in the words in which lists are throttled. Attempts count from an operator's retry on."""
    throttled = outcome.reason == THROTTLED and outcome.delay_seconds is None
    tried = task.attempts >= SEARCHES_LOST and now - task.created_at > LOOK_UPS_LAST
    return task.kind in store.ENTRY and throttled and tried


def _doubtful_for(task: SyncTask, now: datetime) -> timedelta:
    return now - (task.unknown_since or now)


def _not_there(task: SyncTask, now: datetime) -> Outcome:
    if now - task.created_at > NOT_THERE_PATIENCE:
        return Failed("not_found", detail="not in the CRM any more, and nobody told of its end")
    return Later("not found by a read; the poll looks again", NOT_THERE_SECONDS)


async def _perform(deps: Deps, task: SyncTask, now: datetime, end_by: float) -> Outcome | NotThere:
    """Over before anybody takes the claim for lost, also when the process or the database slept in between."""
    try:
        async with asyncio.timeout_at(end_by):
            ready = await _prepare(deps, task, now)
            return await write(ready.api, task, ready.place) if isinstance(ready, _Ready) else ready
    except TimeoutError:
        return Unknown(f"took over {PERFORM_SECONDS} s", away=True)
    except ShopMonkeyError as error:
        return _outcome_of(error)


def _outcome_of(error: ShopMonkeyError) -> Outcome:
    match error:
        case OutcomeUnknown():
            return Unknown(str(error), away=True)
        case Refused():
            return Failed(code=f"{error.status} {error.code}".strip(), detail=str(error))
        case Throttled():
            return Later(THROTTLED, error.retry_after_seconds)
        case _:
            return Later(str(error), away=True)


@dataclass(frozen=True)
class _Ready:
    api: ShopMonkey
    place: Place


async def _prepare(deps: Deps, task: SyncTask, now: datetime) -> _Ready | Outcome:
    """Who and where; or why there is nothing to write, or nothing yet."""
    tenant_id = task.tenant_id
    async with transaction(deps.sessions, tenant_id) as session:
        lead = await store.lead(session, tenant_id, task.lead_id)
        if lead is None:
            return _lead_missing(task, now)
        location_id = lead.location_id or task.location_id
        location = await store.location(session, tenant_id, location_id) if location_id else None
        crm_id = await store.crm_id_of(session, tenant_id, kind=task.kind, our_id=task.our_id)
        needless = await _needless(session, task, lead, crm_id) or _unwanted(task, location)
        look = await _look(session, task, crm_id)
    if needless is not None:
        return needless
    if location is None:
        return Later("the location is not known here yet", 5)
    if location.crm_location_id is None:
        return Skipped("location_not_in_crm")
    api = deps.accounts.get(location.crm_account)
    if api is None:
        return Later("no key for the account", 60)
    absent = task.unknown_since is None or _doubtful_for(task, now) >= ABSENT_AFTER
    return _Ready(api, Place(location=location, lead=lead, crm_id=crm_id, absent=absent, look=look))


def _unwanted(task: SyncTask, location: Location | None) -> Skipped | None:
    """When the lead came, its location may not have been known here."""
    if location is None or task.kind != "customer" or task.unknown_since is not None:
        return None
    wanted = LeadRule.model_validate(location.lead_rule).order_after_seconds is not None
    return None if wanted else Skipped("no_orders_of_ours")


async def _needless(
    session: AsyncSession, task: SyncTask, lead: LeadReplica, crm_id: str | None
) -> Skipped | None:
    if await store.is_superseded(session, task):
        return Skipped("superseded")
    if task.kind in store.ENTRY and lead.order_id not in (None, crm_id):
        return Skipped("has_an_order")
    return None


async def _look(session: AsyncSession, task: SyncTask, crm_id: str | None) -> Look | None:
    if task.kind != "appointment" or crm_id is None:
        return None
    row = await store.observation(session, task.tenant_id, kind=task.kind, crm_id=crm_id)
    if row is None:
        return None
    stands = row.standing_until is not None
    return Look(row.crm_updated_at, row.observed_at, row.edited_sequence, stands)


def _lead_missing(task: SyncTask, now: datetime) -> Outcome:
    if now - task.created_at > REPLICA_PATIENCE:
        return Skipped("unknown_lead")
    return Later("the lead is not known here yet")


async def _settle(deps: Deps, task: SyncTask, outcome: Outcome, now: datetime) -> None:
    async with transaction(deps.sessions, task.tenant_id) as session:
        if isinstance(outcome, Yielded):
            outcome = await _give_way(session, task, outcome)
        state, due_at, reason = _state_after(task, outcome, now)
        unknown_since = _unknown_since(task, outcome)
        mine = await store.settle(
            session, task, state=state, due_at=due_at, last_error=reason, unknown_since=unknown_since
        )
        if mine and isinstance(outcome, Done):
            await _note_done(session, task, outcome)
        elif mine and isinstance(outcome, Failed):
            await _note_failed(session, task, outcome)
    log.info("sync.settled", task_id=str(task.id), kind=task.kind, state=state, attempts=task.attempts)


async def _give_way(session: AsyncSession, task: SyncTask, outcome: Yielded) -> Yielded | Later:
    """What staff did is told, and booking decides anew. Where booking knew all of it, there is nothing to tell: then ours is written after all."""
    place = await store.location(session, task.tenant_id, outcome.location_id)
    if place is None or await note_appointment(session, place, outcome.seen, seen_by="write", theirs=True):
        return outcome
    look = await _look(session, task, outcome.seen.id)
    seen_at = AppointmentWish.model_validate(task.payload).fact.crm_seen_at
    knew = look is not None and seen_at is not None and look.told_at <= seen_at
    return Later("nothing new was changed there") if knew else outcome


def _state_after(task: SyncTask, outcome: Outcome, now: datetime) -> tuple[str, datetime, str | None]:
    match outcome:
        case Done():
            return "done", now, None
        case Skipped(reason):
            return "skipped", now, reason
        case Failed(code, detail):
            return "failed", now, detail or code
        case Later(reason):
            return "planned", now + delay_after(outcome, task.attempts), reason
        case Yielded():
            return "skipped", now, "changed_there"
        case Unknown(reason):
            return "unknown", now + delay_after(outcome, task.attempts), reason


def _unknown_since(task: SyncTask, outcome: Outcome) -> datetime | None:
    match outcome:
        case Unknown(looked=True):
            return task.unknown_since
        case Unknown():
            return task.claimed_at
        case _:
            return None


async def _note_done(session: AsyncSession, task: SyncTask, outcome: Done) -> None:
    if task.kind in store.ENTRY:
        await _note_step(session, task, outcome)
        return
    if task.kind == "appointment":
        until = AppointmentWish.model_validate(task.payload).stands_until
        await store.note_standing(session, task, crm_id=outcome.crm_id, until=until)
    if task.kind != "status":
        ref = ExternalRef(tenant_id=task.tenant_id, kind=task.kind, our_id=task.our_id, crm_id=outcome.crm_id)
        await store.keep_ref(session, ref, replace=True)
    await _tell(
        session,
        task,
        CrmSynced.model_validate(
            {
                "lead_id": task.lead_id,
                "what": task.kind,
                "our_id": task.our_id,
                "crm_id": outcome.crm_id,
            }
        ),
    )


async def _note_step(session: AsyncSession, task: SyncTask, outcome: Done) -> None:
    """Of a customer whom we found the flags are news; those that we wrote ourselves are not."""
    if outcome.customer is not None:
        await store.note_customer_of_lead(session, task.tenant_id, task.lead_id, outcome.customer.id)
        seen = SeenCustomer(
            tenant_id=task.tenant_id,
            location_id=task.location_id,
            customer=outcome.customer,
            seen_by="poll",
            at=database_now(),
        )
        await note_customer(session, seen, told=not outcome.written)
    ref = await plan_next_step(session, task, outcome.crm_id)
    if ref is None:
        return
    kept = ExternalRef(tenant_id=task.tenant_id, kind="order", our_id=task.lead_id, crm_id=ref.order_id)
    await store.keep_ref(session, kept, replace=True)
    await store.note_order_of_lead(session, task.tenant_id, task.lead_id, ref)
    await _tell(session, task, CrmLeadEntered(lead_id=task.lead_id, ref=ref))


async def _note_failed(session: AsyncSession, task: SyncTask, outcome: Failed) -> None:
    log.warning("sync.refused", task_id=str(task.id), kind=task.kind, attempts=task.attempts)
    if task.kind in store.ENTRY:
        await _note_refused(session, task, outcome)
        return
    await _tell(
        session,
        task,
        CrmSyncFailed.model_validate(
            {
                "lead_id": task.lead_id,
                "what": task.kind,
                "our_id": task.our_id,
                "code": outcome.code,
                "attempts": task.attempts,
            }
        ),
    )


async def _note_refused(session: AsyncSession, task: SyncTask, outcome: Failed) -> None:
    """An order without its vehicle is better than none."""
    if task.kind == "vehicle":
        await plan_next_step(session, task, None)
    refused = CrmLeadRefused.model_validate(
        {
            "lead_id": task.lead_id,
            "step": task.kind,
            "code": outcome.code,
            "attempts": task.attempts,
        }
    )
    await _tell(session, task, refused)


async def _tell(session: AsyncSession, task: SyncTask, fact: EventData) -> None:
    await record(
        session,
        fact,
        tenant_id=task.tenant_id,
        subject=task.lead_id,
        location_id=task.location_id,
        correlation_id=task.correlation_id,
    )
