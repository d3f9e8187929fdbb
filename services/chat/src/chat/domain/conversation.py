"""The path of a conversation: its states, what moves it on, and the buttons of each state."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from shared.events import Vehicle

from chat.domain.values import Appointment, Hold, Quote, Slot


class State(StrEnum):
    """NEED .. BOOKED is the path; the others lie beside it. The path is never the model's to choose."""

    NEED = "need"
    QUOTE = "quote"
    OFFER = "offer"
    CONFIRM = "confirm"
    REQUESTED = "requested"
    BOOKED = "booked"
    MOVE_OFFER = "move_offer"
    MOVE_CONFIRM = "move_confirm"
    CANCEL_CONFIRM = "cancel_confirm"
    CALL_BACK_OFFER = "call_back_offer"
    CALL_BACK_NUMBER = "call_back_number"
    CALL_BACK_CONFIRM = "call_back_confirm"
    HUMAN = "human"


class Aside(StrEnum):
    """What a turn was that did not move the path: it goes on where it stood. (HUMAN is a state: a person is awaited, or there.)"""

    QUESTION = "question"
    OFF_TOPIC = "off_topic"
    DEGRADED = "degraded"


CONFIRMING = frozenset({State.CONFIRM, State.MOVE_CONFIRM, State.CANCEL_CONFIRM, State.CALL_BACK_CONFIRM})
"""Where a yes makes something true."""

BINDING = CONFIRMING - {State.CALL_BACK_CONFIRM}
"""Where a yes books, moves or cancels."""

CALL_BACK_ASKED = frozenset({State.CALL_BACK_NUMBER, State.CALL_BACK_CONFIRM})
"""Where a telephone number is the answer."""


class Owner(StrEnum):
    ASSISTANT = "assistant"
    HUMAN = "human"


@dataclass(frozen=True)
class Facts:
    """What tool results and events have made true in this conversation."""

    state: State = State.NEED
    service: str | None = None
    vehicle: Vehicle | None = None
    """The car spoken of; `None`: the lead's own."""
    vehicle_class: str | None = None
    quote: Quote | None = None
    offered: tuple[Slot, ...] = ()
    hold: Hold | None = None
    appointment: Appointment | None = None
    aside: Aside | None = None

    @property
    def booked(self) -> Appointment | None:
        """The live appointment, if there is one."""
        return self.appointment if self.appointment and self.appointment.status == "booked" else None


@dataclass(frozen=True)
class VehicleNamed:
    """Another car than the one spoken of so far, or the same one better known."""

    vehicle: Vehicle


@dataclass(frozen=True)
class Quoted:
    quote: Quote


@dataclass(frozen=True)
class Offered:
    """What is held stays held until another time is."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Held:
    hold: Hold


@dataclass(frozen=True)
class HoldLost:
    """Refused by the customer, expired, or taken by somebody else."""


@dataclass(frozen=True)
class WishKept:
    """Booking could not be asked: the wish travels as an event."""


@dataclass(frozen=True)
class Booked:
    appointment: Appointment


@dataclass(frozen=True)
class CancelAsked:
    pass


@dataclass(frozen=True)
class Cancelled:
    appointment: Appointment


@dataclass(frozen=True)
class HandedOff:
    pass


@dataclass(frozen=True)
class NobodyCame:
    """No person answered in time: a call-back is on offer."""


@dataclass(frozen=True)
class CallBackAsked:
    """`number_known`: it is to be confirmed; otherwise the customer is asked for one."""

    number_known: bool


@dataclass(frozen=True)
class CallBackKept:
    pass


@dataclass(frozen=True)
class WentAside:
    aside: Aside


Happened = (
    VehicleNamed
    | Quoted
    | Offered
    | Held
    | HoldLost
    | WishKept
    | Booked
    | CancelAsked
    | Cancelled
    | HandedOff
    | NobodyCame
    | CallBackAsked
    | CallBackKept
    | WentAside
)


def after(facts: Facts, happened: Happened) -> Facts:
    """The facts once `happened` is true. With a live appointment, offers and holds are about moving it."""
    if isinstance(happened, WentAside):
        return replace(facts, aside=happened.aside)
    return _on_the_path(replace(facts, aside=None), happened)


def _on_the_path(facts: Facts, happened: Happened) -> Facts:  # noqa: C901, PLR0911, PLR0912 - one line for each thing that can happen
    match happened:
        case VehicleNamed(vehicle):
            return _for_another_car(facts, vehicle)
        case Quoted(quote):
            state = facts.state if facts.booked else State.QUOTE
            return replace(
                facts,
                state=state,
                quote=quote,
                service=quote.service.code,
                vehicle=quote.vehicle or facts.vehicle,
                vehicle_class=quote.vehicle_class or facts.vehicle_class,
                hold=None,
            )
        case Offered(slots):
            state = State.MOVE_OFFER if facts.booked else State.OFFER
            return replace(facts, state=state, offered=slots)
        case Held(hold):
            return replace(facts, state=State.MOVE_CONFIRM if facts.booked else State.CONFIRM, hold=hold)
        case HoldLost():
            return replace(facts, state=resting_state(facts), hold=None)
        case WishKept():
            return replace(facts, state=State.REQUESTED)
        case Booked(appointment):
            return replace(facts, state=State.BOOKED, appointment=appointment, hold=None, offered=())
        case CancelAsked():
            return replace(facts, state=State.CANCEL_CONFIRM)
        case Cancelled(appointment):
            return replace(facts, state=State.NEED, appointment=appointment, hold=None, offered=())
        case HandedOff() | WentAside():
            return replace(facts, state=State.HUMAN)
        case NobodyCame():
            return replace(facts, state=State.CALL_BACK_OFFER)
        case CallBackAsked(known):
            return replace(facts, state=State.CALL_BACK_CONFIRM if known else State.CALL_BACK_NUMBER)
        case CallBackKept():
            return replace(facts, state=resting_state(facts))
        case _:
            assert_never(happened)


_ABOUT_A_CAR = frozenset({State.QUOTE, State.OFFER, State.CONFIRM, State.MOVE_OFFER, State.MOVE_CONFIRM})


def _for_another_car(facts: Facts, vehicle: Vehicle) -> Facts:
    """Price, times and hold were for the car of before."""
    known = replace(
        facts, vehicle=vehicle, vehicle_class=vehicle.vehicle_class, quote=None, offered=(), hold=None
    )
    return replace(known, state=resting_state(known) if facts.state in _ABOUT_A_CAR else facts.state)


def resting_state(facts: Facts) -> State:
    """Where the path goes on after a hold was lost, a call-back was settled, or a person gave the conversation back."""
    if facts.booked:
        return State.BOOKED
    return State.QUOTE if facts.quote else State.NEED


def may_book(facts: Facts, *, yes: bool) -> bool:
    """Only a time that was read back, and only on an explicit yes in this very message."""
    return yes and facts.state is State.CONFIRM and facts.hold is not None


def may_move(facts: Facts, *, yes: bool) -> bool:
    return yes and facts.state is State.MOVE_CONFIRM and facts.hold is not None


def may_cancel(facts: Facts, *, yes: bool) -> bool:
    return yes and facts.state is State.CANCEL_CONFIRM and facts.booked is not None


def confirms(facts: Facts, appointment: Appointment) -> bool:
    """The appointment is now what the customer was asked to say yes to."""
    if appointment.status == "cancelled":
        return facts.state is State.CANCEL_CONFIRM
    asked = facts.state in {State.CONFIRM, State.MOVE_CONFIRM}
    return asked and facts.hold is not None and facts.hold.start == appointment.start


def hold_expired(hold: Hold, now: datetime) -> bool:
    return hold.expires_at is not None and hold.expires_at <= now


SEE_PRICES, PICK_TIME, ASK, PERSON, RESUME = "see_prices", "pick_time", "ask", "person", "resume"
CONFIRM_YES, CONFIRM_NO = "confirm:yes", "confirm:no"
MOVE, MOVE_YES, MOVE_NO = "move", "move:yes", "move:no"
CANCEL, CANCEL_YES, CANCEL_NO = "cancel", "cancel:yes", "cancel:no"
CALL_BACK, CALL_BACK_YES, CALL_BACK_NO = "call_back", "call_back:yes", "call_back:no"

YES_OF = {
    State.CONFIRM: CONFIRM_YES,
    State.MOVE_CONFIRM: MOVE_YES,
    State.CANCEL_CONFIRM: CANCEL_YES,
    State.CALL_BACK_CONFIRM: CALL_BACK_YES,
}
"""The one button that is a yes to what is asked: that of another question is none."""

FIXED_ACTIONS = frozenset(
    {
        SEE_PRICES,
        PICK_TIME,
        ASK,
        PERSON,
        RESUME,
        CONFIRM_YES,
        CONFIRM_NO,
        MOVE,
        MOVE_YES,
        MOVE_NO,
        CANCEL,
        CANCEL_YES,
        CANCEL_NO,
        CALL_BACK,
        CALL_BACK_YES,
        CALL_BACK_NO,
    }
)
"""The buttons that are always the same; those of services, vehicles and times carry what they stand for."""

_ACTIONS: dict[State, tuple[str, ...]] = {
    State.NEED: (SEE_PRICES, PICK_TIME, ASK, PERSON),
    State.QUOTE: (PICK_TIME, ASK, PERSON),
    State.OFFER: (SEE_PRICES, PERSON),
    State.CONFIRM: (CONFIRM_YES, CONFIRM_NO, PERSON),
    State.REQUESTED: (ASK, PERSON),
    State.BOOKED: (MOVE, CANCEL, ASK, PERSON),
    State.MOVE_OFFER: (MOVE_NO, PERSON),
    State.MOVE_CONFIRM: (MOVE_YES, MOVE_NO, PERSON),
    State.CANCEL_CONFIRM: (CANCEL_YES, CANCEL_NO, PERSON),
    State.CALL_BACK_OFFER: (CALL_BACK, PICK_TIME, SEE_PRICES, PERSON),
    State.CALL_BACK_NUMBER: (CALL_BACK_NO, PERSON),
    State.CALL_BACK_CONFIRM: (CALL_BACK_YES, CALL_BACK_NO, PERSON),
    State.HUMAN: (SEE_PRICES, PICK_TIME, ASK, PERSON),
}


def action_ids(
    state: State, owner: Owner, *, person_asked: bool = False, assistant_on: bool = True
) -> tuple[str, ...]:
    """The buttons under the conversation: one for a person, or, where one is there or awaited, one for the assistant, if it is on."""
    if owner is Owner.HUMAN:
        return (RESUME,) if assistant_on else ()
    resumes = person_asked and assistant_on
    return tuple(RESUME if resumes and one == PERSON else one for one in _ACTIONS[state])
