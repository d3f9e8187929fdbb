"""What is asked for beside an offer: other times from where it stands, an add-on, all but one of its times."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from chat.domain.conversation import State
from chat.domain.intents import AskPrice, ChooseSlot, PickTime
from chat.domain.language import heard_language
from chat.domain.phrases import say
from chat.domain.reply.text import folded
from chat.domain.understanding import understand
from chat.domain.values import Slot
from chat.domain.wishes import Wish, wish_in
from shared.events import Addon

from evals.understanding.__main__ import NOW, context_for

ZONE = ZoneInfo("America/Los_Angeles")
LAST = date(2026, 11, 26)
STARTS = [datetime(2026, 11, day, hour, tzinfo=ZONE) for day, hour in ((24, 9), (25, 11), (26, 11))]
OFFERED = tuple(Slot(start=one, end=one + timedelta(hours=3), label="") for one in STARTS)
CONTEXT = replace(context_for({}), offered=OFFERED, state=State.OFFER)


def wish(text: str) -> Wish:
    [asked] = understand(text, CONTEXT)
    assert isinstance(asked, PickTime), asked
    return asked.wish


@pytest.mark.parametrize(
    "text", ["anything later in the day?", "later?", "algo más tarde", "got something later"]
)
def test_later_is_later_than_the_latest_hour_on_offer(text: str) -> None:
    assert (wish(text).not_before or time(0)) > time(11)


@pytest.mark.parametrize(
    "text", ["mmm earlier?", "do you have anything earlier", "ninguna me queda, algo mas temprano?"]
)
def test_earlier_is_earlier_than_the_earliest_hour_on_offer(text: str) -> None:
    assert (wish(text).not_after or time(23)) < time(9)


@pytest.mark.parametrize(
    "text", ["the week after that would be better", "y la semana que sigue?", "following week?"]
)
def test_the_week_after_is_that_behind_the_offer(text: str) -> None:
    assert wish(text).span == (date(2026, 11, 30), date(2026, 12, 6))


def test_weeks_from_now_are_a_week_then() -> None:
    assert wish("those are too soon, maybe 2 weeks out").span == (date(2026, 12, 7), date(2026, 12, 13))


@pytest.mark.parametrize(
    "text", ["ok thanks, I'll write you later", "talk to you later", "what is the film made of"]
)
def test_writing_later_is_no_wish_for_later_times(text: str) -> None:
    assert not any(isinstance(one, PickTime) for one in understand(text, CONTEXT))


@pytest.mark.parametrize(
    "text",
    ["11:00 but not the first", "11:00 but not the second one", "11 would be good but not the second day"],
)
def test_a_time_that_is_refused_by_its_place_is_not_chosen(text: str) -> None:
    found = understand(text, CONTEXT)
    refused = STARTS[0] if "first" in text else STARTS[1]
    assert ChooseSlot(refused) not in found
    if "second" in text:
        assert found == (ChooseSlot(STARTS[2]),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("friday 2 doors only", Wish(day=date(2026, 11, 27))),
        ("my 3rd gen tacoma", Wish()),
        ("it's my 2nd car", Wish()),
        ("the sun is killing me", Wish()),
        ("it just sat there", Wish()),
        ("friday 10", Wish(day=date(2026, 11, 27), at=time(10))),
        ("friday 10 works", Wish(day=date(2026, 11, 27), at=time(10))),
        ("friday 27 please", Wish(day=date(2026, 11, 27))),
        ("the 14th at 3pm", Wish(day=date(2026, 12, 14), at=time(15))),
        ("the 14th in the morning", Wish(day=date(2026, 12, 14), part="morning")),
        ("the sunday after", Wish(day=date(2026, 11, 29))),
        ("sat or sun", Wish(weekdays=frozenset({5, 6}))),
    ],
)
def test_a_number_or_word_is_a_day_only_where_it_stands_for_one(text: str, found: Wish) -> None:
    assert wish_in(text, NOW) == found


@pytest.mark.parametrize(
    "text",
    [
        "can you add the strip at the top of the windshield",
        "I also want the sun strip",
        "agréguele la franja",
    ],
)
@pytest.mark.parametrize("booked", [False, True])
def test_an_add_on_that_is_wanted_is_no_change_of_service(text: str, *, booked: bool) -> None:
    strip = Addon(code="sun-strip", name="Windshield sun strip", amount_cents=1)
    context = context_for({"booked": booked})
    services = (context.services[0].model_copy(update={"addons": (strip,)}), *context.services[1:])
    found = understand(text, replace(context, services=services, service=services[0].code))
    assert found == (AskPrice(addons=("sun-strip",), added=True),)


@pytest.mark.parametrize("text", ["wed mejor", "ok thanks"])
def test_a_few_words_of_both_languages_leave_the_conversation_s(text: str) -> None:
    assert heard_language(text, first=False) is None


def test_more_words_of_one_language_change_it() -> None:
    assert heard_language("¿cuánto cuesta?", first=False) == "es"
    assert heard_language("how much would it cost", first=False) == "en"
    assert heard_language("cuanto cuesta", first=True) == "es"


def test_what_ends_with_a_full_stop_ends_its_sentence() -> None:
    told = say("wish_kept", "es", time="jueves, 9:00 a. m.")
    assert ".." not in told
    assert say("wish_kept", "es", time="jueves") != told


def test_an_hour_that_is_looked_for_is_no_figure() -> None:
    assert "1" not in folded("¿Le busco una hora?")
    assert "1 hora y" in folded("Tarda una hora y media.")
