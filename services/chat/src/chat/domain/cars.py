"""Which car is spoken of: as said in free words or to a tool, beside those that are known already."""

import re
from collections.abc import Collection, Iterator

from shared.events import Vehicle

from chat.domain.language import plain
from shared import vehicles

_DENIED = re.compile(
    r"\b(?:(?P<before>(?:was|were|is|been|got|fue|esta) (?:sold|traded(?: in)?|vendid[oa])|traded(?: in)? for)"
    r"|not|isn't|no (?:es|era)|instead of|en (?:vez|lugar) del?|sold|traded(?: in)?|vend[ií])(?!\w)",
    re.IGNORECASE,
)
"""Denies the car that follows at once, or, `was traded in for`, the one right before it."""
_BESIDE = re.compile(
    r"^\s*(?:(?:for|para)\s+)?(?:(?:the|my|our|that|an?|una?|el|la|mi|ese|esa)\s+)?(?:\d{4}\s+)?",
    re.IGNORECASE,
)
_NO_MAKE_OF_OURS = re.compile(
    r"\b(?:it's|its|it is|mine is|i have|i drive|i've got|es|tengo|traigo|manejo) (?:an?|una?) ((?:19|20)\d\d) ([a-z]{3,})(?: ([a-z]\w+))?"
)
_MOST_WORDS = 4
"""Of a car's name."""


def cars_in(text: str) -> tuple[Vehicle, ...]:
    """In order, each once; without those that it is said not to be."""
    said = (
        Vehicle(
            year=mention.year,
            make=mention.car.make,
            model=mention.car.model,
            vehicle_class=mention.car.vehicle_class,
        )
        for mention in _meant(text)
    )
    return tuple(dict.fromkeys(said)) or tuple(_unknown(text))


def _unknown(text: str) -> Iterator[Vehicle]:
    """`It's a 1993 Lada Niva`: a car all the same, so what is known of another is not said of it."""
    if found := _NO_MAKE_OF_OURS.search(plain(text)):
        yield Vehicle(year=int(found[1]), make=found[2], model=found[3])


def _meant(text: str) -> list[vehicles.Mention]:
    text = text.replace("\u2019", "'")
    meant: list[vehicles.Mention] = []
    begin, denied = 0, False
    for denial in (*_DENIED.finditer(text), None):
        here = text[begin : denial.start() if denial else len(text)]
        found = vehicles.mentioned(here)
        meant += found[1:] if denied and vehicles.car_words(_BESIDE.sub("", here)) else found
        if denial and denial["before"] and _ends_with_car(here):
            meant = meant[:-1]
        if denial:
            begin, denied = denial.end(), not denial["before"]
    return meant


def _ends_with_car(text: str) -> bool:
    words = text.split()
    last = (words[-count:] for count in range(1, min(_MOST_WORDS, len(words)) + 1))
    return any(vehicles.car_words(" ".join(some)) == len(some) for some in last)


_WHICH = re.compile(
    r"\b(?:it'?s|it is|es (?:una?|para)|wrong car|ahora (?:traigo|tengo)|now)\b", re.IGNORECASE
)


def says_which_car(text: str) -> bool:
    """Of the car that is to be worked on, not of a brother's."""
    return bool(cars_in(text)) and _WHICH.search(text) is not None


def may_mean(said: Vehicle, car: Vehicle) -> bool:
    """Whether the words contradict nothing that is known of the car, and name something of it."""
    years, classes = {said.year, car.year} - {None}, {said.vehicle_class, car.vehicle_class} - {None}
    if len(years) > 1 or len(classes) > 1:
        return False
    if not (said.make or said.model):
        return bool(car.typed or car.vehicle_class)
    words = vehicles.known(said.make, said.model)
    if words.make or words.model:
        return vehicles.may_be(vehicles.known(car.make, car.model), words)
    return _typed(said) == _typed(car)


def _typed(car: Vehicle) -> str:
    return " ".join(filter(None, (car.make, car.model))).casefold()


def refined(car: Vehicle, said: Vehicle, classes: Collection[str]) -> Vehicle:
    """The car with what was said of it. Its class is that of its model, where that has one, and one of the catalogue's."""
    whole = Vehicle(year=car.year or said.year, make=car.make or said.make, model=car.model or said.model)
    of_model = vehicles.known(whole.make, whole.model).vehicle_class
    known = car.vehicle_class or of_model or said.vehicle_class
    return whole.model_copy(update={"vehicle_class": known if known in classes else None})


def known_words(car: Vehicle | None) -> dict[str, object] | None:
    """Only what there is of makes and models: what was typed stays out of whatever proves words."""
    if car is None:
        return None
    named = vehicles.known(car.make, car.model)
    return {"year": car.year, "make": named.make, "model": named.model, "vehicle_class": car.vehicle_class}
