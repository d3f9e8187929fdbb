"""Words that go to no conversation are kept, and `leadctl` lists what waits for a person."""

import asyncio
import json
import re
import sys
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from dotenv import dotenv_values
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
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


async def test_a_mail_of_unknown_fate_is_listed_and_in_the_timeline_of_its_lead(
    stack: StackFile, state_dir: Path, http: httpx2.AsyncClient, customer: Customer
) -> None:
    """Of a first touch whose answers were lost twice."""
    fault = f"{stack.sandbox}/control/faults/smtp"
    (await http.put(fault, json={"mode": "disconnect"})).raise_for_status()
    try:
        await customer.asks_the_shop()
        [sms] = await customer.received("sms")
        link = re.search(r"/c/([\w.=-]+)", sms["text"])
        assert link is not None
        customer.token = link[1]
        lead = str(await customer.lead_id())

        async def told() -> bool:
            bearer = {"Authorization": f"Bearer {stack.secrets['ops_token']}"}
            path = f"{stack.gateway}/api/staff/leads/{lead}/timeline?tenant=sample-tint"
            return "email perhaps sent: first_touch" in (await http.get(path, headers=bearer)).text

        await eventually(told, within_seconds=60)
    finally:
        (await http.put(fault, json={"mode": "none"})).raise_for_status()
    _, printed = await run_leadctl(state_dir, "status", "--json")
    waiting = [json.loads(line) for line in printed.splitlines()]
    assert [one["what"] for one in waiting if one["lead"] == lead] == ["email first_touch"]
