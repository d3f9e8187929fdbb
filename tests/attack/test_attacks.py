"""Every attack of the table, on the stack that the whole run shares."""

from pathlib import Path

import httpx2
import pytest
from ops.stack.stackfile import StackFile

from attack.subjects import ATTACKS
from attack.table import Attack, play
from attack.target import Target

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
async def test_we_hold(attack: Attack, stack: StackFile, state_dir: Path, http: httpx2.AsyncClient) -> None:
    result = await play(attack, Target(stack, state_dir / "stack", http))
    assert result.held, f"{result.text}: {result.came}"


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({one.id for one in ATTACKS}) == len(ATTACKS)
