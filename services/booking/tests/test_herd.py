"""Many at once: each slot goes to as many as there are bays, and nobody waits in a circle."""

import asyncio
from collections import Counter

import pytest

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"
HERD = 64
OVERLAPS = """
SELECT 1 FROM occupancies a JOIN occupancies b ON a.bay_id = b.bay_id AND a.id < b.id AND a.during && b.during
"""


async def herd_of(shop, size):
    leads = [await shop.new_lead() for _ in range(size)]
    return leads, [(await lead.quote())["id"] for lead in leads]


async def test_of_64_at_one_slot_with_two_bays_exactly_two_win(shop):
    leads, quotes = await herd_of(shop, HERD)
    answers = await asyncio.gather(
        *(lead.tries(quote, TEN) for lead, quote in zip(leads, quotes, strict=True))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: HERD - 2}
    lost = [answer.json() for answer in answers if answer.status_code == 409]
    assert {answer["code"] for answer in lost} == {"slot_taken"}
    assert all(len(answer["alternatives"]) == 3 for answer in lost)
    assert len(await shop.rows("SELECT 1 FROM occupancies")) == 2
    assert await shop.rows(OVERLAPS) == []
    assert len(await shop.published("appointment.booked.v1")) == 2


async def test_overlapping_wishes_never_share_a_bay(shop):
    leads, quotes = await herd_of(shop, 32)
    starts = [f"2026-11-24T{hour:02}:{minute:02}:00-08:00" for hour in range(9, 15) for minute in (0, 30)]
    answers = await asyncio.gather(
        *(
            lead.tries(quote, starts[number % len(starts)])
            for number, (lead, quote) in enumerate(zip(leads, quotes, strict=True))
        )
    )
    assert {answer.status_code for answer in answers} == {201, 409}
    assert await shop.rows(OVERLAPS) == []
    won = sum(answer.status_code == 201 for answer in answers)
    assert len(await shop.rows("SELECT 1 FROM occupancies")) == won


async def test_a_herd_over_expired_holds_fills_the_bays(shop):
    leads, quotes = await herd_of(shop, 16)
    for lead, quote in list(zip(leads, quotes, strict=True))[:2]:
        assert (await lead.post("holds", {"quote_id": quote, "start": TEN})).status_code == 201
    await shop.rows("UPDATE occupancies SET expires_at = clock_timestamp() - interval '1 second'")
    answers = await asyncio.gather(
        *(lead.tries(quote, TEN) for lead, quote in zip(leads, quotes, strict=True))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 14}


async def test_moves_against_each_other_and_cancels_end_without_an_overlap(shop):
    leads = [await shop.new_lead() for _ in range(6)]
    hours = (9, 9, 12, 12, 15, 15)
    booked = [
        await lead.books(f"2026-11-24T{hour:02}:00:00-08:00") for lead, hour in zip(leads, hours, strict=True)
    ]
    changes = []
    for number, (lead, appointment) in enumerate(zip(leads, booked, strict=True)):
        target = f"2026-11-24T{hours[(number + 2) % 6]:02}:00:00-08:00"
        changes.append(lead.post(f"appointments/{appointment['id']}/move", {"start": target}))
        if number % 3 == 0:
            changes.append(lead.post(f"appointments/{appointment['id']}/cancel", {}))
    answers = await asyncio.gather(*changes)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await shop.rows(OVERLAPS) == []
    live = await shop.rows("SELECT 1 FROM appointments WHERE status = 'booked'")
    assert len(live) == len(await shop.rows("SELECT 1 FROM occupancies")) == 4
