"""What a customer may want of us, and what their words are understood against."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.events import CatalogService, KnowledgeEntry
from shared.text import in_this_age

from chat.domain.conversation import FIXED_ACTIONS, State
from chat.domain.values import Slot
from chat.domain.wishes import Wish


@dataclass(frozen=True)
class AskPrice:
    """`service`: the code of the one named in the message, if any; `addons`: codes of what is wanted beside it, or alone.

    `compared`: not of one way to have the job done but of all, which is what the button asks for.
    `added`: the add-ons are wanted beside the job spoken of, not asked about alone.
    """

    service: str | None = None
    vehicle_class: str | None = None
    addons: tuple[str, ...] = ()
    compared: bool = False
    added: bool = False


@dataclass(frozen=True)
class AskQuoted:
    """What was quoted, and with `validity` until when the price is good."""

    validity: bool = False


@dataclass(frozen=True)
class AskPart:
    """The price of windows that the catalogue has no price for: the rear ones alone, all but one; `question` as it was asked."""

    question: str = field(default="", compare=False)


@dataclass(frozen=True)
class AskUnknown:
    """Of the shop, and of nothing that is known here; `question` as it was asked."""

    question: str = field(default="", compare=False)


@dataclass(frozen=True)
class AskServices:
    pass


@dataclass(frozen=True)
class NameService:
    """A service, a vehicle class or both, and nothing else."""

    service: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class AskDuration:
    service: str | None = None
    vehicle_class: str | None = None


@dataclass(frozen=True)
class AskDetails:
    """What a service is."""

    service: str | None = None


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
class KeepAppointment:
    """`don't cancel`, said unasked."""


@dataclass(frozen=True)
class AskAppointment:
    pass


@dataclass(frozen=True)
class AskHours:
    wish: Wish = field(default_factory=Wish)


@dataclass(frozen=True)
class AskOpenNow:
    pass


@dataclass(frozen=True)
class AskKnowledge:
    """What the shop says about `code`, if it says anything; `question` as it was asked."""

    code: str
    question: str = field(compare=False)


@dataclass(frozen=True)
class AskCheapest:
    pass


@dataclass(frozen=True)
class AskCompare:
    """How the films of a job differ; `question` as it was asked."""

    question: str = field(compare=False)


@dataclass(frozen=True)
class AskUnlisted:
    """Work that the catalogue does not have; `question` as it was asked. `priced`: its price was asked."""

    question: str = field(compare=False)
    priced: bool = True


@dataclass(frozen=True)
class Decline:
    """Nothing more is wanted now: neither these times nor others."""


@dataclass(frozen=True)
class AskRemoval:
    """Of old film, which is work to sell; `question` as it was asked."""

    question: str = field(compare=False)


@dataclass(frozen=True)
class AskGlass:
    """Broken glass, or a window that does not move: no work for film."""


@dataclass(frozen=True)
class SayLate:
    pass


@dataclass(frozen=True)
class ChangeService:
    """Of the appointment there is."""

    service: str | None = None


@dataclass(frozen=True)
class Resume:
    """No person is wanted any more."""


@dataclass(frozen=True)
class OtherLanguage:
    """Neither English nor Spanish."""


@dataclass(frozen=True)
class AskAddress:
    pass


@dataclass(frozen=True)
class AskAnything:
    pass


@dataclass(frozen=True)
class AskIfBot:
    pass


@dataclass(frozen=True)
class AskPerson:
    """`reason` is a hard trigger of hand-off."""

    reason: str = "asked for a person"


@dataclass(frozen=True)
class AskCallBack:
    """To be called, where a call-back is on offer; elsewhere the words ask for a person."""


@dataclass(frozen=True)
class Bargain:
    pass


@dataclass(frozen=True)
class OthersData:
    """About somebody else's appointment, number or price."""


@dataclass(frozen=True)
class Upset:
    """Rude or angry, without a claim in it."""


@dataclass(frozen=True)
class Greeting:
    pass


@dataclass(frozen=True)
class SmallTalk:
    pass


@dataclass(frozen=True)
class Thanks:
    pass


@dataclass(frozen=True)
class Goodbye:
    pass


@dataclass(frozen=True)
class Acknowledge:
    """`ok`, said to nothing that was asked."""


@dataclass(frozen=True)
class OffTopic:
    pass


@dataclass(frozen=True)
class Unclear:
    """`question`: the words that were not understood."""

    question: str = field(default="", compare=False)


Intent = (
    AskPrice
    | AskQuoted
    | AskPart
    | AskUnknown
    | AskServices
    | NameService
    | AskDuration
    | AskDetails
    | PickTime
    | ChooseSlot
    | WhichSlot
    | Yes
    | No
    | AskMove
    | AskCancel
    | KeepAppointment
    | AskAppointment
    | AskHours
    | AskOpenNow
    | AskKnowledge
    | AskCheapest
    | AskCompare
    | AskUnlisted
    | Decline
    | AskRemoval
    | AskGlass
    | SayLate
    | ChangeService
    | Resume
    | OtherLanguage
    | AskAddress
    | AskAnything
    | AskIfBot
    | AskPerson
    | AskCallBack
    | Bargain
    | OthersData
    | Upset
    | Greeting
    | SmallTalk
    | Thanks
    | Goodbye
    | Acknowledge
    | OffTopic
    | Unclear
)


@dataclass(frozen=True)
class Context:
    """What the words are understood against. `now` is aware.

    `booked`: there is a live appointment, at `appointment`; `held`: the time read back; `service`: the one spoken of.
    """

    state: State
    services: tuple[CatalogService, ...]
    vehicle_classes: tuple[str, ...]
    offered: tuple[Slot, ...]
    timezone: str
    now: datetime
    booked: bool = False
    held: datetime | None = None
    service: str | None = None
    appointment: datetime | None = None
    knowledge: tuple[KnowledgeEntry, ...] = ()


class UnknownAction(Exception):
    """No button of ours has this id."""


def understand_action(action: str) -> Intent:
    """What pressing a button means. Raises `UnknownAction`."""
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
        "see_prices": AskPrice(compared=True),
        "pick_time": PickTime(),
        "ask": AskAnything(),
        "person": AskPerson(),
        "call_back": AskCallBack(),
        "move": AskMove(),
        "cancel": AskCancel(),
        "resume": Resume(),
    }
    if action in intents:
        return intents[action]
    if action not in FIXED_ACTIONS:
        raise UnknownAction(action)
    return Yes() if action.endswith(":yes") else No()


def _start(value: str) -> datetime:
    try:
        start = in_this_age(datetime.fromisoformat(value))
    except ValueError:
        raise UnknownAction(value) from None
    if start.tzinfo is None:
        raise UnknownAction(value)
    return start
