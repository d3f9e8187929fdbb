import re
from datetime import date

import pytest
from chat.domain.conversation import FIXED_ACTIONS
from chat.domain.phrases import button, say, templates, which_day
from chat.domain.wishes import Wish


@pytest.mark.parametrize("phrase", sorted(templates()))
def test_each_phrase_says_the_same_in_both_languages(phrase: str) -> None:
    both = templates()[phrase]
    assert set(both) == {"en", "es"}
    places = [set(re.findall(r"{\w+}", text)) for text in both.values()]
    assert places[0] == places[1]


@pytest.mark.parametrize("action", sorted(FIXED_ACTIONS))
def test_every_button_has_its_words(action: str) -> None:
    assert button(action).label != button(action, "es").label


@pytest.mark.parametrize(
    ("wish", "question"),
    [
        (Wish(mismatch=(date(2026, 11, 26), 4)), "November 26 is a Thursday, not a Friday"),
        (Wish(impossible=(2, 30)), "no such day as February 30"),
        (Wish(impossible=(None, 32)), "no such day as 32"),
        (Wish(impossible=(13, 45)), "no such day as 13/45"),
        (Wish(past=date(2026, 11, 20)), "has passed"),
    ],
)
def test_a_doubtful_day_is_asked_for_again(wish: Wish, question: str) -> None:
    assert question in which_day(wish)


def test_a_doubtful_day_is_asked_for_in_spanish() -> None:
    asked = which_day(Wish(mismatch=(date(2026, 11, 26), 4)), "es")
    assert "26 de noviembre es jueves, no viernes" in asked


def test_nothing_is_said_without_its_facts() -> None:
    with pytest.raises(KeyError):
        say("address", "en")
