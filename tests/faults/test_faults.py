"""Under every fault of the table: nothing lost, nothing twice. `make faults SEED=.. ONLY=..` repeats one."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from faults.audit import Audit, Report, settled
from faults.load import Load
from faults.scenarios import SCENARIOS, Run, Scenario
from faults.system import System, running_system

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(900)]

SEED = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(1_000_000))
LOAD_SECONDS = float(os.environ.get("FAULTS_SECONDS") or 5)
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Line:
    """One row of the table at the end. `recovered_seconds`: from the last fault's end until all was well."""

    scenario: str
    report: Report
    injected: list[str]
    recovered_seconds: float


LINES: list[Line] = []


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running_system() as started:
        yield started


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(one, id=one.name, marks=getattr(pytest.mark, one.group)) for one in SCENARIOS],
)
async def test_nothing_is_lost_and_nothing_happens_twice(system: System, scenario: Scenario) -> None:
    load = Load(system, name=f"{scenario.name.replace('_', '-')}.{secrets.token_hex(2)}", seed=SEED)
    run = Run(system, load, random.Random(f"{SEED}:{scenario.name}:faults"))
    audit = Audit(system)
    await audit.begin()
    began = time.monotonic()
    load.start()
    await scenario.inject(run)
    healed = time.monotonic()
    await asyncio.sleep(max(0, LOAD_SECONDS - (healed - began)))
    await load.finish()
    report = await settled(audit, load, PATIENCE_SECONDS)
    LINES.append(Line(scenario.name, report, run.injected, time.monotonic() - healed))
    assert not report.findings, f"seed {SEED}:\n" + "\n".join(map(str, report.findings))
