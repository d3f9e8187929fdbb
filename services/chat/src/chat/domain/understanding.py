"""What a customer's message asks for, found without a model: words against the times on offer and the catalogue."""

import re
import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from chat.domain.catalog import catalog_words, match_class, match_service
from chat.domain.conversation import CALL_BACK_ASKED, CONFIRMING, Facts, State
from chat.domain.intents import (
    Acknowledge,
    AskAddress,
    AskAppointment,
    AskCallBack,
    AskCancel,
    AskDetails,
    AskDuration,
    AskHours,
    AskIfBot,
    AskMove,
    AskPerson,
    AskPrice,
    AskServices,
    Bargain,
    ChooseSlot,
    Context,
    Goodbye,
    Greeting,
    Intent,
    KeepAppointment,
    NameService,
    No,
    OffTopic,
    OthersData,
    PickTime,
    SmallTalk,
    Thanks,
    Unclear,
    Upset,
    WhichSlot,
    Yes,
)
from chat.domain.language import glossary_words, in_english, plain
from chat.domain.speech.claims import LIKE_SERVICES
from chat.domain.spelling import corrected
from chat.domain.values import ShopFacts, Slot
from chat.domain.wishes import MONTH_DAY, Wish, fits, wish_in

AT_MOST = 3
"""So many things of one message are answered, the last of them being the step it asks for."""

_CLAUSE_END = re.compile(
    r"[.;!?\n]+\s*(?=\D|$)|,\s+(?:and |but |y |pero )?|\s(?:and|also|y|e|tambien)\s(?=[a-z])"
)
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
    (re.compile(r"\b(?:last one|the last|(?:la|el) ultim[oa])\b"), -1),
)


def context_of(shop: ShopFacts, facts: Facts, now: datetime) -> Context:
    catalog = shop.catalog
    return Context(
        state=facts.state,
        services=catalog.services if catalog else (),
        vehicle_classes=catalog.vehicle_classes if catalog else (),
        offered=facts.offered,
        timezone=shop.timezone,
        now=now,
        booked=facts.booked is not None,
        held=facts.hold.start if facts.hold else None,
        service=facts.service,
    )


def understand(text: str, context: Context) -> tuple[Intent, ...]:
    """In the order of answering, never empty; a hand-off trigger goes alone."""
    words = _read(text, context)
    if intent := _trigger(words, context):
        return (intent,)
    if is_yes(text, context):
        return (Yes(),)
    asked, rest = _questions(words, context)
    step = _step(rest, words, context)
    if asked and isinstance(step, NameService):
        step = None  # it was named for what is asked
    found = (*asked[: AT_MOST - 1], step) if step else tuple(asked[:AT_MOST])
    return found or (_talk(words, context),)


def speaks_of(topic: str, text: str, context: Context) -> bool:
    return bool(text) and _has(_read(text, context), topic)


def asks_unlisted_price(text: str, context: Context) -> bool:
    """The price of what a shop of this trade may do and this one does not list."""
    words = _read(text, context) if text else ""
    if not _has(words, "price") or match_service(words, context.services) is not None:
        return False
    known = catalog_words(context.services)
    return any(found not in known for found in LIKE_SERVICES.findall(words))


def is_yes(text: str, context: Context) -> bool:
    """An explicit yes with nothing beside it but what agrees: neither `yes, but later` nor `yes` with another time or service.

    What is not known to agree makes it none; asking once more costs less than an appointment that nobody wanted.
    """
    words = _read(text, context)
    match = _yes().match(words)
    if match is None or "?" in words:
        return False
    rest = words[match.end() :]
    agreed = {State.CANCEL_CONFIRM: "cancel", State.MOVE_CONFIRM: "move"}.get(context.state)
    service = match_service(rest, context.services)
    if service is not None and service.code != context.service:
        return False
    beside = rest if service is None else _without_words(rest, catalog_words((service,)))
    if not _only_agrees(beside, agreed):
        return False
    wish = wish_in(rest, _local(context))
    return not wish.said or (context.held is not None and _fits_start(context.held, wish, context))


def _only_agrees(rest: str, *more: str | None) -> bool:
    for topic in ("yes", "thanks", "filler", *more):
        rest = _topic(topic).sub(" ", rest) if topic else rest
    return all(_only(word, "agreeing") for word in re.findall(r"[\w']+", rest))


def _without_words(text: str, words: set[str]) -> str:
    return " ".join(word for word in text.split() if word not in words)


@cache
def _yes() -> re.Pattern[str]:
    words = _lexicon()
    filler, yes = "|".join(words["filler"]), "|".join(words["yes"])
    return re.compile(rf"^\W*(?:(?:{filler})\b\W*)*(?:(?:{yes})\b\W*?)+(?!\s*')")


@cache
def _lexicon() -> dict[str, list[str]]:
    return tomllib.loads(files("chat.domain").joinpath("lexicon.toml").read_text("utf-8"))


@cache
def _topic(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w$])(?:{'|'.join(_lexicon()[name])})(?!\w)")


def _has(words: str, topic: str) -> bool:
    return _topic(topic).search(words) is not None


def _read(text: str, context: Context) -> str:
    return in_english(corrected(plain(text), catalog_words(context.services) | glossary_words()))


def _local(context: Context) -> datetime:
    return context.now.astimezone(ZoneInfo(context.timezone))


def _fits_start(start: datetime, wish: Wish, context: Context) -> bool:
    return fits(Slot(start=start, end=start, label=""), wish, context.timezone)


_TRIGGERS: tuple[tuple[str, Intent], ...] = (
    ("distress", AskPerson(reason="distress")),
    ("safety", AskPerson(reason="safety")),
    ("complaint", AskPerson(reason="complaint or claim")),
    ("bot", AskIfBot()),
    ("others", OthersData()),
    ("person", AskPerson()),
    ("bargain", Bargain()),
    ("upset", Upset()),
    ("off_topic", OffTopic()),
)
"""What is answered alone, in the order of weight."""
_HARD_CLAIMS = ("distress", "safety", "complaint")


def _trigger(words: str, context: Context) -> Intent | None:
    calling = context.state in CALL_BACK_ASKED or context.state is State.CALL_BACK_OFFER
    if calling and _has(words, "call_me") and not any(_has(words, topic) for topic in _HARD_CLAIMS):
        return AskCallBack()
    found = (intent for topic, intent in _TRIGGERS if _has(words, topic))
    first = next(found, None)
    return next(found, None) if first == AskPerson() and _has(words, "not_a_person") else first


_ORDER = (AskPrice, AskDuration, AskServices, AskDetails, AskHours, AskAddress, AskAppointment)


def _questions(words: str, context: Context) -> tuple[list[Intent], str]:
    """What is only to be told, in the order of telling, and the words that are about something else."""
    found: dict[type, Intent] = {}
    rest: list[str] = []
    for clause in _CLAUSE_END.split(_without_greeting(words)):
        question = _question(clause, words, context) if clause else None
        if question is None:
            rest.append(clause)
            continue
        found.setdefault(type(question), question)
        if isinstance(question, AskPrice) and wish_in(clause, _local(context)).said:
            rest.append(_topic("price").sub(" ", clause))
    return [found[kind] for kind in _ORDER if kind in found], " , ".join(rest)


def _without_greeting(words: str) -> str:
    """Nor small talk: the "today" of "how are you today" is no wish for a time."""
    told = re.sub(rf"^\W*(?:{'|'.join(_lexicon()['greeting'])})\b[\s,!.]*", "", words)
    return _topic("small_talk").sub(" ", told)


def _question(clause: str, words: str, context: Context) -> Intent | None:  # noqa: PLR0911 - one line for each kind
    if _has(clause, "cancel") or _has(clause, "move"):
        return None
    service, vehicle_class = _named(clause, context)
    if _has(clause, "duration"):
        return AskDuration(service, vehicle_class)
    if _has(clause, "hours"):
        return AskHours(_opening_wish(clause, context))
    if _has(clause, "appointment"):
        return AskAppointment()
    if _has(clause, "address"):
        return AskAddress()
    if _has(clause, "price") or "$" in clause:
        return AskPrice(*_named(words, context))
    if _has(clause, "services"):
        return AskServices()
    if _has(clause, "details") or (service and _has(clause, "about")):
        return AskDetails(service)
    return None


def _opening_wish(clause: str, context: Context) -> Wish:
    now = re.search(r"\bnow\b", clause)
    return wish_in("today" if now else clause, _local(context))


def _named(words: str, context: Context) -> tuple[str | None, str | None]:
    service = match_service(words, context.services)
    return service.code if service else None, match_class(words, context.vehicle_classes)


def _step(rest: str, words: str, context: Context) -> Intent | None:
    """What moves the conversation on: a choice, a no, a time, a service."""
    wish = wish_in(rest, _local(context))
    if (intent := _about_appointment(rest, wish, context)) or (intent := _chosen(rest, wish, context)):
        return intent
    service, vehicle_class = _named(words, context)
    no = re.match(
        rf"^\W*(?:(?:{'|'.join(_lexicon()['filler'])})\W+)*(?:{'|'.join(_lexicon()['no'])})(?!\w)", rest
    )
    if _has(rest, "goodbye"):
        return None
    if wish.said or (_has(rest, "time") and not no):
        return AskMove(wish) if context.booked else PickTime(wish, service, vehicle_class)
    if service or vehicle_class:
        return NameService(service, vehicle_class)
    if no:
        return No()
    return Yes() if context.state not in CONFIRMING and _plain_yes(rest) else None


def _plain_yes(rest: str) -> bool:
    match = _yes().match(rest)
    return match is not None and "?" not in rest


def _about_appointment(rest: str, wish: Wish, context: Context) -> Intent | None:
    if _has(rest, "keep"):
        rest = _topic("keep").sub(" ", rest)
        if not _has(rest, "move") and not wish.said:
            return No() if context.state is State.CANCEL_CONFIRM else KeepAppointment()
    if _has(rest, "move"):
        wanted = context.booked or not context.offered
        return AskMove(_new_time(rest, context)) if wanted else PickTime(wish)
    if _has(rest, "cancel"):
        if context.booked and (instead := _new_time(rest, context)).said:
            return AskMove(instead)
        return No() if context.state is State.CONFIRM and not context.booked else AskCancel()
    return None


def _new_time(rest: str, context: Context) -> Wish:
    """Not the time that does not suit: `I can't come Friday, how about Monday`, `from Friday to Monday`."""
    kept = [clause for clause in rest.split(" , ") if not _has(clause, "cancel")]
    return wish_in(re.sub(r"\bfrom\b.*?\bto\b", "to", " , ".join(kept)), _local(context))


def _chosen(rest: str, wish: Wish, context: Context) -> Intent | None:
    """A time on offer, by its place in the list or by weekday and time."""
    if not context.offered:
        return None
    for pattern, place in _ORDINALS:
        if pattern.search(rest) and place < len(context.offered) and not MONTH_DAY.search(rest):
            return ChooseSlot(context.offered[place].start)
    if wish.doubtful or (wish.day is None and wish.at is None):
        return None
    fitting = [slot for slot in context.offered if fits(slot, wish, context.timezone)]
    if len(fitting) == 1:
        return ChooseSlot(fitting[0].start)
    return WhichSlot() if fitting else None


_TALK: tuple[tuple[str, Intent], ...] = (
    ("goodbye", Goodbye()),
    ("thanks", Thanks()),
    ("small_talk", SmallTalk()),
    ("greeting", Greeting()),
)


def _talk(words: str, context: Context) -> Intent:
    for topic, intent in _TALK:
        if _has(words, topic):
            return intent
    if context.state in CONFIRMING:
        return Unclear()
    return Acknowledge() if _only(words, "acknowledge") or "\U0001f44d" in words else Unclear()


def _only(words: str, topic: str) -> bool:
    return re.fullmatch(rf"\W*(?:{'|'.join(_lexicon()[topic])})\W*", words) is not None
