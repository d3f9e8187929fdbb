"""A colleague who writes inside ShopMonkey has taken over: the assistant is silent, the customer reads the colleague."""

import asyncio
from typing import Any

import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(120)]

AN_ANSWER_TAKES_SECONDS = 4
"""Twice what the assistant needs here, the wait for the end of a burst included."""


async def test_words_inside_shopmonkey_silence_the_assistant(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    created = await customer.asks_the_shop(first_name="Kim")
    await customer.opens_the_link()
    assert "$399" in (await customer.says("How much is the full car ceramic tint?"))[-1]["text"]

    words = {"order_id": created["order_id"], "author": "User", "text": "Hi Kim, Jo from the shop here."}
    (await http.post(f"{stack.sandbox}/control/shopmonkey/messages", json=words)).raise_for_status()

    async def taken_over() -> dict[str, Any] | None:
        session = await customer.session()
        return session if session["conversation"]["owner"] == "human" else None

    session = await eventually(taken_over, within_seconds=60)
    assert session is not None
    assert (session["messages"][-1]["author"], session["messages"][-1]["text"]) == ("staff", words["text"])

    sent = await customer.post("/api/chat/message", {"client_id": "kim-1", "text": "Is Tuesday open?"})
    assert sent.status_code == 202, sent.text
    await asyncio.sleep(AN_ANSWER_TAKES_SECONDS)
    last = (await customer.session())["messages"][-1]
    assert (last["author"], last["text"]) == ("customer", "Is Tuesday open?")
