from dataclasses import dataclass
from uuid import UUID

import pytest
from ingest.domain.status import (
    Appointment,
    AppointmentHeard,
    Contacted,
    Engaged,
    Happening,
    LeadState,
    after,
)

A, B = UUID(int=1), UUID(int=2)


def booked(which: UUID, sequence: int = 1) -> AppointmentHeard:
    return AppointmentHeard(which, Appointment(sequence, cancelled=False))


def cancelled(which: UUID, sequence: int = 2) -> AppointmentHeard:
    return AppointmentHeard(which, Appointment(sequence, cancelled=True))


@dataclass
class Case:
    id: str
    start: str
    happenings: list[Happening]
    end: str


CASES = [
    Case("a message of ours", "new", [Contacted()], "contacted"),
    Case("the person writes", "contacted", [Engaged()], "engaged"),
    Case("writes before our message is known", "new", [Engaged(), Contacted()], "engaged"),
    Case("books at once", "new", [booked(A)], "appointment_scheduled"),
    Case("writes after booking", "new", [booked(A), Engaged()], "appointment_scheduled"),
    Case("a late message after booking", "new", [booked(A), Contacted()], "appointment_scheduled"),
    Case("cancels", "contacted", [booked(A), cancelled(A)], "engaged"),
    Case("moves, then cancels", "new", [booked(A), booked(A, 2), cancelled(A, 3)], "engaged"),
    Case("cancellation heard before the booking", "new", [cancelled(A), booked(A)], "engaged"),
    Case("a late move after the cancellation", "new", [booked(A), cancelled(A, 3), booked(A, 2)], "engaged"),
    Case("books again after cancelling", "new", [booked(A), cancelled(A), booked(B)], "appointment_scheduled"),
    Case("the old one's cancellation comes after the new booking", "new", [booked(A), booked(B), cancelled(A)], "appointment_scheduled"),
    Case("the new one is cancelled, the old one stands", "new", [booked(A), booked(B), cancelled(B)], "appointment_scheduled"),
    Case("both are cancelled", "new", [booked(A), booked(B), cancelled(B), cancelled(A)], "engaged"),
    Case("an old cancellation of what was booked anew", "new", [booked(A, 3), cancelled(A, 2)], "appointment_scheduled"),
    Case("won stays won", "won", [Engaged(), booked(A), cancelled(A)], "won"),
    Case("lost stays lost", "lost", [Contacted(), Engaged(), booked(A), cancelled(A)], "lost"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_status_moves_forward_and_back_only_by_the_last_cancellation(case: Case):
    state = LeadState(case.start, {})
    for happening in case.happenings:
        state = after(state, happening)
    assert state.status == case.end


@pytest.mark.parametrize("happening", [Contacted(), Engaged(), booked(A), cancelled(A)], ids=str)
def test_the_same_twice_changes_nothing_the_second_time(happening: Happening):
    once = after(LeadState("new", {}), happening)
    assert after(once, happening) == once
