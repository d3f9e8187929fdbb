"""The steps of the path as the deterministic assistant takes them: price, times, hold, booking, move, cancellation."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.events import CatalogService

from chat.actions.assistant import Say, Step, Turn, buttons_of
from chat.actions.tools import NotPossible, Offer, Tools
from chat.clients.booking import BookingRefused
from chat.domain import phrases
from chat.domain.catalog import differences, match_class, match_service
from chat.domain.conversation import PERSON, PICK_TIME, SEE_PRICES, State
from chat.domain.intents import AskDuration, AskMove, AskPrice, ChooseSlot, Intent, NameService, PickTime, Yes
from chat.domain.language import Language
from chat.domain.understanding.asking import FILMS_COMPARED
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
        addons = intent.addons if isinstance(intent, AskPrice) else ()
        added = isinstance(intent, AskPrice) and intent.added
        if (
            addons
            and intent.service is None
            and (said := self._addons(addons))
            and not self._beside(added=added, codes=addons)
        ):
            return [*said, *await self.change_service(None)] if added and self._booked else said
        service = self.service(intent.service)
        if service is None:
            return self.services()
        self._tools.name_service(service.code)
        if self._class_missing(service):
            return [self._ask_class(phrases.price_range(service, self._shop, self._language))]
        known = self._tools.facts.quote
        if added and known is not None and known.service.code == service.code:
            addons = (*known.addons, *addons)
        beside = tuple(addon.code for addon in service.addons if addon.code in addons)
        quote = await self._tools.get_quote(service.code, addons=beside)
        text = phrases.price(
            quote, self._shop, self._vehicle(), self._language, ask_for_time=ask_for_time and not self._booked
        )
        if quote.total_cents is None:
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        return [Say(text, (QuotePart.of(quote, self._language), self._buttons(PICK_TIME)))]

    async def quoted(self, *, validity: bool) -> list[Step]:
        """What was quoted and its price, told anew where none is in force; with `validity` until when it is good."""
        quote = self._tools.facts.quote
        if quote is None or quote.total_cents is None or quote.valid_until <= self._turn.now:
            said = await self.quote(AskPrice(), ask_for_time=False)
        else:
            text = phrases.price(quote, self._shop, self._vehicle(), self._language, ask_for_time=False)
            said = [Say(text, (self.state_buttons(),))]
        quote = self._tools.facts.quote
        if not validity or quote is None or quote.total_cents is None:
            return said
        return [*said, Say(phrases.valid(quote, self._shop, self._language))]

    def nearest_prices(self) -> list[Step]:
        """Of windows, for some that the catalogue has no price of their own for."""
        listed = self._tools.list_services()
        priced = [s for s in listed if s.price.amount_cents is not None]
        services = tuple(s for s in priced if "window" in f"{s.name} {s.description}".casefold()) or listed
        if not services:
            return [self._no_catalog()]
        text = phrases.service_list(
            services, self._tools.facts.vehicle_class, self._shop, self._language, phrase="nearest_prices"
        )
        return [Say(text, (_service_buttons(services, self._language),))]

    def _beside(self, *, added: bool, codes: tuple[str, ...]) -> bool:
        """Whether the job spoken of is priced with them: an appointment is another's to change."""
        service = self.service(None)
        offered = {addon.code for addon in service.addons} if service else set()
        return added and not self._booked and set(codes) <= offered

    async def offer(self, intent: PickTime | AskMove, *, opening: str = "open_times") -> list[Step]:
        """`opening`: the phrase above the times."""
        wish = intent.wish
        if wish.doubtful:
            return self.which_day(wish)
        if isinstance(intent, AskMove) and not self._booked:
            return [self._say("nothing_to_move")]
        if self._tools.another_car and self._tools.facts.booked:
            text = phrases.another_car(self._tools.facts.booked, self._language)
            return [Say(text, (self._buttons(PERSON, "move", SEE_PRICES),))]
        if missing := await self._quoted_first(intent):
            return missing
        offer = await self._tools.find_slots(wish)
        if not offer.slots.slots:
            return [self._none_open(offer)]
        closed = None
        if wish.said and not offer.asked_for:
            closed = await self._closed_on(wish)
            opening = "closed_that_day" if closed else "nearest_times"
        text = phrases.offer(
            offer.slots.slots, self._shop, self._language, opening=opening, closed=closed or ""
        )
        return [self._offered(text)]

    async def _closed_on(self, wish: Wish) -> str | None:
        if wish.day is None:
            return None
        return phrases.closed_on(await self._tools.get_hours(wish.day), wish.day, self._shop, self._language)

    def _none_open(self, offer: Offer) -> Say:
        """Times that were refused are open all the same."""
        phrase = "none_other" if any(day.open for day in offer.times.days) else "none_open"
        text = phrases.say(phrase, self._language, shop=self._shop.name, phone=self._shop.phone)
        return Say(text, (self._buttons(PERSON),))

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
            return self.ask_class()
        await self._tools.fresh_quote()
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
            case State.OFFER | State.MOVE_OFFER if len(self._tools.facts.offered) > 1:
                return self.which_slot()
            case State.OFFER | State.MOVE_OFFER if self._tools.facts.offered:
                return await self.hold(self._tools.facts.offered[0].start)
            case State.BOOKED | State.REQUESTED | State.NEED:
                return [self._say("ask_anything")]
            case _:
                return await self.offer(PickTime())
        return self.report_change()

    async def no(self) -> list[Step]:
        state = self._tools.facts.state
        if state is State.OFFER:
            self._tools.decline_offered()
            return await self.offer(PickTime(self._after_the_offer()))
        self._tools.let_go()
        if state in {State.CANCEL_CONFIRM, State.MOVE_CONFIRM, State.MOVE_OFFER}:
            return [self._say("kept")]
        if state is State.CONFIRM:
            return await self.offer(PickTime(), opening="other_times")
        return [self._say("acknowledged")]

    def _after_the_offer(self) -> Wish:
        """Times on the days behind those that did not suit; any, where none was offered."""
        if not self._tools.facts.offered:
            return Wish()
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
        return [
            Say(
                phrases.status(appointment, self._language),
                (AppointmentPart.of(appointment, self._language),),
            )
        ]

    def duration(self, intent: AskDuration) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        service = self.service(intent.service)
        if service is None:
            return [Say(phrases.duration_list(services, self._language))]
        return [Say(phrases.duration(service, self._shop, self._language))]

    def details(self, named: str | None) -> list[Step]:
        self._tools.list_services()
        service = self.service(named)
        if service is None:
            return self.ask_service()
        if not service.description:
            text = phrases.say("details_unknown", self._language, phone=self._shop.phone)
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        text = phrases.say(
            "details", self._language, service=service.called(self._language), description=service.description
        )
        return [Say(text, (self._buttons(SEE_PRICES, PICK_TIME),))]

    async def cheapest(self) -> list[Step]:
        """Of the films for the job spoken of, else of all services."""
        known = self.service(None)
        family = [s for s in self._tools.services if known and s.family and s.family == known.family]
        priced = [s for s in family or self._tools.services if s.price.amount_cents is not None]
        if not priced:
            return self.services()
        lowest = min(priced, key=self._list_cents)
        said = await self.quote(AskPrice(lowest.code))
        return [Say(phrases.say("cheapest", self._language)), *said]

    def _list_cents(self, service: CatalogService) -> int:
        of_class = {price.vehicle_class: price.amount_cents for price in service.class_prices}
        return of_class.get(self._tools.facts.vehicle_class or "", service.price.amount_cents or 0)

    async def removal(self, question: str) -> list[Step]:
        """Taking old film off is work to sell, where the catalogue has it: as a service, or beside one."""
        services = self._tools.list_services()
        if service := next((s for s in services if _takes_off(s.code, s.name)), None):
            return await self.quote(AskPrice(service.code))
        offers_it = (a.code for s in services for a in s.addons if _takes_off(a.code, a.name))
        return self._addons(tuple(dict.fromkeys(offers_it))) or self.knowledge("removal", question)

    def _addons(self, codes: tuple[str, ...]) -> list[Step]:
        """Their prices beside the service spoken of, or beside any."""
        spoken_of = self.service(None)
        ordered = sorted(self._tools.list_services(), key=lambda s: s != spoken_of)
        known = {a.code: a for s in reversed(ordered) for a in s.addons}
        said = "\n".join(
            phrases.addon(known[code], self._tools.facts.vehicle_class, self._language)
            for code in codes
            if code in known
        )
        return [Say(said, (self._buttons(SEE_PRICES, PICK_TIME),))] if said else []

    def knowledge(self, code: str, question: str) -> list[Step]:
        """What the shop says; a question without an answer is kept for it."""
        entry = next((one for one in self._shop.knowledge if one.code == code), None)
        if entry is not None:
            return [Say(phrases.said_of(entry, self._language), (self.state_buttons(),))]
        return self.not_known(question)

    def not_known(self, question: str) -> list[Step]:
        self._tools.unanswered.append(question)
        text = phrases.say("details_unknown", self._language, phone=self._shop.phone)
        return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]

    async def change_service(self, code: str | None) -> list[Step]:
        said: list[Step] = [] if code is None else await self.quote(AskPrice(code), ask_for_time=False)
        text = phrases.say("change_booked", self._language, shop=self._shop.name)
        return [*said, Say(text, (self._buttons(PERSON, "cancel"),))]

    def services(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        text = phrases.service_list(services, self._tools.facts.vehicle_class, self._shop, self._language)
        return [Say(text, (_service_buttons(services, self._language),))]

    def ask_service(self) -> list[Step]:
        services = self._tools.list_services()
        if not services:
            return [self._no_catalog()]
        return [
            Say(phrases.say("which_service", self._language), (_service_buttons(services, self._language),))
        ]

    def which_day(self, wish: Wish) -> list[Step]:
        return [Say(phrases.which_day(wish, self._language))]

    def ask_class(self) -> list[Step]:
        return [self._ask_class(phrases.say("which_vehicle", self._language))]

    def compare(self, question: str) -> list[Step]:
        """What the shop says of its films, and those for the job spoken of side by side."""
        said: list[Step] = []
        if any(entry.code == FILMS_COMPARED for entry in self._shop.knowledge):
            said += self.knowledge(FILMS_COMPARED, question)
        spoken_of = self.service(None)
        of_films = next((s for s in (spoken_of, *self._tools.services) if s and s.family), None)
        return [*said, *self._side_by_side(of_films)] or self.knowledge(FILMS_COMPARED, question)

    def tiers(self) -> list[Step]:
        """The films for the job spoken of side by side; nothing where it is not known, or comes in one way only."""
        self._tools.list_services()
        return self._side_by_side(self.service(None))

    def _side_by_side(self, service: CatalogService | None) -> list[Step]:
        try:
            tiers = self._tools.compare_tiers(service.code if service else "")
        except NotPossible:
            return []
        differs, vehicle_class = differences([t.description for t in tiers]), self._tools.facts.vehicle_class
        text = phrases.tiers(tiers, differs, vehicle_class, self._language)
        vehicle = self._turn.lead.vehicle if self._vehicle() else None
        card = phrases.tiers_part(tiers, differs, vehicle, vehicle_class, self._language)
        return [Say(text, (card, _service_buttons(tiers, self._language)))]

    def unlisted(self, question: str, *, priced: bool) -> list[Step]:
        """Work of which only a person can say whether the shop does it."""
        self._tools.price_unknown = self._tools.price_unknown or priced
        self._tools.unanswered.append(question)
        text = phrases.say("unlisted", self._language, shop=self._shop.name)
        return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]

    def report_change(self) -> list[Step]:
        appointment = self._tools.facts.appointment
        if appointment is None:
            return [self._say("ask_anything")]
        text = {"moved": phrases.moved, "cancelled": phrases.cancelled}.get(
            self._tools.changed or "", phrases.booked
        )
        return [Say(text(appointment, self._language), (AppointmentPart.of(appointment, self._language),))]

    def refused(self, refusal: BookingRefused) -> list[Step]:
        if refusal.alternatives:
            text = phrases.instead(refusal.code, refusal.alternatives, self._shop, self._language)
            return [self._offered(text)]
        if refusal.code == "slot_taken":
            text = phrases.taken((), self._shop, self._language)
            return [Say(text, (self._buttons(PICK_TIME, PERSON),))]
        if refusal.code == "price_on_request" and (service := self.service(None)):
            text = phrases.on_request(service.called(self._language), self._shop, self._language)
            return [Say(text, (self._buttons(PERSON, SEE_PRICES),))]
        text = phrases.refused(refusal.code, self._shop, self._language)
        return [Say(text, (self._buttons(PICK_TIME, PERSON),))]

    def without_booking(self, intent: Intent) -> list[Step]:
        """Booking is away: prices from the list and said so; a time is read back, and passed on after the yes."""
        match intent:
            case Yes() if self._tools.facts.state in {State.MOVE_CONFIRM, State.CANCEL_CONFIRM}:
                text = phrases.say("change_unanswered", self._language, phone=self._shop.phone)
                return [Say(text, (self.state_buttons(),))]
            case Yes() if self._tools.yes:
                return self._wish_kept()
            case ChooseSlot(start) if self._tools.binds:
                return self._read_back_only(start)
            case AskPrice() | NameService() if service := self.service(None):
                return self._list_price(service)
        return self._booking_away()

    def _wish_kept(self) -> list[Step]:
        hold = self._tools.facts.hold
        try:
            self._tools.keep_wish()
        except NotPossible:
            return self._booking_away()
        if hold is None:
            return self._booking_away()
        text = phrases.wish_kept(hold.start, self._shop.timezone, self._language)
        return [Say(text, (self._buttons(PERSON),))]

    def _read_back_only(self, start: datetime) -> list[Step]:
        hold, quote = self._tools.read_back_only(start), self._tools.facts.quote
        if hold is None or quote is None:
            return self._booking_away()
        text = phrases.read_back(
            quote, hold, self._shop, self._vehicle(), self._language, phrase="read_back_unheld"
        )
        return [Say(text, (self.state_buttons(),))]

    def _list_price(self, service: CatalogService) -> list[Step]:
        self._tools.list_services()
        vehicle_class = self._tools.facts.vehicle_class
        text = phrases.price_from_catalog(service, vehicle_class, self._shop, self._language)
        return [Say(text, (self._buttons(PICK_TIME, PERSON),))]

    def _booking_away(self) -> list[Step]:
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
        return buttons_of(self._turn, self._tools)

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
        """Once; who does not know it hears what is known of all of them."""
        service = self.service(None)
        if not self._tools.ask_class_once() and service is not None:
            text = phrases.class_prices(service, self._classes(), self._shop, self._language)
        choices = [
            Action(id=f"class:{name}", label=phrases.class_label(name, self._language))
            for name in self._classes()
        ]
        return Say(text, (ActionsPart(actions=(*choices, phrases.button(PERSON, self._language))),))

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


def _takes_off(code: str, name: str) -> bool:
    return "removal" in f"{code} {name}".casefold()


def _service_buttons(services: tuple[CatalogService, ...], language: Language) -> ActionsPart:
    actions = (Action(id=f"service:{s.code}", label=s.called(language)) for s in services)
    return ActionsPart(actions=tuple(actions))
