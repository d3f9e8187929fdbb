"""What a customer's message asks for, found without a model: words, buttons, and the times on offer."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.domain.conversation import FIXED_ACTIONS, State
from chat.domain.values import Slot
from chat.domain.wishes import MONTH_DAY, Wish, fits, wish_in


@dataclass(frozen=True)
class AskPrice:
    """`service`: the code of the one named in the message, if any."""

    service: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class AskServices:
    pass


@dataclass(frozen=True)
class NameService:
    """A service, a vehicle class or both, and nothing else."""

    service: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class PickTime:
    wish: Wish = field(default_factory=Wish)
    service: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class ChooseSlot:
    start: datetime


@dataclass(frozen=True)
class WhichSlot:
    """The words fit more than one time on offer."""


@dataclass(frozen=True)
class Yes:
    pass


@dataclass(frozen=True)
class No:
    pass


@dataclass(frozen=True)
class AskMove:
    wish: Wish = field(default_factory=Wish)


@dataclass(frozen=True)
class AskCancel:
    pass


@dataclass(frozen=True)
class AskAppointment:
    pass


@dataclass(frozen=True)
class AskHours:
    pass


@dataclass(frozen=True)
class AskAddress:
    pass


@dataclass(frozen=True)
class AskAnything:
    pass


@dataclass(frozen=True)
class AskPerson:
    """`reason` is a hard trigger of hand-off."""

    reason: str = "asked for a person"


@dataclass(frozen=True)
class Bargain:
    pass


@dataclass(frozen=True)
class Greeting:
    pass


@dataclass(frozen=True)
class Thanks:
    pass


@dataclass(frozen=True)
class Unclear:
    pass


Intent = (
    AskPrice
    | AskServices
    | NameService
    | PickTime
    | ChooseSlot
    | WhichSlot
    | Yes
    | No
    | AskMove
    | AskCancel
    | AskAppointment
    | AskHours
    | AskAddress
    | AskAnything
    | AskPerson
    | Bargain
    | Greeting
    | Thanks
    | Unclear
)


@dataclass(frozen=True)
class Context:
    """What the words are understood against. `now` is aware; `booked`: there is a live appointment."""

    state: State
    services: tuple[CatalogService, ...]
    vehicle_classes: tuple[str, ...]
    offered: tuple[Slot, ...]
    timezone: str
    now: datetime
    booked: bool = False


class UnknownAction(Exception):
    """No button of ours has this id."""


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")


_PERSON = _words(
    r"(?:real |live |actual )?(?:human|person|agent|representative|manager|employee)",
    r"(?:talk|speak|chat) (?:to|with) (?:someone|somebody|a|an|the|your)\b.*",
    r"call me(?: back)?",
    "someone call",
    "operator",
)
_PERSONAL = _words("personal", "personally", "in person", "per person")
_COMPLAINT = _words(
    r"complain(?:t|ts|ing)?",
    r"damaged?",
    "scratched",
    "refunds?",
    "money back",
    r"warranty claim",
    "lawyer",
    "attorney",
    "sue",
    "suing",
    "legal action",
    "chargeback",
    "dispute",
    "unsafe",
    "accident",
    "ripped off",
    "scam",
    "peeling",
    "bubbling",
    "furious",
)
_BARGAIN = _words(
    r"discounts?",
    "cheaper",
    "price match",
    "coupon",
    r"promo(?:tion)?s?(?: code)?",
    "legally binding",
    r"ignore (?:all |your |the |any )?(?:previous |prior )?(?:instructions|rules)",
    "system prompt",
    r"(?:for|only|pay|at) \$\s?\d+(?:\.\d\d)?",
    "best price",
    "deal",
)
_PRICE = re.compile(
    r"\b(?:how much|prices?|pricing|costs?|quotes?|rates?|charge|estimate|expensive|what(?:'s| is) it run|cuánto|precio)\b|\$"
)
_CANCEL = _words("cancel", "cancelled", "call off", "can't make it", "cannot make it")
_MOVE = _words(
    "move", "reschedule", "change my (?:time|appointment|date)", "different (?:time|day)", "postpone"
)
_APPOINTMENT = _words(
    r"(?:when|what time)(?:'s| is| was)? my (?:appointment|booking)",
    "my appointment",
    "am i booked",
    "my booking",
)
_TIME = re.compile(
    r"\b(?:book(?:ing)?|appointments?|schedule|come (?:in|by)|slots?|availab\w*|openings?|when can|what times?|pick a time|"
    r"bring it in|drop (?:it )?off|soonest|earliest|cita|reservar?)\b"
)
_SERVICES = _words(
    r"services?",
    r"what (?:do|can|else do) you (?:do|offer|have|sell)",
    "options",
    "menu",
    "types of (?:tint|film)s?",
)
_HOURS = re.compile(r"\b(?:hours|open(?:ing)?|close[sd]?|closing|closing time)\b")
_ADDRESS = _words(
    "where are you",
    "where is (?:it|the shop|your shop)",
    "address",
    "located",
    "location",
    "directions",
    "parking",
    "phone number",
    "how do i get there",
)
_GREETING = re.compile(
    r"^\W*(?:hi+|hello|hey+|good (?:morning|afternoon|evening)|howdy|yo|hola)\b[\s\w]{0,12}\W*$"
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thx|ty|appreciate it|gracias)\b")
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|ya|sure|correct|confirmed|confirm|absolutely|definitely|book it|go ahead|please do|do it|"
    r"sounds good|that works|perfect|let's do it|lets do it|s[ií])\b"
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|not (?:yet|now|really|that)|don't|do not|never ?mind|wait|actually|stop)\b"
)
_HEDGE = re.compile(
    r"\b(?:but|not|n't|instead|wait|actually|unless|if|maybe|later|different|other|another|hold on|first|question|how|what|"
    r"when|why|no)\b|\?"
)
_ORDINALS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"\b(?:first|1st)\b|^\W*(?:#|option |number )?1\W*$|\b(?:option|number) (?:1|one)\b"), 0),
    (re.compile(r"\b(?:second|2nd)\b|^\W*(?:#|option |number )?2\W*$|\b(?:option|number) (?:2|two)\b"), 1),
    (re.compile(r"\b(?:third|3rd)\b|^\W*(?:#|option |number )?3\W*$|\b(?:option|number) (?:3|three)\b"), 2),
    (re.compile(r"\b(?:last one|the last)\b"), -1),
)
_CLASSES: dict[str, re.Pattern[str]] = {
    "coupe": _words("coupes?", "two[- ]door", "2[- ]door", "convertible"),
    "sedan": _words("sedans?", "four[- ]door", "4[- ]door", "saloon"),
    "suv": _words("suvs?", "crossover", "cuv", "jeep"),
    "truck": _words("trucks?", "pick[- ]?up(?: truck)?", "crew cab"),
    "van": _words("(?:mini)?vans?", "minivan"),
}


def understand_action(action: str) -> Intent:
    """Raises `UnknownAction`."""
    kind, _, value = action.partition(":")
    match kind:
        case "slot":
            return ChooseSlot(_start(value))
        case "service" if value:
            return AskPrice(service=value)
        case "class" if value:
            return NameService(vehicle_class=value)
        case _:
            return _fixed(action)


def _fixed(action: str) -> Intent:
    intents: dict[str, Intent] = {
        "see_prices": AskPrice(),
        "pick_time": PickTime(),
        "ask": AskAnything(),
        "person": AskPerson(),
        "move": AskMove(),
        "cancel": AskCancel(),
    }
    if action in intents:
        return intents[action]
    if action not in FIXED_ACTIONS:
        raise UnknownAction(action)
    return Yes() if action.endswith(":yes") else No()


def _start(value: str) -> datetime:
    try:
        start = datetime.fromisoformat(value)
    except ValueError:
        raise UnknownAction(value) from None
    if start.tzinfo is None:
        raise UnknownAction(value)
    return start


def understand(text: str, context: Context) -> Intent:
    """The one thing to answer first; a hand-off trigger goes before everything else."""
    lowered = _plain(text)
    if intent := _hard_trigger(lowered):
        return intent
    if intent := _answer_to_question(lowered, context):
        return intent
    if intent := _chosen(lowered, context):
        return intent
    return _asked(lowered, context)


def is_yes(text: str) -> bool:
    """An explicit yes and nothing that takes it back: `yes, but later` is not one."""
    lowered = _plain(text)
    match = _YES.match(lowered)
    return match is not None and _HEDGE.search(lowered[match.end() :]) is None


def match_service(text: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """By code, name or synonym; the longest wording found wins, so that `ceramic tint` beats `tint`."""
    plain = f" {_bare(text)} "
    found = [
        (len(wording), service)
        for service in services
        for wording in (_bare(w) for w in (service.code, service.name, *service.synonyms))
        if wording and f" {wording} " in plain
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else _by_words(plain, services)


def _by_words(plain: str, services: tuple[CatalogService, ...]) -> CatalogService | None:
    """The one service whose name shares a telling word with the text; `None` when several do."""
    words = {_stem(w) for w in plain.split()}
    names = {s.code: {_stem(w) for w in _bare(s.name).split() if len(w) > 3} for s in services}
    telling = {
        code: {w for w in own if sum(w in other for other in names.values()) == 1}
        for code, own in names.items()
    }
    hits = [s for s in services if telling[s.code] & words]
    return hits[0] if len(hits) == 1 else None


def match_class(text: str, vehicle_classes: tuple[str, ...]) -> str | None:
    """A class of this catalogue that the text names."""
    lowered = _plain(text)
    for name in vehicle_classes:
        pattern = _CLASSES.get(name) or _words(re.escape(name.lower()))
        if pattern.search(lowered):
            return name
    return None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("\u2019", "'").split())


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") else word


def _hard_trigger(lowered: str) -> Intent | None:
    if _COMPLAINT.search(lowered):
        return AskPerson(reason="complaint or claim")
    if _PERSON.search(lowered) and not _PERSONAL.search(lowered):
        return AskPerson()
    return None


_QUESTIONS = {State.CONFIRM, State.MOVE_CONFIRM, State.CANCEL_CONFIRM}


def _answer_to_question(lowered: str, context: Context) -> Intent | None:
    if context.state not in _QUESTIONS:
        return None
    if is_yes(lowered):
        return Yes()
    wish = wish_in(lowered, context.now.astimezone(ZoneInfo(context.timezone)))
    return No() if _NO.match(lowered) and not wish.said else None


def _chosen(lowered: str, context: Context) -> Intent | None:
    """A time on offer, by its place in the list or by weekday and time."""
    if not context.offered:
        return None
    for pattern, place in _ORDINALS:
        if pattern.search(lowered) and place < len(context.offered) and not MONTH_DAY.search(lowered):
            return ChooseSlot(context.offered[place].start)
    wish = wish_in(lowered, context.now.astimezone(ZoneInfo(context.timezone)))
    if wish.contradiction or (wish.day is None and wish.at is None):
        return None
    fitting = [slot for slot in context.offered if fits(slot, wish, context.timezone)]
    if len(fitting) == 1:
        return ChooseSlot(fitting[0].start)
    return WhichSlot() if fitting else None


def _asked(lowered: str, context: Context) -> Intent:  # noqa: PLR0911 - one line for each kind of question
    service = match_service(lowered, context.services)
    code = service.code if service else None
    vehicle_class = match_class(lowered, context.vehicle_classes)
    if _BARGAIN.search(lowered):
        return Bargain()
    if context.booked and (intent := _about_appointment(lowered, context)):
        return intent
    if _PRICE.search(lowered):
        return AskPrice(code, vehicle_class)
    if intent := _plain_question(lowered):
        return intent
    wish = wish_in(lowered, context.now.astimezone(ZoneInfo(context.timezone)))
    if _TIME.search(lowered) or wish.said:
        return PickTime(wish, code, vehicle_class)
    if code or vehicle_class:
        return NameService(code, vehicle_class)
    return _small_talk(lowered)


def _about_appointment(lowered: str, context: Context) -> Intent | None:
    if _CANCEL.search(lowered):
        return AskCancel()
    if _MOVE.search(lowered):
        return AskMove(wish_in(lowered, context.now.astimezone(ZoneInfo(context.timezone))))
    return AskAppointment() if _APPOINTMENT.search(lowered) else None


def _plain_question(lowered: str) -> Intent | None:
    if _HOURS.search(lowered):
        return AskHours()
    if _ADDRESS.search(lowered):
        return AskAddress()
    return AskServices() if _SERVICES.search(lowered) and not _TIME.search(lowered) else None


def _small_talk(lowered: str) -> Intent:
    if _GREETING.match(lowered):
        return Greeting()
    return Thanks() if _THANKS.search(lowered) else Unclear()
