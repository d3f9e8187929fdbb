"""What the customer's own words, a yes and a deed do not prove."""

from dataclasses import replace

import pytest
from chat.domain.receipts import Receipt
from chat.domain.reply.ledger import Ledger, ledger_of
from chat.domain.reply.review import Review
from chat.domain.reply.screen import Screen
from chat.domain.reply.tags import Sentences, Tag
from shared.understanding.claims import claim_chances

from .scenes import CLAIM_CHANCE, RECEIPTS, TALK, ledger, reviewed

PICKED = Receipt("hold_slot", {**TALK["slots"][0], "expires_at": None})


def after(said: str, scene: str = "offered") -> Ledger:
    known = ledger(scene)
    return replace(known, setting=replace(known.setting, said=(said,)))


def shown(known: Ledger, say: str) -> list[str]:
    """What needs no judge."""
    review, sentences = Review(known, "en"), Sentences()
    found = [*review.of([*sentences.feed(say), *sentences.end()]), *review.end()]
    return [r.said for r in found if r.doubt is None and r.text]


@pytest.mark.parametrize(
    "say", ["Si ya tiene un día en mente, ¿cuál sería?", "¿Prefiere un día en especial?"]
)
def test_un_is_an_article(say: str) -> None:
    assert shown(ledger("offered"), say) == [say]


@pytest.mark.parametrize("say", ["Cuesta uno o dos dólares.", "Sale en un dólar.", "Tarda una hora y media."])
def test_and_what_it_counts_is_a_fact(say: str) -> None:
    assert not shown(ledger("offered"), say)


@pytest.mark.parametrize(
    ("said", "say"),
    [
        ("can I come at 3pm thursday?", "Yes, 3pm works."),
        ("is there 20off?", "Yes, 20off is on."),
        ("so 9 tomorrow works?", "Yes, 9 tomorrow works."),
        ("joe does it for 2000", "2000 it is."),
        ("I have a bmw, 3pm ok?", "We have 3pm."),
        ("do you have 10am-2pm", "We have 10am-2pm."),
    ],
)
def test_a_figure_that_the_customer_named_is_no_fact(said: str, say: str) -> None:
    assert not shown(after(said), say)


@pytest.mark.parametrize(
    ("said", "say"),
    [
        ("I have a 2019 Ford F150", "Nice, an F-150!"),
        ("it's for 2 cars", "Great, which 2 cars are they?"),
        ("2015 bmw 328i", "Happy to help with the 328i."),
    ],
)
def test_a_car_and_a_count_of_the_customers_are_said_after_them(said: str, say: str) -> None:
    assert shown(after(said), say) == [say]


@pytest.mark.parametrize(
    "say",
    [
        "Done, you're all set for {time:s2.2}!",
        "You're booked for {time:s2.2}.",
        "You're booked for {times:s2}.",
        "It's been moved to {time:s2.1}.",
        "I'm holding {time:s2.1} for you.",
        "Your appointment is cancelled.",
    ],
)
def test_a_deed_that_stands_is_said_of_no_other_time(say: str) -> None:
    before = ["get_quote", "find_slots", "book", "cancel_appointment", "book", "move_appointment"]
    receipts = [*(RECEIPTS[name] for name in before), RECEIPTS["find_slots"], PICKED]
    assert not shown(ledger_of(receipts, ledger("moved").setting), say)


def test_a_time_that_is_held_is_the_only_one_said_to_be() -> None:
    assert shown(ledger("held"), "I'm holding {time:s1.1} for you.")
    assert not shown(ledger("held"), "I'm holding {time:s1.2} for you.")
    declined = Receipt("decline", {"start": TALK["slots"][0]["start"]})
    receipts = [*(RECEIPTS[name] for name in TALK["scenes"]["held"]), declined]
    assert not shown(ledger_of(receipts, ledger("held").setting), "I'm holding that for you.")


def test_words_of_the_question_excuse_no_figure_beside_an_answer() -> None:
    known = after("is there coffee, and is it 300 at 4 pm?")
    screen = Screen(known)
    assert screen.doubt(["For 300, ", Tag("know", "waiting")])
    assert screen.doubt(["With coffee and insurance, ", Tag("know", "waiting")])
    assert not screen.doubt(["About the coffee: ", Tag("know", "waiting")])


@pytest.mark.parametrize(
    ("said", "say"),
    [
        ("is the warranty lifetime?", "Absolutely. Ceramic is {price:q1}."),
        ("is it $300 with a lifetime warranty?", "Yes. Ceramic is {price:q1}."),
        ("do you come to my house?", "Yes, we do."),
        ("do you come to my house", "Sure! Ceramic is {price:q1}."),
        ("can I come thursday?", "Sure. Ceramic is {price:q1}."),
        ("lo hacen a domicilio?", "Sí, lo hacemos."),
    ],
)
def test_a_yes_is_proved_by_what_was_asked_about(said: str, say: str) -> None:
    assert not [r for r in shown(after(said), say) if r[:2] == say[:2]]


@pytest.mark.parametrize(
    ("said", "say"),
    [
        ("can I get a price?", "Sure. Ceramic is {price:q1}."),
        ("is tuesday open?", "Yes. We have {time:s1.1}."),
        ("can I wait there?", "Sure! {know:waiting}"),
    ],
)
def test_a_yes_with_its_proof_is_shown(said: str, say: str) -> None:
    assert shown(after(said), say) == [say]


@pytest.mark.parametrize(
    "say", ["Sure, we come to your house.", "Yes, it blocks all UV rays.", "Sí, lo hacemos a domicilio."]
)
def test_a_yes_that_says_more_goes_to_the_detector(say: str) -> None:
    review, sentences = Review(after("hello"), "en"), Sentences()
    (found,) = [*review.of([*sentences.feed(say), *sentences.end()]), *review.end()]
    assert found.claims
    assert claim_chances([found.claims])[0] >= CLAIM_CHANCE


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("For the Tahoe it's {price:ceramic-full}.", False),
        ("For the Tahoe it's {price:q1}.", False),
        ("For the Tahoe it's {total:q1+carbon-full}.", False),
        ("An SUV comes to {total:q1}.", False),
        ("Carbon comes to {total:q1}.", False),
        ("For the Tahoe it's {price:ceramic-full/suv}.", True),
        ("Tint Removal for the Tahoe is {price:tint-removal}.", True),
        ("For your Honda Civic it's {price:q1}.", True),
        ("Ceramic comes to {total:q1} for the Civic.", True),
        ("Ceramic and carbon come to {total:q1+carbon-full}.", True),
    ],
)
def test_a_price_is_said_of_the_car_that_it_is_for(say: str, *, said: bool) -> None:
    assert (shown(ledger("quoted"), say) == [say]) is said


def test_a_price_of_a_quote_for_another_car_is_said_of_that_one() -> None:
    tahoe = {**RECEIPTS["get_quote"].result, "vehicle_class": "suv", "car": "Chevrolet Tahoe"}
    known = ledger_of([RECEIPTS["get_quote"], Receipt("get_quote", tahoe)], ledger("quoted").setting)
    assert shown(known, "For the Tahoe it's {price:q2}.")
    assert not shown(known, "For the Civic it's {price:q2}.")
    assert shown(known, "The Civic is {price:q1} and the Tahoe {price:q2}.")


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("Ceramic is {price:ceramic-full}, and carbon is {price:carbon-full}.", True),
        ("It's {price:ceramic-full} with ceramic, or {price:carbon-full} with carbon.", True),
        ("Carbon, which holds its color, is {price:carbon-full} and takes {duration:carbon-full}.", True),
        ("The window tint is {price:carbon-full} in carbon and {price:ceramic-full} in ceramic.", True),
        ("Would you like the ceramic at {price:ceramic-full} or the carbon at {price:carbon-full}?", True),
        ("Ceramic is {price:carbon-full}, and carbon is {price:ceramic-full}.", False),
        ("It's {price:carbon-full} with ceramic, or {price:ceramic-full} with carbon.", False),
        ("Ceramic, the better film, is {price:carbon-full}.", False),
    ],
)
def test_each_of_several_prices_is_of_the_service_beside_it(say: str, *, said: bool) -> None:
    assert (shown(ledger("quoted"), say) == [say]) is said


@pytest.mark.parametrize(
    ("say", "doubt"),
    [
        ("Wednesday is open, too, for instance {time:s1.2}.", None),
        ("The first one tomorrow is {time:s1.1}.", None),
        ("For this week I have {times:s1}.", None),
        ("El miércoles tengo {time:s1.2}.", None),
        ("Which of those two would you like?", None),
        ("Friday is open, too, for instance {time:s1.2}.", "moment"),
        ("For next week I have {times:s1}.", "moment"),
        ("Wednesdays are always open, for instance {time:s1.2}.", "moment"),
        ("The first one today is {time:s1.1}.", "moment"),
        ("Those two hours are all it takes.", "figure"),
        ("Wednesday is open until late, for instance {time:s1.2}.", "moment"),
    ],
)
def test_a_day_is_said_beside_a_time_of_that_day(say: str, doubt: str | None) -> None:
    [found] = reviewed("offered", say)
    assert (found.doubt and found.doubt.kind) == doubt


def test_what_no_judge_may_pass_outweighs_what_one_may() -> None:
    [found] = reviewed("offered", "Sunday works, and I'm a real person.")
    assert found.doubt is not None
    assert (found.doubt.kind, found.doubt.final) == ("identity", True)


@pytest.mark.parametrize(
    "say",
    [
        "El taller cierra después de las 6.",
        "Hay lugar después de las 3, por ejemplo {time:s1.2}.",
        "Tengo libre a las dos.",
        "El taller abre a las dos.",
        "Ceramic is {price:carbon-full} vs carbon at {price:ceramic-full}.",
        "Ceramic is {price:carbon-full} - carbon is {price:ceramic-full}.",
        "Ceramic is {price:carbon-full} compared to {price:ceramic-full} with carbon.",
        "Ceramic is {price:carbon-full} instead of the {price:ceramic-full} for carbon.",
        "Ceramic takes {duration:ceramic-full} and costs {price:carbon-full}.",
        "Any time on Tuesday works, for instance {time:s1.1}.",
        "Tuesday is the only day with openings, {time:s1.1}.",
        "Your car will be ready Tuesday if you take {time:s1.1}.",
        "Tuesday afternoon I have {time:s1.1}.",
        "El martes por la tarde tengo {time:s1.1}.",
        "Next Tuesday I have {time:s1.1}.",
        "Los martes siempre hay lugar, por ejemplo {time:s1.1}.",
        "Cada mañana hay lugar, por ejemplo {time:s1.1}.",
        "On Tuesday I have {times:s1}.",
        "We're open until {time:s1.2}.",
        "We're closed until {time:s1.3}.",
        "Estamos abiertos hasta {time:s1.2}.",
        "Abrimos a las {time:s1.2}.",
    ],
)
def test_what_a_tag_beside_it_does_not_prove_is_in_doubt(say: str) -> None:
    assert not shown(ledger("offered"), say)
