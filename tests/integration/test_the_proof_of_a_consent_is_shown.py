"""`leadctl consent show`: what was said of an address, and by which word each message went or was held back."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from dotenv import dotenv_values
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


async def shown(state_dir: Path, contact: str, *more: str) -> str:
    settings = {name: value or "" for name, value in dotenv_values(state_dir / "stack" / "env").items()}
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")),
        *("consent", "show", contact, "--tenant", "sample-tint", *more),
        env=settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await command.communicate()
    return printed.decode()


async def proof(state_dir: Path, contact: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await shown(state_dir, contact, "--json"))
    return found


async def test_an_opt_out_in_the_crm_holds_texts_back_and_the_mail_shows_its_consent(
    http: httpx2.AsyncClient, stack: StackFile, state_dir: Path, customer: Customer
) -> None:
    order = await customer.asks_the_shop(sms_opt_in=False)
    await customer.received("email")

    async def both_written_down() -> bool:
        texts = (await proof(state_dir, customer.phone))["messages"]
        return [one["reason"] for one in texts] == ["opted_out"]

    assert await eventually(both_written_down, within_seconds=60)
    mailed = await proof(state_dir, customer.email)
    [granted] = [word for word in mailed["words"] if word["permission"] == "granted"]
    assert granted["text"] == "ShopMonkey: subscribed true, marketingOptIn true"
    assert [one["consent_id"] for one in mailed["messages"]] == [granted["id"]]

    flags = f"{stack.sandbox}/control/shopmonkey/customers/{order['customer_id']}/flags"
    (await http.put(flags, json={"marketingOptIn": False})).raise_for_status()

    async def refused() -> bool:
        words = (await proof(state_dir, customer.email))["words"]
        return bool(words[-1]["permission"] == "opted_out")

    assert await eventually(refused, within_seconds=60)
    words = (await proof(state_dir, customer.email))["words"]
    assert "marketingOptIn false" in words[-1]["text"]
    assert customer.email in await shown(state_dir, customer.email)
