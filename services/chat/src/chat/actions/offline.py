"""The deterministic assistant: no model, the same tools, every sentence from data."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal, assert_never
from uuid import uuid5

from shared.events import CatalogService

from chat.actions.assistant import Miss, Say, Step, Turn
from chat.actions.tools import NotPossible, Tools
from chat.clients.booking import BookingAway, BookingRefused
from chat.domain import phrases
from chat.domain.conversation import PERSON, PICK_TIME, SEE_PRICES, Owner, State, actions_of
from chat.domain.understanding import (
    AskAddress,
    AskAnything,
    AskAppointment,
    AskCancel,
    AskHours,
    AskMove,
    AskPerson,
    AskPrice,
    AskServices,
    Bargain,
    ChooseSlot,
    Context,
    Greeting,
    Intent,
    NameService,
    No,
    PickTime,
    Thanks,
    Unclear,
    WhichSlot,
    Yes,
    match_service,
    understand,
    understand_action,
)
from chat.domain.values import (
    Action,
    ActionsPart,
    Appointment,
    AppointmentPart,
    QuotePart,
    SlotList,
    slots_part,
    vehicle_text,
)

MISSES_BEFORE_A_PERSON = 1
"""After this many messages in a row that made no sense, a person is offered."""


class OfflineAssistant:
    name: Literal["offline"] = "offline"

    async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        desk = _Desk(turn, tools)
        for step in await desk.answer():
            yield step


class _Desk:
    """One turn of the conversation."""

    def __init__(self, turn: Turn, tools: Tools) -> None:
        self._turn = turn
        self._tools = tools
        self._shop = turn.shop
        self._vehicle = vehicle_text(turn.lead.vehicle)

    async def answer(self) -> list[Step]:
        if self._tools.changed is not None:
            return self._report_change()
        if self._tools.hand_off_wish is not None:
            return [Say(phrases.handed_off(self._shop))]
        intent = self._intent()
        try:
            return await self._to(intent)
        except BookingRefused as refusal:
            return self._refused(refusal)
        except BookingAway:
            return self._without_booking(intent)
        except NotPossible:
            return self._ask_service()

    def _intent(self) -> Intent:
        if self._turn.action is not None:
            return understand_action(self._turn.action)
        context = Context(
            state=self._tools.facts.state,
            services=self._tools.services,
            vehicle_classes=self._classes(),
            offered=self._tools.facts.offered,
            timezone=self._shop.timezone,
            now=self._turn.now,
            booked=self._tools.facts.booked is not None,
        )
        intent = understand(self._turn.text, context)
        if isinstance(intent, Yes) and not self._tools.yes:
            return Unclear()
        return intent

    async def _to(self, intent: Intent) -> list[Step]:  # noqa: PLR0911 - one line for each intent
        match intent:
            case AskPrice() | NameService():
                return await self._quote(intent)
            case PickTime() | AskMove():
                return await self._offer(intent)
            case ChooseSlot(start):
                return await self._hold(start)
            case Yes():
                return await self._yes()
            case No():
                return await self._no()
            case AskCancel():
                return await self._cancel()
            case AskAppointment():
                return await self._appointment()
            case AskPerson(reason):
                return self._hand_off(reason)
            case _:
                return self._plain(intent)

    def _plain(  # noqa: PLR0911 - one line for each intent
        self,
        intent: WhichSlot
        | AskServices
        | AskHours
        | AskAddress
        | AskAnything
        | Bargain
        | Greeting
        | Thanks
        | Unclear,
    ) -> list[Step]:
        match intent:
            case WhichSlot():
                return [self._offered(phrases.WHICH_SLOT)]
            case AskServices():
                return self._services()
            case AskHours():
                self._tools.get_hours()
                return [Say(phrases.hours(self._shop), (_buttons(PICK_TIME, PERSON),))]
            case AskAddress():
                return [Say(phrases.address(self._shop))]
            case AskAnything():
                return [Say(phrases.ASK_ANYTHING)]
            case Bargain():
                return [Say(phrases.bargain(self._shop), (_buttons(SEE_PRICES, PERSON),))]
            case Greeting():
                return [self._hello()]
            case Thanks():
                return [Say(phrases.THANKS)]
            case Unclear():
                return self._unclear()
            case _:
                assert_never(intent)

    def _hello(self) -> Say:
        service = self._service(None)
        return Say(phrases.greeting(self._turn.lead, self._shop, service), (self._state_buttons(),))

    def _unclear(self) -> list[Step]:
        if self._tools.facts.state in {State.CONFIRM, State.MOVE_CONFIRM, State.CANCEL_CONFIRM}:
            return [Say(phrases.SAY_YES, (self._state_buttons(),))]
        if self._turn.misses >= MISSES_BEFORE_A_PERSON:
            return [Miss(), Say(phrases.OFFER_PERSON, (_buttons(PERSON, SEE_PRICES, PICK_TIME),))]
        return [Miss(), Say(phrases.NOT_UNDERSTOOD, (self._state_buttons(),))]

    async def _quote(self, intent: AskPrice | NameService) -> list[Step]:
        if intent.vehicle_class:
            self._tools.name_vehicle_class(intent.vehicle_class)
        service = self._service(intent.service)
        if service is None:
            return self._services()
        self._tools.name_service(service.code)
        if self._class_missing(service):
            return [self._ask_class(phrases.price_range(service, self._shop))]
        quote = await self._tools.get_quote(service.code)
        if quote.total_cents is None:
            return [Say(phrases.price(quote, self._shop, self._vehicle), (_buttons(PERSON, SEE_PRICES),))]
        text = phrases.price(quote, self._shop, self._vehicle)
        return [Say(text, (QuotePart(quote=quote), _buttons(PICK_TIME)))]

    async def _offer(self, intent: PickTime | AskMove, *, lead_in: str = "") -> list[Step]:
        wish = intent.wish
        if wish.contradiction:
            return [Say(phrases.contradiction(wish.contradiction))]
        if isinstance(intent, AskMove) and self._tools.facts.booked is None:
            return [Say("You have no appointment to move yet.", (self._state_buttons(),))]
        if missing := await self._quoted_first(intent):
            return missing
        offer = await self._tools.find_slots(wish)
        if not offer.slots.slots:
            return [Say(phrases.none_open(self._shop), (_buttons(PERSON),))]
        if wish.said and not offer.asked_for:
            lead_in = "I don't see an open time just then. These are the nearest:"
        return [self._offered("", slots=offer.slots, lead_in=lead_in)]

    async def _quoted_first(self, intent: PickTime | AskMove) -> list[Step] | None:
        """A time is offered for a priced service; what is not known yet is asked, one thing at a time."""
        if self._tools.facts.booked is not None:
            return None
        if isinstance(intent, PickTime) and intent.vehicle_class:
            self._tools.name_vehicle_class(intent.vehicle_class)
        named = intent.service if isinstance(intent, PickTime) else None
        service = self._service(named)
        if service is None:
            return self._ask_service()
        quote = self._tools.facts.quote
        if quote is not None and quote.service.code == service.code and quote.valid_until > self._turn.now:
            return None
        self._tools.name_service(service.code)
        if self._class_missing(service):
            return [self._ask_class(phrases.WHICH_VEHICLE)]
        await self._tools.get_quote(service.code)
        return None

    async def _hold(self, start: datetime) -> list[Step]:
        if missing := await self._quoted_first(PickTime()):
            return missing
        hold = await self._tools.hold_slot(start)
        booked, quote = self._tools.facts.booked, self._tools.facts.quote
        if booked is not None:
            text = phrases.move_read_back(booked, hold)
        elif quote is not None:
            text = phrases.read_back(quote, hold, self._shop, self._vehicle)
        else:
            return self._ask_service()
        return [Say(text, (self._state_buttons(),))]

    async def _yes(self) -> list[Step]:
        match self._tools.facts.state:
            case State.CONFIRM:
                await self._tools.book()
            case State.MOVE_CONFIRM:
                await self._tools.move_appointment()
            case State.CANCEL_CONFIRM:
                await self._tools.cancel_appointment()
            case State.BOOKED:
                return await self._appointment()
            case _:
                return await self._offer(PickTime())
        return self._report_change()

    async def _no(self) -> list[Step]:
        state = self._tools.facts.state
        self._tools.let_go()
        if state in {State.CANCEL_CONFIRM, State.MOVE_CONFIRM}:
            return [Say(phrases.KEPT, (self._state_buttons(),))]
        if state is State.CONFIRM:
            return await self._offer(
                PickTime(), lead_in="No problem, I didn't book it. These times are open:"
            )
        return [Say(phrases.ASK_ANYTHING, (self._state_buttons(),))]

    async def _cancel(self) -> list[Step]:
        booked = self._tools.facts.booked
        if booked is None:
            return [Say("You have no appointment to cancel.", (self._state_buttons(),))]
        # The request itself is no yes to the question that follows it.
        self._tools.yes = False
        await self._tools.cancel_appointment()
        return [Say(phrases.ask_cancel(booked), (self._state_buttons(),))]

    async def _appointment(self) -> list[Step]:
        appointment = await self._tools.get_appointment()
        if appointment is None or appointment.status != "booked":
            return [Say("You have no appointment yet.", (_buttons(PICK_TIME, SEE_PRICES),))]
        return [Say(phrases.status(appointment), (AppointmentPart(appointment=appointment),))]

    def _hand_off(self, reason: str) -> list[Step]:
        self._tools.hand_off("hard", reason, f"Wrote: {self._turn.text[:500]}" if self._turn.text else reason)
        return [Say(phrases.handed_off(self._shop))]

    def _report_change(self) -> list[Step]:
        appointment = self._tools.facts.appointment
        if appointment is None:
            return [Say(phrases.ASK_ANYTHING)]
        return [Say(change_text(self._tools, appointment), (AppointmentPart(appointment=appointment),))]

    def _refused(self, refusal: BookingRefused) -> list[Step]:
        if refusal.alternatives:
            return [self._offered(phrases.taken(refusal.alternatives, self._shop), slots=self._now_offered())]
        if refusal.code == "slot_taken":
            return [Say(phrases.taken((), self._shop), (_buttons(PICK_TIME, PERSON),))]
        if refusal.code == "price_on_request" and (service := self._service(None)):
            return [Say(phrases.on_request(service.name, self._shop), (_buttons(PERSON, SEE_PRICES),))]
        return [Say(phrases.refused(refusal.code, self._shop), (_buttons(PICK_TIME, PERSON),))]

    def _without_booking(self, intent: Intent) -> list[Step]:
        """Booking is away: prices from the list and said so, a wish kept and said so."""
        facts = self._tools.facts
        start = intent.start if isinstance(intent, ChooseSlot) else (facts.hold.start if facts.hold else None)
        wants_time = isinstance(intent, ChooseSlot) or (
            isinstance(intent, Yes) and facts.state is State.CONFIRM
        )
        service = self._service(None)
        if start is not None and wants_time and facts.booked is None and service is not None:
            self._tools.name_service(service.code)
            request_id = uuid5(self._tools.conversation_id, f"wish:{start.isoformat()}")
            self._tools.keep_wish(start, request_id)
            return [Say(phrases.wish_kept(phrases.moment(start, self._shop.timezone)), (_buttons(PERSON),))]
        if isinstance(intent, AskPrice | NameService) and service is not None:
            self._tools.list_services()
            text = phrases.price_from_catalog(service, facts.vehicle_class, self._shop)
            return [Say(text, (_buttons(PICK_TIME, PERSON),))]
        return [
            Say(
                "I can't reach our booking desk this minute, so I can't see or change times. Please try again in a "
                f"few minutes, or call {self._shop.phone}.",
                (_buttons(SEE_PRICES, PERSON),),
            )
        ]

    def _services(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [Say(phrases.NO_CATALOG, (_buttons(PERSON),))]
        text = phrases.service_list(services, self._tools.facts.vehicle_class, self._shop)
        return [Say(text, (_service_buttons(services),))]

    def _ask_service(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [Say(phrases.NO_CATALOG, (_buttons(PERSON),))]
        return [Say(phrases.WHICH_SERVICE, (_service_buttons(services),))]

    def _ask_class(self, text: str) -> Say:
        buttons = [Action(id=f"class:{name}", label=name.capitalize()) for name in self._classes()]
        return Say(text, (ActionsPart(actions=tuple(buttons)),))

    def _offered(self, text: str, *, slots: SlotList | None = None, lead_in: str = "") -> Say:
        offer = slots or self._now_offered()
        quote = self._tools.facts.quote
        words = text or phrases.offer(offer.slots, self._shop, lead_in=lead_in)
        return Say(words, (slots_part(offer, quote.id if quote else None),))

    def _now_offered(self) -> SlotList:
        return SlotList(timezone=self._shop.timezone, slots=self._tools.facts.offered)

    def _service(self, named: str | None) -> CatalogService | None:
        """The one named, else the one spoken of, else what the lead asked for."""
        wanted = named or self._tools.facts.service
        for service in self._tools.services:
            if service.code == wanted:
                return service
        return match_service(self._turn.lead.interest or "", self._tools.services)

    def _classes(self) -> tuple[str, ...]:
        return self._shop.catalog.vehicle_classes if self._shop.catalog else ()

    def _class_missing(self, service: CatalogService) -> bool:
        return bool(service.class_prices) and self._tools.facts.vehicle_class is None

    def _state_buttons(self) -> ActionsPart:
        return ActionsPart(actions=actions_of(self._tools.facts.state, Owner.ASSISTANT))


def change_text(tools: Tools, appointment: Appointment) -> str:
    """What was done to the appointment in this turn, from booking's answer."""
    match tools.changed:
        case "moved":
            return phrases.moved(appointment)
        case "cancelled":
            return phrases.cancelled(appointment)
        case _:
            return phrases.booked(appointment)


def _buttons(*actions: Action) -> ActionsPart:
    return ActionsPart(actions=actions)


def _service_buttons(services: tuple[CatalogService, ...]) -> ActionsPart:
    return ActionsPart(actions=tuple(Action(id=f"service:{s.code}", label=s.name) for s in services))
