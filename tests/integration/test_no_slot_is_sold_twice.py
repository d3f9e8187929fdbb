"""Many customers want the same hour; the shop's bays decide how many get it."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import httpx2
import pytest
from testkit.customer import Customer, Json

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

CUSTOMERS = 8
BAYS_OF_STORE094 = 2


async def test_a_herd_gets_exactly_the_capacity_and_the_losers_get_alternatives(
    new_customer: Callable[[], Customer],
) -> None:
    herd = [new_customer() for _ in range(CUSTOMERS)]
    await asyncio.gather(*(one.asks_the_shop() for one in herd))
    await asyncio.gather(*(one.opens_the_link() for one in herd))
    quotes = await asyncio.gather(*(quote(one) for one in herd))
    wanted = (await herd[0].get("/api/booking/slots", quote_id=quotes[0], days=30)).json()["slots"][-1]
    answers = await asyncio.gather(
        *(book(one, quote_id, wanted["start"]) for one, quote_id in zip(herd, quotes, strict=True))
    )
    won = [answer for answer in answers if answer.status_code == 201]
    lost = [answer.json() for answer in answers if answer.status_code == 409]
    assert len(won) == BAYS_OF_STORE094
    assert len(lost) == CUSTOMERS - BAYS_OF_STORE094
    for refusal in lost:
        assert refusal["code"] == "slot_taken"
        assert len(refusal["alternatives"]) == 3
        assert wanted["start"] not in {one["start"] for one in refusal["alternatives"]}


async def quote(customer: Customer) -> str:
    answer: Json = (await customer.post("/api/booking/quotes", {"service": "full-ceramic"})).json()
    quote_id: str = answer["id"]
    return quote_id


async def book(customer: Customer, quote_id: str, start: str) -> httpx2.Response:
    return await customer.post(
        "/api/booking/appointments",
        {"quote_id": quote_id, "start": start},
        **{"Idempotency-Key": str(uuid4())},
    )
