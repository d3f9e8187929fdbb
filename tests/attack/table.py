"""What an attack is, and the table of them all."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from attack.target import Target

Try = Callable[[Target], Awaitable[str]]


class Fell(Exception):
    """The attack worked; the message is what came."""


@dataclass(frozen=True)
class Attack:
    """`threat` is the row of docs/security.md; `text` says what is tried. `alone`: it changes what the others rest on."""

    threat: str
    name: str
    text: str
    attempt: Try
    alone: bool = False

    @property
    def id(self) -> str:
        return f"{self.threat}-{self.name}"

    def is_called(self, wanted: str) -> bool:
        """`F1` is a threat or `takeover` a part of the name."""
        return self.threat.lower() == wanted.lower() or wanted.lower() in self.id.lower()


@dataclass(frozen=True)
class Result:
    """`came`: what the attacker got."""

    id: str
    text: str
    held: bool
    came: str
    seconds: float

    def as_json(self) -> dict[str, object]:
        return asdict(self)


ATTACKS: list[Attack] = []


def lanes_of(chosen: Sequence[Attack]) -> list[list[Attack]]:
    """By subject, those of one subject one after the other; the longest first, as far as their number tells."""
    lanes: dict[str, list[Attack]] = {}
    for one in chosen:
        if not one.alone:
            lanes.setdefault(one.attempt.__module__, []).append(one)
    return sorted(lanes.values(), key=len, reverse=True)


def attack(threat: str, *, alone: bool = False) -> Callable[[Try], Try]:
    """The function's name is the attack's, its docstring the text. It answers what came, and raises `Fell` when we did."""

    def add(attempt: Try) -> Try:
        name = attempt.__name__.replace("_", "-")
        ATTACKS.append(Attack(threat, name, (attempt.__doc__ or name).strip(), attempt, alone))
        return attempt

    return add


async def play(chosen: Attack, target: Target) -> Result:
    """An attack that could not be tried has not been withstood: it counts as fallen."""
    began = time.monotonic()
    try:
        held, came = True, await chosen.attempt(target)
    except Fell as error:
        held, came = False, str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are still to be tried
        held, came = False, f"could not be tried: {type(error).__name__}: {error}"
    return Result(chosen.id, chosen.text, held, " ".join(came.split())[:300], time.monotonic() - began)
