"""Whether a sentence may be shown: every figure, moment, name and promise in it must be proved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from chat.domain.receipts import PriceFact, Proof, Span
from chat.domain.speech import claims as words
from chat.domain.speech import vocabulary
from chat.domain.speech.amounts import AmountSaid, amounts, shares, stray_sign
from chat.domain.speech.moments import (
    DaySaid,
    TimeSaid,
    blanked,
    days,
    durations,
    parts_of_day,
    times,
    vague_day,
    without_greeting,
)
from chat.domain.speech.text import cleaned, folded, unreadable


@dataclass(frozen=True)
class Veto:
    """Why a sentence may not be shown; told to the model, never to the customer. `kind` is for counting."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Passed:
    """`text` is what may be shown, in place of the model's own bytes; empty: nothing was stated, nothing is shown."""

    text: str


Verdict = Passed | Veto


def verdict(sentence: str, proof: Proof) -> Verdict:
    shown = cleaned(sentence)
    if unreadable(shown):
        return Veto("unreadable", "plain letters and words only, English or Spanish")
    text = without_greeting(folded(shown))
    if words.only_announces(text) or (words.OPENER.fullmatch(text.strip()) and _asked_for_unproved(proof)):
        return Passed("")
    for check in (
        _links,
        _phone,
        _other_language,
        _names,
        _acceptance,
        _claims,
        _bargains,
        _terms,
        _services,
        _unknown_words,
    ):
        if veto := check(shown, text, proof):
            return veto
    return _figures(text, proof) or Passed(shown)


def _links(_: str, text: str, __: Proof) -> Veto | None:
    if found := re.search(r"https?:|www\.|\b[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|net|org|io|co|us)\b", text):
        return Veto("link", f"no tool result holds {found[0]!r}")
    return None


_PHONE = re.compile(r"\+?\d[\d().\s-]{7,}\d")


def _phone(_: str, text: str, proof: Proof) -> Veto | None:
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if len(digits) >= 10 and digits[-10:] != proof.phone:
            return Veto("phone", f"the shop's phone number is not {found[0]!r}")
    return None


def _other_language(_: str, text: str, __: Proof) -> Veto | None:
    """What nobody here can read is not shown; names and list lines are short or full of known words."""
    found = [w.strip("'") for w in re.findall(r"[a-z']+", text)]
    known = sum(w in words.ENGLISH or w in words.SPANISH for w in found)
    foreign = sum(w in words.FOREIGN for w in found)
    if foreign >= 1 and foreign >= known - 1:
        return Veto("language", "write English or Spanish")
    if len(found) >= 5 and known == 0 and not re.search(r"\d", text):
        return Veto("language", "write English or Spanish")
    return None


_TITLED = re.compile(r"[A-Z][\w'&+]*(?:[ -]+(?:[A-Z][\w'&+]*|\d+\b))+")
_COMMON = frozenset(
    "am pm pst pdt est edt cst cdt mst mdt usa us ok monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december "
    "mon tue tues wed thu thur thurs fri sat sun jan feb mar apr may jun jul aug sep sept oct nov dec hi hello hey dear thanks yes hola lunes martes ai sms price service services total time date vehicle car".split()
)


def _names(shown: str, _: str, proof: Proof) -> Veto | None:
    """Two capital words in a row name something; it must be something the receipts or the form know."""
    for run in _TITLED.finditer(shown):
        unknown = 0
        for word in re.findall(r"[A-Za-zÀ-ſ0-9]+", run[0]):
            low = folded(word)
            known = low in proof.words or low in _COMMON or low in words.ENGLISH or low in words.SPANISH
            known = known or words.SPANISH_NAMES.get(low, "") in proof.words
            unknown = 0 if known or low.isdigit() else unknown + 1
            if unknown == 2:
                return Veto("name", f"no tool result holds the name {run[0]!r}")
    return None


def _acceptance(_: str, text: str, proof: Proof) -> Veto | None:
    if words.ACCEPTING.search(text) and not _asks(text) and _asked_for_unproved(proof):
        return Veto("acceptance", "that would agree to what no tool result holds; say what you can do")
    return None


def _asks(text: str) -> bool:
    """A question from its beginning: a tag (`you're booked, right?`) asks nothing."""
    return text.rstrip(" \"')").endswith("?") and bool(words.ASKING.search(text))


def _asked_for_unproved(proof: Proof) -> bool:
    """The customer has just named a price, a day or a time of their own: a plain yes would be a promise."""
    asked = proof.asked_last
    return (
        bool(words.HAGGLED.search(asked) or any(amounts(asked)) or _moments(asked, proof)) if asked else False
    )


def _claims(_: str, text: str, proof: Proof) -> Veto | None:
    for claim in words.CLAIMS:
        for found in claim.pattern.finditer(text):
            if claim.deed in proof.promises:
                if claim.deed == "handed_off" and (soon := words.SOON.search(text)):
                    return Veto("promise", f"no tool result says when: {soon[0]!r}")
                continue
            if _taken_back(text, found.start()):
                continue
            deed = (claim.deed or "promised").replace("_", " ")
            return Veto("promise", f"no tool result says {found[0].strip()!r} (nothing was {deed})")
    return None


def _taken_back(text: str, at: int) -> bool:
    """The words before the claim deny it, make it depend on a yes, or ask for one."""
    before = text[:at]
    if words.AFTER_A_YES.search(text):
        return True
    if (
        text.rstrip(" \"')").endswith("?")
        and words.ASKING.search(text)
        and not re.search(r"[:;!] |, (?:and|y) ", before)
    ):
        return True
    clause = re.split(r"[,;:!?]| but | pero | and you'?re | - ", before)[-1]
    return bool(words.NEGATED.search(words.NOT_REALLY.sub(" ", clause)) or words.WILLING.search(clause))


def _bargains(_: str, text: str, proof: Proof) -> Veto | None:
    rest = text
    for duration in durations(text):
        rest = blanked(rest, duration.span)
    for said in times(rest):
        rest = blanked(rest, said.span)
    for found in words.BARGAIN.finditer(rest):
        clause = re.split(r"[;:!]| but | pero | so | asi que ", text[: found.start()])[-1]
        if words.INABILITY.search(clause) or found[0] in {"half", "free"} and _harmless(found[0], text):
            continue
        return Veto("bargain", f"no tool result holds {found[0]!r}; say prices only as tools give them")
    return None


def _harmless(word: str, text: str) -> bool:
    """`Free` of time, not of charge."""
    return word == "free" and bool(
        re.search(r"\bfeel free\b|\b(?:are you|you(?:'re| are)|when you|is|are|both|still|time) free\b", text)
        and (any(times(text)) or "feel free" in text)
    )


def _terms(_: str, text: str, proof: Proof) -> Veto | None:
    for found in words.TERMS.finditer(text):
        if found[0] not in proof.texts:
            return Veto("terms", f"no tool result speaks of {found[0]!r}")
    if (anytime := words.OPEN_DOOR.search(text)) and not words.CHANGING_ONE.search(text):
        return Veto("time", f"no tool result holds {anytime[0]!r}; name the times that find_slots gave")
    return None


def _services(_: str, text: str, proof: Proof) -> Veto | None:
    for found in words.LIKE_SERVICES.finditer(text):
        name = words.SPANISH_NAMES.get(found[0], found[0])
        if re.search(rf"\b{re.escape(name)}", proof.texts):
            continue
        if not words.INABILITY.search(text[: found.start()]):
            return Veto("service", f"no tool result holds the service {found[0]!r}")
    return None


_WORD = re.compile(r"[a-z][a-z']*[a-z]|[a-z]")
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz")


def _unknown_words(_: str, text: str, proof: Proof) -> Veto | None:
    """A statement is made of words that other checks judged, that were thought through or that the receipts use.

    A question may ask anything.
    """
    if _asks(text):
        return None
    rest = _without_moments(text, proof)
    for judged in (words.BARGAIN, words.TERMS, words.LIKE_SERVICES, *(c.pattern for c in words.CLAIMS)):
        rest = judged.sub(" ", rest)
    for word in _WORD.findall(rest):
        plain = word.removesuffix("'s").removesuffix("'")
        if not (_is_known(plain, proof) or _is_known(plain.removesuffix("s"), proof)):
            return Veto("word", f"say it in plainer words than {word!r}, or leave it out")
    return None


def _is_known(word: str, proof: Proof) -> bool:
    return (
        word in vocabulary.ENGLISH
        or word in vocabulary.SPANISH
        or word in proof.words
        or word in _COMMON
        or word in _UNITS
        or word in _ALPHABET
        or words.SPANISH_NAMES.get(word, "") in proof.words
    )


_UNITS = frozenset("dollar dollars bucks cents dolar dolares hr hrs min mins noon st nd rd th add".split())


def _figures(text: str, proof: Proof) -> Veto | None:
    """Each kind of figure is proved and blanked in turn; what is left at the end has no proof."""
    rest = _PHONE.sub(lambda m: " " * len(m[0]) if len(re.sub(r"\D", "", m[0])) >= 10 else m[0], text)
    for phrase in proof.phrases:
        rest = rest.replace(phrase, " " * len(phrase))
    if veto := _money(rest, proof):
        return veto
    rest = blanked(rest, *(a.span for a in amounts(rest)))
    if sign := stray_sign(rest):
        return Veto("price", f"no tool result holds {sign[0]!r}")
    if veto := _durations(rest, proof):
        return veto
    rest = blanked(rest, *(d.span for d in durations(rest)))
    if veto := _shares(rest, proof):
        return veto
    return _moments(rest, proof) or _counts(_without_moments(rest, proof), proof)


# --- prices


def _money(text: str, proof: Proof) -> Veto | None:
    said = list(amounts(text))
    if said and (piece := words.PER_PIECE.search(text)):
        return Veto("price", f"no tool result holds a price {piece[0]!r}")
    total_at = found.start() if (found := words.TOTAL.search(text)) else None
    for amount in said:
        first_after_total = total_at is not None and amount == next(
            (a for a in said if a.span[0] > total_at), said[0]
        )
        if not any(_is_price(amount, text, fact, proof, total=first_after_total) for fact in proof.prices):
            return Veto("price", f"no tool result holds {amount.words!r} as the price of that")
    return None


def _is_price(amount: AmountSaid, text: str, fact: PriceFact, proof: Proof, *, total: bool) -> bool:
    if fact.cents != amount.cents:
        return False
    if fact.begins and not words.FROM.search(text[: amount.span[0]]):
        return False
    about = _nearest(amount, text, _services_said(text, proof))
    wanted_class = _nearest(amount, text, _classes_said(text))
    if total and not fact.total and any(f.total for f in proof.prices):
        return False
    return _is_about(fact, about, wanted_class, proof) and _of_class(fact, wanted_class, proof)


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


_FOR = re.compile(r"\s*(?:dollars?|bucks)?\s*(?:for|por|para|on)\b")


def _nearest(amount: AmountSaid, text: str, said: list[tuple[int, str]]) -> str | None:
    """What the amount is said of: `$449 for X` looks ahead, `X is $449` behind; what stands alone is nearest."""
    start, end = amount.span
    behind = [name for at, name in said if at < start]
    ahead = [(at, name) for at, name in said if at >= end]
    if ahead and _FOR.match(text[end:]) and ahead[0][0] - end < 40:
        return ahead[0][1]
    if behind:
        return behind[-1]
    return ahead[0][1] if ahead else None


_CLASS = re.compile(
    r"\b(coupe|sedan|suv|truck|van|camioneta|camion|hatchback|wagon|crossover|pickup|minivan|motorcycle)s?\b"
)


def _classes_said(text: str) -> list[tuple[int, str]]:
    return [(m.start(), words.SPANISH_NAMES.get(m[1], m[1])) for m in _CLASS.finditer(text)]


def _services_said(text: str, proof: Proof) -> list[tuple[int, str]]:
    """Places and folded names, in order; a word that only one service has names it as well."""
    found: dict[int, str] = {}
    for alias, name in sorted(_aliases(proof).items(), key=lambda pair: -len(pair[0])):
        for match in re.finditer(rf"\b{re.escape(alias)}\b", text):
            if not any(at <= match.start() < at + len(n) for at, n in found.items()):
                found[match.start()] = name
    return sorted(found.items())


_GENERIC = frozenset("window windows tint film full car auto the of for and vehicle glass all side".split())


def _aliases(proof: Proof) -> dict[str, str]:
    aliases = dict(proof.services)
    for fact in proof.prices:
        aliases |= {name: name for name in fact.about if name not in aliases}
    owners: dict[str, set[str]] = {}
    for alias, name in aliases.items():
        for word in re.findall(r"[a-z]{3,}", alias):
            owners.setdefault(word, set()).add(name)
    single = {w: next(iter(names)) for w, names in owners.items() if len(names) == 1 and w not in _GENERIC}
    spanish = {es: single[en] for es, en in words.SPANISH_NAMES.items() if en in single}
    return single | spanish | aliases


# --- durations, shares, counts


_TAKES = re.compile(r"\b(?:takes?|lasts?|for|in|within|about|only|just|than|be)\W*$")
"""Before `a day`: a length of time. Elsewhere the words mean any day."""


def _durations(text: str, proof: Proof) -> Veto | None:
    for said in durations(text):
        if said.words.startswith("a ") and not _TAKES.search(text[: said.span[0]]):
            continue
        about = {name for at, name in _services_said(text, proof)}
        lengths = {m for name, m in proof.durations.items() if (not about or name in about)}
        if not about and proof.service is not None and proof.service in proof.durations:
            lengths = {proof.durations[proof.service]}
        spans = [*proof.slots, *([proof.appointment] if proof.appointment else [])]
        if not about or about == {proof.service}:
            lengths |= {int((s.end - s.start).total_seconds() // 60) for s in spans}
        if said.minutes not in lengths | proof.stated_durations:
            return Veto("duration", f"no tool result holds {said.words.strip()!r}")
    return None


def _shares(text: str, proof: Proof) -> Veto | None:
    for said in shares(text):
        if said[0] not in proof.texts:
            return Veto("figure", f"no tool result holds {said[0]!r}")
    return None


_COUNT = re.compile(
    r"\b(\d{1,2}) (?:\w+ ){0,2}?(times?|slots?|options?|openings?|services?|kinds?|types?|choices|things|questions?|horarios?|opciones|servicios|tipos|lugares|appointments?)\b"
)


_TIMES_COUNTED = frozenset(("time", "slot", "open", "hora", "luga"))


def _counts(text: str, proof: Proof) -> Veto | None:
    rest = text
    for found in _COUNT.finditer(text):
        most = (
            len(proof.slots)
            if found[2][:4] in _TIMES_COUNTED
            else max(len(proof.durations), len(proof.slots))
        )
        if int(found[1]) > max(most, 1):
            return Veto("figure", f"no tool result holds {found[0]!r}")
        rest = blanked(rest, found.span(1))
    if left := re.search(r"\d[\d.,:/]*", rest):
        return Veto("figure", f"no tool result holds {left[0]!r}")
    if left := re.search(r"\b(?:hundred|thousand|dozen|million|docena|cien|mil)\b", rest):
        return Veto("figure", f"no tool result holds {left[0]!r}")
    return None


# --- days and times


@dataclass
class _Day:
    """Mentions that stand together and mean one day: `tomorrow, Tuesday, November 24`."""

    said: list[DaySaid]

    @property
    def span(self) -> tuple[int, int]:
        return min(s.span[0] for s in self.said), max(s.span[1] for s in self.said)

    @property
    def words(self) -> str:
        return " ".join(s.words.strip() for s in self.said)

    def fits(self, day: date) -> bool:
        return all(s.fits(day) for s in self.said)


_JOINS_DAY = re.compile(r"[\s,()]*(?:(?:the|el|de|del|on|is|es|dia)\b[\s,]*)*[\s,()]*")
_JOINS_DAYS = re.compile(r"[\s,]*(?:or|and|y|o|u|both|either|&|/)?[\s,]*(?:on|el|the|this|next)?[\s,]*")


def _day_groups(text: str, today: date) -> list[_Day]:
    found = sorted(days(text, today), key=lambda d: d.span)
    groups: list[_Day] = []
    for said in found:
        last = groups[-1] if groups else None
        if last and _JOINS_DAY.fullmatch(text[last.span[1] : said.span[0]]) and _can_mean_one(last, said):
            last.said.append(said)
        else:
            groups.append(_Day([said]))
    return groups


def _can_mean_one(day: _Day, more: DaySaid) -> bool:
    """A second weekday, or a second date, is another day."""
    if more.weekday is not None and any(s.weekday is not None for s in day.said):
        return False
    return more.day is None or not any(s.day is not None for s in day.said)


_UNTIL = re.compile(
    r"(?:\b(?:until|till|to|by|ready|done|finish\w*|hasta|a|list[oa]|end\w*|termin\w*|through)\b\W*(?:\w+ ){0,2}\W*|- ?)$"
)
_VALID = re.compile(r"\b(?:valid\w*|good|until|through|expires?|honou?red|vigente|valida|vence|hasta)\b")
_OPEN = re.compile(
    r"\b(?:open|opens|close|closes|closed|hours|abre|abierto|abiertos|abrimos|cierra|cerramos|horario)\b"
)
_HOLD = re.compile(r"\b(?:hold|held|holding|reserved|keep|until|hasta|apart\w+)\b")


def _moments(text: str, proof: Proof) -> Veto | None:
    text = _without_echo(text, proof)
    groups = _day_groups(text, proof.now.date())
    rest = blanked(text, *(s.span for g in groups for s in g.said))
    clock = list(times(rest))
    if (vague := vague_day(text)) and not text.rstrip().endswith("?") and not _weekend(vague[0], proof):
        return Veto("time", f"say the days themselves, not {vague[0]!r}")
    for group in groups:
        if veto := _day(group, text, proof):
            return veto
    for said in clock:
        if not _is_time(said, _days_of(said.span, groups, clock, text), text, proof):
            return Veto("time", f"no tool result holds the time {said.words.strip()!r} on that day")
    return _parts(rest, groups, clock, text, proof)


def _known(text: str, proof: Proof) -> list[Span]:
    """The moments that a sentence may name: of the appointment alone where it speaks of that."""
    mine = [proof.appointment] if proof.appointment else []
    if words.APPOINTMENT_IS.search(text) or any(
        c.deed in {"booked", "moved", "cancelled"} and c.pattern.search(text) for c in words.CLAIMS
    ):
        return mine or list(proof.slots)
    return [*mine, *proof.slots]


def _day(group: _Day, text: str, proof: Proof) -> Veto | None:
    spans = _known(text, proof)
    if any(group.fits(s.start.date()) or group.fits(s.end.date()) for s in spans):
        return None
    if _VALID.search(text) and any(group.fits(v.date()) for v in proof.valid_until):
        return None
    if _OPEN.search(text) and any(_opening_fits(o.weekday, o.day, group) for o in proof.openings):
        return None
    if words.NEGATED.search(text) and any(group.fits(day) for day in proof.none_open):
        return None
    if _NOT_LISTED.search(text) and proof.slots:
        return None
    if group.fits(proof.now.date()) and _TODAY_ITSELF.search(text):
        return None
    return Veto("day", f"no tool result holds the day {group.words!r}")


_TODAY_ITSELF = re.compile(
    r"\b(?:today is|hoy es)\b|\bhelp (?:you )?(?:out )?(?:with )?today\b|\bayudar(?:l[eoa]|te)? hoy\b|\bfor you today\b"
)


_NOT_LISTED = re.compile(
    r"\b(?:isn't|is not|wasn't|not) (?:among|one of|on the list|in the list)\b|\bno esta entre\b"
)


def _opening_fits(weekday: int | None, day: date | None, group: _Day) -> bool:
    if day is not None:
        return group.fits(day)
    return weekday is None or all(s.weekday in {None, weekday} for s in group.said)


def _weekend(vague: str, proof: Proof) -> bool:
    """`The weekend` when one of the times on offer lies in it."""
    return vague in {"weekend", "fin de semana"} and any(s.start.weekday() >= 5 for s in proof.slots)


def _days_of(span: tuple[int, int], groups: list[_Day], clock: list[TimeSaid], text: str) -> list[_Day]:
    """The days a time is said of: those listed right before it, else the one behind it."""
    before = [g for g in groups if g.span[1] <= span[0]]
    if not before:
        return [g for g in groups if g.span[0] >= span[1]][:1]
    if (after := _day_right_behind(span, groups, text)) and _time_between(before[-1].span[1], span[0], clock):
        return [after]
    chosen = [before[-1]]
    for earlier in reversed(before[:-1]):
        if not _JOINS_DAYS.fullmatch(text[earlier.span[1] : chosen[0].span[0]]):
            break
        chosen.insert(0, earlier)
    return chosen


def _day_right_behind(span: tuple[int, int], groups: list[_Day], text: str) -> _Day | None:
    for group in groups:
        if group.span[0] >= span[1] and re.fullmatch(r"\s*(?:on|el|this)?\s*", text[span[1] : group.span[0]]):
            return group
    return None


def _time_between(start: int, end: int, clock: list[TimeSaid]) -> bool:
    return any(start <= t.span[0] < end for t in clock)


def _is_time(said: TimeSaid, on: list[_Day], text: str, proof: Proof) -> bool:
    spans = _known(text, proof)
    before = text[: said.span[0]]

    def on_day(moment: datetime) -> bool:
        return not on or all(g.fits(moment.date()) for g in on)

    if on and len(on) > 1:
        return all(any(g.fits(s.start.date()) and _at(s.start, said) for s in spans) for g in on)
    if any(on_day(s.start) and _at(s.start, said) for s in spans):
        return True
    if _UNTIL.search(before) and any(on_day(s.end) and _at(s.end, said) for s in spans):
        return True
    if _HOLD.search(text) and any(_at(e, said) for e in proof.expires):
        return True
    if _VALID.search(before) and any(_at(v, said) for v in proof.valid_until):
        return True
    if _OPEN.search(text) and _opens(said, on, proof):
        return True
    return _denied(said, before, proof) or bool(_NOT_LISTED.search(text))


def _opens(said: TimeSaid, on: list[_Day], proof: Proof) -> bool:
    for opening in proof.openings:
        if set(said.times) & opening.times and all(
            _opening_fits(opening.weekday, opening.day, g) for g in on
        ):
            return True
    return False


def _denied(said: TimeSaid, before: str, proof: Proof) -> bool:
    """`I don't have 4 PM`: true as long as nothing on offer starts then and the customer asked for it."""
    clause = re.split(r"[,;:]| but | pero ", before)[-1]
    if not words.NEGATED.search(words.NOT_REALLY.sub(" ", clause)) or not proof.slots:
        return False
    asked = {t for found in times(proof.said) for t in found.times}
    return bool(asked & set(said.times))


def _at(moment: datetime, said: TimeSaid) -> bool:
    return time(moment.hour, moment.minute) in said.times


def _parts(rest: str, groups: list[_Day], clock: list[TimeSaid], text: str, proof: Proof) -> Veto | None:
    """`Tuesday afternoon` names times as well; without a day it is a question of taste."""
    spans = _known(text, proof)
    for part in parts_of_day(blanked(rest, *(t.span for t in clock))):
        on = _days_of(part.span, groups, clock, text)
        if not on or words.NEGATED.search(text):
            continue
        for group in on:
            if not any(group.fits(s.start.date()) and part.low <= s.start.time() < part.high for s in spans):
                return Veto("time", f"no tool result holds {group.words} {part.words}")
    return None


_ECHO = re.compile(
    r"\b(?:you (?:mentioned|said|asked (?:about|for)|wanted|wrote|were hoping for|preferred)|usted (?:menciono|dijo|pidio|queria)|menciono|pidio)\b([^,;:.!?]*?)(?=[,;:.!?]| and | but | so | y | pero |$)"
)


def _without_echo(text: str, proof: Proof) -> str:
    """The customer's own days and times may be said back as theirs, in a clause of its own; never their prices."""
    for found in _ECHO.finditer(text):
        echo = found[1]
        theirs = {w for w in re.findall(r"\w+", proof.said)}
        if set(re.findall(r"\w+", echo)) - theirs - words.ENGLISH - words.SPANISH:
            continue
        if not any(amounts(echo)):
            text = blanked(text, found.span(1))
    return text


def _without_moments(text: str, proof: Proof) -> str:
    rest = _without_echo(text, proof)
    rest = blanked(rest, *(d.span for d in days(rest, proof.now.date())))
    return blanked(rest, *(t.span for t in times(rest)))
