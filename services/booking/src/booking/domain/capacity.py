"""Who does a job where: one bay until it is free again and, for the working time, one technician who can do it."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

Span = tuple[datetime, datetime]


class Footprint(NamedTuple):
    """What a job takes, in UTC: `bay` without a pause, `work` of one technician, in order and with pauses.

    `ends_at` is when the customer has the car back.
    """

    bay: Span
    work: tuple[Span, ...]
    ends_at: datetime
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Busy:
    """What is taken of one bay or technician: starts and ends in order, none touching another."""

    starts: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Busy":
        merged: list[Span] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return cls(tuple(start for start, _ in merged), tuple(end for _, end in merged))

    def free(self, start: datetime, end: datetime) -> bool:
        before = bisect_left(self.starts, end)
        return before == 0 or self.ends[before - 1] <= start

    def plus(self, spans: Iterable[Span]) -> "Busy":
        return Busy.of([*zip(self.starts, self.ends, strict=True), *spans])


@dataclass(frozen=True)
class Technician:
    skills: frozenset[str]
    busy: Busy


class Place(NamedTuple):
    """`technician_id` None: the shop plans its bays only."""

    bay_id: UUID
    technician_id: UUID | None


@dataclass(frozen=True)
class Capacity:
    """Bays and technicians in use, those to be taken first in front. No technicians: the shop plans its bays only."""

    bays: Mapping[UUID, Busy]
    technicians: Mapping[UUID, Technician]

    def without(self, place: Place, taken: Footprint) -> "Capacity":
        bays = {**self.bays, place.bay_id: self.bays[place.bay_id].plus([taken.bay])}
        if place.technician_id is None:
            return Capacity(bays, self.technicians)
        worker = self.technicians[place.technician_id]
        busier = replace(worker, busy=worker.busy.plus(taken.work))
        return Capacity(bays, {**self.technicians, place.technician_id: busier})

    def preferring(self, ids: Iterable[UUID]) -> "Capacity":
        """With these bays and technicians in front."""
        wanted = set(ids)
        return Capacity(
            dict(sorted(self.bays.items(), key=lambda bay: bay[0] not in wanted)),
            dict(sorted(self.technicians.items(), key=lambda worker: worker[0] not in wanted)),
        )


def places(job: Footprint, capacity: Capacity) -> Iterator[Place]:
    """Every bay with every technician for the job, the ones to be taken first in front."""
    crew: Sequence[UUID | None] = [None]
    if capacity.technicians:
        crew = [
            worker_id
            for worker_id, worker in capacity.technicians.items()
            if job.skills <= worker.skills and all(worker.busy.free(*span) for span in job.work)
        ]
    for bay_id, busy in capacity.bays.items():
        if crew and busy.free(*job.bay):
            yield from (Place(bay_id, worker_id) for worker_id in crew)


def assign(jobs: Sequence[Footprint], capacity: Capacity) -> list[Place] | None:
    """A place for each job, so that they all fit; None when there is no way. Tries every way: for a handful of jobs."""
    if not jobs:
        return []
    for place in places(jobs[0], capacity):
        others = assign(jobs[1:], capacity.without(place, jobs[0])) if len(jobs) > 1 else []
        if others is not None:
            return [place, *others]
    return None
