from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from ingest.domain.status import (
    Appointment,
    AppointmentHeard,
    Contacted,
    Engaged,
    Happening,
    LeadState,
    OrderHeard,
    after,
)

A, B = UUID(int=1), UUID(int=2)
DAY = datetime(2026, 11, 22, tzinfo=UTC)


def booked(which: UUID, sequence: int = 1, day: int = 0) -> AppointmentHeard:
    return AppointmentHeard(which, Appointment(sequence, cancelled=False), DAY + timedelta(days=day))


def cancelled(which: UUID, sequence: int = 2, day: int = 0) -> AppointmentHeard:
    return AppointmentHeard(which, Appointment(sequence, cancelled=True), DAY + timedelta(days=day))


def order(outcome: str, day: int) -> OrderHeard:
    return OrderHeard(outcome, DAY + timedelta(days=day))


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
    Case("the order is paid", "engaged", [order("won", 1)], "won"),
    Case("the order is lost", "appointment_scheduled", [booked(A), order("lost", 1)], "lost"),
    Case("won after it was lost", "engaged", [order("lost", 1), order("won", 2)], "won"),
    Case("a late word of the loss", "engaged", [order("won", 2), order("lost", 1)], "won"),
    Case("a late word that it was open", "engaged", [order("lost", 2), order("open", 1)], "lost"),
    Case("open again", "engaged", [order("lost", 1), order("open", 2)], "engaged"),
    Case("open again, with an appointment", "new", [booked(A), order("lost", 1), order("open", 2)], "appointment_scheduled"),
    Case("open, as it always was", "contacted", [order("open", 1)], "contacted"),
    Case("what was said before the loss", "new", [order("lost", 1), Engaged(), Contacted()], "lost"),
    Case("booked before the loss, heard after it", "new", [order("lost", 2), booked(A, day=1)], "lost"),
    Case("booked after the loss", "new", [order("lost", 1), booked(A, day=2)], "appointment_scheduled"),
    Case("booked after the loss, and late word of that", "new", [order("lost", 1), booked(A, day=3), order("open", 2)], "appointment_scheduled"),
    Case("lost once more", "new", [order("lost", 1), booked(A, day=2), order("lost", 3)], "lost"),
    Case("cancelled after it was won", "new", [booked(A), order("won", 1), cancelled(A, day=2)], "won"),
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


def test_the_newest_state_of_the_order_counts_in_whatever_order_it_is_heard():
    heard = [order("lost", 1), order("open", 2), order("won", 3), booked(A)]
    ends = set()
    for happenings in permutations(heard):
        state = LeadState("engaged", {})
        for happening in happenings:
            state = after(state, happening)
        ends.add(state.status)
    assert ends == {"won"}
