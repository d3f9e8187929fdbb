"""What a customer's message asks for, found without a model: its topics by examples, and the services, cars and times in it."""

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from chat.domain.catalog import catalog_words, match_class, match_service, match_tier
from chat.domain.conversation import CALL_BACK_ASKED, CONFIRMING, Facts, State
from chat.domain.intents import (
    Acknowledge,
    AskAddress,
    AskAppointment,
    AskCallBack,
    AskCancel,
    AskCheapest,
    AskDetails,
    AskDuration,
    AskGlass,
    AskHours,
    AskIfBot,
    AskKnowledge,
    AskMove,
    AskOpenNow,
    AskPerson,
    AskPrice,
    AskRemoval,
    AskServices,
    Bargain,
    ChangeService,
    ChooseSlot,
    Context,
    Goodbye,
    Greeting,
    Intent,
    KeepAppointment,
    NameService,
    No,
    OffTopic,
    OtherLanguage,
    OthersData,
    PickTime,
    Resume,
    SayLate,
    SmallTalk,
    Thanks,
    Unclear,
    Upset,
    WhichSlot,
    Yes,
)
from chat.domain.language import glossary_words, in_english, is_foreign, plain
from chat.domain.spelling import corrected
from chat.domain.understanding.topics import Topic, nearest, topic_of
from chat.domain.values import ShopFacts, Slot
from chat.domain.wishes import MONTH_DAY, Wish, fits, later_or_earlier, wish_in

SURE = 0.6
"""Of a topic; `python -m evals.understanding` shows what other values cost. Below it the customer is asked."""

SURE_OF_A_HALF = 0.75
"""Of the topics of both halves of a sentence, before it is taken for two."""

MOST_PARTS = 12
MOST_JOINTS = 6
SPLIT_WITHIN = 200
"""Characters of a sentence in which halves are looked for: each costs an encoding."""
_KNOWS = "know:"
_SENTENCE_END = re.compile(r"\n+|(?<=[.!?;])\s+")
_JOINT = re.compile(
    r",\s+(?:and |but |also |y |pero )?|\s(?:and|also|plus|y|e|tambien|también)\s", re.IGNORECASE
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


_LIKE_SERVICES = re.compile(
    r"\b(?:oil|brakes?|tires?|alignment|car ?wash(?:es|ing)?|wash(?:es|ing)?|wax\w*|polish\w*|detail(?:ing|er)|coatings?|wraps?|wrapping|vinyl|replacement|chip repair|dents?|repair\w*|ppf|paint (?:protection|correction)"
    r"|xpel|llumar|3m|suntek|madico|avery|headlights?|tail ?lights?|remote start\w*|alarms?|stereo|audio|dash ?cams?|spoilers?|rust\w*|engine|transmission|battery|muffler|undercoating|clear bra"
    r"|ceramic|carbon|dyed|crystalline|nano|metallic|hybrid film|platinum|gold|silver|deluxe|windshields?|sunroofs?|removal|fleet|hood"
    r"|aceite|frenos?|llantas?|lavado|pulido|encerado|vinil|recubrimiento|alineacion|bateria|parabrisas|remocion|cambio de)\b"
)
"""Words that name what a shop of this trade may sell; what the catalogue lacks of it has no listed price."""


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
        appointment=facts.booked.start if facts.booked else None,
        knowledge=shop.knowledge,
    )


def understand(text: str, context: Context) -> tuple[Intent, ...]:
    """In the order of answering, never empty; what needs a person at once goes alone, and so does another language."""
    if is_foreign(text):
        return (OtherLanguage(),)
    if is_yes(text, context):
        return (Yes(),)
    heard = [_intent(part, topic, text, context) for part, topic in _parts(text)]
    intents = [one for some in heard for one in some]
    if hard := [one for one in intents if isinstance(one, AskPerson) and one != AskPerson()]:
        return (min(hard, key=lambda one: _WEIGHT.index(one.reason)),)
    if _wants_call(text, context):
        return (AskCallBack(),)
    if AskPerson() in intents:
        return (AskPerson(),)
    return _in_order(intents, context)


def speaks_of(topic: str, text: str, context: Context) -> bool:
    if not text:
        return False
    if topic in _lexicon():
        return _has(_read(text, context), topic)
    return any(found == Topic(topic, found.chance) and found.chance >= SURE for _, found in _parts(text))


def asks_unlisted_price(text: str, context: Context) -> bool:
    """The price of what a shop of this trade may do and this one does not list."""
    words = _read(text, context) if text else ""
    if not speaks_of("price", text, context) or match_service(words, context.services) is not None:
        return False
    known = catalog_words(context.services)
    return any(found not in known for found in _LIKE_SERVICES.findall(words))


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
def _no() -> re.Pattern[str]:
    words = _lexicon()
    return re.compile(rf"^\W*(?:(?:{'|'.join(words['filler'])})\W+)*(?:{'|'.join(words['no'])})(?!\w)")


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


_SMALL = (Greeting, SmallTalk, Thanks, Goodbye, Acknowledge)
_ORDER = (
    OtherLanguage,
    OthersData,
    AskIfBot,
    Upset,
    Bargain,
    AskPrice,
    AskCheapest,
    AskRemoval,
    AskGlass,
    AskDuration,
    AskServices,
    AskDetails,
    AskKnowledge,
    AskOpenNow,
    AskHours,
    AskAddress,
    AskAppointment,
    OffTopic,
)
"""What is only to be told, in the order of telling; what moves the conversation on comes behind it, the last one of it."""

_DANGERS = {"danger": "safety", "distress": "distress", "complaint": "complaint or claim"}
_WEIGHT = tuple(_DANGERS.values())


def _in_order(intents: list[Intent], context: Context) -> tuple[Intent, ...]:
    told = list(dict.fromkeys(one for one in intents if isinstance(one, _ORDER)))
    steps = [one for one in intents if not isinstance(one, (*_ORDER, *_SMALL, Unclear))]
    unclear = [one for one in intents if isinstance(one, Unclear) and _is_question(one.question)]
    if told and steps and isinstance(steps[-1], NameService):
        steps = []  # it was named for what is asked
    told.sort(key=lambda one: _ORDER.index(type(one)))
    found = (*told, *unclear[:1], *steps[-1:]) if told or steps else ()
    if found:
        return found
    small = [one for one in intents if isinstance(one, _SMALL)]
    if small and context.state not in CONFIRMING:
        return (small[-1],)
    return (next((one for one in intents if isinstance(one, Unclear)), Unclear()),)


def _is_question(words: str) -> bool:
    return "?" in words and len(words.split()) > 2


def _wants_call(text: str, context: Context) -> bool:
    calling = context.state in CALL_BACK_ASKED or context.state is State.CALL_BACK_OFFER
    return calling and _has(_read(text, context), "call_me")


def _parts(text: str) -> Iterator[tuple[str, Topic]]:
    """Sentences, and their halves where each half by itself is surely about something else."""
    sentences = [one.strip() for one in _SENTENCE_END.split(text) if re.search(r"\w", one)][:MOST_PARTS]
    for sentence in sentences or [text]:
        yield from _halves(sentence)


def _halves(sentence: str) -> list[tuple[str, Topic]]:
    joints = list(_JOINT.finditer(sentence[:SPLIT_WITHIN]))[:MOST_JOINTS]

    @cache
    def split_from(begin: int) -> tuple[tuple[str, Topic], ...]:
        """What is behind a joint, by its end: each rest is looked at once, however many ways lead to it."""
        for joint in joints:
            if joint.start() < begin:
                continue
            left, right = sentence[begin : joint.start()].strip(), sentence[joint.end() :].strip()
            if not left or not right:
                continue
            first = (left, _topic_of(left))
            if not _stands_alone(*first, opens=True):
                continue
            others = split_from(joint.end())
            if all(_stands_alone(*other) for other in others) and others[0][1].name != first[1].name:
                return (first, *others)
        rest = sentence[begin:].strip()
        return ((rest, _topic_of(rest)),)

    return list(split_from(0))


def _topic_of(part: str) -> Topic:
    """Of the words as they are written, or with their spelling put right where that says more."""
    topic = topic_of(part)
    if topic.chance >= SURE:
        return topic
    return max(topic, topic_of(corrected(plain(part), glossary_words())), key=lambda one: one.chance)


def _stands_alone(part: str, topic: Topic, *, opens: bool = False) -> bool:
    """`opens`: a `hola` or `no` may stand before what it is about."""
    small = opens and topic.name in {"greeting", "thanks", "no", "acknowledge", "small_talk"}
    return topic.chance >= SURE_OF_A_HALF and topic.name != "none" and (small or len(part.split()) > 1)


def _intent(part: str, topic: Topic, text: str, context: Context) -> list[Intent]:
    """What a part of `text` asks for: by its topic where that is sure, else by what it names, and nothing else."""
    words = _read(part, context)
    wish = wish_in(words, _local(context))
    sure = topic.chance >= SURE
    if sure and topic.name in _DANGERS:
        return [AskPerson(reason=_DANGERS[topic.name])]
    if sure and (asked := _question(part, topic.name, words, wish, text, context)):
        return asked
    if chosen := _chosen(words, wish, context):
        return [chosen]
    if sure and (step := _step(topic.name, words, wish, text, context)):
        return [step]
    return [_named_only(part, words, wish, context)]


def _question(  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    part: str, topic: str, words: str, wish: Wish, text: str, context: Context
) -> list[Intent]:
    service, vehicle_class = _named(words, context)
    match topic:
        case "price":
            asked = AskPrice(*_named(_read(text, context), context))
            return [asked, PickTime(wish)] if wish.day or wish.at else [asked]
        case "cheapest":
            return [AskCheapest()]
        case "services":
            return [AskServices()]
        case "details":
            return [AskDetails(service)] if service or context.service else []
        case "duration":
            return [AskDuration(service, vehicle_class)]
        case "hours":
            return [AskHours(wish)]
        case "open_now":
            return [AskOpenNow()]
        case "address":
            return [AskAddress()]
        case "appointment":
            return [AskAppointment()]
        case "removal":
            return [AskPrice(service, vehicle_class)] if _is_removal(service, context) else [AskRemoval(part)]
        case _ if topic.startswith(_KNOWS):
            return [AskKnowledge(topic.removeprefix(_KNOWS), part)]
        case _ if topic in _PLAIN:
            return [_PLAIN[topic]]
        case _:
            return []


_PLAIN: dict[str, Intent] = {
    "bargain": Bargain(),
    "bot": AskIfBot(),
    "person": AskPerson(),
    "others": OthersData(),
    "upset": Upset(),
    "off_topic": OffTopic(),
    "glass": AskGlass(),
    "resume": Resume(),
    "late": SayLate(),
    "greeting": Greeting(),
    "small_talk": SmallTalk(),
    "thanks": Thanks(),
    "goodbye": Goodbye(),
    "acknowledge": Acknowledge(),
}


def _is_removal(service: str | None, context: Context) -> bool:
    return any(one.code == service and "removal" in one.name.casefold() for one in context.services)


def _named(words: str, context: Context) -> tuple[str | None, str | None]:
    service = match_service(words, context.services) or match_tier(words, context.services, context.service)
    return service.code if service else None, match_class(words, context.vehicle_classes)


def _step(topic: str, words: str, wish: Wish, text: str, context: Context) -> Intent | None:  # noqa: PLR0911 - one line for each kind
    """What moves the conversation on: a time, a service, a no."""
    service, vehicle_class = _named(words, context)
    match topic:
        case "book" | "choose" if context.booked:
            return AskMove(_new_time(words, context))
        case "book" | "choose":
            return PickTime(wish, *_named(_read(text, context), context))
        case "move":
            wanted = context.booked or not (context.offered or wish.said)
            return AskMove(_new_time(words, context)) if wanted else PickTime(wish)
        case "cancel":
            return _cancel(words, context)
        case "keep":
            return No() if context.state is State.CANCEL_CONFIRM else KeepAppointment()
        case "change_service" if service:
            return ChangeService(service) if context.booked else NameService(service, vehicle_class)
        case "change_service" if context.booked:
            return ChangeService(None)
        case "name" if service or vehicle_class:
            return NameService(service, vehicle_class)
        case "no":
            return No()
        case _:
            return None


def _cancel(words: str, context: Context) -> Intent:
    if context.booked and (instead := _new_time(words, context)).said and "cancel" not in words:
        return AskMove(instead)
    return No() if context.state is State.CONFIRM and not context.booked else AskCancel()


def _new_time(words: str, context: Context) -> Wish:
    """Not the one that does not suit: `I can't come Friday, how about Monday`, `from Friday to Monday`.

    On the day of the appointment where only a time is named.
    """
    kept = re.sub(r"\bfrom\b.*?\bto\b", "to", re.sub(r"^.*?(?:can't|cannot|cant|won't)[^,]*,", "", words))
    wish = wish_in(kept, _local(context))
    if context.appointment is None or wish.day or wish.span or wish.doubtful:
        return wish
    start = context.appointment.astimezone(ZoneInfo(context.timezone))
    if (shift := later_or_earlier(words)) is not None:
        return Wish(day=start.date(), at=(start + shift).time())
    return Wish(day=start.date(), at=wish.at) if wish.at else wish


def _named_only(part: str, words: str, wish: Wish, context: Context) -> Intent:
    """A time, a service or a car, where little else is said; the shop's own question; or nothing that is known."""
    service, vehicle_class = _named(words, context)
    if (code := nearest(part, context.knowledge)) is not None:
        return AskKnowledge(code, part)
    if wish.said and (len(words.split()) <= _FEW_WORDS or (service and wish.day)):
        return (
            AskMove(_new_time(words, context)) if context.booked else PickTime(wish, service, vehicle_class)
        )
    if (service or vehicle_class) and _only_names(words, context):
        return NameService(service, vehicle_class)
    if len(words.split()) <= _FEW_WORDS_OF_A_NO and _no().match(words):
        return No()
    if context.state not in CONFIRMING and _plain_yes(words):
        return Yes()
    return Unclear(part)


_FEW_WORDS = 7
_FEW_WORDS_OF_A_NO = 4


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


def _plain_yes(rest: str) -> bool:
    match = _yes().match(rest)
    return match is not None and "?" not in rest


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


def _only(words: str, topic: str) -> bool:
    return re.fullmatch(rf"\W*(?:{'|'.join(_lexicon()[topic])})\W*", words) is not None
