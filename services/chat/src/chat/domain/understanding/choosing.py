"""What moves the conversation on: a time, a service, a no; and what is only named."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chat.domain.cars import says_which_car
from chat.domain.catalog import catalog_words, match_addons, without_addons
from chat.domain.conversation import CONFIRMING, State
from chat.domain.intents import (
    Acknowledge,
    AskAppointment,
    AskCancel,
    AskDetails,
    AskKnowledge,
    AskMove,
    AskPart,
    AskPrice,
    ChangeService,
    ChooseSlot,
    Context,
    Decline,
    Intent,
    KeepAppointment,
    NameService,
    No,
    PickTime,
    Unclear,
    WhichSlot,
    Yes,
)
from chat.domain.open_times import USUAL_DAYS
from chat.domain.understanding.agreement import is_no, is_plain_yes
from chat.domain.understanding.others import at_the_same_time
from chat.domain.understanding.topics import nearest
from chat.domain.understanding.words import local, named, names_a_part_alone, names_only, read
from chat.domain.wishes import MONTH_DAY, WEEKDAY, Wish, fits, wish_in

_ORDINALS: tuple[tuple[re.Pattern[str], int], ...] = (
    (
        re.compile(
            r"\b(?:first(?! thing)|1st|1th|earliest|soonest|primer[oa]?)\b|^\W*(?:#|option |number |la |el )?1\W*$|"
            r"\b(?:option|number|opcion) (?:1|one|uno)\b"
        ),
        0,
    ),
    (
        re.compile(
            r"\b(?:second|2nd|2th|segund[oa])\b|^\W*(?:#|la |el )?2\W*$|\b(?:option|number|opcion) (?:2|two|dos)\b"
        ),
        1,
    ),
    (
        re.compile(
            r"\b(?:third|3rd|3th|tercer[oa]?)\b|^\W*(?:#|la |el )?3\W*$|\b(?:option|number|opcion) (?:3|three|tres)\b"
        ),
        2,
    ),
    (re.compile(r"\b(?:the middle|middle one|(?:la|el) del medio)\b"), 1),
    (re.compile(r"\b(?:last one|later one|the last|(?:la|el) ultim[oa])\b"), -1),
)


def step_of(topic: str, words: str, wish: Wish, text: str, context: Context) -> Intent | None:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    """What moves the conversation on: a time, a service, a no."""
    service, vehicle_class = named(words, context)
    match topic:
        case "book" | "choose" | "change_service" | "name" if added := addons_wanted(words, context):
            return added
        case "choose" if service and not (context.offered or wish.said):
            return NameService(service, vehicle_class)
        case "book" | "choose" if context.booked:
            return AskMove(at_the_same_time(read(text, context), _new_time(words, context), context))
        case "book" | "choose":
            return PickTime(wish, *named(read(text, context), context))
        case "move":
            wanted = context.booked or not (context.offered or wish.said)
            if not wanted:
                return PickTime(wish)
            return AskMove(at_the_same_time(read(text, context), _new_time(words, context), context))
        case "cancel":
            return _cancel(words, context)
        case "keep":
            undecided = context.state is State.CONFIRM and not context.booked
            return No() if undecided or context.state is State.CANCEL_CONFIRM else KeepAppointment()
        case "change_service" if service:
            return ChangeService(service) if context.booked else NameService(service, vehicle_class)
        case "change_service" if context.booked:
            return ChangeService(None)
        case "name" if service or vehicle_class:
            return NameService(service, vehicle_class)
        case "no" if wish.said and context.offered and not wish.doubtful:
            return PickTime(wish)
        case "no":
            return No()
        case "decline" if context.state in CONFIRMING:
            return No()
        case "decline":
            under_way = context.booked or context.state is State.REQUESTED
            return Acknowledge() if under_way else Decline()
        case _:
            return None


def addons_wanted(words: str, context: Context) -> AskPrice | None:
    """`Add the strip`: beside the job spoken of. Words that name a service, too, are of that one."""
    addons = match_addons(words, context.services)
    if not addons or not _ADDS.search(words) or named(without_addons(words, addons), context)[0]:
        return None
    return AskPrice(addons=tuple(addon.code for addon in addons), added=True)


_ADDS = re.compile(
    r"\b(?:add|adding|with|plus|include|including|also|as well|too|want|need|put|con|agreg\w+|anad\w+|incluy\w+|quiero|tambien|ademas|pon\w*)\b"
)


def _cancel(words: str, context: Context) -> Intent:
    kept = " ".join(clause for clause in _CLAUSE.split(words) if not _REFUSES.search(clause))
    if context.booked and (instead := _new_time(kept, context)).said and "cancel" not in words:
        return AskMove(instead)
    return No() if context.state is State.CONFIRM and not context.booked else AskCancel()


def _new_time(words: str, context: Context) -> Wish:
    """Not the one that does not suit: `I can't come Friday, how about Monday`, `from Friday to Monday`.

    On the day of the appointment where only a time is named.
    """
    kept = re.sub(r"\bfrom\b.*?\bto\b", "to", re.sub(r"^.*?(?:can't|cannot|cant|won't)[^,]*,", "", words))
    kept = re.sub(r"\binstead of \w+", "", kept)
    if len(days := list(WEEKDAY.finditer(kept))) > 1:
        kept = kept[days[-1].start() :]  # the last is the new one: `Thursday got busy, I can come Friday`
    wish = wish_in(kept, local(context))
    if context.appointment is None or wish.doubtful:
        return wish
    if wish.day or wish.span or wish.weekdays:
        return at_the_same_time(words, wish, context)
    day = context.appointment.astimezone(ZoneInfo(context.timezone)).date()
    timed = wish.at or wish.not_before or wish.not_after or wish.part
    return replace(wish, day=day) if timed else wish


def only_named(part: str, words: str, wish: Wish, context: Context) -> Intent:  # noqa: C901, PLR0911 - one line for each kind
    """A time, a service or a car, where little else is said; the shop's own question; or nothing that is known."""
    if (added := addons_wanted(words, context)) is not None:
        return added
    service, vehicle_class = named(words, context)
    if (code := nearest(part, context.knowledge)) is not None:
        return AskKnowledge(code, part)
    bounded = wish.not_before or wish.not_after or wish.done_by or (wish.day and wish.at)
    if context.booked and wish.said and _AM_I_RIGHT.search(words):
        return AskAppointment()
    if wish.said and (len(words.split()) <= _FEW_WORDS or (service and wish.day) or bounded):
        return (
            AskMove(_new_time(words, context)) if context.booked else PickTime(wish, service, vehicle_class)
        )
    if service is None and names_a_part_alone(words):
        return AskPart(part)
    if service and names_only(words):
        return NameService(service, vehicle_class)
    if service and "?" in part:
        return AskDetails(service)
    which = says_which_car(part) or (vehicle_class and _IS_ITS_CLASS.search(words))
    if (service or vehicle_class) and (_only_names(words, context) or which):
        return NameService(service, vehicle_class)
    if is_no(words):
        return No()
    if context.state not in CONFIRMING and is_plain_yes(words):
        return Yes()
    return Unclear(part)


_FEW_WORDS = 7
_IS_ITS_CLASS = re.compile(
    r"\b(?:it'?s|it is|its|this is|es|mine is) (?:actually )?(?:for |para )?(?:an?|my|the|our|his|her|una?|mi|la|el) "
)
"""`Actually it's for my truck`."""
_AM_I_RIGHT = re.compile(r"\b(?:right|correct|verdad|cierto)\b")


def _only_names(words: str, context: Context) -> bool:
    known = catalog_words(context.services) | {
        "a",
        "my",
        "the",
        "an",
        "please",
        "it",
        "is",
        "for",
        "i",
        "and",
    }
    beside = [word for word in re.findall(r"[a-z]+", words) if word not in known]
    return len(beside) <= 1


_WEEKDAY_AND_DAY = re.compile(rf"{WEEKDAY.pattern},? the \d")
_CLAUSE = re.compile(r"[,.;?!]+|\b(?:but|pero|mejor|better|how about|instead)\b")
_ANYTHING_BUT = re.compile(
    r"\b(?:any ?(?:thing|time|day)|cualquier(?:a| dia| hora| cosa)|todo|lo que sea) (?:but|except|menos|excepto)\b"
)
_REFUSES = re.compile(
    r"(?<!why )\bnot\b(?! sure)|\btoo (?:soon|early|late)\b|\b(?:can't|cannot|cant|won't)\b|\b(?:don't|doesn't) (?:work|suit|fit)\b"
    r"|\b(?:work|working|trabajo|busy|ocupad[oa])\b(?= (?:on |from |all day |los )?(?:mon|tue|wed|thu|fri|sat|sun|weekdays|weekends?|during the week|entre semana))"
    r"|\bno (?:puedo|voy|me (?:queda|sirve))\b|\bmuy (?:pronto|temprano|tarde)\b|\b(?:except|excepto|menos|other than)\b"
)
_UNTIL = re.compile(r"\b(?:un)?till?\b (.*)")
_ALL_WEEK = frozenset(range(7))


def refused_of(words: str, context: Context) -> tuple[str, Intent | None]:
    """What is left of the words without the times that do not suit (`not 9`, `tomorrow is too soon`), and what that asks for by itself.

    A time of the offer that is refused by its place (`but not the first`) is a day that does not suit.
    """
    if context.booked:
        return words, None
    clauses = [clause for clause in _CLAUSE.split(_ANYTHING_BUT.sub("not ", words)) if clause.strip()]
    by_place = {one: start for one in clauses if _REFUSES.search(one) and (start := placed(one, context))}
    refused = [one for one in clauses if _REFUSES.search(one) and _names_a_time(one, context)]
    refused += [one for one in by_place if one not in refused]
    if not refused:
        return words, None
    kept = " ".join(one for one in clauses if one not in refused)
    if by_place:
        zone = ZoneInfo(context.timezone)
        days = frozenset(start.astimezone(zone).weekday() for start in by_place.values())
        return kept, PickTime(Wish(weekdays=_ALL_WEEK - days))
    wish = wish_in(" ".join(refused), local(context))
    later = _UNTIL.search(words)
    if later and (day := wish_in(later[1], local(context)).day):
        return kept, PickTime(Wish(span=(day, day + timedelta(days=USUAL_DAYS))))
    if days := wish.weekdays or frozenset({wish.day.weekday()} if wish.day else ()):
        return kept, PickTime(Wish(weekdays=_ALL_WEEK - days))
    return kept, No()


def _names_a_time(clause: str, context: Context) -> bool:
    wish = wish_in(clause, local(context))
    return wish.said and not (wish.not_before or wish.not_after)


def placed(words: str, context: Context) -> datetime | None:
    """The start of the time on offer that is named by its place in the list."""
    if MONTH_DAY.search(words) or _WEEKDAY_AND_DAY.search(words):
        return None
    places = (place for pattern, place in _ORDINALS if pattern.search(words))
    return next((context.offered[at].start for at in places if at < len(context.offered)), None)


_EITHER = re.compile(
    r"\b(?:either(?: one)?|any (?:of (?:them|those|these)|one|time)|whichever|you (?:pick|choose|decide)|cualquiera|la que sea|el que sea)\b(?! (?:but|except|menos|excepto|other|else|later|earlier))"
)


def chosen_of(rest: str, wish: Wish, context: Context) -> Intent | None:
    """A time on offer, by its place in the list or by weekday and time."""
    if not context.offered:
        return None
    if (start := placed(rest, context)) is not None:
        return ChooseSlot(start)
    if _EITHER.search(rest) and not wish.said and "?" not in rest and not _REFUSES.search(rest):
        return ChooseSlot(context.offered[0].start)
    if wish.doubtful or (wish.day is None and wish.at is None):
        return None
    fitting = [slot for slot in context.offered if fits(slot, wish, context.timezone)]
    if len(fitting) == 1:
        return ChooseSlot(fitting[0].start)
    return WhichSlot() if fitting else None
