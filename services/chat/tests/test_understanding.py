from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from chat.domain.cars import cars_in
from chat.domain.conversation import State
from chat.domain.intents import (
    AskPrice,
    ChooseSlot,
    Context,
    Intent,
    NameService,
    No,
    UnknownAction,
    Yes,
    understand_action,
)
from chat.domain.language import language_of
from chat.domain.understanding import is_yes
from chat.domain.values import Slot
from chat.domain.wishes import Wish, contradicts, doubt, three_of, wish_in

ZONE = "America/Los_Angeles"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo(ZONE))
"""A Monday."""


@pytest.mark.parametrize(
    ("words", "cars"),
    [
        ("My Civic was traded in for a 2020 Tahoe", [(2020, None, "Tahoe")]),
        ("I traded my 2015 Honda Civic in for a Tahoe", [(None, None, "Tahoe")]),
        ("It's not a Honda Civic, it's a Chevrolet Tahoe", [(None, "Chevrolet", "Tahoe")]),
        ("no es un Honda Civic, es una Tahoe", [(None, None, "Tahoe")]),
        ("I sold my Honda Civic and now have a Tahoe", [(None, None, "Tahoe")]),
        ("Instead of the Honda Civic I'll bring a Toyota Tundra", [(None, "Toyota", "Tundra")]),
        ("en vez del Civic llevo la Tahoe", [(None, None, "Tahoe")]),
        ("my Civic is not black", [(None, None, "Civic")]),
        ("I have a Tahoe. It was sold to me last year", [(None, None, "Tahoe")]),
        ("it's a 1993 Lada Niva, how much for ceramic", [(1993, "lada", "niva")]),
        ("it's 2026 already", []),
    ],
)
def test_a_car_that_is_denied_is_not_spoken_of_and_the_other_one_is(
    words: str, cars: list[tuple[int | None, str | None, str]]
) -> None:
    assert [(car.year, car.make, car.model) for car in cars_in(words)] == cars


def slot(day: int, hour: int) -> Slot:
    start = datetime(2026, 11, day, hour, tzinfo=ZoneInfo(ZONE))
    return Slot(start=start, end=start + timedelta(hours=2), label="as booking says")


HELD_TUESDAY_AT_10 = Context(
    State.CONFIRM, (), ("coupe", "sedan", "suv"), (), ZONE, NOW, held=slot(24, 10).start
)


@pytest.mark.parametrize(
    "words",
    [
        "yes",
        "Yes!",
        "yeah",
        "sure",
        "book it",
        "go ahead",
        "yes please",
        "Sounds good",
        "yes, that's right",
        "ok, yes",
        "great, book it",
        "yes, tuesday at 10",
        "yes tuesday please",
        "Sí",
        "sí, por favor",
        "claro, adelante",
        "correcto",
        "sí, el martes a las 10",
    ],
)
def test_an_explicit_yes_is_a_yes(words: str) -> None:
    assert is_yes(words, HELD_TUESDAY_AT_10)


@pytest.mark.parametrize(
    "words",
    [
        "ok",
        "yes but later",
        "yes? how much",
        "not yes",
        "maybe",
        "no",
        "yes if it is cheaper",
        "sure, what time?",
        "",
        "yes, tuesday at 2",
        "yes, wednesday",
        "yes cancel it",
        "yesterday",
        "sure thing, but not at 10",
        "sí, pero más tarde",
        "si me hace descuento",
        "sí, el miércoles",
        "vale",
        "👍",
    ],
)
def test_anything_less_is_no_yes(words: str) -> None:
    assert not is_yes(words, HELD_TUESDAY_AT_10)


def test_a_yes_to_a_cancellation_may_say_so() -> None:
    assert is_yes("yes cancel it", replace(HELD_TUESDAY_AT_10, state=State.CANCEL_CONFIRM))


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("today", Wish(day=date(2026, 11, 23))),
        ("tomorrow afternoon", Wish(day=date(2026, 11, 24), part="afternoon")),
        ("next friday", Wish(day=date(2026, 12, 4))),
        ("monday", Wish(day=date(2026, 11, 30))),
        ("11/30", Wish(day=date(2026, 11, 30))),
        ("30/11", Wish(day=date(2026, 11, 30))),
        ("January 5th", Wish(day=date(2027, 1, 5))),
        ("the 31st", Wish(day=date(2026, 12, 31))),
        ("after 4", Wish(not_before=time(16))),
        ("before 11am", Wish(not_after=time(11))),
        ("between 2 and 4", Wish(not_before=time(14), not_after=time(16))),
        ("between 10 and 1pm", Wish(not_before=time(10), not_after=time(13))),
        ("at 9:30 am", Wish(at=time(9, 30))),
        ("half past 3", Wish(at=time(15, 30))),
        ("at four", Wish(at=time(16))),
        ("friday the 27th", Wish(day=date(2026, 11, 27))),
        ("friday the 26th", Wish(mismatch=(date(2026, 11, 26), 4))),
        ("february 29", Wish(impossible=(2, 29))),
        ("november 20", Wish(past=date(2026, 11, 20))),
        ("the sun strip", Wish()),
        ("a las tres y cuarto", Wish(at=time(15, 15))),
        ("el lunes por la mañana", Wish(day=date(2026, 11, 30), part="morning")),
    ],
)
def test_times_are_resolved_at_the_shops_clock(words: str, wish: Wish) -> None:
    assert wish_in(words, NOW) == wish


def test_three_offers_lie_on_three_days_where_there_are_three() -> None:
    slots = tuple(slot(day, hour) for day in (24, 25, 26) for hour in (9, 10, 11))
    assert {s.start.day for s in three_of(slots, ZONE)} == {24, 25, 26}


def test_two_days_are_used_before_a_day_gives_a_second_offer() -> None:
    slots = (slot(24, 9), slot(24, 10), slot(24, 15), slot(25, 9))
    assert [(s.start.day, s.start.hour) for s in three_of(slots, ZONE)] == [(24, 9), (24, 15), (25, 9)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how much is it", "en"),
        ("¿Cuánto cuesta?", "es"),
        ("hola", "es"),
        ("mañana por la tarde", "es"),
        ("2", None),
        ("ok", None),
        ("Honda Civic", None),
        ("hello, quiero una cita por favor", "es"),
    ],
)
def test_the_language_is_that_of_the_words(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("action", "meant"),
    [
        ("see_prices", AskPrice(compared=True)),
        ("service:tint-removal", AskPrice("tint-removal")),
        ("class:suv", NameService(None, "suv")),
        ("slot:2026-11-24T10:00:00-08:00", ChooseSlot(datetime(2026, 11, 24, 18, tzinfo=UTC))),
        ("confirm:yes", Yes()),
        ("cancel:no", No()),
    ],
)
def test_buttons_mean_what_they_say(action: str, meant: Intent) -> None:
    assert understand_action(action) == meant


@pytest.mark.parametrize(
    "action",
    ["", "drop table", "slot:", "slot:tomorrow", "slot:2026-11-24T10:00:00", "service:", "confirm:maybe"],
)
def test_a_button_that_is_none_of_ours_is_refused(action: str) -> None:
    with pytest.raises(UnknownAction):
        understand_action(action)


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("January 14, 2024 at 10am", Wish(past=date(2024, 1, 14), at=time(10))),
        ("Sunday, January 14, 2024", Wish(past=date(2024, 1, 14))),
        ("1/14/24", Wish(past=date(2024, 1, 14))),
        ("2024-01-14", Wish(past=date(2024, 1, 14))),
        ("el 14 de enero de 2024", Wish(past=date(2024, 1, 14))),
        ("January 14, 2027", Wish(day=date(2027, 1, 14))),
        ("January 14", Wish(day=date(2027, 1, 14))),
        ("February 29, 2027", Wish(impossible=(2, 29))),
        ("Friday, January 14", Wish(mismatch=(date(2027, 1, 14), 4))),
    ],
)
def test_a_year_that_is_named_counts(words: str, wish: Wish) -> None:
    assert wish_in(words, NOW) == wish


def test_a_doubt_says_what_is_right_and_which_days_it_leaves_open() -> None:
    wish = wish_in("Friday, January 14", NOW)
    assert doubt(wish) == "January 14, 2027 is a Thursday, not a Friday; the nearest Friday is January 15"
    days = [date(2027, 1, n) for n in range(11, 18)]
    assert [day.day for day in days if contradicts(wish, day)] == [14, 15]
    assert not contradicts(wish_in("January 14", NOW), date(2027, 1, 14))
