from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from chat.domain.conversation import (
    FIXED_ACTIONS,
    Aside,
    Booked,
    CallBackAsked,
    CallBackKept,
    CancelAsked,
    Cancelled,
    Facts,
    HandedOff,
    Happened,
    Held,
    HoldLost,
    NobodyCame,
    Offered,
    Owner,
    Quoted,
    State,
    VehicleNamed,
    WentAside,
    WishKept,
    after,
    may_book,
    may_cancel,
    may_move,
)
from chat.domain.handoff import open_time
from chat.domain.intents import understand_action
from chat.domain.phrases import actions_of
from chat.domain.values import Appointment, Hold, OpeningHours, Quote, Shop, Slot
from shared.events import Service, Vehicle

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


HAPPENED: dict[str, Happened] = {
    "car": VehicleNamed(Vehicle(vehicle_class="suv")),
    "quoted": Quoted(QUOTE),
    "offered": Offered((SLOT,)),
    "held": Held(HOLD),
    "lost": HoldLost(),
    "wish": WishKept(),
    "booked": Booked(APPOINTMENT),
    "ask": CancelAsked(),
    "cancelled": Cancelled(GONE),
    "person": HandedOff(),
    "nobody": NobodyCame(),
    "number?": CallBackAsked(number_known=False),
    "this?": CallBackAsked(number_known=True),
    "call": CallBackKept(),
    "aside": WentAside(Aside.QUESTION),
}
# Every state by everything that can happen. `.`: the path stays where it is.
WITHOUT_APPOINTMENT = """
                   quoted  offered  held     lost   wish       booked  ask             cancelled  person  nobody           number?           this?              call   aside  car
need               quote   offer    confirm  quote  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  quote  .       .
quote              .       offer    confirm  .      requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  .      .       need
offer              quote   .        confirm  quote  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  quote  .       need
confirm            quote   offer    .        quote  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  quote  .       need
requested          quote   offer    confirm  quote  .          booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  quote  .       .
call_back_offer    quote   offer    confirm  quote  requested  booked  cancel_confirm  need       human   .                call_back_number  call_back_confirm  quote  .       .
call_back_number   quote   offer    confirm  quote  requested  booked  cancel_confirm  need       human   call_back_offer  .                 call_back_confirm  quote  .       .
call_back_confirm  quote   offer    confirm  quote  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  .                  quote  .       .
human              quote   offer    confirm  quote  requested  booked  cancel_confirm  need       .       call_back_offer  call_back_number  call_back_confirm  quote  .       .
"""
WITH_APPOINTMENT = """
                   quoted  offered     held          lost    wish       booked  ask             cancelled  person  nobody           number?           this?              call    aside  car
booked             .       move_offer  move_confirm  .       requested  .       cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  .       .       .
move_offer         .       .           move_confirm  booked  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  booked  .       booked
move_confirm       .       move_offer  .             booked  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  call_back_confirm  booked  .       booked
cancel_confirm     .       move_offer  move_confirm  booked  requested  booked  .               need       human   call_back_offer  call_back_number  call_back_confirm  booked  .       .
call_back_offer    .       move_offer  move_confirm  booked  requested  booked  cancel_confirm  need       human   .                call_back_number  call_back_confirm  booked  .       .
call_back_number   .       move_offer  move_confirm  booked  requested  booked  cancel_confirm  need       human   call_back_offer  .                 call_back_confirm  booked  .       .
call_back_confirm  .       move_offer  move_confirm  booked  requested  booked  cancel_confirm  need       human   call_back_offer  call_back_number  .                  booked  .       .
human              .       move_offer  move_confirm  booked  requested  booked  cancel_confirm  need       .       call_back_offer  call_back_number  call_back_confirm  booked  .       .
"""


def table(text: str, facts: Facts) -> list[tuple[Facts, Happened, State]]:
    header, *rows = (line.split() for line in text.strip().splitlines())
    return [
        (replace(facts, state=State(name)), HAPPENED[event], State(name if to == "." else to))
        for name, *cells in rows
        for event, to in zip(header, cells, strict=True)
    ]


PATH = [
    *table(WITHOUT_APPOINTMENT, Facts(quote=QUOTE)),
    *table(WITH_APPOINTMENT, Facts(quote=QUOTE, appointment=APPOINTMENT)),
]


@pytest.mark.parametrize(("facts", "happened", "state"), PATH)
def test_the_path(facts: Facts, happened: Happened, state: State) -> None:
    assert after(facts, happened).state is state


def test_the_table_names_every_state_and_everything_that_can_happen() -> None:
    assert {facts.state for facts, _, _ in PATH} == set(State)
    assert {type(happened) for _, happened, _ in PATH} == set(get_args(Happened))


@pytest.mark.parametrize("aside", list(Aside))
def test_an_aside_is_over_with_the_next_step(aside: Aside) -> None:
    beside = after(BOOKED, WentAside(aside))
    assert beside.aside is aside
    assert after(beside, Offered((SLOT,))).aside is None


def test_a_hold_outlives_a_look_at_other_times_and_no_new_price() -> None:
    held = Facts(state=State.CONFIRM, quote=QUOTE, hold=HOLD)
    for happened in (Quoted(QUOTE), HoldLost(), Booked(APPOINTMENT), Cancelled(GONE)):
        assert after(held, happened).hold is None
    looked = after(held, Offered((SLOT,)))
    assert looked.hold == HOLD
    assert not may_book(looked, yes=True)


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


@pytest.mark.parametrize("state", list(State))
def test_a_person_is_always_one_button_away_and_the_assistant_where_one_is_awaited_or_there(
    state: State,
) -> None:
    alone = [action.id for action in actions_of(state, Owner.ASSISTANT)]
    awaited = [action.id for action in actions_of(state, Owner.ASSISTANT, person_asked=True)]
    assert alone.count("person") == 1
    assert awaited == ["resume" if action == "person" else action for action in alone]
    assert [action.id for action in actions_of(state, Owner.HUMAN)] == ["resume"]


def hours_of(*days: tuple[str, list[tuple[str, str]]]) -> OpeningHours:
    spans = [
        {"date": day, "spans": [{"opens": o, "closes": c} for o, c in spans], "note": None}
        for day, spans in days
    ]
    return OpeningHours.model_validate(
        {"timezone": "America/Los_Angeles", "open_now": False, "opens_next": None, "days": spans}
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Los_Angeles"))


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-11-28T11:30", "2026-11-28T13:00", 30),  # Saturday until noon
        ("2026-11-28T15:00", "2026-11-30T08:59", 0),  # closed all the while
        ("2026-11-28T11:30", "2026-11-30T09:40", 70),
        ("2026-11-30T23:30", "2026-12-01T01:00", 30),  # open until midnight
    ],
)
def test_only_the_time_in_which_the_shop_is_open_counts(since, until, minutes):
    opening = hours_of(
        ("2026-11-28", [("09:00", "12:00")]),
        ("2026-11-29", []),
        ("2026-11-30", [("09:00", "13:00"), ("14:00", "24:00")]),
    )
    assert open_time(opening, local(since), local(until)) == timedelta(minutes=minutes)


def test_hours_that_are_not_known_count_as_open():
    assert open_time(hours_of(), local("2026-11-28T11:30"), local("2026-11-28T12:00")) == timedelta(
        minutes=30
    )
