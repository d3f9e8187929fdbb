"""What a customer's message asks for, found without a model: its topics by examples, and the services, cars and times in it."""

import re
from dataclasses import replace
from datetime import datetime
from functools import reduce

from chat.domain.conversation import CALL_BACK_ASKED, CONFIRMING, Facts, State
from chat.domain.intents import (
    Acknowledge,
    AskAddress,
    AskAppointment,
    AskCallBack,
    AskCheapest,
    AskCompare,
    AskDetails,
    AskDuration,
    AskGlass,
    AskHours,
    AskIfBot,
    AskKnowledge,
    AskMove,
    AskOpenNow,
    AskPart,
    AskPerson,
    AskPrice,
    AskQuoted,
    AskRemoval,
    AskServices,
    AskUnknown,
    AskUnlisted,
    Bargain,
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
    SmallTalk,
    Thanks,
    Unclear,
    Upset,
    Yes,
)
from chat.domain.language import is_foreign, plain
from chat.domain.understanding.agreement import is_yes
from chat.domain.understanding.asking import asked_for
from chat.domain.understanding.choosing import chosen_of, only_named, placed, refused_of, step_of
from chat.domain.understanding.others import beside_the_known, placed_day
from chat.domain.understanding.parts import SURE, SURE_OF_A_HALF, parts_of
from chat.domain.understanding.topics import Topic, alike, topic_of
from chat.domain.understanding.words import has, lexicon, local, named, read
from chat.domain.values import ShopFacts
from chat.domain.wishes import Wish, later_or_earlier, wish_in

__all__ = ["asks_unlisted_price", "context_of", "is_a_question", "is_yes", "speaks_of", "understand"]


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
    heard_of = _told_from_asked(
        [one for whole, topic in parts_of(text) for one in _chosen_and_rest(whole, topic, context)]
    )
    heard = [_intent(part, topic, text, context) for part, topic in heard_of]
    intents = [one for some in heard for one in some]
    if _old_film(heard_of):
        intents = [one for one in intents if one != AskPerson("complaint or claim")]
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
    if topic in lexicon():
        return has(read(text, context), topic)
    return any(found == Topic(topic, found.chance) and found.chance >= SURE for _, found in parts_of(text))


def asks_unlisted_price(text: str, context: Context) -> bool:
    """The price of what a shop of this trade may do and this one does not list."""
    return speaks_of("unlisted", text, context) and named(read(text, context), context)[0] is None


def _told_from_asked(parts: list[tuple[str, Topic]]) -> list[tuple[str, Topic]]:
    """Beside what is surely asked, a statement (`it's the only day I rest`) has a topic only where that is as sure."""
    surely = {name for _, topic in parts if topic.chance >= SURE_OF_A_HALF for name in alike(topic.name)}
    return [(part, _beside(topic, surely, asked="?" in part)) for part, topic in parts]


def _beside(topic: Topic, surely: set[str], *, asked: bool) -> Topic:
    """`surely`: what other parts are about, which lifts a doubt about the same."""
    if not surely or topic.chance >= SURE_OF_A_HALF or topic.name in _DANGERS:
        return topic
    if topic.name in surely and topic.chance >= _LIKELY:
        return Topic(topic.name, max(topic.chance, SURE))
    return topic if asked else Topic("none", 0.0)


_OURS = re.compile(r"\b(?:y'?all|you|your|ustedes|uds|su|sus|me (?:lo )?(?:hicieron|pusieron|dejaron))\b")


def _old_film(parts: list[tuple[str, Topic]]) -> bool:
    """Bubbles are told of film that is to come off, and nothing says that it is ours."""
    wanted = any(topic.name == "removal" and topic.chance >= SURE for _, topic in parts)
    told = [part for part, topic in parts if topic.name == "complaint"]
    return wanted and not any(_OURS.search(plain(part)) for part in told)


_SMALL = (Greeting, SmallTalk, Thanks, Goodbye, Acknowledge)
_ORDER = (
    OtherLanguage,
    OthersData,
    AskIfBot,
    Upset,
    Bargain,
    AskPrice,
    AskQuoted,
    AskPart,
    AskCheapest,
    AskRemoval,
    AskGlass,
    AskDuration,
    AskServices,
    AskDetails,
    AskCompare,
    AskUnlisted,
    AskKnowledge,
    AskOpenNow,
    AskHours,
    AskAddress,
    AskAppointment,
    AskUnknown,
    OffTopic,
)
"""What is only to be told, in the order of telling; what moves the conversation on comes behind it, the last one of it."""

_DANGERS = {"danger": "safety", "distress": "distress", "complaint": "complaint or claim"}
_HARM = frozenset({"danger", "distress"})
SURE_OF_HARM = 0.55
"""Who may be hurt is rather taken for it: care and a person do no harm."""
_WEIGHT = tuple(_DANGERS.values())


def _in_order(intents: list[Intent], context: Context) -> tuple[Intent, ...]:
    told = list(dict.fromkeys(one for one in intents if isinstance(one, _ORDER)))
    steps = [one for one in intents if not isinstance(one, (*_ORDER, *_SMALL, Unclear))]
    unclear = [
        one
        for one in intents
        if isinstance(one, Unclear) and "?" in one.question and is_a_question(one.question)
    ]
    if told and steps and isinstance(steps[-1], NameService):
        steps = []  # it was named for what is asked
    if told and steps and isinstance(steps[-1], No | KeepAppointment) and _nothing_to_refuse(context):
        steps = []  # `nothing fancy`
    if len(steps) > 1 and all(isinstance(one, PickTime) for one in steps):
        steps = [reduce(_both, (one for one in steps if isinstance(one, PickTime)))]
    told.sort(key=lambda one: _ORDER.index(type(one)))
    found = (*told, *unclear[:1], *steps[-1:]) if told or steps else ()
    if found:
        return found
    small = [one for one in intents if isinstance(one, _SMALL)]
    if small and context.state not in CONFIRMING:
        return (small[-1],)
    return (next((one for one in intents if isinstance(one, Unclear)), Unclear()),)


def _nothing_to_refuse(context: Context) -> bool:
    return not context.booked and not context.offered and context.state not in CONFIRMING


def _both(one: PickTime, other: PickTime) -> PickTime:
    """One wish for a time, said in two sentences; the later one counts where they differ."""
    said = {name: value for name, value in vars(other.wish).items() if value}
    if one.wish.weekdays and other.wish.weekdays:
        said["weekdays"] = one.wish.weekdays & other.wish.weekdays or other.wish.weekdays
    kept = replace(one.wish, day=None, span=None) if other.wish.day or other.wish.span else one.wish
    if other.wish.at or other.wish.not_before or other.wish.not_after or other.wish.part:
        kept = replace(kept, at=None, not_before=None, not_after=None, part=None, order=None)
    return PickTime(
        replace(kept, **said),
        other.service or one.service,
        other.vehicle_class or one.vehicle_class,
    )


def is_a_question(words: str) -> bool:
    """What a shop could answer: more than a word or two, and nothing like what the examples know to say nothing."""
    topic = topic_of(words)
    return len(words.split()) > 2 and not (topic.name == "none" and topic.chance >= SURE)


def _wants_call(text: str, context: Context) -> bool:
    calling = context.state in CALL_BACK_ASKED or context.state is State.CALL_BACK_OFFER
    return calling and has(read(text, context), "call_me")


_BUT = re.compile(r",?\s+(?:but|pero)\s+", re.IGNORECASE)


def _chosen_and_rest(part: str, topic: Topic, context: Context) -> list[tuple[str, Topic]]:
    """`10 is good but how long does it take` takes a time on offer, and asks something beside it that names none."""
    halves = _BUT.split(part, maxsplit=1) if context.offered else []
    if len(halves) < 2 or not halves[1]:
        return [(part, topic)]
    chosen, times = zip(
        *((_chosen(half, context), _wish(half, context).said) for half in halves), strict=True
    )
    refuses = refused_of(read(halves[1], context), context)[1] is not None
    if chosen[0] is None or chosen[1] is not None or times[1] or refuses or _moves_on(halves[1], context):
        return [(part, topic)]
    return [one for half in halves for one in parts_of(half)]


def _moves_on(part: str, context: Context) -> bool:
    """`but a bit later`: from the time that the other half names."""
    return beside_the_known(read(part, context), _wish(part, context), context, parting=False) is not None


def _chosen(part: str, context: Context) -> Intent | None:
    words, _ = refused_of(read(part, context), context)
    return chosen_of(words, wish_in(words, local(context)), context)


def _wish(part: str, context: Context) -> Wish:
    return wish_in(read(part, context), local(context))


def _intent(part: str, topic: Topic, text: str, context: Context) -> list[Intent]:  # noqa: PLR0911 - one line for each way
    """What a part of `text` asks for: by its topic where that is sure, else by what it names, and nothing else."""
    words = read(part, context)
    wish = wish_in(words, local(context))
    sure = topic.chance >= SURE
    if topic.chance >= (SURE_OF_HARM if topic.name in _HARM else SURE) and topic.name in _DANGERS:
        return [AskPerson(reason=_DANGERS[topic.name])]
    later = topic.name in _SAID_IN_PARTING and context.offered and "?" in part
    if sure and not later and (asked := asked_for(part, topic.name, words, wish, text, context)):
        return asked
    if others := _others(words, wish, topic, context):
        return [AskMove(others) if context.booked else PickTime(others)]
    words, otherwise = refused_of(words, context)
    wish = wish_in(words, local(context))
    if isinstance(otherwise, PickTime) and wish.at and not wish.day:
        wish = replace(wish, weekdays=otherwise.wish.weekdays)
    if _may_choose(words, topic) and (chosen := chosen_of(words, wish, context)):
        return [chosen]
    if otherwise and not wish.said:
        return [otherwise]
    if sure and (step := step_of(topic.name, words, wish, text, context)):
        return [step]
    if wish.said and topic.name in _OF_TIMES and topic.chance >= _LIKELY:
        return [step for step in [step_of(topic.name, words, wish, text, context)] if step]
    return [only_named(part, words, wish, context)]


def _others(words: str, wish: Wish, topic: Topic, context: Context) -> Wish | None:
    """Of an appointment only where the words may ask for a time: `see you later` does not."""
    if context.booked and not (topic.name in _CHOOSING and topic.chance >= _LIKELY):
        return None
    parting = topic.chance >= SURE and topic.name in _SAID_IN_PARTING and "?" not in words
    start = placed(words, context) if placed_day(words) or later_or_earlier(words) is not None else None
    return beside_the_known(words, wish, context, parting=parting, placed=start)


_SAID_IN_PARTING = frozenset({"goodbye", "thanks", "acknowledge", "decline"})
"""`I'll write later`: no wish for later times."""
_CHOOSING = frozenset({"choose", "book", "move", "acknowledge"})
_OF_TIMES = frozenset({"book", "move", "choose"})
_LIKELY = 0.3
_A_FEW_WORDS = 6
_SURE_OF_A_CHOICE = 0.9
"""That is worded like a question."""
_ASKS_WHICH = re.compile(r"\b(?:what|whats|what's|which|when|cual|cuales|cuando)\b(?! about)")


def _may_choose(words: str, topic: Topic) -> bool:
    """Whether a place in the list or a time in the words can be a choice: few words, or such as choose; never a question for one."""
    choosing = topic.name in _CHOOSING and topic.chance >= _LIKELY
    surely = topic.name == "choose" and topic.chance >= _SURE_OF_A_CHOICE and "?" not in words
    if _ASKS_WHICH.search(words) and not surely:
        return False
    return choosing or len(words.split()) <= _A_FEW_WORDS
