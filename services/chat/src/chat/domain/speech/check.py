"""Whether a sentence may be shown: every figure, moment, name and promise in it must be proved."""

import re

from chat.domain.receipts import Proof
from chat.domain.speech import claims as words
from chat.domain.speech import vocabulary
from chat.domain.speech.amounts import amounts, shares, stray_sign
from chat.domain.speech.calendar import unproved_moment, without_moments
from chat.domain.speech.clauses import unlicensed
from chat.domain.speech.moments import blanked, durations, times, without_greeting
from chat.domain.speech.prices import classes_said, named, said_of, services_said, unproved_price
from chat.domain.speech.scopes import unstated
from chat.domain.speech.text import PHONE, cleaned, folded, unreadable
from chat.domain.speech.verdicts import Passed, Verdict, Veto
from chat.domain.speech.wordings import as_known


def verdict(sentence: str, proof: Proof) -> Verdict:
    shown = cleaned(sentence)
    if unreadable(_without_link(shown, proof)):
        return Veto("unreadable", "plain letters and words only, English or Spanish")
    text = as_known(without_greeting(folded(_without_link(shown, proof))).strip())
    rest = _stated(text, proof)
    if words.only_announces(text) or (words.OPENER.fullmatch(text.strip()) and _asked_for_unproved(proof)):
        return Passed("")
    for check in (_links, _phone, _other_language, _names, _acceptance, _claims, _wrong_deed):
        if veto := check(shown, text, proof):
            return veto
    for check in (_bargains, _terms, _services, _unknown_words):
        if veto := check(shown, rest, proof):
            return veto
    return _figures(text, proof) or unlicensed(text, proof) or Passed(shown)


def _without_link(shown: str, proof: Proof) -> str:
    """The customer's own link is the one address that may be shown, letter for letter."""
    if not proof.link:
        return shown
    return re.sub(rf"(?<!\S){re.escape(proof.link)}(?=[.,!)]*(?:\s|$))", "this link", shown)


def _stated(text: str, proof: Proof) -> str:
    return blanked(text, *(part.span for part in unstated(text, proof)))


def _links(_: str, text: str, __: Proof) -> Veto | None:
    if found := re.search(r"https?:|www\.|\b[\w.+-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|net|org|io|co|us)\b", text):
        return Veto("link", f"no tool result holds {found[0]!r}")
    return None


def _phone(_: str, text: str, proof: Proof) -> Veto | None:
    for found in PHONE.finditer(text):
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
        for word in re.findall(r"[^\W_]+", run[0]):
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
        bool(words.HAGGLED.search(asked) or any(amounts(asked)) or unproved_moment(asked, proof))
        if asked
        else False
    )


def _claims(_: str, text: str, proof: Proof) -> Veto | None:
    for claim in words.CLAIMS:
        for found in claim.pattern.finditer(text):
            if claim.deed in proof.promises:
                if claim.deed == "handed_off" and (soon := words.SOON.search(text)):
                    return Veto("promise", f"no tool result says when: {soon[0]!r}")
                continue
            if _taken_back(text, found.start()) and not _presupposed(claim.deed, text):
                continue
            deed = (claim.deed or "promised").replace("_", " ")
            return Veto("promise", f"no tool result says {found[0].strip()!r} (nothing was {deed})")
    return None


_UNBOOKED = re.compile(
    r"\b(?:nothing(?:'s| is| has been| was)|none (?:\w+ ){0,3}(?:is|are|has|have)(?: been)?|(?:is|are|was|has|have)(?:n't| not)(?: been)?|not|never)(?: yet| actually)? (?:booked|confirmed|scheduled)\b"
    r"|\b(?:don't|do not|no) (?:have|tienes?|tiene) (?:an? |any |una |ninguna )?(?:appointment|booking|cita|reserva)\b|\bno (?:esta|quedo) (?:reservad|confirmad|agendad)[oa]\b"
)


def _wrong_deed(_: str, text: str, proof: Proof) -> Veto | None:
    """A deed has its receipt, but for this service and this class of vehicle; and what was booked is not denied."""
    if "booked" in proof.promises and (denied := _UNBOOKED.search(text)):
        return Veto("promise", f"the receipts say otherwise than {denied[0]!r}")
    if _asks(text) or not proof.promises & _OF_A_SERVICE:
        return None
    for clause in re.split(r"[;:!?] |,? (?:but|pero) ", text):
        deeds = [
            c for c in words.CLAIMS if c.deed in proof.promises & _OF_A_SERVICE and c.pattern.search(clause)
        ]
        if deeds and (wrong := _other_than_booked(clause, proof)):
            return Veto("promise", f"no tool result says that of {wrong!r}")
    return None


_OF_A_SERVICE = frozenset(("booked", "held", "moved", "cancelled", "appointment"))


def _other_than_booked(clause: str, proof: Proof) -> str | None:
    ordered = frozenset().union(*(fact.about for fact in proof.prices if fact.total))
    if ordered:
        for _, name in services_said(clause, proof):
            if name not in ordered:
                return name
    return next((c for _, c in classes_said(clause) if proof.vehicle_class not in {None, c}), None)


def _presupposed(deed: str | None, text: str) -> bool:
    """A question about "your appointment" tells that there is one."""
    return deed == "appointment" and _asks(text)


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
        refused = words.INABILITY.search(clause) and not words.FOR_NOW.search(text)
        if refused or words.WISHED.search(clause) or (found[0] == "free" and _harmless(text)):
            continue
        if found[0].startswith("same") and "moved" in proof.promises:
            continue
        return Veto("bargain", f"no tool result holds {found[0]!r}; say prices only as tools give them")
    return None


def _harmless(text: str) -> bool:
    """`Free` of time, not of charge."""
    return bool(
        re.search(r"\bfeel free\b|\b(?:are you|you(?:'re| are)|when you|is|are|both|still|time) free\b", text)
        and (any(times(text)) or "feel free" in text)
    )


def _terms(_: str, text: str, proof: Proof) -> Veto | None:
    named = {name for _, name in services_said(text, proof)}
    for found in words.TERMS.finditer(text):
        others = any(found[0] in said for name, said in proof.descriptions.items() if name not in named)
        own = any(found[0] in said for name, said in proof.descriptions.items() if name in named)
        if found[0].startswith("warrant") and _denies_a_warranty(text[: found.start()], named, proof):
            return Veto("terms", "a tool result does hold a warranty of that")
        if _INCLUDED.fullmatch(found[0]) and _in_the_total(found.span(), text, proof):
            continue
        if not named and _SAID_OF_ALL.search(text) and not _holds_for_all(found[0], proof):
            return Veto("terms", f"name the service that {found[0]!r} is said of")
        if found[0].startswith("legal") and words.INABILITY.search(text[: found.start()]):
            continue
        if found[0] not in proof.texts or (named and others and not own):
            return Veto("terms", f"no tool result speaks of {found[0]!r}")
    if (anytime := words.OPEN_DOOR.search(text)) and not words.CHANGING_ONE.search(text):
        return Veto("time", f"no tool result holds {anytime[0]!r}; name the times that find_slots gave")
    return None


_INCLUDED = re.compile(r"includ(?:ed|ing)|incluid[oa]s?|incluyendo")
_IS = re.compile(r" (?:is |already |also |ya |esta )*")
_THE = re.compile(r" (?:the |la |el |a )?")
_SAID_OF_ALL = re.compile(
    r"\b(?:we|our|all|every|each|both|tenemos|ofrecemos|manejamos|nuestr[oa]s?|tod[oa]s|cada|amb[oa]s)\b"
)


def _in_the_total(place: tuple[int, int], text: str, proof: Proof) -> bool:
    """`With the strip included it's $509`: an add-on beside the word, and the total that it is a part of."""
    services = named(text, proof)
    totals = [f for f in proof.prices if f.total and f.cents in {a.cents for a in amounts(text)}]
    beside = any(
        _IS.fullmatch(text[end : place[0]]) or _THE.fullmatch(text[place[1] : start])
        for start, end, _ in services
    )
    return beside and any(all(name in f.about for *_, name in services) for f in totals)


def _holds_for_all(term: str, proof: Proof) -> bool:
    return all(term in said for said in proof.descriptions.values())


def _denies_a_warranty(before: str, named: set[str], proof: Proof) -> bool:
    """`I don't see a warranty for ceramic`, which has one."""
    clause = re.split(r"[,;:]| but | pero ", before)[-1]
    return bool(words.NEGATED.search(clause)) and any(
        "warrant" in proof.descriptions.get(n, "") for n in named
    )


def _services(_: str, text: str, proof: Proof) -> Veto | None:
    for found in words.LIKE_SERVICES.finditer(text):
        name = words.SPANISH_NAMES.get(found[0], found[0])
        if re.search(rf"\b{re.escape(name)}", proof.texts):
            continue
        if not words.INABILITY.search(text[: found.start()]):
            return Veto("service", f"no tool result holds the service {found[0]!r}")
    return None


_WHAT_IS_NOT = re.compile(
    r"(?<![\w'])(?:(?:i|we) (?:\w+ly )?(?:can't|cannot|can not|couldn't|don't|do not|didn't|haven't|won't|wouldn't)|(?:i'm|i am|we're|we are) not"
    r"|no (?:puedo|podemos|tengo|tenemos|veo|manejo|manejamos|ofrecemos|hacemos|encuentro|encontre|cuento|estoy|soy))\b"
    r"(?! (?:wait|forget|worry|mind|miss|just|only|se|te|le) )[^,;:.!?()]*?(?=[,;:.!?()]|$|\b(?:and|but|so|because|y|pero|porque)\b)"
)
"""Whatever is not done, seen or had may have any name; what it must not be, the other checks know."""
_WORD = re.compile(r"[a-z][a-z']*[a-z]|[a-z]")
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz")


def _unknown_words(_: str, text: str, proof: Proof) -> Veto | None:
    """A statement is made of words that other checks judged, that were thought through or that the receipts use.

    A question may ask anything.
    """
    if _asks(text):
        return None
    rest = without_moments(text, proof)
    rest = blanked(rest, *(d.span for d in durations(rest)))
    rest = _WHAT_IS_NOT.sub(" ", rest)
    for judged in (words.BARGAIN, words.TERMS, words.LIKE_SERVICES, *(c.pattern for c in words.CLAIMS)):
        rest = judged.sub(" ", rest)
    for word in _WORD.findall(rest):
        plain = word.removesuffix("'s").removesuffix("'")
        if not (_is_known(plain, proof) or _is_known(plain.removesuffix("s"), proof)):
            return Veto("word", f"say it in plainer words than {word!r}, or leave it out")
    return None


def _is_known(word: str, proof: Proof) -> bool:
    return (
        word in vocabulary.KNOWN
        or word in proof.words
        or word in _COMMON
        or word in _UNITS
        or word in _ALPHABET
        or words.SPANISH_NAMES.get(word, "") in proof.words
    )


_UNITS = frozenset("dollar dollars bucks cents dolar dolares hr hrs min mins noon st nd rd th add".split())


def _figures(text: str, proof: Proof) -> Veto | None:
    """Each kind of figure is proved and blanked in turn; what is left at the end has no proof."""
    rest = PHONE.sub(lambda m: " " * len(m[0]) if len(re.sub(r"\D", "", m[0])) >= 10 else m[0], text)
    for phrase in proof.phrases:
        rest = rest.replace(phrase, " " * len(phrase))
    if veto := unproved_price(rest, proof):
        return veto
    rest = blanked(rest, *(a.span for a in amounts(rest)))
    if sign := stray_sign(rest):
        return Veto("price", f"no tool result holds {sign[0]!r}")
    if veto := _durations(rest, proof):
        return veto
    rest = blanked(rest, *(d.span for d in durations(rest)))
    if veto := _shares(rest, proof):
        return veto
    rest = blanked(rest, *(part.span for part in unstated(text, proof) if part.anything))
    return unproved_moment(rest, proof) or _counts(without_moments(rest, proof), proof)


_HOLD = re.compile(r"\b(?:hold|held|holding|apartad[oa]|apartando|expires?|reserved)\b")
_HELD_FOR = re.compile(
    r"\b(?:hold|held|apartad[oa]|reserved)\b.{0,30}\b(?:for|por|durante|another)(?: (?:the|about|next|another|unos|unas|los|proximos))*\W*$"
)
_TAKES = re.compile(r"\b(?:takes?|lasts?|for|in|within|about|only|just|than|be)\W*$")
"""Before `a day`: a length of time. Elsewhere the words mean any day."""


def _durations(text: str, proof: Proof) -> Veto | None:
    for said in durations(text):
        if said.words.startswith("a ") and not _TAKES.search(text[: said.span[0]]):
            continue
        about = said_of(said.span, text, services_said(text, proof))
        lengths = _lengths_of(about, proof)
        if not about and proof.service is not None and proof.service in proof.durations:
            lengths = {proof.durations[proof.service]}
        spans = [*proof.slots, *([proof.appointment] if proof.appointment else [])]
        if not about or about == {proof.service}:
            lengths |= {int((s.end - s.start).total_seconds() // 60) for s in spans}
        if _HOLD.search(text):
            held = {round((expires - proof.now).total_seconds() / 60) for expires in proof.expires}
            lengths |= held
            if _HELD_FOR.search(text[: said.span[0]]) and said.minutes not in held:
                return Veto("duration", f"no tool result holds {said.words.strip()!r}")
        if said.minutes not in lengths | proof.stated_durations:
            return Veto("duration", f"no tool result holds {said.words.strip()!r}")
    return None


def _lengths_of(about: frozenset[str], proof: Proof) -> set[int]:
    """Of any service where none is named; of several named together, what all of them have."""
    each = [{m for n, m in proof.durations.items() if n == name} for name in about]
    return set.intersection(*each) if each else set(proof.durations.values())


def _shares(text: str, proof: Proof) -> Veto | None:
    for said in shares(text):
        if said[0] not in proof.texts:
            return Veto("figure", f"no tool result holds {said[0]!r}")
    return None


_COUNT = re.compile(
    r"\b(\d{1,2}) (?:\w+ ){0,2}?(times?|slots?|options?|openings?|services?|films?|tints?|kinds?|types?|choices|things|questions?|horarios?|opciones|servicios|tipos|lugares|appointments?)\b"
)


_OF_THEM = re.compile(
    r"\b(?:which|any|one|either|none|neither|cual(?:es)?|alguno|uno|cualquiera|first|last|other|cheaper|pricier)(?: one)? (?:of|de) (?:the|these|those|los|las|estos|estas|esos)(?: other)? (\d)\b(?! (?:windows|cars|vehicles|films|days|hours)\b)|\b(?:compare|between|comparar|entre) (?:the|los|las) (2)\b"
)
_KINDS_COUNTED = ("film", "tint", "kind", "type", "tipo")
"""Nobody says which services are films: a pair, or as many as the sentence names."""
_TIMES_COUNTED = frozenset(("time", "slot", "open", "hora", "luga"))


def _counts(text: str, proof: Proof) -> Veto | None:
    rest = text
    for found in _OF_THEM.finditer(text):
        if int(found[1] or found[2]) in {2, len(proof.slots)}:
            rest = blanked(rest, found.span(1 if found[1] else 2))
    kinds = len({name for _, name in services_said(text, proof)})
    for found in _COUNT.finditer(rest):
        most = (
            len(proof.slots)
            if found[2][:4] in _TIMES_COUNTED
            else max(len(proof.durations), len(proof.slots))
        )
        if found[2].startswith(_KINDS_COUNTED):
            most = max(kinds, 2)
        if int(found[1]) > max(most, 1):
            return Veto("figure", f"no tool result holds {found[0]!r}")
        rest = blanked(rest, found.span(1))
    if left := re.search(r"\d[\d.,:/]*", rest):
        return Veto("figure", f"no tool result holds {left[0]!r}")
    if left := re.search(r"\b(?:hundred|thousand|dozen|million|docena|cien|mil)\b", rest):
        return Veto("figure", f"no tool result holds {left[0]!r}")
    return None
