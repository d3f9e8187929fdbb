"""What the check of a sentence comes to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Veto:
    """Why a sentence may not be shown; told to the model, never to the customer. `kind` is for counting."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Passed:
    """`text` is what may be shown, in place of the model's own bytes; empty: nothing was stated, nothing is shown."""

    text: str


Verdict = Passed | Veto
