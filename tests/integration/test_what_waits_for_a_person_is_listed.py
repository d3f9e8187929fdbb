"""Words that go to no conversation are kept, and `leadctl` lists what waits for a person."""

import asyncio
import json
import sys
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from dotenv import dotenv_values
from ops.stack.stackfile import StackFile
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


async def run_leadctl(state_dir: Path, *arguments: str) -> tuple[int | None, str]:
    settings = {
        name: value for name, value in dotenv_values(state_dir / "stack" / "env").items() if value is not None
    }
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")),
        *arguments,
        "--tenant",
        "sample-tint",
        env=settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await command.communicate()
    return command.returncode, printed.decode()


async def test_a_strangers_text_is_listed_with_its_words(
    stack: StackFile, state_dir: Path, http: httpx2.AsyncClient
) -> None:
    words = f"[red]Do you tint boats? {uuid4().hex[:8]}"
    text = {"from": "+16195550188", "body": words}
    (await http.post(f"{stack.sandbox}/control/sms", json=text)).raise_for_status()

    async def listed() -> bool:
        code, printed = await run_leadctl(state_dir, "inbound", "unassigned", "--json")
        assert code == 0, printed
        return words in {json.loads(line)["text"] for line in printed.splitlines()}

    await eventually(listed)
    _, shown = await run_leadctl(state_dir, "inbound", "unassigned")
    assert "[red]" in shown
    code, status = await run_leadctl(state_dir, "status", "--json")
    assert (code, "of a stranger" in status) == (1, True)
