"""Every SQL statement of crm-sync."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.direct import ask_as_each, columns_of, direct, row_of
from shared.db.direct import insert as direct_insert
from shared.events import CrmRef
from shared.messaging.replay import leaves, repeated_by
from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from crm_sync.domain.sync import ABSENT_AFTER
from crm_sync.tables import (
    ExternalRef,
    LeadReplica,
    Location,
    Observation,
    PollCursor,
    SyncTask,
    Table,
    Tenant,
)

UNFINISHED = ("planned", "sending", "unknown")
ENTRY = ("customer", "vehicle", "order")
"""The steps of writing a lead's order; whatever else is owed about the lead waits for the last."""
ORDER_PATIENCE = timedelta(minutes=5)
"""For each step of a lead's order: longer its appointment does not wait."""
FINISHED = ("done", "skipped")


async def clock(session: AsyncSession) -> datetime:
    """The database's time: what is due and whose claim ran out must not depend on a replica's own clock."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def tenants(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(col(Tenant.id)).order_by(col(Tenant.id)))).all()


_HAS_DUE_TASKS = """
SELECT EXISTS (SELECT FROM crm.sync_tasks WHERE tenant_id = $1 AND state IN ('planned', 'sending', 'unknown')
  AND due_at <= coalesce($2, clock_timestamp())) AS due
"""


async def tenants_with_due_tasks(session: AsyncSession, now: datetime | None) -> Sequence[UUID]:
    """In a transaction that names no tenant."""
    answers = await ask_as_each(session, await tenants(session), _HAS_DUE_TASKS, now)
    return [tenant_id for tenant_id, answer in answers.items() if answer["due"]]


async def tenant_of_slug(session: AsyncSession, slug: str) -> UUID | None:
    return await session.scalar(select(col(Tenant.id)).where(col(Tenant.slug) == slug))


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str) -> None:
    """First word counts: a slug never changes, and an update would lose the race of two first words."""
    await session.execute(insert(Tenant).values(id=tenant_id, slug=slug).on_conflict_do_nothing())


async def keep_location(session: AsyncSession, location: Location) -> None:
    """Only a newer version replaces what is there."""
    values = _values(location)
    kept = insert(Location).values(**values)
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=["location_id"], set_=values, where=col(Location.version) < location.version
        )
    )


def _renewal(names: Iterable[str]) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return f"ON CONFLICT (lead_id) DO UPDATE SET {changes} WHERE leads.version < excluded.version"


_RENEW_LEAD = _renewal(LeadReplica.model_fields)
_RENEW_LEAD_WITHOUT_ORDER = _renewal(
    name for name in LeadReplica.model_fields if name not in {"order_id", "customer_id", "vehicle_id"}
)


async def keep_lead(session: AsyncSession, lead: LeadReplica) -> None:
    """Only a newer version replaces what is there; one that does not know of the order yet does not take it away."""
    await direct_insert(session, [lead], _RENEW_LEAD if lead.order_id else _RENEW_LEAD_WITHOUT_ORDER)


async def note_customer_of_lead(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, customer_id: str
) -> None:
    """Before the order stands, so that what is kept of the customer leaves with the lead."""
    await session.execute(
        update(LeadReplica)
        .where(
            col(LeadReplica.tenant_id) == tenant_id,
            col(LeadReplica.lead_id) == lead_id,
            col(LeadReplica.customer_id).is_(None),
        )
        .values(customer_id=customer_id)
    )


async def note_order_of_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID, ref: CrmRef) -> None:
    """What we wrote, before the lead's own event says so; not over an order that it has."""
    await session.execute(
        update(LeadReplica)
        .where(
            col(LeadReplica.tenant_id) == tenant_id,
            col(LeadReplica.lead_id) == lead_id,
            col(LeadReplica.order_id).is_(None),
        )
        .values(order_id=ref.order_id, customer_id=ref.customer_id, vehicle_id=ref.vehicle_id)
    )


_LOCATION = f"""
SELECT {columns_of(Location, "p")} FROM crm.locations p WHERE p.tenant_id = $1 AND p.location_id = $2
"""  # noqa: S608 - our own columns


async def location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    found = await (await direct(session)).fetchrow(_LOCATION, tenant_id, location_id)
    return row_of(Location, found, "p") if found else None


async def location_by_crm_id(
    session: AsyncSession, tenant_id: UUID, crm_location_id: str, *, crm_account: str | None = None
) -> Location | None:
    """Their location id is unique by itself; `crm_account` narrows where it is known."""
    found = select(Location).where(
        col(Location.tenant_id) == tenant_id, col(Location.crm_location_id) == crm_location_id
    )
    if crm_account is not None:
        found = found.where(col(Location.crm_account) == crm_account)
    return await session.scalar(found.order_by(col(Location.code)).limit(1))


async def crm_locations(session: AsyncSession, tenant_id: UUID) -> Sequence[Location]:
    """Those that the CRM knows."""
    return (
        await session.scalars(
            select(Location)
            .where(col(Location.tenant_id) == tenant_id, col(Location.crm_location_id).is_not(None))
            .order_by(col(Location.code))
        )
    ).all()


async def lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> LeadReplica | None:
    return await session.scalar(
        select(LeadReplica).where(
            col(LeadReplica.tenant_id) == tenant_id, col(LeadReplica.lead_id) == lead_id
        )
    )


_LEAD_OF_ORDER = f"""
SELECT {columns_of(LeadReplica, "l")} FROM crm.leads l WHERE l.tenant_id = $1 AND (l.order_id = $2 OR l.lead_id =
  (SELECT r.our_id FROM crm.external_refs r WHERE r.tenant_id = $1 AND r.kind = 'order' AND r.crm_id = $2))
ORDER BY l.received_at DESC LIMIT 1
"""  # noqa: S608 - our own columns


async def lead_of_order(session: AsyncSession, tenant_id: UUID, order_id: str) -> LeadReplica | None:
    """Also of one that we wrote for it."""
    found = await (await direct(session)).fetchrow(_LEAD_OF_ORDER, tenant_id, order_id)
    return row_of(LeadReplica, found, "l") if found else None


_NEWEST_LEAD_OF_CUSTOMER = f"""
SELECT {columns_of(LeadReplica, "l")} FROM crm.leads l WHERE l.tenant_id = $1 AND l.customer_id = $2
ORDER BY l.received_at DESC LIMIT 1
"""  # noqa: S608 - our own columns


async def newest_lead_of_customer(
    session: AsyncSession, tenant_id: UUID, customer_id: str
) -> LeadReplica | None:
    """Also one that hangs on the customer by our own writing only: whoever typed their number."""
    found = await (await direct(session)).fetchrow(_NEWEST_LEAD_OF_CUSTOMER, tenant_id, customer_id)
    return row_of(LeadReplica, found, "l") if found else None


async def newest_proven_lead_of_customer(
    session: AsyncSession, tenant_id: UUID, customer_id: str
) -> LeadReplica | None:
    """Whose order is the shop's own: ours proves nobody (ADR 35)."""
    by_us = exists().where(
        col(ExternalRef.tenant_id) == tenant_id,
        col(ExternalRef.kind) == "order",
        col(ExternalRef.our_id) == col(LeadReplica.lead_id),
        col(ExternalRef.crm_id) == col(LeadReplica.order_id),
    )
    return await session.scalar(
        select(LeadReplica)
        .where(
            col(LeadReplica.tenant_id) == tenant_id,
            col(LeadReplica.customer_id) == customer_id,
            col(LeadReplica.order_id).is_not(None),
            ~by_us,
        )
        .order_by(col(LeadReplica.received_at).desc())
        .limit(1)
    )


async def lock_leads_of_customer(session: AsyncSession, tenant_id: UUID, customer_id: str) -> bool:
    """Against erasing only. False: there is none."""
    statement = (
        select(col(LeadReplica.lead_id))
        .where(col(LeadReplica.tenant_id) == tenant_id, col(LeadReplica.customer_id) == customer_id)
        .with_for_update(read=True, key_share=True)
    )
    return bool((await session.scalars(statement)).all())


async def location_of_customer(session: AsyncSession, tenant_id: UUID, customer_id: str) -> Location | None:
    """Of a lead of theirs; where that is not known here yet, of the order that was taken for one."""
    lead = await newest_lead_of_customer(session, tenant_id, customer_id)
    seen = await observation(session, tenant_id, kind="customer", crm_id=customer_id)
    location_id = (lead and lead.location_id) or (seen and seen.location_id)
    return await location(session, tenant_id, location_id) if location_id else None


async def orders_of_customer(session: AsyncSession, tenant_id: UUID, customer_id: str) -> list[str]:
    """Of leads of theirs, each once, always in the same order."""
    statement = (
        select(col(LeadReplica.order_id))
        .where(
            col(LeadReplica.tenant_id) == tenant_id,
            col(LeadReplica.customer_id) == customer_id,
            col(LeadReplica.order_id).is_not(None),
        )
        .distinct()
        .order_by(col(LeadReplica.order_id))
    )
    return [str(order_id) for order_id in await session.scalars(statement)]


async def customers_unseen_since(
    session: AsyncSession, tenant_id: UUID, before: datetime, *, of_leads_since: datetime, limit: int
) -> Sequence[str]:
    """Customers of the younger leads, longest unseen first."""
    seen_at = func.max(col(Observation.observed_at))
    statement = (
        select(col(LeadReplica.customer_id))
        .outerjoin(
            Observation,
            and_(
                col(Observation.tenant_id) == tenant_id,
                col(Observation.kind) == "customer",
                col(Observation.crm_id) == col(LeadReplica.customer_id),
            ),
        )
        .where(
            col(LeadReplica.tenant_id) == tenant_id,
            col(LeadReplica.customer_id).is_not(None),
            col(LeadReplica.received_at) > of_leads_since,
        )
        .group_by(col(LeadReplica.customer_id))
        .having(or_(seen_at.is_(None), seen_at < before))
        .order_by(seen_at.nulls_first())
        .limit(limit)
    )
    return [str(customer_id) for customer_id in (await session.scalars(statement)).all()]


async def observation(
    session: AsyncSession, tenant_id: UUID, *, kind: str, crm_id: str, lock: bool = False
) -> Observation | None:
    found = select(Observation).where(
        col(Observation.tenant_id) == tenant_id,
        col(Observation.kind) == kind,
        col(Observation.crm_id) == crm_id,
    )
    return await session.scalar(found.with_for_update() if lock else found)


async def note_addresses(session: AsyncSession, tenant_id: UUID, customer_id: str, digest: str) -> None:
    """What their orders' leads have been told of."""
    await session.execute(
        update(Observation)
        .where(
            col(Observation.tenant_id) == tenant_id,
            col(Observation.kind) == "customer",
            col(Observation.crm_id) == customer_id,
        )
        .values(digest=digest)
    )


async def note_attempt(session: AsyncSession, tenant_id: UUID, customer_id: str) -> None:
    """Only when: it says nothing of the customer's flags."""
    first = Observation(
        tenant_id=tenant_id, kind="customer", crm_id=customer_id, verdict="customer", seen_by="poll"
    )
    kept = insert(Observation).values(**_values(first))
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "crm_id"], set_={"observed_at": first.observed_at}
        )
    )


async def locked_observation(session: AsyncSession, first: Observation) -> tuple[Observation, bool]:
    """The row of this record, locked against a second look at the same time, and whether `first` became it."""
    written = insert(Observation).values(**_values(first)).on_conflict_do_nothing()
    created = (await session.execute(written.returning(col(Observation.crm_id)))).first() is not None
    row = await observation(session, first.tenant_id, kind=first.kind, crm_id=first.crm_id, lock=True)
    return row or first, created


async def note_standing(
    session: AsyncSession, task: SyncTask, *, crm_id: str, until: datetime | None
) -> None:
    """Ours that we wrote: it is looked after from now on, also when no webhook tells of it; not what stood for it before."""
    before = select(col(ExternalRef.crm_id)).where(
        col(ExternalRef.tenant_id) == task.tenant_id,
        col(ExternalRef.kind) == "appointment",
        col(ExternalRef.our_id) == task.our_id,
        col(ExternalRef.crm_id) != crm_id,
    )
    await session.execute(
        update(Observation)
        .where(
            col(Observation.tenant_id) == task.tenant_id,
            col(Observation.kind) == "appointment",
            col(Observation.crm_id).in_(before),
        )
        .values(standing_until=None)
    )
    first = Observation(
        tenant_id=task.tenant_id,
        kind="appointment",
        crm_id=crm_id,
        location_id=task.location_id,
        verdict="ours",
        seen_by="write",
        standing_until=until,
    )
    kept = insert(Observation).values(**_values(first))
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "crm_id"], set_={"standing_until": until}
        )
    )


async def note_missing(session: AsyncSession, one: Observation, *, now: datetime, since: datetime) -> bool:
    """A direct read did not find it. Whether one until `since` did not either, and none in between did."""
    row = await session.get_one(Observation, (one.tenant_id, one.kind, one.crm_id), with_for_update=True)
    row.missing_since = row.missing_since or now
    return row.missing_since <= since


async def standing_appointments(
    session: AsyncSession, tenant_id: UUID, location_ids: Iterable[UUID], *, after: datetime
) -> Sequence[Observation]:
    """Those that are not over then, as they were seen or written last."""
    return (
        await session.scalars(
            select(Observation).where(
                col(Observation.tenant_id) == tenant_id,
                col(Observation.kind) == "appointment",
                col(Observation.location_id).in_(list(location_ids)),
                col(Observation.standing_until) > after,
            )
        )
    ).all()


async def seen_updates(
    session: AsyncSession, tenant_id: UUID, order_ids: Iterable[str]
) -> dict[str, datetime | None]:
    """For the orders looked at before: which state of theirs that was."""
    rows = await session.execute(
        select(col(Observation.crm_id), col(Observation.crm_updated_at)).where(
            col(Observation.tenant_id) == tenant_id,
            col(Observation.kind) == "order",
            col(Observation.crm_id).in_(list(order_ids)),
        )
    )
    return {crm_id: updated_at for crm_id, updated_at in rows.all()}  # noqa: C416 - a row is no pair to mypy


async def observations(
    session: AsyncSession, tenant_id: UUID, *, verdict: str | None, limit: int
) -> Sequence[Observation]:
    """Newest first."""
    found = select(Observation).where(col(Observation.tenant_id) == tenant_id)
    if verdict is not None:
        found = found.where(col(Observation.verdict) == verdict)
    return (await session.scalars(found.order_by(col(Observation.observed_at).desc()).limit(limit))).all()


async def crm_id_of(session: AsyncSession, tenant_id: UUID, *, kind: str, our_id: UUID) -> str | None:
    return await session.scalar(
        select(col(ExternalRef.crm_id)).where(
            col(ExternalRef.tenant_id) == tenant_id,
            col(ExternalRef.kind) == kind,
            col(ExternalRef.our_id) == our_id,
        )
    )


async def our_id_of(session: AsyncSession, tenant_id: UUID, *, kind: str, crm_id: str) -> UUID | None:
    return await session.scalar(
        select(col(ExternalRef.our_id)).where(
            col(ExternalRef.tenant_id) == tenant_id,
            col(ExternalRef.kind) == kind,
            col(ExternalRef.crm_id) == crm_id,
        )
    )


_IS_KNOWN_REF = """
SELECT EXISTS (SELECT FROM crm.external_refs WHERE tenant_id = $1 AND kind = $2 AND crm_id = $3)
"""


async def is_known_ref(session: AsyncSession, tenant_id: UUID, *, kind: str, crm_id: str) -> bool:
    return bool(await (await direct(session)).fetchval(_IS_KNOWN_REF, tenant_id, kind, crm_id))


async def keep_ref(session: AsyncSession, ref: ExternalRef, *, replace: bool) -> None:
    """`replace` for what we wrote ourselves; what was only seen does not overwrite it."""
    kept = insert(ExternalRef).values(**_values(ref))
    if replace:
        kept = kept.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "our_id"], set_={"crm_id": ref.crm_id}
        )
    else:
        kept = kept.on_conflict_do_nothing()
    await session.execute(kept)


async def add_task(session: AsyncSession, task: SyncTask) -> None:
    """Once for each (kind, our_id, sequence); a replay with side effects plans it again, to be looked up first."""
    values = _values(task)
    del values["position"]
    planned = insert(SyncTask).values(**values)
    written = planned.on_conflict_do_nothing()
    if repeated_by():
        written = planned.on_conflict_do_update(
            constraint="sync_tasks_once",
            set_={
                "state": "planned",
                "attempts": 1,
                "due_at": planned.excluded.due_at,
                "last_error": None,
                "payload": planned.excluded.payload,
            },
            where=col(SyncTask.state).in_(("done", "skipped", "failed")),
        )
    if (await session.execute(written.returning(col(SyncTask.id)))).first() is not None:
        leaves(f"a {task.kind} for the CRM")


async def give_up_stuck(session: AsyncSession, tenant_id: UUID, *, now: datetime, after: timedelta) -> None:
    """A worker that died while sending leaves an outcome that nobody knows."""
    await session.execute(
        update(SyncTask)
        .where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.state) == "sending",
            col(SyncTask.claimed_at) < now - after,
        )
        .values(
            state="unknown",
            due_at=now,
            unknown_since=col(SyncTask.claimed_at),
            last_error="the worker stopped while sending",
        )
    )


async def wake_waiting(session: AsyncSession, tenant_id: UUID, *, now: datetime, but: str) -> None:
    """What was tried in vain is due now; not what waits for another reason."""
    await session.execute(
        update(SyncTask)
        .where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.state).in_(("planned", "unknown")),
            col(SyncTask.due_at) > now,
            col(SyncTask.attempts) > 0,
            col(SyncTask.last_error) != but,
        )
        .values(due_at=now)
    )


async def claim_due(
    session: AsyncSession, tenant_id: UUID, *, now: datetime, limit: int
) -> Sequence[SyncTask]:
    """Takes due tasks for sending: of each lead and kind only the first unfinished one, so that order is kept.

    The first is that of the lowest sequence, then of what happened first: events come in any order.
    """
    due = (
        select(col(SyncTask.id))
        .where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.state).in_(("planned", "unknown")),
            col(SyncTask.due_at) <= now,
            ~_has_predecessor(),
            ~_waits_for_its_order(now),
            ~_same_person_comes_first(),
        )
        .order_by(col(SyncTask.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = (
        update(SyncTask)
        .where(col(SyncTask.id).in_(select(due.c.id)))
        .values(state="sending", claimed_at=now, attempts=col(SyncTask.attempts) + 1)
        .returning(SyncTask)
        .execution_options(synchronize_session=False)
    )
    return (await session.scalars(claimed)).all()


def _has_predecessor() -> ColumnElement[bool]:
    earlier = aliased(SyncTask)
    return exists().where(
        col(earlier.tenant_id) == col(SyncTask.tenant_id),
        col(earlier.lead_id) == col(SyncTask.lead_id),
        col(earlier.kind) == col(SyncTask.kind),
        col(earlier.id) != col(SyncTask.id),
        col(earlier.state).in_(UNFINISHED),
        or_(
            col(earlier.state) == "sending",
            col(earlier.sequence) < col(SyncTask.sequence),
            and_(
                col(earlier.sequence) == col(SyncTask.sequence),
                tuple_(col(earlier.happened_at), col(earlier.position))
                < tuple_(col(SyncTask.happened_at), col(SyncTask.position)),
            ),
        ),
    )


def _waits_for_its_order(now: datetime) -> ColumnElement[bool]:
    """Notes and column hang on the order, so they come after it. An appointment waits only while a step is young and tried again soon: staff must see it."""
    step = aliased(SyncTask)
    soon = and_(col(step.created_at) > now - ORDER_PATIENCE, col(step.due_at) <= now + ABSENT_AFTER)
    return exists().where(
        col(SyncTask.kind).not_in(ENTRY),
        or_(col(SyncTask.kind) != "appointment", soon),
        col(step.tenant_id) == col(SyncTask.tenant_id),
        col(step.lead_id) == col(SyncTask.lead_id),
        col(step.kind).in_(ENTRY),
        col(step.state).in_(UNFINISHED),
    )


def _same_person_comes_first() -> ColumnElement[bool]:
    """Two leads of one new customer must not both find that there is none; of two, never does each wait for the other."""
    other = aliased(SyncTask)

    def says(name: str) -> ColumnElement[bool]:
        theirs, ours = (cast(row.payload, JSONB)["contact"][name].astext for row in (other, SyncTask))
        return and_(theirs == ours)

    return exists().where(
        col(SyncTask.kind) == "customer",
        col(other.tenant_id) == col(SyncTask.tenant_id),
        col(other.kind) == "customer",
        col(other.id) != col(SyncTask.id),
        or_(says("phone"), says("email")),
        or_(
            col(other.state) == "sending",
            and_(col(other.state) == "unknown", col(SyncTask.state) == "planned"),
            and_(col(other.state) == col(SyncTask.state), col(other.position) < col(SyncTask.position)),
        ),
    )


async def is_sending(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> bool:
    """What is planned for the lead waits for the caller's end."""
    statement = (
        select(col(SyncTask.state))
        .where(col(SyncTask.tenant_id) == tenant_id, col(SyncTask.lead_id) == lead_id)
        .with_for_update()
    )
    return "sending" in (await session.scalars(statement)).all()


_HURRY_TASKS = """
UPDATE crm.sync_tasks SET due_at = clock_timestamp()
WHERE tenant_id = $1 AND lead_id = $2 AND state = 'planned' AND due_at > clock_timestamp()
"""


async def hurry_tasks_of_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> None:
    """What waited for the lead's own event waits no longer."""
    await (await direct(session)).execute(_HURRY_TASKS, tenant_id, lead_id)


async def note_of_marker(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, marker: str
) -> UUID | None:
    """Our id of the lead's note whose digits begin with `marker`."""
    digits = func.replace(cast(col(SyncTask.our_id), Text), "-", "")
    return await session.scalar(
        select(col(SyncTask.our_id)).where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.lead_id) == lead_id,
            col(SyncTask.kind) == "message",
            digits.startswith(marker),
        )
    )


async def lead_of_marker(session: AsyncSession, tenant_id: UUID, marker: str) -> UUID | None:
    """The lead whose digits begin with `marker`, and whose order we write or wrote."""
    first, last = UUID(marker.ljust(32, "0")), UUID(marker.ljust(32, "f"))
    return await session.scalar(
        select(col(SyncTask.lead_id)).where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.lead_id).between(first, last),
            col(SyncTask.kind) == "order",
        )
    )


async def is_superseded(session: AsyncSession, task: SyncTask) -> bool:
    """A later change of the same thing has been written already."""
    newest = await session.scalar(
        select(func.max(col(SyncTask.sequence))).where(
            col(SyncTask.tenant_id) == task.tenant_id,
            col(SyncTask.kind) == task.kind,
            col(SyncTask.our_id) == task.our_id,
            col(SyncTask.state).in_(FINISHED),
        )
    )
    return newest is not None and newest > task.sequence


async def settle(
    session: AsyncSession,
    task: SyncTask,
    *,
    state: str,
    due_at: datetime,
    last_error: str | None,
    unknown_since: datetime | None,
) -> bool:
    """False when another worker has taken the task over since."""
    settled = await session.execute(
        update(SyncTask)
        .where(
            col(SyncTask.tenant_id) == task.tenant_id,
            col(SyncTask.id) == task.id,
            col(SyncTask.state) == "sending",
            col(SyncTask.attempts) == task.attempts,
        )
        .values(state=state, due_at=due_at, last_error=last_error, unknown_since=unknown_since)
        .returning(col(SyncTask.id))
    )
    return settled.first() is not None


async def count_unknown(session: AsyncSession, tenant_id: UUID) -> dict[str, int]:
    """By kind, those included that the look-ups gave up on."""
    in_doubt = or_(
        col(SyncTask.state) == "unknown",
        and_(col(SyncTask.state) == "failed", col(SyncTask.last_error).startswith("look-up")),
    )
    rows = await session.execute(
        select(col(SyncTask.kind), func.count())
        .where(col(SyncTask.tenant_id) == tenant_id, in_doubt)
        .group_by(col(SyncTask.kind))
    )
    return {kind: count for kind, count in rows.all()}  # noqa: C416 - a row is no pair to mypy


async def tasks(
    session: AsyncSession, tenant_id: UUID, *, state: str | None, lead_id: UUID | None, limit: int
) -> Sequence[SyncTask]:
    """Newest first."""
    found = select(SyncTask).where(col(SyncTask.tenant_id) == tenant_id)
    if state is not None:
        found = found.where(col(SyncTask.state) == state)
    if lead_id is not None:
        found = found.where(col(SyncTask.lead_id) == lead_id)
    return (await session.scalars(found.order_by(col(SyncTask.position).desc()).limit(limit))).all()


async def in_doubt(session: AsyncSession, tenant_id: UUID, task_id: UUID) -> SyncTask | None:
    """Locked; only what is unknown or failed."""
    return await session.scalar(
        select(SyncTask)
        .where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.id) == task_id,
            col(SyncTask.state).in_(("unknown", "failed")),
        )
        .with_for_update()
    )


async def plan_again(session: AsyncSession, tenant_id: UUID, task_id: UUID, *, now: datetime) -> bool:
    """Only what failed or was skipped, and looked up first; False when there is no such task, or its words have left."""
    planned = await session.execute(
        update(SyncTask)
        .where(
            col(SyncTask.tenant_id) == tenant_id,
            col(SyncTask.id) == task_id,
            col(SyncTask.state).in_(("failed", "skipped")),
            col(SyncTask.payload) != {},
        )
        .values(
            state="planned",
            attempts=1,
            due_at=now,
            last_error=None,
            unknown_since=None,
            payload=col(SyncTask.payload).op("-")("settled"),
        )
        .returning(col(SyncTask.id))
    )
    return planned.first() is not None


async def watermark(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> datetime | None:
    return await session.scalar(
        select(col(PollCursor.watermark)).where(
            col(PollCursor.tenant_id) == tenant_id, col(PollCursor.location_id) == location_id
        )
    )


async def keep_cursor(session: AsyncSession, cursor: PollCursor) -> None:
    """Never moves the watermark back."""
    kept = insert(PollCursor).values(**_values(cursor))
    newest = func.greatest(col(PollCursor.watermark), cursor.watermark)
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=["location_id"], set_={"watermark": newest, "polled_at": cursor.polled_at}
        )
    )


async def cursors(session: AsyncSession, tenant_id: UUID) -> Sequence[PollCursor]:
    return (await session.scalars(select(PollCursor).where(col(PollCursor.tenant_id) == tenant_id))).all()


def _values(row: Table) -> dict[str, object]:
    return row.model_dump()
