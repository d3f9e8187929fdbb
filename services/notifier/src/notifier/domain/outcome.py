"""What a provider's answer means for the message, and when to try again."""

from dataclasses import dataclass

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
ATTEMPTS_LIMIT = 60
"""With the pauses above: about four hours of a provider that takes nothing."""


@dataclass(frozen=True)
class Accepted:
    """The provider has it, under this id."""

    provider_id: str


@dataclass(frozen=True)
class Refused:
    """It will never take this message."""

    code: str


@dataclass(frozen=True)
class TryLater:
    """It has not taken the message and may do so later; `after_seconds` when it says when."""

    code: str
    after_seconds: float | None = None


@dataclass(frozen=True)
class Uncertain:
    """The message left us and no answer came: it may be on its way, so it is never sent again blindly."""

    code: str


Outcome = Accepted | Refused | TryLater | Uncertain


def pause_seconds(attempts: int, wanted_seconds: float | None) -> float:
    """Before the next try after `attempts` tries; doubles from one second to five minutes."""
    if wanted_seconds is not None:
        return wanted_seconds
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 16))
