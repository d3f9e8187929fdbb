"""When a person is offered before one is brought: the reasons, and what speaks for each."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Soft(StrEnum):
    """Why a person is offered first; the value is what staff read once the offer is taken."""

    SPECIAL = "a fleet or an exotic vehicle"
    PRICE = "a discount or a price that is not in the catalogue"
    REFUSALS = "booking failed twice"
    TOOL_AWAY = "booking could not be reached"
    DROPPED = "two answers failed the check"
    MISSES = "two messages were not understood"


ENOUGH = 2
"""So many misses, failed bookings or dropped call for a person."""

TOOL_AWAY_FOR = timedelta(seconds=30)


@dataclass(frozen=True)
class Signs:
    """What speaks for a person after an answer. `misses` and `refusals` are in a row, `dropped` of this answer."""

    special: bool = False
    price_beyond: bool = False
    refusals: int = 0
    away_for: timedelta = timedelta()
    dropped: int = 0
    misses: int = 0


def soft_trigger(signs: Signs) -> Soft | None:
    """The weightiest reason to offer a person, if there is one."""
    reasons = (
        (Soft.SPECIAL, signs.special),
        (Soft.PRICE, signs.price_beyond),
        (Soft.REFUSALS, signs.refusals >= ENOUGH),
        (Soft.TOOL_AWAY, signs.away_for > TOOL_AWAY_FOR),
        (Soft.DROPPED, signs.dropped >= ENOUGH),
        (Soft.MISSES, signs.misses >= ENOUGH),
    )
    return next((reason for reason, given in reasons if given), None)
