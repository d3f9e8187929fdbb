"""What a provider's answer means for the message, and when to try again."""

from dataclasses import dataclass

from shared.availability import LONGEST_PROBE_SECONDS

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
ATTEMPTS_LIMIT = 60
"""With the pauses above: about four hours of a provider that takes nothing."""
CLAIM_RAN_OUT = "claim_ran_out"
HOUSE_AWAY = "house_away"
"""Chat or booking did not say whether the message is still right: it is asked again, and nothing goes before."""
HOUSE_PAUSE_SECONDS = 5.0
AWAY = frozenset({"smtp_unreachable", "smtp_421", "twilio_unreachable", "twilio_408", "twilio_503"})
"""Nothing of the message: the provider takes none at the moment."""
TROUBLED = frozenset({"smtp_451", "smtp_452", "twilio_500", "twilio_502", "twilio_504"})
"""Of this message, or the provider takes none: several in a row are the latter. Each is tried as often as any other."""
WAITING = AWAY | TROUBLED
"""What was refused so is due again when the provider is back."""
NEVER_GIVEN_UP = AWAY | {HOUSE_AWAY}
FOR_GOOD = frozenset(
    # RFC 5321 4.2.3, RFC 7504: no such mailbox, moved, no such name, not there, its form not known, takes no mail. 552 is a full one.
    {"smtp_550", "smtp_551", "smtp_553", "smtp_554", "smtp_555", "smtp_556", "smtputf8_not_offered"}
    | {
        "21211",
        "21214",
        "21217",
        "21408",
        "21612",
        "21614",
        "30005",
        "30006",
    }  # Twilio: no number, a region that is not switched on, no way there from ours, no mobile one, unknown, a landline
)
"""The address takes nothing, neither today nor next week."""


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


@dataclass(frozen=True)
class Overtaken:
    """What the customer has said or done meanwhile makes it wrong; nothing was handed over."""

    reason: str


Outcome = Accepted | Refused | TryLater | Uncertain | Overtaken


def of_provider(outcome: Outcome) -> bool:
    """Whether it says anything of the provider."""
    return not isinstance(outcome, Overtaken) and not (
        isinstance(outcome, TryLater) and outcome.code in {HOUSE_AWAY, CLAIM_RAN_OUT}
    )


def is_away(outcome: Outcome) -> bool:
    """Also a provider that leaves everything open: each further message would become one more of unknown fate."""
    return isinstance(outcome, Uncertain) or (isinstance(outcome, TryLater) and outcome.code in WAITING)


def pause_seconds(code: str, attempts: int, wanted_seconds: float | None) -> float:
    """Before the next try after `attempts` tries; doubles from one second to five minutes.

    Of a provider that is away no longer than it goes untried: its return sends at once what waits.
    """
    if wanted_seconds is not None:
        return wanted_seconds
    if code in AWAY:
        return min(LONGEST_PROBE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 16))
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 16))
