"""Retention by age: what of a service's tables leaves, after how many days, and the nightly job that sees to it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.db.engine import Sessions, transaction
from shared.db.time import database_now
from shared.telemetry.metrics import RETENTION_REMOVED

log = structlog.get_logger()

BATCH_ROWS = 500
LOOK_EVERY_SECONDS = 60
MOST_DAYS = 36_500

Days: TypeAlias = int | Literal["off"]
"""0 is `off`, too: nothing leaves."""


@dataclass(frozen=True)
class Kind:
    """Rows of `table` leave when `since`, SQL for a moment, is more than `days` ago and `where`, SQL, is true.

    `blank` is what is set in them instead, since they still count; `where` must be false of what is blank already.
    `what` and `after` say it in words. Fewer days than `least_days` would break a promise of ours.
    """

    name: str
    what: str
    table: str
    days: int
    since: str
    after: str
    where: str = "true"
    blank: str | None = None
    least_days: int = 1

    @property
    def due(self) -> str:
        """SQL about `:before`."""
        return f"{self.since} < :before AND ({self.where})"

    @property
    def _removing(self) -> str:
        return f"UPDATE {self.table} SET {self.blank}" if self.blank else f"DELETE FROM {self.table}"  # noqa: S608

    @property
    def removing(self) -> TextClause:
        """What another replica is at is left to it."""
        return text(
            f"{self._removing} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {self.table} "  # noqa: S608 - our own words
            f"WHERE tenant_id = :tenant_id AND {self.due} ORDER BY {self.since} LIMIT :batch FOR UPDATE SKIP LOCKED))"
        )

    @property
    def counting(self) -> TextClause:
        return text(
            f"SELECT count(*), min({self.since}) FROM {self.table} WHERE tenant_id = :tenant_id AND {self.due}"  # noqa: S608
        )


@dataclass(frozen=True)
class Retention:
    """The decision about each table that does not leave with its lead: a kind with its age, or in `kept` why it stays."""

    kinds: tuple[Kind, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


COMMON_TABLES = {
    "outbox": "`RETENTION_DAYS` after an event was published",
    "inbox": "`RETENTION_DAYS` after an event was worked on",
    "limit_counts": "when its window is over",
    "erased_leads": "kept: who is not to come back, by ids only",
    "alembic_version": "kept: what the migrations note",
}
"""Of every service."""

Ages: TypeAlias = Mapping[str, int | None]
"""Days by the kind's name; `None`: its rows stay."""


def ages_of(kinds: Iterable[Kind], changed: Mapping[str, Days]) -> Ages:
    """Raises `ValueError` for a name that is no kind and for an age that is too short or too long."""
    known = {kind.name: kind for kind in kinds}
    if unknown := sorted(changed.keys() - known.keys()):
        raise ValueError(
            f"unknown kinds: {', '.join(unknown)}; there are {', '.join(sorted(known)) or 'none'}"
        )
    return {name: _age(kind, changed.get(name, kind.days)) for name, kind in known.items()}


def _age(kind: Kind, days: Days) -> int | None:
    if days in {0, "off"}:
        return None
    if not kind.least_days <= int(days) <= MOST_DAYS:
        raise ValueError(f"{kind.name}: {days} is neither from {kind.least_days} to {MOST_DAYS} nor 'off'")
    return int(days)


@dataclass(frozen=True)
class Due:
    """`days` is `None` where the kind is off; `oldest` is of the rows that are due."""

    kind: str
    what: str
    days: int | None
    rows: int
    oldest: datetime | None


@dataclass(frozen=True)
class Step:
    """`more`: some may still be due."""

    removed: int
    more: bool


Take: TypeAlias = Callable[[UUID, datetime], Awaitable[int]]
"""Removes a batch of a tenant's rows that are older than the moment; how many, 0 when none is left."""

Tenants: TypeAlias = Callable[[AsyncSession], Awaitable[Sequence[UUID]]]


_ERASED_SINCE = text("SELECT lead_id, subjects FROM erased_leads WHERE erased_at >= :moment AND rows <> '{}'")
"""Without those of which there was never anything here."""


class Remover:
    """Removes what is due, a batch of one tenant in each transaction. Several replicas may do so at the same time.

    `takes`: kinds that leave by another way than one statement.
    """

    def __init__(
        self,
        sessions: Sessions,
        retention: Retention,
        ages: Ages,
        tenants: Tenants,
        *,
        takes: Mapping[str, Take] | None = None,
        now: Callable[[], datetime] = database_now,
    ) -> None:
        self._sessions = sessions
        self._kinds = {kind.name: kind for kind in retention.kinds}
        self._ages = ages
        self._tenants = tenants
        self._takes = dict(takes or {})
        self.now = now

    async def due(self) -> Sequence[Due]:
        tenants = await self._all_tenants()
        return [await self._due(kind, tenants) for kind in self._kinds.values()]

    async def step(self, name: str) -> Step:
        """A batch of each tenant. Raises `KeyError` for a name that is no kind."""
        kind, before = self._kinds[name], self._before(name)
        if before is None:
            return Step(0, more=False)
        removed = [await self._take(kind, tenant_id, before) for tenant_id in await self._all_tenants()]
        RETENTION_REMOVED.labels(kind=name).inc(sum(removed))
        return Step(sum(removed), more=any(removed))

    async def erased_since(self, moment: datetime) -> tuple[set[UUID], set[str]]:
        """Leads, and the subjects of their events that left the outbox."""
        leads, subjects = set[UUID](), set[str]()
        for tenant_id in await self._all_tenants():
            async with transaction(self._sessions, tenant_id) as session:
                for lead_id, theirs in await session.execute(_ERASED_SINCE, {"moment": moment}):
                    leads.add(lead_id)
                    subjects.update(theirs)
        return leads, subjects

    async def run(self) -> None:
        """Everything that is due; one kind that fails does not keep the others."""
        for name in self._kinds:
            try:
                removed = await self._run(name)
            except Exception:
                # The edge of one kind: what is due stays due, the next night tries again.
                log.exception("retention.failed", kind=name)
            else:
                log.info("retention.removed", kind=name, rows=removed, older_than_days=self._ages[name])

    async def _run(self, name: str) -> int:
        removed, more = 0, True
        while more:
            step = await self.step(name)
            removed, more = removed + step.removed, step.more
        return removed

    def _before(self, name: str) -> datetime | None:
        days = self._ages[name]
        return None if days is None else self.now() - timedelta(days=days)

    async def _take(self, kind: Kind, tenant_id: UUID, before: datetime) -> int:
        if take := self._takes.get(kind.name):
            return await take(tenant_id, before)
        wanted = {"tenant_id": tenant_id, "before": before, "batch": BATCH_ROWS}
        async with transaction(self._sessions, tenant_id) as session:
            done = await session.execute(kind.removing, wanted)
        return int(done.rowcount)  # type: ignore[attr-defined]  # it has one

    async def _due(self, kind: Kind, tenants: Sequence[UUID]) -> Due:
        before = self._before(kind.name)
        found = [await self._count(kind, tenant_id, before) for tenant_id in tenants] if before else []
        oldest = min((moment for _, moment in found if moment), default=None)
        return Due(kind.name, kind.what, self._ages[kind.name], sum(rows for rows, _ in found), oldest)

    async def _count(self, kind: Kind, tenant_id: UUID, before: datetime) -> tuple[int, datetime | None]:
        async with transaction(self._sessions, tenant_id) as session:
            rows, oldest = (
                await session.execute(kind.counting, {"tenant_id": tenant_id, "before": before})
            ).one()
        return rows, oldest

    async def _all_tenants(self) -> Sequence[UUID]:
        async with transaction(self._sessions, None) as session:
            return await self._tenants(session)


def nightly(remover: Remover, service: str, hour: int) -> Clock:
    """Once a night, in the hour that begins at `hour` UTC; a process that starts within it looks again, which costs nothing."""
    done: set[date] = set()

    async def look() -> bool:
        now = remover.now()
        if now.hour == hour and now.date() not in done:
            done.add(now.date())
            await remover.run()
        return False

    return Clock(f"{service}-retention-by-age", look, LOOK_EVERY_SECONDS)
