"""What is only to be told: a question by its topic, with the service and car named in it."""

import re

from chat.domain.catalog import match_addons, without_addons
from chat.domain.conversation import State
from chat.domain.intents import (
    Acknowledge,
    AskAddress,
    AskAppointment,
    AskCheapest,
    AskCompare,
    AskDetails,
    AskDuration,
    AskGlass,
    AskHours,
    AskIfBot,
    AskKnowledge,
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
    OffTopic,
    OtherLanguage,
    OthersData,
    PickTime,
    Resume,
    SayLate,
    SmallTalk,
    Thanks,
    Upset,
)
from chat.domain.understanding.choosing import addons_wanted
from chat.domain.understanding.topics import nearest
from chat.domain.understanding.words import named, names_a_part, names_a_part_alone, read
from chat.domain.wishes import Wish, says_when_free

_KNOWS = "know:"
_OF_A_PRICE = frozenset(
    {"price", "quoted", "included", "services", "details", "name", "change_service", "none", "unknown"}
)
_PRICED = frozenset({State.QUOTE, State.OFFER})
_HOURS_OR_TIMES = re.compile(r"\bhorarios?\b")
"""Of the shop, or free ones: once there is a price, both are told."""
_ASKS_FOR_ALL = re.compile(r"\b(?:what|which|kinds?|types?|que|cuales|tipos?)\b")
FILMS_COMPARED = "films-compared"
"""The code under which a shop says how its films differ."""


def asked_for(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one line for each kind
    part: str, topic: str, words: str, wish: Wish, text: str, context: Context
) -> list[Intent]:
    service, vehicle_class = named(words, context)
    match topic:
        case _ if topic in _OF_A_PRICE and service is None and names_a_part_alone(words):
            return [AskPart(part)]
        case "price" if service is None and names_a_part(words) and not match_addons(words, context.services):
            return [AskPart(part)]
        case "validity":
            return [AskQuoted(validity=True)]
        case "quoted":
            return [AskQuoted()]
        case "unknown" if code := nearest(part, context.knowledge):
            return [AskKnowledge(code, part)]
        case "unknown":
            return [AskUnknown(part)]
        case "price":
            asked = _price_asked(words, text, context)
            return [asked, PickTime(wish)] if wish.day or wish.at else [asked]
        case "cheapest":
            return [AskCheapest()]
        case "services":
            return [AskDetails(service) if service and not _ASKS_FOR_ALL.search(words) else AskServices()]
        case "details":
            return [AskDetails(service)]
        case "duration":
            return [AskDuration(service, vehicle_class)]
        case "hours" if says_when_free(words):
            return [PickTime(wish)]
        case "hours" if context.state in _PRICED and _HOURS_OR_TIMES.search(words):
            return [AskHours(wish), PickTime(wish)]
        case "hours":
            return [AskHours(wish)]
        case "open_now":
            return [AskOpenNow()]
        case "address":
            return [AskAddress()]
        case "appointment":
            return [AskAppointment()]
        case "removal":
            if added := addons_wanted(words, context):
                return [added]
            return [AskPrice(service, vehicle_class)] if _is_removal(service, context) else [AskRemoval(part)]
        case "budget":
            return [AskPrice(compared=True)]
        case "included":
            return [AskDetails(), AskKnowledge("tax", part)]
        case "unlisted" | "other_work" if code := nearest(part, context.knowledge):
            return [AskKnowledge(code, part)]
        case "unlisted":
            asked = _price_asked(words, text, context)
            return [asked if asked.service or asked.addons else AskUnlisted(part)]
        case "other_work":
            return [AskUnlisted(part, priced=False) if service is None else AskDetails(service)]
        case _ if topic == _KNOWS + FILMS_COMPARED:
            return [AskCompare(part)]
        case _ if topic.startswith(_KNOWS):
            return [AskKnowledge(topic.removeprefix(_KNOWS), part)]
        case _ if topic in _PLAIN:
            return [_PLAIN[topic]]
        case _:
            return []


def _price_asked(words: str, text: str, context: Context) -> AskPrice:
    """Of what this part of the `text` names, else of what the whole of it does."""
    asked = _price(words, context)
    return asked if asked.service or asked.addons else _price(read(text, context), context)


def _price(words: str, context: Context) -> AskPrice:
    """A word of an add-on's name is not taken for a service's as well: `the strip on the windshield`."""
    if (added := addons_wanted(words, context)) is not None:
        return added
    addons = match_addons(words, context.services)
    service, vehicle_class = named(without_addons(words, addons), context)
    return AskPrice(service, vehicle_class, tuple(addon.code for addon in addons))


_PLAIN: dict[str, Intent] = {
    "bargain": Bargain(),
    "bot": AskIfBot(),
    "person": AskPerson(),
    "others": OthersData(),
    "upset": Upset(),
    "off_topic": OffTopic(),
    "glass": AskGlass(),
    "resume": Resume(),
    "language": OtherLanguage(),
    "late": SayLate(),
    "greeting": Greeting(),
    "small_talk": SmallTalk(),
    "thanks": Thanks(),
    "goodbye": Goodbye(),
    "acknowledge": Acknowledge(),
}


def _is_removal(service: str | None, context: Context) -> bool:
    return any(one.code == service and "removal" in one.name.casefold() for one in context.services)
