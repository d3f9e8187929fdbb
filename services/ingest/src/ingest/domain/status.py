"""How a lead's status moves: forward by what happened, back only when its last appointment is cancelled.

Won and lost are what its order in the CRM is, by the newest state of that; a booking after the loss opens it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.events import LeadStatus

_RANK: dict[LeadStatus, int] = {
    "new": 0,
    "contacted": 1,
    "engaged": 2,
    "appointment_scheduled": 3,
    "won": 4,
    "lost": 4,
}
CLOSED: frozenset[LeadStatus] = frozenset({"won", "lost"})


@dataclass(frozen=True)
class Appointment:
    """The newest that was heard of one appointment; `sequence` rises with each of its changes."""

    sequence: int
    cancelled: bool


@dataclass(frozen=True)
class LeadState:
    """`outcome_at`: of when the state of its order is that was heard last; None: none was."""

    status: LeadStatus
    appointments: Mapping[UUID, Appointment]
    outcome_at: datetime | None = None


@dataclass(frozen=True)
class Contacted:
    """A message of ours left."""


@dataclass(frozen=True)
class Engaged:
    """The person wrote to us."""


@dataclass(frozen=True)
class AppointmentHeard:
    appointment_id: UUID
    appointment: Appointment
    at: datetime


@dataclass(frozen=True)
class OrderHeard:
    """`at`: the order's state is of then."""

    outcome: Literal["open", "won", "lost"]
    at: datetime


Happening: TypeAlias = Contacted | Engaged | AppointmentHeard | OrderHeard


def after(state: LeadState, happening: Happening) -> LeadState:
    """The same state when the happening is late or changes nothing."""
    match happening:
        case Contacted():
            return _forward(state, "contacted")
        case Engaged():
            return _forward(state, "engaged")
        case AppointmentHeard():
            return _with_appointment(state, happening)
        case OrderHeard():
            return _with_order(state, happening)


def _with_appointment(state: LeadState, heard: AppointmentHeard) -> LeadState:
    """A cancellation heard before its booking is remembered, so that the late booking does not count."""
    known = state.appointments.get(heard.appointment_id)
    if known is not None and known.sequence >= heard.appointment.sequence:
        return state
    state = replace(state, appointments={**state.appointments, heard.appointment_id: heard.appointment})
    if _expected(state):
        if _booked_after_the_loss(state, heard):
            return replace(state, status="appointment_scheduled", outcome_at=heard.at)
        return _forward(state, "appointment_scheduled")
    if state.status == "appointment_scheduled":
        return replace(state, status="engaged")
    return _forward(state, "engaged")


def _expected(state: LeadState) -> bool:
    return any(not appointment.cancelled for appointment in state.appointments.values())


def _booked_after_the_loss(state: LeadState, heard: AppointmentHeard) -> bool:
    lost_at = state.outcome_at if state.status == "lost" else None
    return lost_at is not None and not heard.appointment.cancelled and heard.at > lost_at


def _with_order(state: LeadState, heard: OrderHeard) -> LeadState:
    if state.outcome_at is not None and heard.at < state.outcome_at:
        return state
    state = replace(state, outcome_at=heard.at)
    if heard.outcome != "open":
        return replace(state, status=heard.outcome)
    if state.status not in CLOSED:
        return state
    return replace(state, status="appointment_scheduled" if _expected(state) else "engaged")


def _forward(state: LeadState, status: LeadStatus) -> LeadState:
    return replace(state, status=status) if _RANK[status] > _RANK[state.status] else state
