import pytest
from chat.domain.receipts import Proof, Receipt, proof_of, sentences, verdict

ZONE = "America/Los_Angeles"
QUOTE = Receipt("get_quote", {"total_cents": 44900, "lines": [{"label": "Tint", "amount_cents": 44900}]})
SLOTS = Receipt(
    "find_slots",
    {
        "slots": [
            {"start": "2026-11-24T10:00:00-08:00", "end": "2026-11-24T13:00:00-08:00"},
            {"start": "2026-11-25T22:30:00+00:00", "end": "2026-11-26T01:30:00+00:00"},
        ]
    },
)
BOOKED = Receipt("book", {"start": "2026-11-24T10:00:00-08:00", "total_cents": 44900})
PROOF = proof_of([QUOTE, SLOTS], ZONE)

TRUE = (
    "Ceramic tint is $449.00.",
    "That would be $449 for your Civic.",
    "It comes to 449 dollars.",
    "I have Tuesday, November 24 at 10:00 AM.",
    "Wednesday at 2:30 PM is open.",
    "Tue, Nov 24, 10:00 AM PST or Wed, Nov 25, 2:30 PM PST?",
    "Shall I book it?",
    "Once you say yes, it is booked.",
    "It is not booked yet.",
    "Feel free to ask me anything.",
    "How can I help you today?",
    "It takes about 3 hours and 35% film is legal on the rear.",
)
FALSE = (
    "Ceramic tint is $448.99.",
    "Ceramic tint is $449.01.",
    "That is $499.",
    "It's about 450 dollars.",
    "I can do it for one dollar.",
    "The second window is free of charge.",
    "You get 10% off.",
    "It's $0.449k.",
    "I have Tuesday at 11:00 AM.",
    "Tuesday, November 25 at 10:00 AM is open.",
    "Thursday works, too.",
    "Wednesday at 10:00 AM is open.",
    "Come by at 9.",
    "We are open until 6 pm.",
    "December 3rd is fine.",
    "You're booked for Tuesday!",
    "You're booked, no problem.",
    "All set!",
    "Your appointment is confirmed.",
    "Your appointment was moved.",
    "I've cancelled it.",
    "I've reserved that for you.",
    "Someone will call you shortly.",
    "I notified the team.",
)


@pytest.mark.parametrize("sentence", TRUE)
def test_what_a_receipt_holds_may_be_said(sentence: str) -> None:
    assert verdict(sentence, PROOF) is None


@pytest.mark.parametrize("sentence", FALSE)
def test_what_no_receipt_holds_is_not_shown(sentence: str) -> None:
    assert verdict(sentence, PROOF) is not None


@pytest.mark.parametrize(
    "sentence", ["See you on Tuesday at 10 AM.", "You're booked for Tuesday!", "All set!"]
)
def test_booked_may_be_said_once_it_is_true(sentence: str) -> None:
    assert verdict(sentence, proof_of([BOOKED], ZONE)) is None


def test_a_refused_booking_proves_no_booking() -> None:
    refused = Receipt("book", {}, refused=True)
    assert verdict("You're booked.", proof_of([refused], ZONE)) is not None


def test_after_a_cancellation_booked_is_no_longer_true() -> None:
    proof = proof_of([BOOKED, Receipt("cancel_appointment", {})], ZONE, "cancelled")
    assert verdict("You're booked.", proof) is not None
    assert verdict("Your appointment was cancelled.", proof) is None


def test_a_hand_off_lets_somebody_call() -> None:
    proof = proof_of([Receipt("hand_off", {"reason": "asked"})], ZONE)
    assert verdict("Someone will call you.", proof) is None


def test_nothing_is_proved_without_receipts() -> None:
    assert verdict("It is $449.00.", Proof()) is not None


def test_sentences_are_whole() -> None:
    text = "Hi! It is $449.00 at 10 a.m. on Tuesday. OK?\nYes"
    assert sentences(text) == ["Hi!", "It is $449.00 at 10 a.m. on Tuesday.", "OK?", "Yes"]
