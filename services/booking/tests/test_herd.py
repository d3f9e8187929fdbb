"""Many at once: each slot goes to as many as there are bays, and nobody waits in a circle."""

import asyncio
import os
import random
import time
from collections import Counter
from uuid import uuid4

import pytest
from booking.store.occupancies import have_location_alone
from shared.db.engine import transaction
from sqlalchemy import text

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


AUDIT = """
WITH taken AS (SELECT coalesce(bay_id, technician_id) AS resource, starts_at, ends_at FROM occupancies),
  minutes AS (SELECT generate_series(min(starts_at), max(ends_at), interval '1 minute') AS minute FROM taken)
SELECT resource, minute, count(*) FROM taken JOIN minutes ON minute >= starts_at AND minute < ends_at
GROUP BY resource, minute HAVING count(*) > 1
"""
"""Every minute at which a bay or a technician is in two places."""

CROWDED = """
SELECT minute, count(*) FROM appointments
JOIN LATERAL generate_series(starts_at, ends_at - interval '1 minute', interval '1 minute') AS minute ON true
WHERE status = 'booked' GROUP BY minute HAVING count(*) > :most
"""
"""The same seen from the appointments alone: more cars at work than there are technicians."""

INCOMPLETE = """
SELECT a.id FROM appointments a LEFT JOIN occupancies o ON o.holder_id = a.id
GROUP BY a.id, a.status, a.starts_at
HAVING CASE a.status WHEN 'cancelled' THEN count(o.id) > 0 ELSE
  count(o.bay_id) <> 1 OR count(o.technician_id) <> 1 OR min(o.starts_at) <> a.starts_at END
"""
"""Appointments that do not have exactly their bay and their technician, or cancelled ones that still have one."""

STARTS = [f"2026-11-24T{clock}:00-08:00" for clock in ("10:00", "10:30", "11:00", "11:30")]
LATER = [f"2026-11-24T{clock}:00-08:00" for clock in ("14:00", "15:30")]
CHANGES = 5
"""Of each of the 64; `make herd` goes on for HERD_SECONDS instead."""


async def expire_a_hold(shop):
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await have_location_alone(session, shop.location_id)
        await session.execute(text(EXPIRE_ONE))


EXPIRE_ONE = """
UPDATE occupancies SET expires_at = clock_timestamp() - interval '1 second'
WHERE holder_id = (SELECT holder_id FROM occupancies WHERE kind = 'hold' ORDER BY id LIMIT 1)
"""


class Client:
    """Holds, books, moves and cancels at random, from one number always the same way."""

    def __init__(self, lead, quote, number):
        self.lead, self.quote = lead, quote
        self.random = random.Random(number)  # noqa: S311 - to be the same again
        self.answers = Counter()
        self.held, self.booked = None, []

    async def changes_something(self):
        choices = (self.moves, self.cancels) if self.booked else (self.holds, self.books)
        change = self.random.choice((*choices, self.books_the_hold if self.held else self.books))
        answer = await change()
        self.answers[change.__name__, answer.status_code] += 1
        assert answer.status_code in {200, 201, 409, 422}, answer.text

    async def holds(self):
        answer = await self.lead.post("holds", {"quote_id": self.quote, "start": self.random.choice(STARTS)})
        self.held = answer.json()["id"] if answer.status_code == 201 else self.held
        return answer

    async def books_the_hold(self):
        body, self.held = {"hold_id": self.held}, None
        return self.remember(await self.lead.post("appointments", body, **{"Idempotency-Key": uuid4().hex}))

    async def books(self):
        return self.remember(await self.lead.tries(self.quote, self.random.choice(STARTS)))

    def remember(self, answer):
        if answer.status_code == 201:
            self.booked.append(answer.json()["id"])
        return answer

    async def moves(self):
        path = f"appointments/{self.random.choice(self.booked)}/move"
        return await self.lead.post(path, {"start": self.random.choice([*STARTS, *LATER])})

    async def cancels(self):
        return await self.lead.post(f"appointments/{self.random.choice(self.booked)}/cancel", {})


@pytest.mark.timeout(300)
async def test_64_who_hold_book_move_and_cancel_in_the_same_hour_never_put_two_in_one_place(shop):
    technicians = [{"name": name, "skills": skills} for name, skills in (("A", []), ("B", []), ("C", ["x"]))]
    await shop.put_hours(shop.hours | {"bays": ["1", "2", "3", "4"], "technicians": technicians})
    leads, quotes = await herd_of(shop, HERD)
    clients = [Client(*one, number) for number, one in enumerate(zip(leads, quotes, strict=True))]
    seconds = float(os.environ.get("HERD_SECONDS", "0"))
    started = time.monotonic()

    async def goes_on(client):
        done = 0
        while time.monotonic() - started < seconds if seconds else done < CHANGES:
            await client.changes_something()
            done += 1
            if client.random.random() < 0.02:
                await expire_a_hold(shop)

    async def audits():
        while running:
            assert await shop.rows(AUDIT) == []
            await asyncio.sleep(0.2)

    running = True
    auditor = asyncio.create_task(audits())
    await asyncio.gather(*(goes_on(client) for client in clients))
    running = False
    await auditor
    assert await shop.rows(AUDIT) == []
    assert await shop.rows(CROWDED, most=len(technicians)) == []
    assert await shop.rows(INCOMPLETE) == []
    answers = sum((client.answers for client in clients), Counter())
    print(dict(sorted(answers.items())))  # noqa: T201 - for `make herd`
    assert {change for change, status in answers if status < 300} == {
        "holds", "books_the_hold", "books", "moves", "cancels",
    }  # fmt: skip
    assert {status for _, status in answers} >= {200, 201, 409}
