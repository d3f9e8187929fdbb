"""Services and vehicles in a customer's words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from shared.events import Addon, CatalogService
from shared.words import in_words_of, vocabulary

from chat.domain.language import in_english, plain
from shared import vehicles

_CLASSES: dict[str, str] = {
    "coupe": r"coupes?|two[- ]door|2[- ]door|convertible",
    "sedan": r"sedans?|four[- ]door|4[- ]door|saloon",
    "suv": r"suvs?|crossover|cuv",
    "truck": r"trucks?|pick[- ]?ups|(?:an?|my|our|his|her|this|ford|chevy|toyota|^)\W*pick[- ]?up(?! (?:at|the|my|it|from|by|time))|crew cab",
    "van": r"(?:mini)?vans?|minivan",
}


def match_service(text: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """By code, name or synonym; the longest wording found wins, so that `ceramic tint` beats `tint`."""
    words = f" {_bare(in_english(plain(text)))} "
    written = f" {_bare(plain(text))} "
    found = [
        (len(wording), service)
        for service in services
        for wording in (_bare(plain(w)) for w in (service.code, *service.names, *service.synonyms))
        if wording and (f" {wording} " in words or f" {wording} " in written)
    ]
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    return _by_all_words(words, services) or _by_words(words, services)


def _by_all_words(words: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """By a name or synonym of several words that all stand somewhere in the text: `the 2 in front` says `front two`."""
    said = {_counted(_stem(word)) for word in words.split()}
    found = [
        (len(wording), service)
        for service in services
        for wording in (
            {_counted(_stem(w)) for w in _bare(plain(one)).split()}
            for one in (*service.names, *service.synonyms)
        )
        if len(wording) > 1 and wording <= said
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _counted(word: str) -> str:
    return {"1": "one", "2": "two", "3": "three", "4": "four", "both": "two"}.get(word, word)


def match_addons(text: str, services: Sequence[CatalogService]) -> tuple[Addon, ...]:
    """Those that the text names by a word of their own, which no service is called or described by."""
    said = _stems(in_english(plain(text)))
    described = {
        word
        for s in services
        for words in (s.code, *s.names, *s.synonyms, s.description)
        for word in _stems(words)
    }
    addons = {addon.code: addon for s in services for addon in s.addons}
    return tuple(one for one in addons.values() if (_stems(f"{one.code} {one.name}") - described) & said)


def without_addons(text: str, addons: Iterable[Addon]) -> str:
    """What is left of plain words that may name a service."""
    named = {word for addon in addons for word in _stems(f"{addon.code} {addon.name}")}
    return " ".join(word for word in text.split() if _stem(_bare(word)) not in named)


def match_tier(text: str, services: tuple[CatalogService, ...], current: str | None) -> CatalogService | None:
    """Another film for the job spoken of (`change it to ceramic`): the service of `current`'s family whose tier is named."""
    family = next((s.family for s in services if s.code == current), "")
    words = set(_bare(in_english(plain(text))).split())
    found = [s for s in services if family and s.family == family and s.tier.lower() in words]
    return found[0] if len(found) == 1 else None


def asked_for(interest: str | None, services: tuple[CatalogService, ...]) -> str | None:
    """What a stranger typed into a form, as it may be repeated: in words of the catalogue, else as the service it means."""
    said = in_words_of(vocabulary(w for s in services for w in s.wordings), interest)
    service = None if said or not interest else match_service(interest, services)
    return service.name if service else said


def _by_words(words: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """The one service whose name shares a telling word with the text; `None` when several do.

    A word that another service is described by, or that everybody says, tells nothing.
    """
    said = {_stem(w) for w in words.split()}
    names = {s.code: _stems(s.name) - _SAID_OF_ALL for s in services}
    described = {s.code: _stems(f"{s.name} {s.description}") for s in services}
    telling = {
        code: {w for w in own if not any(w in described[other] for other in names if other != code)}
        for code, own in names.items()
    }
    hits = [s for s in services if telling[s.code] & said]
    return hits[0] if len(hits) == 1 else None


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    """Remembered, like what it is made of: the wordings of a catalogue are read for every message."""
    return frozenset(_stem(w) for w in _bare(text).split() if len(w) > 3)


_SAID_OF_ALL = frozenset({"complete", "full", "offer", "only", "special", "spring", "whole", "with"})


def tiers_of(service: str, services: tuple[CatalogService, ...]) -> tuple[CatalogService, ...]:
    """The services of the family that is named, or of which one is, the cheapest first."""
    named = service.casefold()
    family = next((s.family for s in services if named in {s.code.casefold(), s.family.casefold()}), "")
    tiers = [s for s in services if family and s.family == family]
    return tuple(sorted(tiers, key=lambda s: s.price.amount_cents or 0))


def differences(descriptions: Sequence[str]) -> tuple[str, ...]:
    """Of each, what is not said of all: `Carbon; does not fade`."""
    parts = [[part.strip() for part in re.split(r"[.;]\s*", text) if part.strip()] for text in descriptions]
    if len(parts) < 2 or not all(parts):
        return tuple(descriptions)
    shared = set.intersection(*(set(own) for own in parts))
    heads = _without_common_end([own[0] for own in parts])
    return tuple(
        "; ".join([*filter(None, [head]), *(part for part in own[1:] if part not in shared)])
        for head, own in zip(heads, parts, strict=True)
    )


def _without_common_end(sentences: Sequence[str]) -> list[str]:
    words = [sentence.split() for sentence in sentences]
    same = 0
    while all(len(own) > same for own in words) and len({own[-1 - same] for own in words}) == 1:
        same += 1
    return [" ".join(own[: len(own) - same]) for own in words]


def match_class(text: str, vehicle_classes: tuple[str, ...]) -> str | None:
    """A class of this catalogue that the text names, or else that of the model it names."""
    words = in_english(plain(text))
    for name in vehicle_classes:
        if re.search(rf"\b(?:{_CLASSES.get(name) or re.escape(name.lower())})\b", words):
            return name
    by_model = next(
        (m.car.vehicle_class for m in vehicles.mentioned(plain(text)) if m.car.vehicle_class), None
    )
    return by_model if by_model in vehicle_classes else None


def classes_named(words: str) -> frozenset[str]:
    """`words` are plain; by the name of the class alone, no model's."""
    english = in_english(words)
    return frozenset(name for name, pattern in _CLASSES.items() if re.search(rf"\b(?:{pattern})\b", english))


def catalog_words(services: Iterable[CatalogService]) -> set[str]:
    """The words that name services, for putting spelling right."""
    return {word for s in services for name in (*s.names, *s.synonyms) for word in _bare(plain(name)).split()}


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") else word
