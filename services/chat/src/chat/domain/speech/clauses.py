"""The last check of a sentence: each of its clauses must be of a kind that `frames.toml` allows.

Figures, names and deeds were proved before. But a lie can be made of harmless words alone ("the removal is part of it"),
and no list of lies ends. So what may be said is listed instead: a grammar over proved things, `P` money, `T` moment,
`D` length of time, `N` name, `Q` quotation, `C` deed with a receipt; `U` is what is said to be unknown.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chat.domain.receipts import Proof
from chat.domain.speech import claims, vocabulary
from chat.domain.speech.amounts import amounts
from chat.domain.speech.moments import days, durations, parts_of_day, times
from chat.domain.speech.prices import CLASS, named, services_said
from chat.domain.speech.scopes import unstated
from chat.domain.speech.text import PHONE
from chat.domain.speech.verdicts import Veto

_WORD = re.compile(r"[a-z][a-z']*")
_WORD_OR_FIGURE = re.compile(r"[a-z0-9][a-z0-9']*")
_TOKEN = re.compile(r"[PTDNQCU]|[a-z']*[a-z][a-z']*|'s|\d+")
_CLAUSE = re.compile(
    r"[,;:!?()\"\n]+|\.(?=\s|$)|\s[-/]\s|^-\s"
    r"|(?=\b(?:and|or|but|so|because|since|if|when|while|that|which|though|once|unless|whenever"
    r"|y|o|pero|porque|si|cuando|(?<!\bhay )que|mientras|aunque)\b(?!'))"
)
_QUOTED_WORDS = 3
_MORE_WORDS = 5

Spans = Iterable[tuple[int, int]]


def unlicensed(text: str, proof: Proof) -> Veto | None:
    """`text` is folded, and all its figures are proved."""
    grammar, sentence = _grammar(), marked(text, proof)
    asks = text.rstrip(" \"')").endswith("?")
    on_a_yes = bool(claims.AFTER_A_YES.search(text) or re.search(r"\b(?:let me know|tell me|digame)\b", text))
    goes_on = told = False
    parts = (" ".join(_TOKEN.findall(part)) for part in _CLAUSE.split(sentence))
    for clause in (own for part in parts for own in grammar.led_in(part)):
        plain = grammar.fillers.sub(" ", clause.replace("U", " "))
        words = [word for word in plain.split() if not word.isdigit()]
        if grammar.never.search(" ".join(words)):
            return Veto("clause", f"no tool result says {clause!r}; leave it out")
        if not (proof.promises or asks) and grammar.visit.search(" ".join(words)):
            return Veto("clause", f"no tool result says {clause!r}: nothing is booked or held")
        told = told or "C" in words
        if not words or grammar.is_proved(words, told=told) or grammar.is_courtesy(words):
            continue
        if not grammar.begins(words, asks=asks, on_a_yes=on_a_yes, goes_on=goes_on):
            return Veto(
                "clause", f"no tool result says {clause.strip()!r}: say it in a plainer way or leave it out"
            )
        goes_on = True
    return None


def marked(text: str, proof: Proof) -> str:
    """The sentence with a sign in the place of what was proved, or is said to be unknown."""
    text = _signed(text, "U", (part.span for part in unstated(text, proof)))
    for claim in claims.CLAIMS:
        if claim.deed in proof.promises:
            text = claim.pattern.sub(" C ", text)
    text = PHONE.sub(" N ", text)
    for phrase in proof.phrases:
        text = text.replace(phrase, " N ")
    today = proof.now.date()
    finders: tuple[tuple[str, Callable[[str], Spans]], ...] = (
        ("Q", lambda t: _quotations(t, proof)),
        ("P", lambda t: (a.span for a in amounts(t))),
        ("D", lambda t: (d.span for d in durations(t))),
        ("T", lambda t: (d.span for d in days(t, today))),
        ("T", lambda t: (m.span for m in times(t))),
        ("T", lambda t: (p.span for p in parts_of_day(t))),
        ("N", lambda t: _names(t, proof)),
        ("N", lambda t: (m.span() for m in CLASS.finditer(t))),
    )
    for sign, find in finders:
        text = _signed(text, sign, find(text))
    return text


def _signed(text: str, sign: str, spans: Spans) -> str:
    last = len(text) + 1
    for start, end in sorted(spans, reverse=True):
        if end <= last:
            text = f"{text[:start]} {sign} {text[end:]}"
            last = start
    return text


def _names(text: str, proof: Proof) -> Iterator[tuple[int, int]]:
    """Services by any of their names, and words that only receipts and the form hold."""
    whole = [(start, end) for start, end, _ in named(text, proof)]
    yield from whole
    for word in _WORD.finditer(text):
        plain = word[0].removesuffix("'s")
        if any(start <= word.start() < end for start, end in whole):
            continue
        if plain in proof.words and plain not in vocabulary.KNOWN:
            yield word.start(), word.start() + len(plain)


def _quotations(text: str, proof: Proof) -> Iterator[tuple[int, int]]:
    """Runs of words as the shop describes the services of the sentence; all of them where it names none."""
    named = {name for _, name in services_said(text, proof)}
    shops = [said for name, said in proof.descriptions.items() if not named or name in named]
    words = list(_WORD_OR_FIGURE.finditer(text))
    at = 0
    while at + _QUOTED_WORDS <= len(words):
        end = at
        while end < len(words) and _within(text[words[at].start() : words[end].end()], shops):
            end += 1
        if end - at >= _QUOTED_WORDS:
            yield words[at].start(), words[end - 1].end()
        at = max(end, at + 1)


def _within(run: str, shops: list[str]) -> bool:
    return any(f" {run} " in said for said in shops)


@dataclass(frozen=True)
class _Grammar:
    fillers: re.Pattern[str]
    glue: re.Pattern[str]
    beside_deed: re.Pattern[str]
    courtesy: frozenset[str]
    heads: tuple[re.Pattern[str], ...]
    questions: tuple[re.Pattern[str], ...]
    leading: re.Pattern[str]
    never: re.Pattern[str]
    visit: re.Pattern[str]
    continued: tuple[re.Pattern[str], ...]
    on_a_yes: tuple[re.Pattern[str], ...]
    stating: frozenset[str]
    subjects: frozenset[str]
    clitics: frozenset[str]
    joints: frozenset[str]
    lead_in: re.Pattern[str]

    def led_in(self, clause: str) -> list[str]:
        """`For an SUV we do it` is a phrase and a clause of its own, of which each is judged."""
        found = self.lead_in.match(clause)
        return [found[1], found[2]] if found else [clause]

    def is_proved(self, words: list[str], *, told: bool = False) -> bool:
        """Signs and the words that hold them together; without a sign, no more than a heading.

        `told`: from a deed on, the words that are listed beside one.
        """
        if told:
            return bool(self.beside_deed.fullmatch(" ".join(words)))
        if not self.glue.fullmatch(" ".join(words)):
            return False
        return any(word.isupper() for word in words) or not (self.stating | self.subjects) & set(words)

    def is_courtesy(self, words: list[str]) -> bool:
        return all(word in self.courtesy for word in words)

    def begins(self, words: list[str], *, asks: bool, on_a_yes: bool, goes_on: bool) -> bool:
        clause = " ".join(words)
        if asks and self.leading.match(clause):
            return False
        if goes_on and self._is_more_of_it(words):
            return True
        if len(words) > 1 and words[0] in self.joints and words[1] in self.subjects:
            return self.begins(words[1:], asks=asks, on_a_yes=on_a_yes, goes_on=False) or self.is_proved(
                words[1:]
            )
        kinds = [self.heads]
        kinds += [self.questions] if asks else []
        kinds += [self.continued] if goes_on else []
        kinds += [self.on_a_yes] if on_a_yes else []
        return any(
            (found := beginning.match(clause)) and self._states_no_more(clause[found.end() :].split())
            for kind in kinds
            for beginning in kind
        )

    def _states_no_more(self, rest: list[str]) -> bool:
        return not self.stating & set(rest)

    def _is_more_of_it(self, words: list[str]) -> bool:
        """`prices, open times and booking`: what the clause before began."""
        rest = " ".join(words).replace("for you", "").split()
        if rest and rest[0] in self.clitics:
            return False
        return len(rest) <= _MORE_WORDS and not (self.stating | self.subjects) & set(rest)


@cache
def _grammar() -> _Grammar:
    data = tomllib.loads(files("chat.domain.speech").joinpath("frames.toml").read_text("utf-8"))
    slots: dict[str, str] = {}
    for name, words in data["slots"].items():
        slots[name] = f"(?:{_filled(words, slots)})"

    def beginning(frame: str) -> re.Pattern[str]:
        return re.compile(rf"(?:{_filled(frame, slots)})(?![\w'])")

    def beginnings(*frames: str) -> tuple[re.Pattern[str], ...]:
        return tuple(beginning(frame) for frame in frames)

    return _Grammar(
        fillers=re.compile(rf"(?<!\S)(?:{_any_of(data['fillers'])})(?!\S)"),
        glue=_held_together_by(data["glue"]),
        beside_deed=_held_together_by(data["glue"] + data["beside_deed"]),
        courtesy=frozenset(data["courtesy"].split()) | {"N"},
        heads=beginnings(*data["heads"]),
        questions=beginnings(*data["questions"]),
        leading=beginning(data["leading"]),
        never=re.compile("|".join(data["never"])),
        visit=re.compile(data["visit"]),
        continued=beginnings(data["continued"]),
        on_a_yes=beginnings(data["on_a_yes"]),
        stating=frozenset(data["stating"].split()),
        subjects=frozenset(data["subjects"].split()),
        clitics=frozenset(data["clitics"].split()),
        joints=frozenset(data["joints"].split()),
        lead_in=_lead_in(
            _filled(data["leads"], slots), data["before_object"].split(), data["pronouns"].split()
        ),
    )


def _held_together_by(listed: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?:[PTDNQCU]|{_any_of(listed)})(?: |$))+")


def _lead_in(leads: str, before_object: list[str], pronouns: list[str]) -> re.Pattern[str]:
    """Two groups: the phrase, and the clause behind it."""
    subject = "".join(f"(?<!{word} )" for word in before_object)
    return re.compile(rf"((?:\w+ )?(?:{leads}) \S+.*?) {subject}((?:{'|'.join(pronouns)}) .*)")


_SLOT = re.compile(r"\{([a-z]\w*)\}")


def _filled(frame: str, slots: Mapping[str, str]) -> str:
    """With the slots in their places."""
    return _SLOT.sub(lambda m: slots[m[1]], frame.strip())


def _any_of(listed: str) -> str:
    """Longest first. A line with bars holds phrases, any other single words."""
    lines = listed.splitlines()
    found = {p.strip() for line in lines for p in (line.split("|") if "|" in line else line.split())}
    return "|".join(map(re.escape, sorted(found - {""}, key=len, reverse=True)))
