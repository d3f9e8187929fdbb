"""How an attempt to write to the CRM may end, and when the next one is due."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from shared.availability import LONGEST_PROBE_SECONDS

from crm_sync.domain.crm import CrmAppointment, Customer

Kind = Literal["appointment", "message", "status", "customer", "vehicle", "order"]
LONGEST_BACKOFF_SECONDS = 600
SETTLE_SECONDS = 5
"""A write whose answer was lost is looked for no sooner than this."""
ABSENT_AFTER = timedelta(seconds=60)
"""Until then a write whose answer was lost may still be under way, in the network or in a server that takes its time:
what a look-up does not find before is not taken for absent."""


@dataclass(frozen=True)
class Done:
    """`customer`: who stands there, of that step alone; `written`: they were not there before."""

    crm_id: str
    customer: Customer | None = None
    written: bool = False


@dataclass(frozen=True)
class Skipped:
    """Nothing to write, for good."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The CRM refused; a person must look. `detail` may repeat what was written: not for logs."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Later:
    """Certainly not written. `delay_seconds` None: by the backoff. `away`: the CRM takes nothing at the moment."""

    reason: str
    delay_seconds: float | None = None
    away: bool = False


@dataclass(frozen=True)
class Unknown:
    """Perhaps written: look before writing again. `looked`: by an earlier attempt; this one only looked and wrote nothing.

    `away`: the CRM did not answer, or not as the CRM.
    """

    reason: str
    looked: bool = False
    away: bool = False


@dataclass(frozen=True)
class Yielded:
    """Nothing written: staff changed the record, and what they put there is to be told first. `seen`: as it stands now; `location_id`: where it was to be."""

    seen: CrmAppointment
    location_id: UUID


@dataclass(frozen=True)
class NotThere:
    """Nothing written: a read did not find our record, which proves nothing. The poll finds out what became of it."""


Outcome = Done | Skipped | Failed | Later | Unknown | Yielded


LOOK_UPS_LAST = timedelta(hours=2)
"""Then a person must look, so that what follows is not held up for ever."""
AWAY_LASTS = timedelta(hours=24)
"""The same where nobody answers: it may be this one record that cannot be read."""
SEARCHES_LOST = 15
"""Attempts, more than an hour of them, of a search that gives no answer."""
WRITES_LOST = 60
"""Attempts, about nine hours of them, of a write that is never answered."""


def backoff(attempts: int) -> timedelta:
    """2, 4, 8 ... seconds after the first, second, third attempt ..."""
    return timedelta(seconds=min(2 ** min(attempts, 20), LONGEST_BACKOFF_SECONDS))


def delay_after(outcome: Later | Unknown, attempts: int) -> timedelta:
    match outcome:
        case Later(delay_seconds=float() | int() as seconds):
            return timedelta(seconds=seconds)
        case Later(away=True) | Unknown(looked=True, away=True):
            return min(backoff(attempts), timedelta(seconds=LONGEST_PROBE_SECONDS))
        case Unknown(looked=True):
            pause = max(backoff(attempts), timedelta(seconds=SETTLE_SECONDS))
            return min(pause, ABSENT_AFTER)  # by then the next look-up settles it
        case Unknown():
            return max(backoff(attempts), timedelta(seconds=SETTLE_SECONDS))
        case _:
            return backoff(attempts)
