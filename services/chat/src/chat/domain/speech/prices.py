"""Whether each amount in a sentence is the price of what the sentence says it is of."""

import re
from functools import lru_cache
from itertools import pairwise

from chat.domain.receipts import PriceFact, Proof
from chat.domain.speech import claims as words
from chat.domain.speech.amounts import AmountSaid, amounts
from chat.domain.speech.verdicts import Veto


def unproved_price(text: str, proof: Proof) -> Veto | None:
    said = list(amounts(text))
    if twice := _counted_twice(said, text, proof):
        return Veto("price", f"{twice.words!r} is a part of the total; say so")
    if said and (piece := words.PER_PIECE.search(text)):
        return Veto("price", f"no tool result holds a price {piece[0]!r}")
    total_at = found.start() if (found := words.TOTAL.search(text)) else None
    for amount in said:
        first_after_total = total_at is not None and amount == next(
            (a for a in said if a.span[0] > total_at), said[-1]
        )
        if not any(_is_price(amount, text, fact, proof, total=first_after_total) for fact in proof.prices):
            return Veto("price", f"no tool result holds {amount.words!r} as the price of that")
    return None


_ADDS = re.compile(r"\b(?:plus|and|then|mas|y|luego|another|extra|on top|for the (?:tint|film))\b|\+")
_OF_IT = re.compile(
    r"\b(?:of|from|in) (?:that|this|it)\b|\bde es[ea]s?\b|\bde eso\b|\b(?:without|sin|which|includ\w+|incluy\w+)\b|[:(]"
)


def _counted_twice(said: list[AmountSaid], text: str, proof: Proof) -> AmountSaid | None:
    """A part said behind the total as if it came on top: `$509 and then $60 for the strip`."""
    for fact in (f for f in proof.prices if f.total):
        parts = {f.cents for f in proof.prices if not f.total and f.about < fact.about}
        for whole, part in pairwise(said):
            added = _ADDS.search(text[whole.span[1] : part.span[0]])
            if not added or _OF_IT.search(text[whole.span[1] :]):
                continue
            if whole.cents == fact.cents and part.cents in parts:
                return part
    return None


def _is_price(amount: AmountSaid, text: str, fact: PriceFact, proof: Proof, *, total: bool) -> bool:
    before = text[: amount.span[0]]
    if fact.cents != amount.cents or (fact.begins and not words.FROM.search(before)):
        return False
    services = services_said(text, proof)
    wanted_class = nearest(amount.span, text, classes_said(text))
    if left_out := _left_out(amount, text, services):
        rest = proof.service in fact.about and left_out not in fact.about
        return rest and _of_class(fact, wanted_class, proof)
    about = nearest(amount.span, text, services)
    if _NOT_IN.search(before):
        return about not in fact.about and (fact.total or proof.service in fact.about)
    if total and not fact.total and any(f.total for f in proof.prices):
        return False
    together = said_of(amount.span, text, services) <= fact.about
    return together and _is_about(fact, about, wanted_class, proof) and _of_class(fact, wanted_class, proof)


def _is_about(fact: PriceFact, about: str | None, wanted_class: str | None, proof: Proof) -> bool:
    if about is not None:
        return about in fact.about
    if proof.service is None:
        return True
    return fact.total or (wanted_class is not None and proof.service in fact.about)


def _of_class(fact: PriceFact, wanted: str | None, proof: Proof) -> bool:
    known = wanted or proof.vehicle_class
    if fact.vehicle_class is None or (fact.total and wanted is None):
        return True
    if fact.vehicle_class == "other":
        priced = {f.vehicle_class for f in proof.prices if f.about & fact.about}
        return known is not None and known not in priced
    return fact.vehicle_class == known


_ADDED_TO = re.compile(
    r"\b(?:add(?:ed|ing|s)?|agreg\w+|anad\w+)\b[^,;.]{0,40}? (?:to(?: the| your)?|on(?: the| your)?|al|a (?:la|el|tu|su)) $"
)
"""Before the service that something else is added to."""
_NOT_IN = re.compile(
    r"\b(?:isn't|is not|not|no (?:esta|va|viene)) (?:included in|in|part of|covered by|incluid[oa] en|en) (?:the |that |this |los |el )?$"
)
"""Before the price that something is no part of."""
_WITHOUT = re.compile(r"\b(?:without|sin) (?:the |that |a |la |el |una )?$")
_WITHOUT_IT = re.compile(r" ?(?:without|sin) (?:it|that|this|ella|eso|the )")


def _left_out(amount: AmountSaid, text: str, said: list[tuple[int, str]]) -> str | None:
    """The part of the quote that the amount is said to be without."""
    start, end = amount.span
    before = [(at, name) for at, name in said if at < start]
    if _WITHOUT_IT.match(text[end:]):
        return next((name for at, name in said if at > end and _WITHOUT.search(text[:at])), None) or (
            before[-1][1] if before else None
        )
    return before[-1][1] if before and _WITHOUT.search(text[: before[-1][0]]) else None


_PARTED = re.compile(r"[,;.:]| (?:and|or|y|o) |.{40}")
_FOR = re.compile(r"\s*(?:dollars?|bucks)?\s*(?:for|with|con|por|para|on(?! top)|del?|of)\b")
_SAID_OF_ANOTHER = re.compile(r"[^,;]*[,;] (?:the |la |el )?(?:\w+ )?$")
_HAS_ITS_OWN = re.compile(
    r"\w+(?: (?:tint|film|window|de|para|for|on|en|an?|your|tu|el|la|suv|sedan|truck))* (?:is|es|are|would|runs?|costs?|cuesta|sale|starts?|comes?|at)\b"
)
"""`If $449 is too much, carbon is $299`: the first amount is of nothing that stands behind."""


def nearest(span: tuple[int, int], text: str, said: list[tuple[int, str]]) -> str | None:
    """What a figure is said of: `$449 for X` looks ahead, `X is $449` behind; what stands alone is nearest."""
    start, end = span
    behind = [name for at, name in said if at < start and not _ADDED_TO.search(text[:at])] or [
        name for at, name in said if at < start
    ]
    ahead = [(at, name) for at, name in said if at >= end]
    if ahead and _FOR.match(text[end:]) and not _PARTED.search(text[end : ahead[0][0]]):
        return ahead[0][1]
    if behind:
        return behind[-1]
    return ahead[0][1] if ahead and not _is_parted(text, end, ahead[0][0]) else None


_TOGETHER = re.compile(
    r"[a-z]+(?: (?:tint|film|window|de|polarizado))* (?:and|y|plus|mas) (?:the |la |el |a |your )?"
)


def said_of(span: tuple[int, int], text: str, said: list[tuple[int, str]]) -> frozenset[str]:
    """`Nearest`, and with it what is named in one breath: `ceramic and carbon take two hours`."""
    name = nearest(span, text, said)
    at = max((i for i, (start, n) in enumerate(said) if n == name and start < span[0]), default=None)
    names = {name} if name else set[str]()
    while at and _TOGETHER.fullmatch(text[said[at - 1][0] : said[at][0]]):
        at -= 1
        names.add(said[at][1])
    return frozenset(names)


def _is_parted(text: str, end: int, at: int) -> bool:
    return "$" in text[end:at] or bool(
        _SAID_OF_ANOTHER.fullmatch(text[end:at]) and _HAS_ITS_OWN.match(text, at)
    )


CLASS = re.compile(
    r"\b(coupe|sedan|suv|truck|van|camioneta|camion|hatchback|wagon|crossover|pickup|minivan|motorcycle)s?\b"
)


def classes_said(text: str) -> list[tuple[int, str]]:
    return [(m.start(), words.SPANISH_NAMES.get(m[1], m[1])) for m in CLASS.finditer(text)]


def services_said(text: str, proof: Proof) -> list[tuple[int, str]]:
    """Places and folded names, in order; a word that only one service has names it as well."""
    return [(start, name) for start, _, name in named(text, proof)]


def named(text: str, proof: Proof) -> list[tuple[int, int, str]]:
    """Where each service is named, and its folded name."""
    pattern, known = _naming(
        frozenset(proof.services.items()), frozenset(fact.about for fact in proof.prices)
    )
    return [(*m.span(), known[m[0]]) for m in pattern.finditer(text)] if known else []


_GENERIC = frozenset("window windows tint film full car auto the of for and vehicle glass all side".split())


@lru_cache(maxsize=256)
def _naming(
    services: frozenset[tuple[str, str]], priced: frozenset[frozenset[str]]
) -> tuple[re.Pattern[str], dict[str, str]]:
    """All names of all services, longest first, with the folded name of each; the same for many sentences."""
    aliases = dict(sorted(services))
    for name in sorted(frozenset().union(*priced)):
        aliases.setdefault(name, name)
    owners: dict[str, set[str]] = {}
    for alias, name in aliases.items():
        for word in re.findall(r"[a-z]{3,}", alias):
            owners.setdefault(word, set()).add(name)
    single = {w: next(iter(names)) for w, names in owners.items() if len(names) == 1 and w not in _GENERIC}
    spanish = {es: single[en] for es, en in words.SPANISH_NAMES.items() if en in single}
    known = single | spanish | aliases
    longest_first = sorted(known, key=lambda alias: (-len(alias), alias))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b"), known
