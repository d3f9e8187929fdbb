"""Services and vehicles in a customer's words."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from shared.events import CatalogService

from chat.domain.language import in_english, plain

_CLASSES: dict[str, str] = {
    "coupe": r"coupes?|two[- ]door|2[- ]door|convertible",
    "sedan": r"sedans?|four[- ]door|4[- ]door|saloon",
    "suv": r"suvs?|crossover|cuv",
    "truck": r"trucks?|pick[- ]?up(?: truck)?|crew cab",
    "van": r"(?:mini)?vans?|minivan",
}


def match_service(text: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """By code, name or synonym; the longest wording found wins, so that `ceramic tint` beats `tint`."""
    words = f" {_bare(in_english(plain(text)))} "
    found = [
        (len(wording), service)
        for service in services
        for wording in (_bare(w) for w in (service.code, service.name, *service.synonyms))
        if wording and f" {wording} " in words
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else _by_words(words, services)


def _by_words(words: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """The one service whose name shares a telling word with the text; `None` when several do."""
    said = {_stem(w) for w in words.split()}
    names = {s.code: {_stem(w) for w in _bare(s.name).split() if len(w) > 3} for s in services}
    telling = {
        code: {w for w in own if sum(w in other for other in names.values()) == 1}
        for code, own in names.items()
    }
    hits = [s for s in services if telling[s.code] & said]
    return hits[0] if len(hits) == 1 else None


def match_class(text: str, vehicle_classes: tuple[str, ...]) -> str | None:
    """A class of this catalogue that the text names, or else that of the model it names."""
    words = in_english(plain(text))
    for name in vehicle_classes:
        if re.search(rf"\b(?:{_CLASSES.get(name) or re.escape(name.lower())})\b", words):
            return name
    by_model = _class_of_model(words)
    return by_model if by_model in vehicle_classes else None


def catalog_words(services: Iterable[CatalogService]) -> set[str]:
    """The words that name services and vehicles, for putting spelling right."""
    named = {w for s in services for n in (s.name, *s.synonyms) for w in _bare(n).split()}
    return named | _model_words()


@cache
def _model_words() -> frozenset[str]:
    return frozenset(w for pattern, _ in _models() for w in re.findall(r"[a-z]+", pattern.pattern))


def _class_of_model(words: str) -> str | None:
    """Of the longest model named: `grand cherokee` before `cherokee`."""
    found = [
        (match.end() - match.start(), name) for model, name in _models() if (match := model.search(words))
    ]
    return max(found)[1] if found else None


@cache
def _models() -> tuple[tuple[re.Pattern[str], str], ...]:
    data = tomllib.loads(files("chat.domain").joinpath("vehicles.toml").read_text("utf-8"))
    bare = [(model, name) for name, models in data["bare"].items() for model in models]
    made = [(model, name) for name, models in data["with_make"].items() for model in models]
    return tuple((re.compile(rf"\b{re.escape(model)}\b"), name) for model, name in [*bare, *made])


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") else word
