"""How a lead's status moves: forward by what happened, back only when its last appointment is cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
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
    status: LeadStatus
    appointments: Mapping[UUID, Appointment]


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


Happening: TypeAlias = Contacted | Engaged | AppointmentHeard


def after(state: LeadState, happening: Happening) -> LeadState:
    """The same state when the happening is late or changes nothing."""
    match happening:
        case Contacted():
            return _forward(state, "contacted")
        case Engaged():
            return _forward(state, "engaged")
        case AppointmentHeard(appointment_id, appointment):
            return _with_appointment(state, appointment_id, appointment)


def _with_appointment(state: LeadState, appointment_id: UUID, heard: Appointment) -> LeadState:
    """A cancellation heard before its booking is remembered, so that the late booking does not count."""
    known = state.appointments.get(appointment_id)
    if known is not None and known.sequence >= heard.sequence:
        return state
    state = replace(state, appointments={**state.appointments, appointment_id: heard})
    if any(not appointment.cancelled for appointment in state.appointments.values()):
        return _forward(state, "appointment_scheduled")
    if state.status == "appointment_scheduled":
        return replace(state, status="engaged")
    return _forward(state, "engaged")


def _forward(state: LeadState, status: LeadStatus) -> LeadState:
    return replace(state, status=status) if _RANK[status] > _RANK[state.status] else state
