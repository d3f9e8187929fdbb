"""A wish for a time is read as a composition: range, weekdays, part of the day, and how it stands to the times that both know."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from chat.domain.conversation import State
from chat.domain.intents import (
    AskAppointment,
    AskHours,
    AskMove,
    AskPart,
    AskPrice,
    ChooseSlot,
    NameService,
    PickTime,
)
from chat.domain.understanding import understand
from chat.domain.values import Slot
from chat.domain.wishes import Wish, fits, wish_in

from evals.understanding.__main__ import context_for

ZONE = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 23, 9, tzinfo=ZONE)
"""A Monday. On offer are Tuesday 10:00 and 14:00 and Wednesday 10:00; booked is Thursday, 9:00."""

WEEKEND = frozenset({5, 6})
WORKDAYS = frozenset(range(5))


def met(text: str, **where: object) -> tuple[object, ...]:
    return understand(text, context_for({"text": text, **where}))


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("I get off at 4", Wish(not_before=time(16))),
        ("i work 7 to 4", Wish(not_before=time(16))),
        ("salgo del trabajo a las 6", Wish(not_before=time(18))),
        ("wed or thurs", Wish(weekdays=frozenset({2, 3}))),
        ("monday through friday", Wish(weekdays=WORKDAYS)),
        ("lunes o martes", Wish(weekdays=frozenset({0, 1}))),
        ("entre semana", Wish(weekdays=WORKDAYS)),
        ("has to be done by 3", Wish(done_by=time(15))),
        ("around lunch", Wish(not_before=time(11, 30), not_after=time(13, 30))),
        ("tomorrow, 2-4pm", Wish(day=date(2026, 11, 24), not_before=time(14), not_after=time(16))),
        ("el jueves a medio dia", Wish(day=date(2026, 11, 26), at=time(12))),
        ("el finde", Wish(span=(date(2026, 11, 28), date(2026, 11, 29)))),
        (
            "i work til 5, so saturday or the one after",
            Wish(span=(date(2026, 11, 28), date(2026, 12, 5)), weekdays=frozenset({5})),
        ),
    ],
)
def test_hours_of_work_several_days_and_when_it_must_be_done(text: str, wish: Wish) -> None:
    assert wish_in(text, NOW) == wish


def test_a_job_that_must_be_done_by_three_ends_by_then() -> None:
    def slot(hour: int) -> Slot:
        start = datetime(2026, 11, 25, hour, tzinfo=ZONE).astimezone(UTC)
        return Slot(start=start, end=start + timedelta(hours=3), label="")

    wish = Wish(done_by=time(15))
    assert fits(slot(12), wish, ZONE.key)
    assert not fits(slot(13), wish, ZONE.key)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("push it to the following week", Wish(span=(date(2026, 11, 30), date(2026, 12, 6)))),
        ("can we push it a day", Wish(span=(date(2026, 11, 27), date(2026, 11, 27)))),
        ("same time but a day later", Wish(span=(date(2026, 11, 27), date(2026, 11, 27)), at=time(9))),
        ("mejor cámbiela para el lunes, misma hora", Wish(day=date(2026, 11, 30), at=time(9))),
        (
            "could I come later that same day",
            Wish(span=(date(2026, 11, 26), date(2026, 11, 26)), not_before=time(9, 1)),
        ),
        ("an hour later", Wish(day=date(2026, 11, 26), at=time(10))),
    ],
)
def test_another_time_is_read_from_the_appointment(text: str, wish: Wish) -> None:
    assert met(text, booked=True) == (AskMove(wish),)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("ninguno me queda, trabajo de lunes a viernes", Wish(weekdays=WEEKEND)),
        ("none of those work, i work 7 to 4", Wish(not_before=time(16))),
        (
            "the first day is good but a bit later than that",
            Wish(span=(date(2026, 11, 24), date(2026, 11, 24)), not_before=time(10, 1)),
        ),
        ("mejor la otra semana", Wish(span=(date(2026, 11, 30), date(2026, 12, 6)))),
    ],
)
def test_another_time_is_read_from_those_on_offer(text: str, wish: Wish) -> None:
    assert met(text, offered=True) == (PickTime(wish),)


def test_two_sentences_are_one_wish() -> None:
    [found] = met("Do you have anything on thursday? I get off at 4")
    assert found == PickTime(Wish(day=date(2026, 11, 26), not_before=time(16)))


def test_who_takes_any_of_them_has_the_first_read_back() -> None:
    offered = context_for({"offered": True}).offered
    assert met("either one is fine", offered=True) == (ChooseSlot(offered[0].start),)
    assert not isinstance(met("anything but those", offered=True)[0], ChooseSlot)
    assert not isinstance(met("which is the last one of the day?", offered=True)[0], ChooseSlot)


def test_a_time_that_is_asked_about_is_no_move() -> None:
    assert met("thursday at 9, right?", booked=True) == (AskAppointment(),)


@pytest.mark.parametrize(
    "text",
    ["what about without the back window", "how much for just the back doors", "y sin el vidrio de atras"],
)
def test_windows_without_a_price_of_their_own_are_no_whole_car(text: str) -> None:
    assert met(text) == (AskPart(),)


def test_what_is_left_out_is_not_the_service_wanted() -> None:
    [found] = met("how much for all windows except the windshield")
    assert isinstance(found, AskPrice)
    assert found.service != "windshield"
    assert met("just the two front windows") in {(AskPrice("front-two"),), (NameService("front-two"),)}


def test_a_car_that_is_picked_up_is_no_truck() -> None:
    found = met("how much is it if I pick it up at 5")
    assert [one.vehicle_class for one in found if isinstance(one, AskPrice)] == [None]


@pytest.mark.parametrize("text", ["actually it's for my truck", "en realidad es para mi camioneta"])
def test_another_class_of_car_is_heard_whatever_the_topic(text: str) -> None:
    assert met(text) == (NameService(vehicle_class="truck"),)


def test_spanish_hours_are_free_times_too_once_there_is_a_price() -> None:
    quoted = replace(context_for({}), state=State.QUOTE)
    found = understand("¿qué horarios tienen?", quoted)
    assert [type(one) for one in found] == [AskHours, PickTime]
    assert [type(one) for one in met("¿cuál es su horario?")] == [AskHours]
