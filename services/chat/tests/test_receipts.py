"""What receipts prove now, and what they no longer do."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from chat.domain.receipts import Receipt, Setting, proof_of
from chat.domain.speech.check import verdict
from chat.domain.speech.text import sentences
from chat.domain.speech.verdicts import Veto
from chat.domain.values import LeadFacts, ShopFacts

NOW = datetime.fromisoformat("2026-11-23T09:00:00-08:00")
SHOP = ShopFacts(
    name="Sample Tint San Diego", timezone="America/Los_Angeles", address="1 Sample St", phone="+16195550100"
)
TUESDAY = {"start": "2026-11-24T10:00:00-08:00", "end": "2026-11-24T13:00:00-08:00"}
WEDNESDAY = {"start": "2026-11-25T22:30:00+00:00", "end": "2026-11-26T01:30:00+00:00"}
SERVICE = {"code": "ceramic", "name": "Ceramic Window Tint"}


def quote(valid_until: str = "2026-11-30T17:00:00-08:00") -> Receipt:
    return Receipt(
        "get_quote",
        {"id": str(uuid4()), "service": SERVICE, "total_cents": 44900, "valid_until": valid_until},
    )


def offer(*slots: dict[str, str], at: datetime | None = None) -> Receipt:
    return Receipt("find_slots", {"slots": list(slots)}, at=at)


def booked(slot: dict[str, str]) -> Receipt:
    return Receipt("book", {**slot, "status": "booked", "service": SERVICE})


def shown(sentence: str, *receipts: Receipt, now: datetime = NOW, appointment: str | None = None) -> bool:
    setting = Setting(SHOP, LeadFacts(first_name="Sam"), now, appointment=appointment)
    return not isinstance(verdict(sentence, proof_of(receipts, setting)), Veto)


HOLD = Receipt("hold_slot", {**TUESDAY, "expires_at": "2026-11-23T09:10:00-08:00"})
EARLIER = NOW - timedelta(minutes=5)
TUESDAY_IS_OPEN = "Tuesday at 10:00 AM is open."


@pytest.mark.parametrize(
    ("sentence", "receipts", "expected"),
    [
        ("It is $449.00.", [], False),
        ("It is $449.00.", [quote()], True),
        ("It is $449.00.", [quote("2026-11-23T08:59:00-08:00")], False),
        (TUESDAY_IS_OPEN, [offer(TUESDAY)], True),
        (TUESDAY_IS_OPEN, [offer(TUESDAY, at=EARLIER)], True),
        (TUESDAY_IS_OPEN, [offer(TUESDAY, at=NOW - timedelta(hours=1))], False),
        (TUESDAY_IS_OPEN, [offer(TUESDAY, at=EARLIER), offer(WEDNESDAY)], False),
        (TUESDAY_IS_OPEN, [offer(TUESDAY), offer(WEDNESDAY)], True),
        ("Wednesday at 2:30 PM is open.", [offer(WEDNESDAY)], True),
        ("Wednesday at 10:30 PM is open.", [offer(WEDNESDAY)], False),
        ("I'm holding Tuesday at 10:00 AM for you.", [offer(TUESDAY), HOLD], True),
        ("You're booked for Tuesday.", [offer(TUESDAY), HOLD], False),
        ("You're booked for Tuesday.", [booked(TUESDAY)], True),
        ("You're booked.", [Receipt("book", {}, refused=True)], False),
        (TUESDAY_IS_OPEN, [offer(TUESDAY), booked(WEDNESDAY)], False),
        ("You're booked for Tuesday.", [booked(TUESDAY), offer(WEDNESDAY)], True),
        ("Your appointment is on Wednesday.", [booked(TUESDAY), offer(WEDNESDAY)], False),
    ],
)
def test_what_is_in_force_proves_and_what_is_past_does_not(sentence, receipts, expected) -> None:
    assert shown(sentence, *receipts) is expected


def test_a_hold_that_ran_out_holds_nothing() -> None:
    later = NOW + timedelta(minutes=11)
    assert not shown("I'm holding Tuesday at 10:00 AM for you.", offer(TUESDAY, at=NOW), HOLD, now=later)


def test_a_time_that_has_passed_is_not_open() -> None:
    assert not shown(TUESDAY_IS_OPEN, offer(TUESDAY), now=NOW + timedelta(days=2))


def test_an_event_that_cancelled_the_appointment_outweighs_the_booking() -> None:
    assert not shown("You're booked.", booked(TUESDAY), appointment="cancelled")
    assert shown("Your appointment was cancelled.", booked(TUESDAY), appointment="cancelled")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("On Monday we're open from 8:00 AM to 6:00 PM.", True),
        ("We close at 6 PM on Monday.", True),
        ("We close at 6 PM on Tuesday.", False),
        ("We close at 7 PM on Monday.", False),
        ("Monday at 8:00 AM is free for you.", False),
        ("Los lunes abrimos a las 8:00.", True),
    ],
)
def test_opening_hours_are_said_as_hours_of_their_day(sentence: str, expected: bool) -> None:
    hours = {
        "open_now": True,
        "days": [
            {"date": "2026-11-23", "spans": [{"opens": "08:00:00", "closes": "18:00:00"}]},
            {"date": "2026-11-24", "spans": [{"opens": "10:00:00", "closes": "15:00:00"}]},
        ],
    }
    assert shown(sentence, Receipt("get_hours", hours)) is expected


def test_sentences_are_whole() -> None:
    text = "Hi! It is $449.00 at 10 a.m. on Tuesday. OK?\nYes"
    assert sentences(text) == ["Hi!", "It is $449.00 at 10 a.m. on Tuesday.", "OK?", "Yes"]
