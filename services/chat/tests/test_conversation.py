from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from chat.domain.conversation import (
    FIXED_ACTIONS,
    Booked,
    CancelAsked,
    Cancelled,
    Facts,
    HandedOff,
    Happened,
    Held,
    HoldLost,
    Offered,
    Owner,
    Quoted,
    State,
    WishKept,
    after,
    may_book,
    may_cancel,
    may_move,
)
from chat.domain.intents import understand_action
from chat.domain.phrases import actions_of
from chat.domain.values import Appointment, Hold, Quote, Shop, Slot
from shared.events import Service

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
QUOTE = Quote(
    id=uuid4(), service=Service(code="a", name="A"), total_cents=1, valid_until=NOW + timedelta(days=1)
)
SLOT = Slot(start=NOW, end=NOW, label="x")
HOLD = Hold(id=uuid4(), start=NOW, end=NOW, expires_at=NOW + timedelta(minutes=5))
APPOINTMENT = Appointment(
    id=uuid4(),
    number="1",
    status="booked",
    start=NOW,
    end=NOW,
    timezone="America/Phoenix",
    service=Service(code="a", name="A"),
    location=Shop(name="s", address="a", phone="p"),
    manage_url="u",
)
GONE = APPOINTMENT.model_copy(update={"status": "cancelled"})
BOOKED = Facts(state=State.BOOKED, appointment=APPOINTMENT, quote=QUOTE)


@pytest.mark.parametrize(
    ("facts", "happened", "state"),
    [
        (Facts(), Quoted(QUOTE), State.QUOTE),
        (Facts(state=State.QUOTE, quote=QUOTE), Offered((SLOT,)), State.OFFER),
        (Facts(state=State.OFFER, quote=QUOTE), Held(HOLD), State.CONFIRM),
        (Facts(state=State.CONFIRM, quote=QUOTE, hold=HOLD), HoldLost(), State.QUOTE),
        (Facts(state=State.CONFIRM, quote=QUOTE, hold=HOLD), Booked(APPOINTMENT), State.BOOKED),
        (Facts(state=State.CONFIRM, quote=QUOTE, hold=HOLD), WishKept(), State.REQUESTED),
        (BOOKED, Offered((SLOT,)), State.MOVE_OFFER),
        (BOOKED, Quoted(QUOTE), State.BOOKED),
        (replace(BOOKED, state=State.MOVE_OFFER), Held(HOLD), State.MOVE_CONFIRM),
        (replace(BOOKED, state=State.MOVE_CONFIRM), HoldLost(), State.BOOKED),
        (BOOKED, CancelAsked(), State.CANCEL_CONFIRM),
        (replace(BOOKED, state=State.CANCEL_CONFIRM), Cancelled(GONE), State.NEED),
        (Facts(state=State.OFFER), HandedOff(), State.HUMAN),
    ],
)
def test_the_path(facts: Facts, happened: Happened, state: State) -> None:
    assert after(facts, happened).state is state


@pytest.mark.parametrize("state", [s for s in State if s is not State.CONFIRM])
def test_nothing_is_booked_outside_of_the_confirmation(state: State) -> None:
    assert not may_book(Facts(state=state, hold=HOLD), yes=True)


def test_booking_needs_the_yes_and_the_hold() -> None:
    confirming = Facts(state=State.CONFIRM, hold=HOLD)
    assert may_book(confirming, yes=True)
    assert not may_book(confirming, yes=False)
    assert not may_book(replace(confirming, hold=None), yes=True)


def test_move_and_cancel_need_their_own_question_first() -> None:
    assert not may_move(replace(BOOKED, hold=HOLD), yes=True)
    assert may_move(replace(BOOKED, state=State.MOVE_CONFIRM, hold=HOLD), yes=True)
    assert not may_cancel(BOOKED, yes=True)
    assert may_cancel(replace(BOOKED, state=State.CANCEL_CONFIRM), yes=True)


@pytest.mark.parametrize("state", list(State))
def test_every_button_shown_is_understood(state: State) -> None:
    for action in actions_of(state, Owner.ASSISTANT):
        assert action.id in FIXED_ACTIONS
        understand_action(action.id)


def test_a_person_is_always_one_button_away_until_a_yes_or_no_is_asked() -> None:
    asking = {State.CONFIRM, State.MOVE_CONFIRM, State.CANCEL_CONFIRM, State.HUMAN}
    for state in set(State) - asking:
        assert "person" in {action.id for action in actions_of(state, Owner.ASSISTANT)}


def test_no_buttons_while_a_person_owns_the_conversation() -> None:
    assert actions_of(State.BOOKED, Owner.HUMAN) == ()
