"""Any order of quotes, holds, bookings, moves, cancels and expiries, on a real PostgreSQL, against a model on paper."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

TEN = datetime.fromisoformat("2026-11-24T10:00:00-08:00")
TAKEN = timedelta(hours=2, minutes=30)
"""Of the one bay, by the sample service with its buffer."""
LENGTH = timedelta(hours=2)
"""Until the customer has the car back."""

EMPTIED = ("occupancies", "appointments", "holds", "quotes", "leads", "idempotency_keys", "outbox")
starts = st.sampled_from([TEN + timedelta(minutes=30 * n) for n in (0, 1, 3, 5, 8, 10)])
people = st.integers(0, 2)


class LifeOfAnAppointment(RuleBasedStateMachine):
    """Paper: who holds the bay from when (`held`, with whether the hold is over), and each booking's start or None."""

    def __init__(self, shop, loop):
        super().__init__()
        self.shop, self.loop = shop, loop
        self.held, self.bookings, self.sequence = {}, {}, {}
        self.last = None

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    @initialize()
    def three_leads_with_a_quote_each(self):
        for table in EMPTIED:
            self.run(self.shop.rows(f"DELETE FROM {table}"))  # noqa: S608 - our own table names
        self.leads = [self.run(self.shop.new_lead()) for _ in range(3)]
        self.quotes = [self.run(lead.quote())["id"] for lead in self.leads]

    def free(self, start, *, person=None, booking=None):
        """Whether nobody else has the bay; what one has oneself does not count."""
        others = [at for who, (_, at, over) in self.held.items() if who != person and not over]
        others += [at for one, (_, at) in self.bookings.items() if at is not None and one != booking]
        return all(abs(start - at) >= TAKEN for at in others)

    def meets_an_own_one(self, person, start, booking=None):
        """Whether the person would have to be there twice at a time."""
        own = [at for one, (who, at) in self.bookings.items() if who == person and at and one != booking]
        return any(abs(start - at) < LENGTH for at in own)

    def live(self, person):
        return sum(who == person and at is not None for who, at in self.bookings.values())

    def post(self, person, path, body=None, **headers):
        return self.run(self.leads[person].post(path, body, **headers))

    @rule(person=people, start=starts)
    def hold(self, person, start):
        answer = self.post(person, "holds", {"quote_id": self.quotes[person], "start": start.isoformat()})
        if self.meets_an_own_one(person, start):
            assert answer.json()["code"] == "already_booked"
        elif self.live(person) >= 3:
            assert answer.json()["code"] == "too_many_bookings"
        elif self.free(start, person=person):
            assert answer.status_code == 201, answer.text
            self.held[person] = (answer.json()["id"], start, False)
        else:
            self.refused_with_alternatives(answer)

    @rule(person=people)
    def the_hold_expires(self, person):
        if person in self.held:
            hold_id, start, _ = self.held[person]
            self.held[person] = (hold_id, start, True)
            over = (
                "UPDATE occupancies SET expires_at = clock_timestamp() - interval '1 s' WHERE holder_id = :id"
            )
            self.run(self.shop.rows(over, id=hold_id))

    @rule(person=people, start=starts)
    def book(self, person, start):
        self.books(person, start, {"quote_id": self.quotes[person], "start": start.isoformat()})

    @rule(person=people)
    def book_the_hold(self, person):
        if person in self.held:
            hold_id, start, _ = self.held[person]
            self.books(person, start, {"hold_id": hold_id})

    def books(self, person, start, body):
        key = uuid4().hex
        answer = self.post(person, "appointments", body, **{"Idempotency-Key": key})
        if (person, start) in self.bookings.values():
            assert self.bookings[answer.json()["id"]] == (person, start)
        elif self.meets_an_own_one(person, start):
            assert answer.json()["code"] == "already_booked"
        elif self.live(person) >= 3:
            assert answer.json()["code"] == "too_many_bookings"
        elif self.free(start, person=person):
            assert answer.status_code == 201, answer.text
            self.held.pop(person, None)
            self.bookings[answer.json()["id"]] = (person, start)
            self.sequence[answer.json()["id"]] = 0
            self.last = (person, body, key, answer.json())
        else:
            self.refused_with_alternatives(answer)

    @rule(same=st.booleans())
    def send_the_last_booking_again(self, same):
        if self.last is not None:
            person, body, key, booked = self.last
            body = body if same else {"hold_id": str(uuid4())}
            answer = self.post(person, "appointments", body, **{"Idempotency-Key": key})
            if same:
                assert (answer.status_code, answer.json()["id"]) == (201, booked["id"])
            else:
                assert answer.json()["code"] == "idempotency_key_reused"

    @rule(data=st.data(), start=starts)
    def move(self, data, start):
        if not self.bookings:
            return
        booking = list(self.bookings)[data.draw(st.integers(0, len(self.bookings) - 1))]
        person, at = self.bookings[booking]
        answer = self.post(person, f"appointments/{booking}/move", {"start": start.isoformat()})
        if at is None:
            assert answer.json()["code"] == "appointment_cancelled"
        elif at == start:
            assert answer.status_code == 200
        elif self.meets_an_own_one(person, start, booking):
            assert answer.json()["code"] == "already_booked"
        elif self.free(start, person=person, booking=booking):
            assert answer.status_code == 200, answer.text
            self.held.pop(person, None)
            self.bookings[booking] = (person, start)
            self.sequence[booking] += 1
        else:
            self.refused_with_alternatives(answer, booking)

    @rule(data=st.data())
    def cancel(self, data):
        if not self.bookings:
            return
        booking = list(self.bookings)[data.draw(st.integers(0, len(self.bookings) - 1))]
        person, at = self.bookings[booking]
        answer = self.post(person, f"appointments/{booking}/cancel", {})
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        self.bookings[booking] = (person, None)
        self.sequence[booking] += at is not None

    def refused_with_alternatives(self, answer, booking=None):
        assert answer.json()["code"] == "slot_taken", answer.text
        assert len(answer.json()["alternatives"]) == 3
        for slot in answer.json()["alternatives"]:
            start = datetime.fromisoformat(slot["start"])
            assert start.date() != TEN.date() or self.free(start, booking=booking)

    @invariant()
    def the_bay_is_taken_as_on_paper(self):
        live = "expires_at IS NULL OR expires_at > clock_timestamp()"
        rows = self.run(self.shop.rows(f"SELECT kind, starts_at, ends_at FROM occupancies WHERE {live}"))  # noqa: S608
        found = sorted((row.kind, row.starts_at, row.ends_at) for row in rows)
        paper = [("hold", at) for _, at, over in self.held.values() if not over]
        paper += [("appointment", at) for _, at in self.bookings.values() if at is not None]
        assert found == sorted((kind, at, at + TAKEN) for kind, at in paper)

    @invariant()
    def every_change_was_told_once(self):
        rows = self.run(self.shop.rows("SELECT id, status, sequence FROM appointments"))
        assert {str(row.id): row.sequence for row in rows} == self.sequence
        told = self.run(self.shop.rows("SELECT count(*) AS n FROM outbox WHERE type LIKE 'appointment.%'"))
        assert told[0].n == len(self.sequence) + sum(self.sequence.values())


@pytest.mark.postgres
@pytest.mark.timeout(240)
async def test_whatever_happens_to_an_appointment_the_shop_and_the_paper_agree(shop):
    await shop.put_hours(shop.hours | {"bays": ["Bay 1"]})
    loop = asyncio.get_running_loop()
    bounded = settings(max_examples=12, stateful_step_count=20, deadline=None, derandomize=True)
    await asyncio.to_thread(
        run_state_machine_as_test, lambda: LifeOfAnAppointment(shop, loop), settings=bounded
    )
