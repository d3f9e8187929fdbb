"""Whether a sentence states in plain words what only a tag may say. It reads what tags, names and the customer's car leave over."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.domain.catalog import classes_named
from chat.domain.language import in_english, is_foreign
from chat.domain.reply.ledger import Ledger, Setting, parts_of
from chat.domain.reply.tags import STATEMENTS, Piece, Tag
from chat.domain.reply.text import folded, unreadable
from chat.domain.wishes import WEEKDAY, is_meant, weekday_index, wish_in
from shared import vehicles

_CLAUSE_END = re.compile(
    r"[;:()]|\.{3}| - | -- |,? (?:but|however|though|although|because|since|so|unless|pero|aunque|porque|asi que)\b"
    r"|, (?=(?:and|i|we|you|it|that|this|they|your|our|the|y|le|usted|el|la|lo|su)\b)"
)
_PART_END = re.compile(
    r"[,()]| - | ?[\u2013\u2014] ?|\b(?:and|or|while|whereas|but|vs|versus|plus|than|compared to|instead of|y|e|o|mientras|pero|frente a|en vez de)(?!\w)",
    re.IGNORECASE,
)
_CLAUSE_MARK = re.compile(r"[;:]")
_AGREES = re.compile(
    r"\W*(?:(?:yes|yeah|yep|yup|sure(?: thing)?|of course|absolutely|definitely|certainly|deal|ok|okay|done|perfect|great|no problem|you got it|sounds good|correct|exactly|no"
    r"|si|claro(?: que si)?|por supuesto|perfecto|de acuerdo|hecho|trato hecho|listo|correcto|exacto|asi es)\b[\s,.!]*)+"
    r"(?:(?:(?:we|you|it|that|there|they|i) (?:sure |certainly |absolutely )?(?:do|does|did|can|could|will|would|are|is|was|have|has)|that's (?:right|correct|true|fine)"
    r"|(?:eso|asi|lo|la|los|las|se) (?:es|son|esta|hay|hacemos|tenemos|ofrecemos|puede|podemos|si))\b)?[\s.!]*"
)
_RUN, _RUN_WITH_FIGURES = 2, 4
"""Words in a row of a service's own description that say no more than it."""
_MORE_THAN_A_DAY = re.compile(
    r"\b(?:only|any ?time|always|every|each|all|whole|wide|ready|next (?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|tues|wednes|thurs|fri|satur|sun)days"
    r"|siempre|cada|tod[oa]s?|unic[oa]|list[oa]|los (?:lunes|martes|miercoles|jueves|viernes|sabados|domingos))\b"
)
"""Says more of a day than that a time of it is open."""
_PART_OF_DAY = re.compile(
    r" (?:(?:in the|por la|en la|a la) )?(?:morning|afternoon|evening|night|noon|manana|tarde|noche)\b"
)
_LITTLE = 4
"""Letters of words like `only`, which tell no service from another."""
_GENERIC = frozenset(
    "window windows tint film full front only glass vehicle paint protection several commercial".split()  # noqa: SIM905
)
"""Words of names that by themselves name no service."""
_STAND_INS = {
    "price": "that amount",
    "total": "that amount",
    "valid": "that day",
    "duration": "some time",
    "time": "that time",
    "times": "those times",
    "hours": "those hours",
    "opens": "that hour",
    "closes": "that hour",
    "address": "this address",
    "phone": "this number",
    "appointment": "your appointment",
    "link": "this link",
    "service": "tint",
    "car": "car",
}
_COUNTED = re.compile(
    r"(?<![\w$.,])\d{1,2} (?=(?:cars?|vehicles?|trucks?|suvs?|vans?|sedans?|coupes?|windows?|doors?|panels?|sides?|front|rear|back"
    r"|carros?|autos?|coches?|vehiculos?|camionetas?|ventan(?:ill)?as?|vidrios?|cristal(?:es)?|puertas?|lados?|delanter[oa]s?|traser[oa]s?)\b)"
)
"""The number of `2 cars`, `2 front`: may be said after the shop or the customer."""
_POINTED_AT = re.compile(
    r"\b(?:those|these|of the|est[oa]s|es[oa]s|(?:cual(?:es)?|un[oa]|ningun[oa]|cualquiera) de l[oa]s) [2-9]"
    r"(?= (?!hours?|minutes?|days?|weeks?|months?|years?|[ap]\.? ?m\b|o'?clock|horas?|minutos?|dias?|semanas?|mes|anos?)[a-z]|[,?!]|\.(?!\d)|$)"
    r"|(?<!\ba )(?<!\bde )(?<!\bdesde )(?<!\bhasta )(?<!\bpara )\blos 2\b"
)
"""`Which of those 2`: what was just said, not how many there are of a thing."""
_NEVER_EXEMPT = frozenset({"figure", "link", "unreadable"})
_ASKED = frozenset({"moment", "deed", "policy"})
"""What a question and a condition may hold."""
_NO_NAME = re.compile(r"\d+(?:[ap]m|hrs?|h|mins?|m|yrs?|k|x)?")
"""A figure of a car's name that alone reads as another one: the `3pm` of `BMW 3pm`."""


@dataclass(frozen=True)
class Doubt:
    """Why a sentence may not be shown. `kind` is for counting. `final`: no judge may let it pass."""

    kind: str
    reason: str
    final: bool = True


@dataclass(frozen=True)
class _Claim:
    kind: str
    pattern: re.Pattern[str]
    proved_by: str | None
    doubtful: bool


class Screen:
    """For the sentences of one reply."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._services = [_Known(service) for service in ledger.setting.services]
        self._names = _name_pattern(
            ledger.setting, self._services, [q.car for q in ledger.quotes.values() if q.car]
        )
        self._wordings = _wording_pattern(self._services)
        self._said = " ".join(_bare(said) for said in ledger.setting.said)
        self._asked = frozenset(self._said.split())

    def doubt(self, sentence: Sequence[Piece]) -> Doubt | None:
        if unreadable(_joined(sentence)):
            return Doubt("unreadable", "plain letters and words only, English or Spanish")
        text = self.plain_words(sentence)
        if doubt := self._of_another(sentence, text):
            return doubt
        if is_foreign(_joined(sentence)):
            return Doubt("language", "write English or Spanish")
        doubts = list(self._stated(sentence))
        return next((d for d in doubts if d.final), next(iter(doubts), None))

    def _stated(self, sentence: Sequence[Piece]) -> Iterator[Doubt]:
        known = any(isinstance(p, Tag) and p.name == "know" for p in sentence)
        deeds = self._ledger.deeds_at(sentence)
        for clause in _clauses(self.left_over(sentence)):
            for claim in _claims():
                matches = list(claim.pattern.finditer(clause.stated_of(claim.kind)))
                if claim.kind == "moment":
                    matches = [m for m in matches if not self._shows(sentence, m)]
                found = [m[0].strip() for m in matches]
                if claim.kind == "policy" and known:
                    found = [words for words in found if words not in self._asked]
                if found and claim.proved_by not in deeds:
                    reason = f"{found[0]!r} is a fact ({claim.kind}) outside a tag"
                    yield Doubt(claim.kind, reason, final=not claim.doubtful)

    def _shows(self, sentence: Sequence[Piece], said: re.Match[str]) -> bool:
        """Whether a tag of the sentence is of nothing but the days that the words name, and no more is said of them."""
        if _MORE_THAN_A_DAY.search(said.string):
            return False
        part = _PART_OF_DAY.match(said.string, said.end())
        words = said[0].strip() + (f" {part[0].strip()}" if part else "")
        zone = ZoneInfo(self._ledger.setting.shop.timezone)
        wish = wish_in(words, self._ledger.setting.now.astimezone(zone))
        weekday = WEEKDAY.match(in_english(words))
        if weekday:  # of whichever week
            wish = replace(wish, day=None, weekdays=frozenset({weekday_index(weekday[1])}))
        told = [self._ledger.moments_of(p) for p in sentence if isinstance(p, Tag)]
        return wish.said and any(moments and all(is_meant(m, wish) for m in moments) for moments in told)

    def plain_words(self, sentence: Sequence[Piece]) -> str:
        """Folded; `<price>` for a tag, `<service>` and `<car>` for names."""
        words = folded("".join(f" <{p.name}> " if isinstance(p, Tag) else p for p in sentence))
        if self._names is None:
            return words
        return self._names.sub(lambda m: "<car>" if m.lastgroup == "car" else "<service>", words)

    def claim_words(self, sentence: Sequence[Piece]) -> str:
        """As the claim detector reads it: plain stand-ins for tags and names, without deeds that were done."""
        words, deeds = self.left_over(sentence), self._ledger.deeds_at(sentence)
        for claim in _claims():
            words = claim.pattern.sub("_", words) if claim.proved_by in deeds else words
        words = re.sub(r"<(\w+)>", lambda m: _STAND_INS.get(m[1], ""), words)
        return " ".join(re.sub(r"(?<!\S)_(?!\S)", " ", words).split())

    def left_over(self, sentence: Sequence[Piece]) -> str:
        """Without the words that the description of the service spoken of has as well, and what was counted by the customer."""
        text = _POINTED_AT.sub("_", _without_counts(self.plain_words(sentence), self._said))
        said = f" {_bare(_joined(sentence))} "
        tagged = {self._ledger.service_of(p) for p in sentence if isinstance(p, Tag)}
        named = {s.code for s in self._services if any(f" {w} " in said for w in s.wordings)}
        for service in self._services:
            if service.code in ((tagged | named) - {None} or {self._ledger.about}):
                text = _without_runs(_without_counts(text, service.description), service.description)
        return text

    def _of_another(self, sentence: Sequence[Piece], text: str) -> Doubt | None:
        """A fact of one service, car or class of vehicle said of another."""
        tags = [p for p in sentence if isinstance(p, Tag)]
        cars = [m.car for m in vehicles.mentioned(_joined(sentence))]
        classes = classes_named(text)
        for fact in _facts(part for tag in tags if tag.name != "total" for part in parts_of(tag)):
            own = self._ledger.class_of(fact)
            if fact.name == "price" and len(classes) == 1 and own and own not in classes:
                return Doubt("price", f"{fact} is the price for another kind of vehicle")
            if fact.name == "price" and cars and not any(self._may_be_of(fact, car) for car in cars):
                return Doubt("price", f"{fact} is the price for another car")
        doubts = (self._sum_of_others(t, sentence, cars, classes) for t in tags if t.name == "total")
        if doubt := next((d for d in doubts if d), None):
            return doubt
        clauses = _split(sentence, _CLAUSE_MARK)
        return next((d for clause in clauses for d in self._of_another_service(clause)), None)

    def _sum_of_others(
        self,
        total: Tag,
        sentence: Sequence[Piece],
        cars: Sequence[vehicles.Known],
        classes: Collection[str],
    ) -> Doubt | None:
        """All that is named beside it must be in it."""
        prices = parts_of(total)
        if not all(any(self._may_be_of(price, car) for price in prices) for car in cars):
            return Doubt("price", f"{total} is for other cars")
        if classes and not {self._ledger.class_of(price) for price in prices} & {*classes, None}:
            return Doubt("price", f"{total} is for another kind of vehicle")
        codes = {self._ledger.service_of(price) for price in prices}
        if not all(codes & named or codes == {None} for named in self._mentions(sentence)):
            return Doubt("price", f"{total} is of other services than those named")
        return None

    def _of_another_service(self, clause: Sequence[Piece]) -> Iterator[Doubt]:
        """A fact is of the service named in its part of the clause, else of the one named last, else of one behind it without facts."""
        parts = [
            (_facts(p for p in part if isinstance(p, Tag)), self._mentions(part))
            for part in _split(clause, _PART_END)
        ]
        for place, (facts, named) in enumerate(parts):
            before = next((names for _, names in reversed(parts[:place]) if names), [])
            behind = next((names for others, names in parts[place + 1 :] if names and not others), [])
            names = named or before or behind
            in_order = len(named) == len(facts) > 1
            for nth, fact in enumerate(facts):
                code = self._ledger.service_of(fact)
                meant = names[nth : nth + 1] if in_order else names
                if code and meant and not any(code in known for known in meant):
                    yield Doubt(fact.name, f"{fact} is of another service than the one named")

    def _may_be_of(self, price: Tag, car: vehicles.Known) -> bool:
        """By class or by name: a price is the same for each car of a class."""
        own = self._ledger.class_of(price)
        if not self._ledger.is_by_class(price) or (own and own == car.vehicle_class):
            return True
        named = vehicles.mentioned(self._ledger.car_of(price) or "")
        return any(vehicles.may_be(m.car, car) for m in named)

    def _mentions(self, pieces: Sequence[Piece]) -> list[frozenset[str]]:
        """For each service named: the codes of those that the words may mean, in a name or in a description."""
        said = in_english(folded(_joined(pieces)))
        found = self._wordings.finditer(said) if self._wordings else ()
        known = [frozenset(s.code for s in self._services if s.may_be(match[0])) for match in found]
        return [codes for codes in known if codes]


class _Known:
    def __init__(self, service: CatalogService) -> None:
        self.code = service.code
        self.wordings = frozenset(_bare(w) for w in (service.name, service.called("es"), *service.synonyms))
        self.description = f" {_bare(service.description)} "
        self.addons = frozenset(_bare(a.name) for a in service.addons)
        self.telling = frozenset(w for w in _bare(service.name).split() if len(w) > _LITTLE) | {
            *_bare(service.tier).split()
        }
        self.words = frozenset(_bare(" ".join((service.name, service.description, *self.addons))).split())

    def may_be(self, said: str) -> bool:
        return said in self.wordings or frozenset(said.split()) <= self.words


def _facts(tags: Iterable[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.name in {"price", "duration", "about"}]


def _split(sentence: Sequence[Piece], mark: re.Pattern[str]) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in sentence:
        if isinstance(piece, Tag):
            parts[-1].append(piece)
            continue
        first, *others = mark.split(piece)
        parts[-1].append(first)
        parts += [[other] for other in others]
    return parts


def agrees_only(sentence: Sequence[Piece]) -> bool:
    """`Yes, we can.`: what it says stands in the question, and what proves it in the next sentence."""
    return all(isinstance(p, str) for p in sentence) and bool(_AGREES.fullmatch(folded(_joined(sentence))))


def only_announces(sentence: Sequence[Piece]) -> bool:
    return all(isinstance(p, str) for p in sentence) and bool(
        _passes()["announcing"].search(folded(_joined(sentence)))
    )


def says_not_known(sentence: Sequence[Piece]) -> bool:
    return bool(_passes()["not_known"].search(folded(_joined(sentence))))


def asks(words: str) -> bool:
    """Whether a bare yes to these words of the customer would promise something."""
    return bool(_kinds_asked(words) or _passes()["asking"].search(folded(words)))


def answers(sentence: Sequence[Piece], words: str) -> bool:
    """Whether a tag proves a yes to these words: the shop's own statement, or a fact of each kind that they ask about."""
    tags = {p.name for p in sentence if isinstance(p, Tag)}
    kinds = _kinds_asked(words)
    proofs = [_data()["proofs"].get(kind, ()) for kind in kinds]
    return bool(tags & STATEMENTS or (proofs and all(tags.intersection(names) for names in proofs)))


def _kinds_asked(words: str) -> set[str]:
    """A figure is of whatever else is asked about."""
    said = folded(words)
    kinds = {claim.kind for claim in _claims() if claim.pattern.search(said)}
    kinds |= {kind for kind, pattern in _data()["asked"].items() if re.search(pattern, said)}
    return kinds - {"figure"} or kinds


def is_statement(sentence: Sequence[Piece]) -> bool:
    """Of the shop's own alone: nothing of the model's is in it."""
    tags = [p for p in sentence if isinstance(p, Tag)]
    return bool(tags) and all(t.name in STATEMENTS for t in tags) and not re.search(r"\w", _joined(sentence))


def _name_pattern(
    setting: Setting, services: Sequence[_Known], quoted: Sequence[str]
) -> re.Pattern[str] | None:
    named = [v.named for v in (setting.vehicle, setting.lead.vehicle) if v and v.named]
    said = [name for words in setting.said for name in _cars_in(words)]
    cars = {" ".join(tail) for name in (*named, *quoted, *said) for tail in _tails(_bare(name).split())}
    cars |= {car.replace("-", apart) for car in cars for apart in ("", " ")}
    cars |= {_bare(setting.shop.name), _bare(setting.lead.first_name)}
    services_ = _any_of(w for s in services for w in s.wordings | s.addons)
    groups = [
        f"(?P<{kind}>{words})" for kind, words in (("car", _any_of(cars)), ("service", services_)) if words
    ]
    return re.compile(rf"(?<![\w<])(?:{'|'.join(groups)})(?![\w>])") if groups else None


def _wording_pattern(services: Sequence[_Known]) -> re.Pattern[str] | None:
    """Names and synonyms in English, and the single words of names and tiers that tell one service from another."""
    telling = {w for s in services for w in s.telling} - _GENERIC
    words = _any_of({w for s in services for w in s.wordings} | telling)
    return re.compile(rf"(?<![\w<])(?:{words})(?![\w>])") if words else None


def _cars_in(words: str) -> Iterator[str]:
    for mention in vehicles.mentioned(words):
        yield " ".join(str(part) for part in (mention.year, mention.car.make, mention.car.model) if part)


def _tails(words: list[str]) -> Iterator[list[str]]:
    """`2021 honda civic`, `honda civic`, `civic`; a model's figure alone is none."""
    for start in range(len(words)):
        tail = words[start:]
        yield from ([tail] if not (len(tail) == 1 and _NO_NAME.fullmatch(tail[0])) else [])
    if len(words) > 1:
        yield words[:1]


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w)) if w)


def _without_counts(text: str, known: str) -> str:
    counted = {(m[0], _word_at(known, m.end())) for m in _COUNTED.finditer(known)}
    return _COUNTED.sub(lambda m: "_ " if (m[0], _word_at(text, m.end())) in counted else m[0], text)


def _word_at(text: str, at: int) -> str:
    return re.match(r"\w*", text[at:])[0]  # type: ignore[index]


def _without_runs(text: str, known: str) -> str:
    words = re.findall(r"\S+", text)
    bare = [re.sub(r"[^a-z0-9]", "", w) for w in words]
    kept, at = [], 0
    while at < len(words):
        length = max(
            (n for n in range(1, len(words) - at + 1) if f" {' '.join(bare[at : at + n])} " in known),
            default=0,
        )
        figures = any(c.isdigit() for word in bare[at : at + length] for c in word)
        taken = length >= (_RUN_WITH_FIGURES if figures else _RUN)
        kept += ["_"] if taken else [words[at]]
        at += length if taken else 1
    return " ".join(kept)


@dataclass(frozen=True)
class _Clause:
    text: str
    asked: bool
    unknown_from: int

    def stated_of(self, kind: str) -> str:
        if kind in _NEVER_EXEMPT:
            return self.text
        return "" if self.asked and kind in _ASKED else self.text[: self.unknown_from]


def _clauses(text: str) -> Iterator[_Clause]:
    question = text.rstrip(" \"')_").endswith("?")
    parts = [part for part in _CLAUSE_END.split(text) if part]
    for place, part in enumerate(parts, 1):
        unknown = _passes()["unknowing"].search(part)
        asked = question and place == len(parts) and bool(_passes()["question"].search(part))
        asked = asked or bool(_passes()["supposed"].search(part))
        yield _Clause(part, asked, unknown.start() if unknown else len(part))


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", folded(text)))


def _joined(sentence: Sequence[Piece]) -> str:
    return "".join(p if isinstance(p, str) else " " for p in sentence)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("chat.domain.reply").joinpath("screen.toml").read_text("utf-8"))


@cache
def _claims() -> tuple[_Claim, ...]:
    return tuple(
        _Claim(
            row["kind"], _pattern([*row["en"], *row["es"]]), row.get("proved_by"), row.get("doubtful", False)
        )
        for row in _data()["claim"]
    )


@cache
def _passes() -> dict[str, re.Pattern[str]]:
    return {name: re.compile("|".join(words)) for name, words in _data()["passes"].items()}


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<![\w<])(?:{w})" if w[0].isalpha() or w[0] == "(" else w for w in words))
