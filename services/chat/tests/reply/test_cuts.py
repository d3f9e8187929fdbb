"""What is left of a sentence of which a part cannot be shown."""

from dataclasses import replace

import pytest
from chat.domain.reply.ledger import Ledger
from chat.domain.reply.review import Review

from .scenes import ledger

PRICE = "{price:q1}"


def left(say: str, said: str = "how much is it?") -> str | None:
    """`None`: all of it goes. Itself where nothing is wrong with it."""
    known: Ledger = ledger("offered")
    review = Review(replace(known, setting=replace(known.setting, said=(said,))), "en")
    [whole] = [*review.of([say]), *review.end()]
    return say if whole.doubt is None else next((one.said for one in review.shorter(whole)), None)


@pytest.mark.parametrize(
    ("say", "kept"),
    [
        (f"Ceramic is {PRICE} all in.", f"Ceramic is {PRICE}."),
        (f"For the Civic it's {PRICE} out the door!", f"For the Civic it's {PRICE}."),
        (f"Ceramic is {PRICE}, tax included.", f"Ceramic is {PRICE}."),
        (f"It comes to {PRICE}, and there are no other charges.", f"It comes to {PRICE}."),
        (f"It's {PRICE}, and that price won't change.", f"It's {PRICE}."),
        (f"It's {PRICE}, the price is good for a week.", f"It's {PRICE}."),
        (f"Ceramic, with tax and fees, is {PRICE}.", f"Ceramic is {PRICE}."),
        (
            f"We throw in a sunshade for free, and it is {PRICE} for ceramic.",
            f"It is {PRICE} for ceramic.",
        ),
        (f"Ceramic is {PRICE} (no tax on that).", f"Ceramic is {PRICE}."),
        ("La cerámica cuesta {price:q1}, con impuestos.", "La cerámica cuesta {price:q1}."),
        ("La cerámica sale en {price:q1} todo incluido.", "La cerámica sale en {price:q1}."),
    ],
)
def test_the_smallest_part_is_cut(say: str, kept: str) -> None:
    assert left(say) == kept


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("Yes, it's free.", "is it free?"),
        ("Sure, no tax.", "is it without tax?"),
        (f"It isn't {PRICE} out the door.", "how much?"),
        (f"Is {PRICE} all in?", "how much?"),
        (f"It's {PRICE} only without tax.", "how much?"),
        ("With ceramic, no tax is due.", "how much?"),
        (f"For {PRICE} all in.", "how much?"),
        ("You pay no fees.", "fees?"),
    ],
)
def test_what_is_left_is_a_sentence_and_says_no_more_than_before(say: str, said: str) -> None:
    assert left(say, said) is None


def test_a_yes_goes_with_what_it_answered() -> None:
    assert left(f"Yes, it's {PRICE} all in.", "is that with tax?") in {f"It's {PRICE}.", None}


@pytest.mark.parametrize(
    "say",
    [
        "The price holds until {valid:q1}.",
        "The quote is good through {valid:q1}.",
        "Su cotización es válida hasta el {valid:q1}.",
        "We do it all in one visit.",
        "I don't know whether tax is included in that {price:q1}.",
        "The final price can come out higher.",
    ],
)
def test_terms_that_a_tag_says_or_nobody_are_shown(say: str) -> None:
    assert left(say) == say
