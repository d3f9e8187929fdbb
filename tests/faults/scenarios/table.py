"""What a scenario is, and the table of them all. Numbers as in the list of docs/faults.md."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from faults.audit import Audit
from faults.load import Load
from faults.system import System

Group = Literal["faults_quick", "faults", "faults_long"]


@dataclass
class Run:
    """One scenario under way. `injected` is what the table shows."""

    system: System
    load: Load
    audit: Audit
    dice: random.Random
    long: bool
    injected: list[str] = field(default_factory=list)
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    async def moment(self, least_seconds: float = 0.2, most_seconds: float = 1.2) -> None:
        """A random one: the load goes on meanwhile."""
        await asyncio.sleep(self.dice.uniform(least_seconds, most_seconds))


Inject = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """`numbers`: of the thirty in docs/faults.md that it covers."""

    name: str
    numbers: tuple[int, ...]
    group: Group
    inject: Inject


SCENARIOS: list[Scenario] = []


def scenario(*numbers: int, group: Group = "faults") -> Callable[[Inject], Inject]:
    """The function's name is the scenario's."""

    def add(inject: Inject) -> Inject:
        SCENARIOS.append(Scenario(inject.__name__, numbers, group, inject))
        return inject

    return add
