"""Random sentences around tags, true and false: no figure reaches a customer that the database lacks."""

import random
import re

import pytest
from chat.domain.reply.ledger import Unproved
from chat.domain.reply.tags import pieces

from .scenes import TALK, ledger, reviewed

TAGS = [
    "{price:q1}",
    "{price:q2}",
    "{price:q1.1}",
    "{price:q1.2}",
    "{price:carbon-full}",
    "{price:carbon-full/suv}",
    "{price:hood-ppf}",
    "{price:fleet}",
    "{price:gold}",
    "{total:q1+q1}",
    "{total:q1+carbon-full}",
    "{duration:q1}",
    "{duration:carbon-full}",
    "{time:s1.1}",
    "{time:s1.3}",
    "{time:s1.9}",
    "{times:s1}",
    "{times:s2}",
    "{hours}",
    "{closes:fri}",
    "{address}",
    "{phone}",
    "{appointment}",
    "{appointment:time}",
    "{appointment:number}",
    "{link}",
    "{valid:q1}",
    "{about:ceramic-full}",
    "{know:waiting}",
    "{know:warranty}",
]
WORDS = [
    "Ceramic",
    "carbon",
    "it",
    "that",
    "is",
    "for",
    "your",
    "Civic",
    "SUV",
    "and",
    "or",
    "only",
    "half",
    "two",
    "300",
    "$350",
    "4pm",
    "Friday",
    "tomorrow",
    "free",
    "off",
    "the",
    "price",
    "comes",
    "to",
    "from",
    "until",
    "about",
    "I",
    "can",
    "book",
    "hold",
    "you",
    "cuesta",
    "son",
    "gratis",
    "mañana",
    "a",
    "las",
    "10",
    "dos",
    "doscientos",
    "para",
    "su",
    "carro",
    "y",
    "no",
    "sé",
    "we",
    "do",
    "not",
    "know",
    ".",
    ".",
    ",",
    "?",
    "{",
]
PROMPTS = (
    "{} for you.",
    "It is {} and {}.",
    "That is {} off {}.",
    "No, {} is not it, it is {}.",
    "Would {} be okay, or 3 PM?",
    "{}{}",
    "Just 99 {}.",
    "{} ... $1 {}",
)
FIGURES = re.compile(r"\d[\d,.:]*\d|\d")


@pytest.mark.parametrize("seed", range(200))
def test_every_figure_shown_comes_out_of_the_ledger(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    scene = dice.choice(sorted(TALK["scenes"]))
    proved = ledger(scene)
    known: set[str] = set()
    for tag in TAGS:
        try:
            known |= set(FIGURES.findall(proved.rendered(pieces(tag)[0], "en")))  # type: ignore[arg-type]
        except Unproved:
            continue
    known |= set(FIGURES.findall("2021 Honda Civic"))
    say = " ".join(_sentence(dice) for _ in range(dice.randint(1, 5)))
    shown = [r.text for r in reviewed(scene, say, chunk=dice.randint(1, 9)) if r.doubt is None]
    said = {figure for text in shown for figure in FIGURES.findall(text)}
    assert said <= known, (say, shown)


def _sentence(dice: random.Random) -> str:
    if dice.random() < 0.5:
        form = dice.choice(PROMPTS)
        return form.format(*(dice.choice(TAGS) for _ in range(form.count("{}"))))
    return " ".join(dice.choice(dice.choice((TAGS, WORDS, WORDS))) for _ in range(dice.randint(2, 9)))
