"""What staff did in the CRM to an appointment of ours, told apart from the echoes of what we wrote there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

Changer = Literal["customer", "shop"]


@dataclass(frozen=True)
class Times:
    """When and where."""

    location_id: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Standing:
    """An appointment as we know it; `changed_by`: who made its last change, `sequence`."""

    times: Times
    cancelled: bool
    sequence: int
    changed_by: str


@dataclass(frozen=True)
class Seen:
    """The same as it stands in the CRM. `sequence`: the version that we wrote there last; None: older news, which do not say it."""

    times: Times
    off: bool
    sequence: int | None
    changed_there: bool


class StaffChange(StrEnum):
    CANCELLED = "cancelled"
    MOVED = "moved"
    RESTORED = "restored"


def staff_change(standing: Standing, seen: Seen) -> StaffChange | None:
    """None: nothing of theirs. Staff win over a change of ours that they did not see, but for the customer's cancellation."""
    if _same(standing, seen) or not _theirs(standing, seen):
        return None
    if standing.cancelled:
        return None if _cancellation_on_its_way(standing, seen) else StaffChange.RESTORED
    return StaffChange.CANCELLED if seen.off else StaffChange.MOVED


def _same(standing: Standing, seen: Seen) -> bool:
    if standing.cancelled or seen.off:
        return standing.cancelled == seen.off
    return standing.times == seen.times


def _theirs(standing: Standing, seen: Seen) -> bool:
    """What differs from our newest version, written there, is theirs also where an older marker does not say so."""
    return seen.changed_there or (seen.sequence is not None and seen.sequence >= standing.sequence)


def _cancellation_on_its_way(standing: Standing, seen: Seen) -> bool:
    written = seen.sequence is not None and seen.sequence >= standing.sequence
    return standing.changed_by == "customer" and not written
