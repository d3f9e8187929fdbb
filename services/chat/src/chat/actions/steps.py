"""The steps of the path as the deterministic assistant takes them: price, times, hold, booking, move, cancellation."""

from datetime import datetime, timedelta
from uuid import uuid5
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.actions.assistant import Say, Step, Turn
from chat.actions.tools import Tools
from chat.clients.booking import BookingRefused
from chat.domain import phrases
from chat.domain.catalog import match_class, match_service
from chat.domain.conversation import PERSON, PICK_TIME, SEE_PRICES, Owner, State
from chat.domain.intents import AskDuration, AskMove, AskPrice, ChooseSlot, Intent, NameService, PickTime, Yes
from chat.domain.values import (
    Action,
    ActionsPart,
    AppointmentPart,
    QuotePart,
    SlotList,
    slots_part,
    vehicle_text,
)
from chat.domain.wishes import Wish


class Steps:
    """Each answers what to say; what booking refuses or cannot do is raised as the tools raise it."""

    def __init__(self, turn: Turn, tools: Tools) -> None:
        self._turn = turn
        self._tools = tools
        self._shop = turn.shop
        self._language = turn.language

    async def quote(self, intent: AskPrice | NameService, *, ask_for_time: bool = True) -> list[Step]:
        if intent.vehicle_class:
            self._tools.name_vehicle_class(intent.vehicle_class)
        service = self.service(intent.service)
        if service is None:
            return self.services()
        self._tools.name_service(service.code)
        if self._class_missing(service):
            return [self._ask_class(phrases.price_range(service, self._shop, self._language))]
        quote = await self._tools.get_quote(service.code)
        text = phrases.price(
            quote, self._shop, self._vehicle(), self._language, ask_for_time=ask_for_time and not self._booked
        )
        if quote.total_cents is None:
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        return [Say(text, (QuotePart(quote=quote), self._buttons(PICK_TIME)))]

    async def offer(self, intent: PickTime | AskMove, *, opening: str = "open_times") -> list[Step]:
        """`opening`: the phrase above the times."""
        wish = intent.wish
        if wish.doubtful:
            return [Say(phrases.which_day(wish, self._language))]
        if isinstance(intent, AskMove) and not self._booked:
            return [self._say("nothing_to_move")]
        if missing := await self._quoted_first(intent):
            return missing
        offer = await self._tools.find_slots(wish)
        if not offer.slots.slots:
            return [Say(phrases.none_open(self._shop, self._language), (self._buttons(PERSON),))]
        if wish.said and not offer.asked_for:
            opening = "nearest_times"
        return [self._offered(phrases.offer(offer.slots.slots, self._shop, self._language, opening=opening))]

    async def _quoted_first(self, intent: PickTime | AskMove) -> list[Step] | None:
        """A time is offered for a priced service; what is not known yet is asked, one thing at a time."""
        if self._booked:
            return None
        if isinstance(intent, PickTime) and intent.vehicle_class:
            self._tools.name_vehicle_class(intent.vehicle_class)
        service = self.service(intent.service if isinstance(intent, PickTime) else None)
        if service is None:
            return self.ask_service()
        quote = self._tools.facts.quote
        current = quote is not None and quote.service.code == service.code
        if (
            quote
            and current
            and quote.valid_until > self._turn.now
            and self._for_this_class(quote.vehicle_class)
        ):
            return None
        self._tools.name_service(service.code)
        if self._class_missing(service):
            return [self._ask_class(phrases.say("which_vehicle", self._language))]
        await self._tools.get_quote(service.code)
        return None

    def _for_this_class(self, quoted: str | None) -> bool:
        return self._tools.facts.vehicle_class in {None, quoted}

    async def hold(self, start: datetime) -> list[Step]:
        if missing := await self._quoted_first(PickTime()):
            return missing
        hold = await self._tools.hold_slot(start)
        booked, quote = self._tools.facts.booked, self._tools.facts.quote
        if booked is not None:
            text = phrases.move_read_back(booked, hold, self._language)
        elif quote is not None:
            text = phrases.read_back(quote, hold, self._shop, self._vehicle(), self._language)
        else:
            return self.ask_service()
        return [Say(text, (self.state_buttons(),))]

    def which_slot(self) -> list[Step]:
        return [self._offered(phrases.say("which_slot", self._language))]

    async def yes(self) -> list[Step]:
        match self._tools.facts.state:
            case State.CONFIRM:
                await self._tools.book()
            case State.MOVE_CONFIRM:
                await self._tools.move_appointment()
            case State.CANCEL_CONFIRM:
                await self._tools.cancel_appointment()
            case State.OFFER | State.MOVE_OFFER:
                return self.which_slot()
            case State.BOOKED | State.REQUESTED | State.NEED:
                return [self._say("ask_anything")]
            case _:
                return await self.offer(PickTime())
        return self.report_change()

    async def no(self) -> list[Step]:
        state = self._tools.facts.state
        if state is State.OFFER:
            return await self.offer(PickTime(self._after_the_offer()))
        self._tools.let_go()
        if state in {State.CANCEL_CONFIRM, State.MOVE_CONFIRM, State.MOVE_OFFER}:
            return [self._say("kept")]
        if state is State.CONFIRM:
            return await self.offer(PickTime(), opening="other_times")
        return [self._say("acknowledged")]

    def _after_the_offer(self) -> Wish:
        """Times on the days behind those that did not suit."""
        last = max(slot.start for slot in self._tools.facts.offered).astimezone(ZoneInfo(self._shop.timezone))
        following = last.date() + timedelta(days=1)
        return Wish(span=(following, following + timedelta(days=13)))

    async def cancel(self) -> list[Step]:
        booked = self._tools.facts.booked
        if booked is None:
            return [self._say("nothing_to_cancel")]
        # The request itself is no yes to the question that follows it.
        self._tools.yes = False
        await self._tools.cancel_appointment()
        return [Say(phrases.ask_cancel(booked, self._language), (self.state_buttons(),))]

    async def appointment(self) -> list[Step]:
        appointment = await self._tools.get_appointment()
        if appointment is None or appointment.status != "booked":
            text = phrases.say("no_appointment", self._language)
            return [Say(text, (self._buttons(PICK_TIME, SEE_PRICES),))]
        return [Say(phrases.status(appointment, self._language), (AppointmentPart(appointment=appointment),))]

    def duration(self, intent: AskDuration) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        service = self.service(intent.service)
        if service is None:
            return [Say(phrases.duration_list(services, self._language))]
        return [Say(phrases.duration(service, self._shop, self._language))]

    def details(self, named: str | None) -> list[Step]:
        services = self._tools.list_services()
        service = next((s for s in services if s.code == named), None)
        if service is None or not service.description:
            text = phrases.say("details_unknown", self._language, phone=self._shop.phone)
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        text = phrases.say("details", self._language, service=service.name, description=service.description)
        return [Say(text, (self._buttons(SEE_PRICES, PICK_TIME),))]

    def services(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        text = phrases.service_list(services, self._tools.facts.vehicle_class, self._shop, self._language)
        return [Say(text, (_service_buttons(services),))]

    def ask_service(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        return [Say(phrases.say("which_service", self._language), (_service_buttons(services),))]

    def report_change(self) -> list[Step]:
        appointment = self._tools.facts.appointment
        if appointment is None:
            return [self._say("ask_anything")]
        text = {"moved": phrases.moved, "cancelled": phrases.cancelled}.get(
            self._tools.changed or "", phrases.booked
        )
        return [Say(text(appointment, self._language), (AppointmentPart(appointment=appointment),))]

    def refused(self, refusal: BookingRefused) -> list[Step]:
        if refusal.alternatives:
            return [self._offered(phrases.taken(refusal.alternatives, self._shop, self._language))]
        if refusal.code == "slot_taken":
            text = phrases.taken((), self._shop, self._language)
            return [Say(text, (self._buttons(PICK_TIME, PERSON),))]
        if refusal.code == "price_on_request" and (service := self.service(None)):
            text = phrases.on_request(service.name, self._shop, self._language)
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        text = phrases.refused(refusal.code, self._shop, self._language)
        return [Say(text, (self._buttons(PICK_TIME, PERSON),))]

    def without_booking(self, intent: Intent) -> list[Step]:
        """Booking is away: prices from the list and said so, a wish kept and said so."""
        facts = self._tools.facts
        start = intent.start if isinstance(intent, ChooseSlot) else (facts.hold.start if facts.hold else None)
        wants_time = isinstance(intent, ChooseSlot) or (
            isinstance(intent, Yes) and facts.state is State.CONFIRM
        )
        service = self.service(None)
        if start is not None and wants_time and not self._booked and service is not None:
            self._tools.name_service(service.code)
            request_id = uuid5(self._tools.conversation_id, f"wish:{start.isoformat()}")
            self._tools.keep_wish(start, request_id)
            text = phrases.wish_kept(start, self._shop.timezone, self._language)
            return [Say(text, (self._buttons(PERSON),))]
        if isinstance(intent, AskPrice | NameService) and service is not None:
            self._tools.list_services()
            text = phrases.price_from_catalog(service, facts.vehicle_class, self._shop, self._language)
            return [Say(text, (self._buttons(PICK_TIME, PERSON),))]
        text = phrases.say("booking_away", self._language, phone=self._shop.phone)
        return [Say(text, (self._buttons(SEE_PRICES, PERSON),))]

    def service(self, named: str | None) -> CatalogService | None:
        """The one named, else the one spoken of, else what the lead asked for."""
        wanted = named or self._tools.facts.service
        for service in self._tools.services:
            if service.code == wanted:
                return service
        return match_service(self._turn.lead.interest or "", self._tools.services)

    def state_buttons(self) -> ActionsPart:
        return ActionsPart(
            actions=phrases.actions_of(self._tools.facts.state, Owner.ASSISTANT, self._language)
        )

    @property
    def _booked(self) -> bool:
        return self._tools.facts.booked is not None

    def _vehicle(self) -> str | None:
        """The lead's vehicle, unless another class of vehicle is spoken of."""
        vehicle = self._turn.lead.vehicle
        text = vehicle_text(vehicle)
        if vehicle is None or text is None:
            return None
        known = vehicle.vehicle_class or match_class(text, self._classes())
        return text if self._tools.facts.vehicle_class in {None, known} else None

    def _classes(self) -> tuple[str, ...]:
        return self._shop.catalog.vehicle_classes if self._shop.catalog else ()

    def _class_missing(self, service: CatalogService) -> bool:
        return bool(service.class_prices) and self._tools.facts.vehicle_class is None

    def _ask_class(self, text: str) -> Say:
        choices = [
            Action(id=f"class:{name}", label=phrases.class_label(name, self._language))
            for name in self._classes()
        ]
        return Say(text, (ActionsPart(actions=tuple(choices)),))

    def _offered(self, text: str) -> Say:
        """`text` above the times now on offer."""
        quote = self._tools.facts.quote
        offer = SlotList(timezone=self._shop.timezone, slots=self._tools.facts.offered)
        return Say(text, (slots_part(phrases.labelled(offer, self._language), quote.id if quote else None),))

    def _no_catalog(self) -> Say:
        return Say(phrases.say("no_catalog", self._language), (self._buttons(PERSON),))

    def _say(self, phrase: str) -> Say:
        return Say(phrases.say(phrase, self._language), (self.state_buttons(),))

    def _buttons(self, *actions: str) -> ActionsPart:
        return phrases.buttons(*actions, language=self._language)


def _service_buttons(services: tuple[CatalogService, ...]) -> ActionsPart:
    return ActionsPart(actions=tuple(Action(id=f"service:{s.code}", label=s.name) for s in services))
