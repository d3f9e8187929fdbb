"""The makes and models that we name: what strangers type as a vehicle is said only as far as it is one."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

CLASS_NAMES = {"coupe": "coupe", "sedan": "sedan", "suv": "SUV", "truck": "truck", "van": "van"}
_YEARS = range(1900, 2101)
_MOST_WORDS = 4
"""Of a make, a model or a trim."""
_SHORT = 2
"""So few letters (`IS`, `GT`) name a model only beside its make."""
_DESIGNATION = re.compile(r"([A-Za-z]{0,3})[ -]?(\d{1,3})([A-Za-z]{0,2})")
"""`C300`, `RX 350h`, `328i`: some makers number more models than a table can keep up with."""

_SENTENCE_END = re.compile(r"[.;!?\n]+(?:\s+|$)")
_MARKS = ',:()"\u201c\u201d'
_YEAR = re.compile(r"(19\d\d|20\d\d)|['\u2019](\d\d)")
_OLD_CARS = 60
"""`'61` is of the last century."""
_OF = frozenset({"of", "from", "de", "del"})

Found = TypeVar("Found")


@dataclass(frozen=True)
class Known:
    """As the makers write it. `vehicle_class`: `None` where the model comes in several, or is not in the table."""

    make: str | None = None
    model: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class Mention:
    """A car named in a text. `make` or `model` is there."""

    car: Known
    year: int | None = None


@dataclass(frozen=True)
class _Make:
    """`name` as customers write it, too: a Chevy is a Chevrolet."""

    name: str
    models: Mapping[str, Known]


@dataclass(frozen=True)
class _Table:
    """By names without letter case, spaces, hyphens and dots. `models`: of all makes, but for mere numbers."""

    makes: Mapping[str, _Make]
    models: Mapping[str, Known]
    trims: Mapping[str, str]
    everyday: frozenset[str]


def known(make: str | None, model: str | None) -> Known:
    """Make, model and the trims right after it, as far as we know them; whatever else was typed is left out."""
    table = _table()
    typed_make, typed_model = (make or "").split(), (model or "").split()
    found, words = _longest([*typed_make, *typed_model], table.makes)
    if found is None:
        found, words = _longest(typed_model, table.makes)
    if found is None:
        return _model(table, None, typed_model)
    said = _model(table, found, words)
    again, after = _longest(words, table.makes)
    return _model(table, found, after) if said.model is None and again is not None else said


def mentioned(text: str) -> list[Mention]:
    """In order. A make or model that is an everyday word, too, counts only beside the other one."""
    return [mention for part in _SENTENCE_END.split(text) for mention in _in_sentence(part)]


def car_words(text: str) -> int:
    """How many of the first words name a car; 0: none."""
    words = [word.strip(_MARKS) for word in text.split()]
    car, rest = _mention(words) if words else (None, [])
    return len(words) - len(rest) if car else 0


def may_be(car: Known, said: Known) -> bool:
    """Whether words about a car may mean this one: they name no other make, and no other model."""
    makes = _table().makes
    if car.make and said.make and makes[_folded(car.make)].models is not makes[_folded(said.make)].models:
        return False
    if car.model and said.model:
        one, other = sorted((_folded(car.model), _folded(said.model)), key=len)
        return other.startswith(one)
    return bool(car.make or car.model)


def _in_sentence(sentence: str) -> Iterator[Mention]:
    words = [word.strip(_MARKS) for word in sentence.split()]
    start = 0
    while start < len(words):
        car, rest = _mention(words[start:])
        if car is not None:
            after = [word for word in rest[:2] if word not in _OF]
            yield Mention(car, _year(words[start - 1 : start]) or _year(after))
        start = len(words) - len(rest)


def _mention(words: list[str]) -> tuple[Known | None, list[str]]:
    """The car that the first words name, and the words after it."""
    table = _table()
    make, after = _longest(words, table.makes)
    models = make.models if make else table.models
    model, rest = _longest(after, models)
    if make is None:
        plain = model is None or model.model is None or _folded(model.model) in table.everyday
        return (None, words[1:]) if plain else (model, rest)
    if model is None:
        numbered = _designation(after, make)
        rest = after[len(numbered.split()) :] if numbered else after
        alone = numbered is None and _folded(make.name) in table.everyday
        return (None, words[1:]) if alone else (Known(make.name, numbered), rest)
    return Known(make.name, model.model, model.vehicle_class), rest


def _year(words: list[str]) -> int | None:
    found = _YEAR.fullmatch(words[0]) if words else None
    if found is None:
        return None
    year = int(found[1] or found[2])
    return year if found[1] else year + (2000 if year < _OLD_CARS else 1900)


def named(year: int | None, make: str | None, model: str | None) -> str | None:
    found = known(make, model)
    if not (found.make or found.model):
        return None
    said_year = year if year in _YEARS else None
    return " ".join(str(part) for part in (said_year, found.make, found.model) if part)


def _model(table: _Table, make: _Make | None, words: list[str]) -> Known:
    name = make.name if make else None
    found, rest = _longest(words, make.models if make else table.models)
    numbered = _designation(words, make) if make else None
    if found is None or found.model is None:
        return Known(name, numbered)
    if numbered and len(numbered) > len(found.model):
        return Known(name, numbered, found.vehicle_class)
    return Known(name, " ".join((found.model, *_trims(table, rest))), found.vehicle_class)


def _designation(words: list[str], make: _Make) -> str | None:
    """Letters of its own only where they name a model of the make: `GLE 350`."""
    for length in (2, 1):
        typed = " ".join(words[:length])
        found = _DESIGNATION.fullmatch(typed)
        if found and found[1] + found[3] and (len(found[1]) < 3 or _folded(found[1]) in make.models):
            return typed
    return None


def _trims(table: _Table, words: list[str]) -> Iterator[str]:
    trim, rest = _longest(words, table.trims)
    while trim is not None:
        yield trim
        trim, rest = _longest(rest, table.trims)


def _longest(words: list[str], names: Mapping[str, Found]) -> tuple[Found | None, list[str]]:
    """What the first words name, and the words after it."""
    for length in range(min(_MOST_WORDS, len(words)), 0, -1):
        found = names.get(_folded(" ".join(words[:length])))
        if found is not None:
            return found, words[length:]
    return None, words


def _folded(name: str) -> str:
    return re.sub(r"[\s.-]", "", name).casefold()


@cache
def _table() -> _Table:
    data = tomllib.loads(files("shared").joinpath("vehicles.toml").read_text("utf-8"))
    makes = {_folded(name): _Make(name, _models(classes)) for name, classes in data["makes"].items()}
    for also, name in data["spellings"].items():
        makes[_folded(also)] = _Make(also, makes[_folded(name)].models)
    models = _of_any_make(makes)
    short = {name for name in models if name.isalpha() and len(name) <= _SHORT}
    everyday = short | {_folded(word) for word in data["everyday"]}
    return _Table(makes, models, {_folded(trim): trim for trim in data["trims"]}, frozenset(everyday))


def _models(classes: Mapping[str, list[str]]) -> dict[str, Known]:
    return {
        _folded(model): Known(None, model, None if vehicle_class == "any" else vehicle_class)
        for vehicle_class, models in classes.items()
        for model in models
    }


def _of_any_make(makes: Mapping[str, _Make]) -> dict[str, Known]:
    models: dict[str, Known] = {}
    for make in makes.values():
        for name, model in make.models.items():
            same = name not in models or models[name].vehicle_class == model.vehicle_class
            if not name.isdigit():
                models[name] = model if same else Known(None, model.model)
    return models
