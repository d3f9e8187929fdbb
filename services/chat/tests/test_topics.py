"""What is learnt from examples is fitted to the examples that are there, and holds on messages that nobody fitted it to."""

from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import yaml
from chat.domain.catalog import match_addons
from chat.domain.conversation import State
from chat.domain.intents import (
    AskAppointment,
    AskCompare,
    AskKnowledge,
    AskMove,
    AskOpenNow,
    AskPerson,
    AskPrice,
    AskUnlisted,
    ChangeService,
    Context,
    OtherLanguage,
    PickTime,
    Unclear,
)
from chat.domain.language import is_foreign, language_of
from chat.domain.understanding import parts, understand
from chat.domain.understanding.topics import nearest_first, topic_of
from shared.events import Addon

from evals.understanding.__main__ import ROOT, context_for, judged
from evals.understanding.fit import examples, source

PACKAGE = files("chat.domain.understanding")


def test_the_weights_are_those_of_the_examples() -> None:
    with PACKAGE.joinpath("topics.npz").open("rb") as file, np.load(file) as kept:
        assert str(kept["source"]) == source(), "make understanding"


@pytest.mark.parametrize("path", sorted((ROOT / "evals/understanding").glob("*.yaml")), ids=lambda p: p.name)
def test_of_unseen_messages_four_in_five_are_right_and_three_in_a_hundred_wrong(path) -> None:
    verdicts = [judged(message)[0] for message in yaml.safe_load(path.read_text())]
    assert verdicts.count("right") >= 0.8 * len(verdicts)
    assert verdicts.count("wrong") <= 0.03 * len(verdicts)


def test_no_held_out_message_is_an_example() -> None:
    known = {one.text.casefold().strip(" ?!.") for one in examples()}
    for path in (ROOT / "evals/understanding").glob("*.yaml"):
        held_out = {str(one["text"]).casefold().strip(" ?!.") for one in yaml.safe_load(path.read_text())}
        assert not held_out & known


def met(text: str, **where: object) -> tuple[object, ...]:
    return understand(text, context_for({"text": text, **where}))


@pytest.mark.parametrize("word", ["no", "hi", "thanks", "gracias"])
def test_a_message_of_many_joints_is_looked_at_a_bounded_number_of_times(word, monkeypatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(parts, "topic_of", lambda part: looked.append(part) or topic_of(part))
    met(", ".join([word] * 60))
    assert len(looked) < 200


def test_five_questions_of_a_burst_are_five_and_none_is_dropped() -> None:
    burst = "how much is it?\nhow long does it take\nwhere are you\ndo you take cards\nis there a warranty"
    assert len(met(burst)) == 5


def test_an_hour_later_is_an_hour_after_the_appointment_and_a_bare_time_is_on_its_day() -> None:
    start = context_for({"booked": True}).appointment
    assert start is not None
    for said, hour in (("an hour later", start.hour + 1), ("can we do 3pm instead", 15)):
        [move] = met(said, booked=True)
        assert isinstance(move, AskMove)
        assert (move.wish.day, move.wish.at and move.wish.at.hour) == (start.date(), hour)


def test_a_tier_named_for_an_appointment_changes_its_service_and_a_question_of_it_does_not() -> None:
    assert met("change it to ceramic", booked=True) == (ChangeService("full-ceramic"),)
    assert isinstance(met("does the film block heat?")[0], AskCompare)


def test_a_danger_and_our_own_bad_work_are_for_a_person_at_once() -> None:
    assert met("my son got hurt in your shop. how much is tint?") == (AskPerson("safety"),)
    assert met("the film you installed is already peeling") == (AskPerson("complaint or claim"),)


def test_what_was_booked_and_whether_it_is_open_are_no_wish_for_times() -> None:
    assert met("What did I book?", booked=True) == (AskAppointment(),)
    assert met("are you open now?") == (AskOpenNow(),)
    assert met("and the front only?") == (AskPrice("front-two"),)


def test_what_is_not_known_is_asked_about_and_never_answered_with_times_or_the_nearest_service() -> None:
    for said in ("my cousin vinny told me", "blorp", "the blue one not the other"):
        assert met(said) == (Unclear(),)
    [boats] = met("do you tint boats")
    assert isinstance(boats, AskUnlisted)
    assert not boats.priced
    assert not isinstance(met("my windshield is cracked, can you fix it")[0], AskPrice | PickTime)


def test_another_question_of_the_shop_is_found_by_what_it_wrote_down() -> None:
    entry = (
        context_for({})
        .knowledge[0]
        .model_copy(update={"code": "boats", "questions": ("do you tint boats", "can you tint my boat")})
    )
    context = Context(State.NEED, (), (), (), "UTC", context_for({}).now, knowledge=(entry,))
    [asked] = understand("do you also tint boats?", context)
    assert isinstance(asked, AskKnowledge)
    assert asked.code == "boats"


@pytest.mark.parametrize(
    "text",
    ["help me", "quote me", "can you call me", "Tesla Model Y", "me", "y", "ok", "2020 RAV4", "Ford F-150"],
)
def test_english_with_a_word_that_spanish_has_too_is_not_spanish(text: str) -> None:
    assert language_of(text) != "es"


@pytest.mark.parametrize(
    "text", ["hola", "buenas", "cuanto me sale", "y la camioneta?", "gracias", "el viernes"]
)
def test_spanish_is_spanish(text: str) -> None:
    assert language_of(text) == "es"


@pytest.mark.parametrize("text", ["bonjour, combien ça coûte", "你好", "Guten Tag, was kostet die Folie"])
def test_other_languages_are_told_which_two_we_write(text: str) -> None:
    assert is_foreign(text)
    assert met(text) == (OtherLanguage(),)


def test_an_add_on_is_named_by_a_word_of_its_own_and_no_service_by_the_same_word() -> None:
    strip = Addon(code="sun-strip", name="Windshield sun strip", amount_cents=1)
    context = context_for({})
    services = (context.services[0].model_copy(update={"addons": (strip,)}), *context.services[1:])
    for said, service in (
        ("how much for that strip thing at the top of the windshield", None),
        ("how much is the full ceramic with the strip", "full-ceramic"),
    ):
        [asked] = understand(said, replace(context, services=services))
        assert isinstance(asked, AskPrice)
        assert (asked.service, asked.addons) == (service, ("sun-strip",))
    assert match_addons("how much for the windshield", services) == ()


def test_of_many_questions_the_shop_s_nearest_statements_come_first() -> None:
    knowledge = context_for({}).knowledge
    assert nearest_first("do I pay sales tax on top", knowledge)[0].code == "tax"


def test_bubbles_of_film_that_is_to_come_off_are_a_sale_and_those_of_ours_a_complaint() -> None:
    old = "my current tint is bubbling and turning purple, can you take it off and put new on"
    assert not any(isinstance(one, AskPerson) for one in met(old))
    ours = "the tint you put on is bubbling, take it off"
    assert met(ours) == (AskPerson("complaint or claim"),)


def test_words_that_mean_and_are_spelled_like_examples_have_their_topic() -> None:
    for said, topic in (
        ("do u sell giftcards", "unknown"),
        ("hablan espanol", "language"),
        ("till when is the quote good", "validity"),
    ):
        assert topic_of(said).name == topic
