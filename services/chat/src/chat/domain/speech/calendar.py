"""Whether each day and time in a sentence belongs to a moment that the receipts hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from chat.domain.receipts import Proof, Span
from chat.domain.speech import claims as words
from chat.domain.speech.amounts import amounts
from chat.domain.speech.moments import DaySaid, TimeSaid, blanked, days, parts_of_day, times, vague_day
from chat.domain.speech.verdicts import Veto


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
    r"(?:\b(?:until|till|by|ready|done|pick (?:it|the \w+|your \w+) up|pick up|finish\w*|hasta|list[oa]|end\w*|termin\w*|through)\b\W*(?:\w+ ){0,2}\W*"
    r"|(?:\d|[ap]\.?m\.?|noon|midday|mediodia)\W*(?:\b(?:to|a)\b|-)\W*(?:las? )?)$"
)
"""Before the end of a span; `to` and `a` only behind its beginning, since `a la 1` is `at 1` in Spanish."""
_LAST_DAY = re.compile(r"\b(?:until|till|hasta)\W*(?:el |the )?$")
_FIRST = (
    r"(?:earliest|soonest|first (?:opening|spot|slot|time|one)|lo (?:primero|mas (?:pronto|temprano|cercano))"
    r"|primer[ao]? (?:horario|lugar|espacio|cita|hora))"
)
_IS = r"(?:'s|\b(?:is|would be|will be|es|seria))"
_IS_FIRST = re.compile(rf"^\W*{_IS} (?:actually |really )?(?:the |my |our |your |el |la )?{_FIRST}\b")
_FIRST_IS = re.compile(
    rf"\b{_FIRST}\b(?: (?:i|we|que) \w+(?: \w+)?| available| open| disponible)? ?{_IS} (?:on |el |this )?\W*$"
)
_LATER_ONLY = re.compile(
    r"\b(?:after|afternoons?|evenings?|mornings?|weekends?|later|then|from|next|despues|tardes?|luego|partir|desde|fin de semana)\b"
)
_COUNTED = re.compile(
    r"\b(\d) (?:\w+ ){0,2}(?:times?|slots?|spots?|openings?|options?|horarios?|lugares|espacios|opciones) (?:(?:on|for|el|para) ){1,2}(?:the )?$"
)
_FULL = re.compile(
    r"\b(?:full(?:y booked)?|booked (?:up|out|solid)|sold out|taken|gone|no longer (?:open|available)|llen[oa]|ocupad[oa]|agotad[oa])\b"
)
_VALID = re.compile(r"\b(?:valid\w*|good|until|through|expires?|honou?red|vigente|valida|vence|hasta)\b")
_OPEN = re.compile(
    r"\b(?:open|opens|close|closes|closed|hours|abre|abierto|abiertos|abrimos|cierra|cerramos|horario)\b"
)
_CLOSED = re.compile(r"\b(?:closed|cerrado|cerrados)\b")
_HOLD = re.compile(r"\b(?:hold|held|holding|reserved|keep|until|hasta|apart\w+)\b")
_HELD = re.compile("|".join(c.pattern.pattern for c in words.CLAIMS if c.deed == "held"))
_LEFT = re.compile(r"\b(?:from|off|del?|instead of|en (?:lugar|vez) del?)\W*(?:el |la |las |the )?\W*$")
"""Before the day that a moved appointment was on."""
_FAREWELL = re.compile(
    r"\b(?:enjoy|have|rest of|happy|feliz|buen|bonito|lindo|excelente)(?: (?:the|your|a|an|of|rest|great|good|nice|wonderful|lovely|resto|de|tu|su|del?))* $"
)
_LOOKED_FROM = re.compile(
    r"(?:\b(?:looked|searched|checked|looking|starting)(?: from| at| for| on| for times)?|\ba partir del?|\bbusque (?:para|desde)|\bdesde) (?:el )?$"
)


def unproved_moment(text: str, proof: Proof) -> Veto | None:
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


def _known(text: str, place: int, proof: Proof) -> list[Span]:
    """The moments that may be named there: of the appointment or the hold alone where the words speak of that."""
    mine = [proof.appointment] if proof.appointment else []
    clause = _clause_at(place, text)
    if proof.hold and _HELD.search(clause) and not words.NEGATED.search(clause):
        return [proof.hold]
    if words.APPOINTMENT_IS.search(text) or any(
        c.deed in {"booked", "moved", "cancelled"} and c.pattern.search(text) for c in words.CLAIMS
    ):
        return mine or list(proof.slots)
    return [*mine, *proof.slots]


def _day(group: _Day, text: str, proof: Proof) -> Veto | None:
    spans = _known(text, group.span[0], proof)
    before = text[: group.span[0]]
    if _DEADLINE.search(before) or (_HOLD_LASTS.search(before) and _LAST_DAY.search(before)):
        ends = (*proof.valid_until, *proof.expires)
        return None if any(group.fits(e.date()) for e in ends) else _no_day(group)
    if veto := _said_falsely_of(group, text, proof):
        return veto
    found = any(group.fits(s.start.date()) or group.fits(s.end.date()) for s in spans)
    if found and _is_denied_there(group.span, text) and not any(times(text)):
        return Veto("day", f"a tool result does hold the day {group.words!r}")
    may_be_said = _is_day_of_the_talk, _is_day_of_hours, _is_day_looked_for
    if found or any(reason(group, text, proof) for reason in may_be_said):
        return None
    if _is_not_listed(group.span, text, proof) and not any(group.fits(s.start.date()) for s in spans):
        return None
    return _no_day(group)


def _said_falsely_of(group: _Day, text: str, proof: Proof) -> Veto | None:
    """Of a day with open times: first of all, more times than it has, or full."""
    if proof.slots and _is_called_first(group, text) and not group.fits(_first(proof.slots).date()):
        return Veto("day", f"{group.words!r} is not the first that find_slots gave")
    on_it = sum(group.fits(s.start.date()) for s in proof.slots)
    if (counted := _COUNTED.search(text[: group.span[0]])) and int(counted[1]) > on_it:
        return Veto("figure", f"find_slots gave fewer times on {group.words!r}")
    if on_it and _is_called_full(group, text):
        return Veto("day", f"find_slots gave a time on {group.words!r}")
    return None


def _first(spans: Sequence[Span]) -> datetime:
    return min(span.start for span in spans)


def _is_called_first(group: _Day, text: str) -> bool:
    """`Saturday is the earliest`, `the earliest is Saturday`; not where it is the first of a part of what was found."""
    said = _FIRST_IS.search(text[: group.span[0]]) or _IS_FIRST.search(text[group.span[1] :])
    others = text[: group.span[0]] + text[group.span[1] :]
    return bool(said) and not _LATER_ONLY.search(others)


def _is_called_full(group: _Day, text: str) -> bool:
    clause = _clause_at(group.span[0], text)
    return (
        bool(_FULL.search(clause))
        and not words.NEGATED.search(clause)
        and not re.search(r"\b(?:if|once|when|si|cuando)\b", clause)
        and not any(times(clause))
    )


def _no_day(group: _Day) -> Veto:
    return Veto("day", f"no tool result holds the day {group.words!r}")


def _is_day_of_the_talk(group: _Day, text: str, proof: Proof) -> bool:
    """The last day of a price or a hold, the day that an appointment left, or today in a farewell."""
    before = text[: group.span[0]]
    if group.fits(proof.now.date()):
        holds = _HOLD.search(text) and any(group.fits(e.date()) for e in proof.expires)
        return bool(holds or _FAREWELL.search(before) or _TODAY_ITSELF.search(text))
    if _VALID.search(text) and any(group.fits(v.date()) for v in proof.valid_until):
        return True
    return bool(proof.left and _is_where_it_was(before, proof) and group.fits(proof.left.start.date()))


def _is_day_of_hours(group: _Day, text: str, proof: Proof) -> bool:
    closed = bool(_CLOSED.search(text))
    return bool(_OPEN.search(text)) and any(
        _opening_fits(o.weekday, o.day, group) and closed != bool(o.times) for o in proof.openings
    )


def _is_day_looked_for(group: _Day, text: str, proof: Proof) -> bool:
    """Searched by find_slots, which found nothing on it."""
    looked = words.NEGATED.search(text) or _LOOKED_FROM.search(text[: group.span[0]])
    return bool(looked) and any(group.fits(day) for day in proof.none_open)


_TODAY_ITSELF = re.compile(
    r"\b(?:today is|hoy es)\b|\bhelp (?:you )?(?:out )?(?:with )?today\b|\bayudar(?:l[eoa]|te)? hoy\b|\bfor you today\b"
)


_LISTED = r"(?:among|one of|part of|on|in|listed|showing|coming up|available among) ?(?:the|my|these|those|this)? ?(?:\w+ )?(?:list|times|openings|options|results|slots|days?)?"
_NOT_LISTED = re.compile(
    rf"\b(?:isn't|is not|wasn't|aren't|not) (?:among|one of|{_LISTED})\b|\bno esta entre\b|\bisn't (?:a day)?\s*(?:i|i've) (?:\w+ )?(?:looked|checked|found|have)\b"
    r"|\b(?:didn't|doesn't|did not|does not|don't|not) (?:come|show|turn|came|pop) up\b|\b(?:nothing|no(?: \w+){1,3}) (?:came|turned|showed|comes|shows) up\b"
    r"|\bnothing (?:at|on|for)\b[^,.;]*\b(?:i can see|i see|i can find)\b|\bi (?:don't|do not) have (?:\w+ ){1,3}at \d|\bno tengo (?:\w+ ){1,3}a las \d"
    r"|\bi (?:don't|didn't|do not|did not|can't|couldn't) (?:see|find)\b|\bi (?:see|saw|found|find) (?:nothing|no)\b|\bno (?:veo|encontre|encuentro)\b|\bno (?:me |nos )?(?:aparece|sale|figura|salio|aparecio)n?\b"
)
"""Of the tool's answer, not of the shop: `I don't see`, never `there is none`."""


def _is_not_listed(span: tuple[int, int], text: str, proof: Proof) -> bool:
    """Said not to be among the times that were found; what stands behind `but` is another matter."""
    for start, end in _clause_spans(text):
        if start <= span[0] < end:
            return bool(proof.slots and _NOT_LISTED.search(text[start:end]))
    return False


def _clause_spans(text: str) -> list[tuple[int, int]]:
    ends = [m.span() for m in _CONTRAST.finditer(text)]
    starts = [0, *(end for _, end in ends)]
    return list(zip(starts, [*(start for start, _ in ends), len(text)], strict=True))


_CONTRAST = re.compile(r"[;!?]|:(?!\d)|,? (?:but|pero|sino) |, (?:only|just|solo) ")


def _is_where_it_was(before: str, proof: Proof) -> bool:
    return "moved" in proof.promises and bool(_LEFT.search(before))


def _opening_fits(weekday: int | None, day: date | None, group: _Day) -> bool:
    if day is not None:
        return group.fits(day)
    return weekday is None or all(s.weekday in {None, weekday} for s in group.said)


def _weekend(vague: str, proof: Proof) -> bool:
    """`The weekend` when one of the times on offer lies in it."""
    return vague in {"weekend", "weekends", "fin de semana", "fines de semana"} and any(
        s.start.weekday() >= 5 for s in proof.slots
    )


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
    before = text[: said.span[0]]
    if _RUNS_OUT.search(before):
        behind = [g for g in on if g.span[0] >= said.span[1]]
        return any(_at(e, said) and all(g.fits(e.date()) for g in behind) for e in proof.expires)
    if _is_denied_there(said.span, text) and _is_open(said, on, proof):
        return False
    return (
        _is_of_a_span(said, on, text, proof)
        or (bool(_VALID.search(before)) and any(_at(v, said) for v in proof.valid_until))
        or (bool(_OPEN.search(text)) and _opens(said, on, proof))
        or _denied(said, before, proof)
        or (_is_not_listed(said.span, text, proof) and not _is_open(said, on, proof))
    )


def _is_of_a_span(said: TimeSaid, on: list[_Day], text: str, proof: Proof) -> bool:
    """The beginning or the end of what is offered, held or booked, or the beginning of what an appointment left."""
    spans = _known(text, said.span[0], proof)

    def on_day(moment: datetime) -> bool:
        return not on or all(g.fits(moment.date()) for g in on)

    if len(on) > 1:
        return all(any(g.fits(s.start.date()) and _at(s.start, said) for s in spans) for g in on)
    if any(on_day(s.start) and _at(s.start, said) for s in spans):
        return True
    if _UNTIL.search(text[: _figure_at(said)]) and any(on_day(s.end) and _at(s.end, said) for s in spans):
        return True
    if on and proof.left and _is_where_it_was(text[: on[0].span[0]], proof):
        return on_day(proof.left.start) and _at(proof.left.start, said)
    return bool(_HOLD.search(text)) and any(_at(e, said) for e in proof.expires)


def _figure_at(said: TimeSaid) -> int:
    """Behind the preposition that may belong to the words of a time: `to 1`."""
    preposition = re.match(r"[a-z]+ (?=\d)", said.words)
    return said.span[0] + (preposition.end() if preposition else 0)


_HOLD_LASTS = re.compile(r"\b(?:hold|held|holding|on hold|reserved|apart\w+)\b")
_DEADLINE = re.compile(r"\b(?:you have|tienes?) (?:until|till|hasta)\W*(?:el )?$")
_RUNS_OUT = re.compile(
    r"\b(?:hold|held|holding|reserved|apart\w+|you have|tienes?)\b.*\b(?:until|till|runs? out|expires?|lasts?|ends?|good|hasta|vence)\W*(?:(?:at|until|through|on|hasta|a|las|el) )*\W*$"
)
"""Before the moment a hold ends."""


def _is_denied_there(span: tuple[int, int], text: str) -> bool:
    """Between two commas, said not to be among the times found."""
    start = max(text.rfind(sign, 0, span[0]) for sign in ",;.") + 1
    end = re.compile(r"[,;.]| but | pero |$").search(text, span[1])
    return bool(_NOT_LISTED.search(text[start : end.start() if end else len(text)]))


def _is_open(said: TimeSaid, on: list[_Day], proof: Proof) -> bool:
    return any(_at(s.start, said) and all(g.fits(s.start.date()) for g in on) for s in proof.slots)


def _clause_at(place: int, text: str) -> str:
    return next((text[start:end] for start, end in _clause_spans(text) if start <= place < end), text)


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
    spans = _known(text, 0, proof)
    for part in parts_of_day(blanked(rest, *(t.span for t in clock))):
        on = _days_of(part.span, groups, clock, text)
        if not on or words.NEGATED.search(text):
            continue
        for group in on:
            starts = [s.start for s in spans] + (list(proof.expires) if _HOLD.search(text) else [])
            if proof.left and _is_where_it_was(text[: group.span[0]], proof):
                starts = [proof.left.start]
            if not any(group.fits(m.date()) and part.low <= m.time() < part.high for m in starts):
                return Veto("time", f"no tool result holds {group.words} {part.words}")
    return None


_ECHO = re.compile(
    r"\b(?:you (?:mentioned|said|asked (?:about|for)|wanted|wrote|were hoping for|preferred)|usted (?:menciono|dijo|pidio|queria)|menciono|pidio)\b([^,;:.!?]*?)(?=[,;:.!?]| and | but | so | y | pero |$)"
)


_WISH_BEHIND = re.compile(
    r"\b(?:closest|nearest|close|next|near) to|\binstead of|\brather than|\ben (?:lugar|vez) del?|\b(?:can't|cannot|can not|couldn't) (?:promise|confirm|guarantee)"
    r"|\bno (?:le |te )?puedo (?:prometer|asegurar|confirmar)(?:le|te)?|\bmas cercan[oa] al|\b(?:hoping|asking|looking|asked) for"
)
_WISH_BEFORE = re.compile(
    r"(?:\s|at\b|a\b|las?\b|[ap]m\b|\d|:)*(?:,? noted\b| (?:was|is|were|era) (?:your|tu|su|what you|the (?:day|time) you|lo que)\b| you (?:asked|wanted|mentioned)\b)"
)
_WISH_WORDS = 24
"""Letters between the words of a wish and the moment wished for: `closest to this Thursday`."""


def _without_wishes(text: str, today: date, proof: Proof) -> str:
    """Days and times that the customer named are no statement where they are spoken of as the wish."""
    wished = list(_day_groups(proof.said, today)), [t for said in times(proof.said) for t in said.times]
    found: list[tuple[tuple[int, int], bool]] = [
        (d.span, any(_is_same_day(d, own) for group in wished[0] for own in group.said))
        for d in days(text, today)
    ]
    found += [
        (t.span, bool(set(t.times) & set(wished[1]))) for t in times(blanked(text, *(s for s, _ in found)))
    ]
    for (start, end), theirs in found:
        behind = any(
            0 <= start - m.end() <= _WISH_WORDS and not re.search(r"[,;:.!?]", text[m.end() : start])
            for m in _WISH_BEHIND.finditer(text)
        )
        if theirs and (behind or _WISH_BEFORE.match(text, end)):
            text = blanked(text, (start, end))
    return text


def _is_same_day(said: DaySaid, own: DaySaid) -> bool:
    return said.weekday is not None and said.weekday == own.weekday and said.day in {None, own.day}


def _without_echo(text: str, proof: Proof) -> str:
    """The customer's own days and times may be said back as theirs, in a clause of its own; never their prices."""
    for found in _ECHO.finditer(text):
        echo = found[1]
        theirs = set(re.findall(r"\w+", proof.said))
        if set(re.findall(r"\w+", echo)) - theirs - words.ENGLISH - words.SPANISH:
            continue
        if not any(amounts(echo)):
            text = blanked(text, found.span(1))
    return _without_wishes(text, proof.now.date(), proof)


def without_moments(text: str, proof: Proof) -> str:
    rest = _without_echo(text, proof)
    rest = blanked(rest, *(d.span for d in days(rest, proof.now.date())))
    return blanked(rest, *(t.span for t in times(rest)))
