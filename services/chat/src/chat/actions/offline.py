"""The deterministic assistant: no model, the same tools, every sentence from data, in the customer's language."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from chat.actions.assistant import Miss, Say, Step, Turn
from chat.actions.steps import Steps
from chat.actions.tools import DayDoubtful, NotPossible, Tools, VehicleUnknown
from chat.clients.booking import BookingAway, BookingRefused
from chat.domain import phrases
from chat.domain.cars import cars_in, says_which_car
from chat.domain.conversation import BINDING, CONFIRMING, PERSON, SEE_PRICES, Aside, State
from chat.domain.intents import (
    Acknowledge,
    AskAddress,
    AskAnything,
    AskAppointment,
    AskCancel,
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
    AskPrice,
    AskQuoted,
    AskRemoval,
    AskServices,
    AskUnknown,
    AskUnlisted,
    Bargain,
    ChangeService,
    ChooseSlot,
    Decline,
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
    understand_action,
)
from chat.domain.understanding import context_of, is_a_question, understand
from chat.domain.values import ActionsPart

_QUESTIONS = (
    AskCompare,
    AskUnlisted,
    AskDuration,
    AskDetails,
    AskKnowledge,
    AskGlass,
    AskHours,
    AskOpenNow,
    AskAddress,
    AskAppointment,
    AskIfBot,
    AskQuoted,
    AskPart,
    AskUnknown,
    OthersData,
    OtherLanguage,
    Bargain,
    SayLate,
)
_SAY_YES = {
    State.CONFIRM: "say_yes",
    State.MOVE_CONFIRM: "say_yes_move",
    State.CANCEL_CONFIRM: "say_yes_cancel",
    State.CALL_BACK_CONFIRM: "say_yes_call_back",
}
_TALK: dict[type[Intent], str] = {
    KeepAppointment: "kept",
    AskAnything: "ask_anything",
    OthersData: "others_data",
    SmallTalk: "small_talk",
    Thanks: "thanks",
    Goodbye: "goodbye",
    Resume: "resumed",
    OtherLanguage: "other_language",
    Acknowledge: "acknowledged",
    Decline: "declined",
}


class OfflineAssistant:
    name: Literal["offline"] = "offline"

    async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        for step in await _Desk(turn, tools).answer():
            yield step


class _Desk:
    """One turn of the conversation."""

    def __init__(self, turn: Turn, tools: Tools) -> None:
        self._turn = turn
        self._tools = tools
        self._shop = turn.shop
        self._language = turn.language
        self._steps = Steps(turn, tools)
        self._cars = cars_in(turn.text)

    async def answer(self) -> list[Step]:
        if self._tools.changed is not None:
            return self._steps.report_change()
        if self._tools.hand_off_wish is not None:
            return [self._handed_off()]
        for car in self._cars:
            self._tools.set_vehicle(car)
        intents = self._intents()
        said: list[Step] = []
        for place, intent in enumerate(intents, 1):
            said += await self._guarded(intent, last=place == len(intents))
        if all(isinstance(intent, _QUESTIONS) for intent in intents):
            self._tools.went_aside(Aside.QUESTION)
            said += self._back_to_the_question()
        return _one_set_of_buttons(said)

    def _intents(self) -> tuple[Intent, ...]:
        if self._turn.action is not None:
            return (understand_action(self._turn.action),)
        context = context_of(self._shop, self._tools.facts, self._turn.now)
        intents = understand(self._turn.text, context)
        if says_which_car(self._turn.text) and all(isinstance(one, Unclear) for one in intents):
            return (NameService(),)  # another car for what is spoken of
        if Yes() in intents and context.state in CONFIRMING and not self._tools.yes:
            return (Unclear(),)
        return intents

    async def _guarded(self, intent: Intent, *, last: bool) -> list[Step]:
        try:
            return await self._to(intent, last=last)
        except BookingRefused as refusal:
            return self._steps.refused(refusal)
        except BookingAway:
            self._tools.went_aside(Aside.DEGRADED)
            return self._steps.without_booking(intent)
        except DayDoubtful as doubtful:
            return self._steps.which_day(doubtful.wish)
        except VehicleUnknown:
            return self._steps.ask_class()
        except NotPossible:
            return self._steps.ask_service()

    async def _to(self, intent: Intent, *, last: bool) -> list[Step]:  # noqa: C901, PLR0911, PLR0912 - one line for each intent
        match intent:
            case AskPrice(compared=True) if said := self._steps.tiers():
                return said
            case AskPrice() | NameService():
                return await self._prices(intent, last=last)
            case PickTime() | AskMove():
                return await self._steps.offer(intent)
            case ChooseSlot(start):
                return await self._steps.hold(start)
            case WhichSlot():
                return self._steps.which_slot()
            case Yes():
                return await self._steps.yes()
            case No():
                return await self._steps.no()
            case AskCancel():
                return await self._steps.cancel()
            case AskAppointment():
                return await self._steps.appointment()
            case AskHours(wish):
                opening = await self._tools.get_hours(wish.first_day)
                return [Say(phrases.hours(opening, self._shop, wish, self._language))]
            case AskOpenNow():
                opening = await self._tools.get_hours()
                today = self._turn.now.astimezone(ZoneInfo(self._shop.timezone)).date()
                return [Say(phrases.open_now(opening, self._shop, today, self._language))]
            case AskCheapest():
                return await self._steps.cheapest()
            case AskRemoval(question):
                return await self._steps.removal(question)
            case ChangeService(service):
                return await self._steps.change_service(service)
            case AskCompare(question):
                return self._steps.compare(question)
            case AskQuoted(validity):
                return await self._steps.quoted(validity=validity)
            case AskPart():
                return self._steps.nearest_prices()
            case AskUnknown(question):
                return self._steps.not_known(question)
            case AskUnlisted(question, priced):
                return self._steps.unlisted(question, priced=priced)
            case AskServices():
                return self._steps.services()
            case AskKnowledge(code, question):
                return self._steps.knowledge(code, question)
            case AskDuration():
                return self._steps.duration(intent)
            case AskDetails(service):
                return self._steps.details(service)
            case Decline() if self._tools.facts.hold is not None:
                self._tools.let_go()
                return self._talk(intent)
            case _:
                return self._talk(intent)

    async def _prices(self, intent: AskPrice | NameService, *, last: bool) -> list[Step]:
        """For each car that the message names."""
        if len(self._cars) < 2:
            if any(car.vehicle_class for car in self._cars):
                intent = replace(intent, vehicle_class=None)  # that of the car, whatever else is named
            return await self._steps.quote(intent, ask_for_time=last)
        said: list[Step] = []
        for place, car in enumerate(self._cars, 1):
            self._tools.set_vehicle(car)
            ask_for_time = last and place == len(self._cars)
            said += await self._steps.quote(replace(intent, vehicle_class=None), ask_for_time=ask_for_time)
        return said

    def _talk(self, intent: Intent) -> list[Step]:  # noqa: C901, PLR0911 - one line for each intent
        match intent:
            case AskAddress():
                return [Say(phrases.address(self._shop, self._language))]
            case AskGlass():
                return [self._say("glass", PERSON, SEE_PRICES)]
            case SayLate():
                return [
                    Say(
                        phrases.late(self._tools.facts.booked, self._shop, self._language),
                        (self._steps.state_buttons(),),
                    )
                ]
            case Bargain():
                return [self._say("bargain", SEE_PRICES)]
            case Upset():
                return [self._say("upset", PERSON, SEE_PRICES)]
            case AskIfBot():
                return [self._say("bot", PERSON)]
            case Greeting():
                return [self._hello()]
            case OffTopic():
                return self._missed("off_topic")
            case Unclear(question):
                if is_a_question(question):
                    self._tools.unanswered.append(question)
                return self._back_to_the_question() or self._missed("not_understood")
            case _:
                return [Say(phrases.say(_TALK[type(intent)], self._language), (self._steps.state_buttons(),))]

    def _missed(self, phrase: str) -> list[Step]:
        self._tools.went_aside(Aside.OFF_TOPIC)
        if self._turn.person_asked:
            return [Say(phrases.say("for_the_person", self._language), (self._steps.state_buttons(),))]
        text = phrases.say(phrase, self._language, shop=self._shop.name)
        return [Miss(), Say(text, (self._steps.state_buttons(),))]

    def _back_to_the_question(self) -> list[Step]:
        """Where a yes or no is waited for, it is asked for again."""
        state = self._tools.facts.state
        if state not in CONFIRMING:
            return []
        by_link = state in BINDING and not self._tools.binds
        phrase = "confirm_by_link" if by_link else _SAY_YES[state]
        return [Say(phrases.say(phrase, self._language), (self._steps.state_buttons(),))]

    def _hello(self) -> Say:
        words = phrases.greeting(self._turn.lead, self._shop, self._steps.service(None), self._language)
        return Say(words, (self._steps.state_buttons(),))

    def _handed_off(self) -> Say:
        wish = self._tools.hand_off_wish
        text = phrases.handed_off(self._shop, wish.opening if wish else None, self._language)
        return Say(text, (self._steps.state_buttons(),))

    def _say(self, phrase: str, *actions: str) -> Say:
        text = phrases.say(phrase, self._language, shop=self._shop.name, phone=self._shop.phone)
        return Say(text, (phrases.buttons(*actions, language=self._language),))


def _one_set_of_buttons(steps: list[Step]) -> list[Step]:
    """Of several things said, the last that has buttons keeps them."""
    kept: list[Step] = []
    has_buttons = False
    for step in reversed(steps):
        if isinstance(step, Say):
            parts = tuple(p for p in step.parts if not (has_buttons and isinstance(p, ActionsPart)))
            has_buttons = has_buttons or any(isinstance(p, ActionsPart) for p in parts)
            kept.append(replace(step, parts=parts))
        else:
            kept.append(step)
    return kept[::-1]
