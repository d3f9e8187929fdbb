"""What an assistant can do, for one lead in one conversation; each result becomes a receipt."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.events import BookingRequested, CatalogService, Vehicle
from shared.http.links import Link

from chat.clients.booking import BookingAway, BookingClient, BookingRefused
from chat.domain import conversation as path
from chat.domain.cars import known_words, may_mean, refined
from chat.domain.catalog import differences, tiers_of
from chat.domain.conversation import (
    Aside,
    Booked,
    CallBackAsked,
    CallBackKept,
    CancelAsked,
    Cancelled,
    Facts,
    HandedOff,
    Happened,
    Held,
    HoldLost,
    Offered,
    Quoted,
    VehicleNamed,
    WentAside,
    WishKept,
)
from chat.domain.handoff import SUMMARY, SUMMARY_OF_WORDS, told_and_promised
from chat.domain.language import Language
from chat.domain.open_times import (
    USUAL_DAYS,
    Days,
    OpenTimes,
    asked_days,
    open_times,
    searched_days,
    times_told,
    told_of,
)
from chat.domain.receipts import Receipt, declined, next_ref, quotes_of, slots_found, start_named
from chat.domain.reply.render import catalog_price, length, moment
from chat.domain.values import Appointment, Hold, OpeningHours, Quote, ShopFacts, Slot, SlotList
from chat.domain.wishes import Wish, contradicts, doubt, wish_in

ValueT = TypeVar("ValueT")
Change = Literal["booked", "moved", "cancelled"]

_NO_PRICE = {"price_on_request", "unknown_service"}
_HOLD_GONE = {"hold_expired", "hold_not_found", "not_found"}


class NotPossible(Exception):
    """The step is not open now; the message says to an assistant what is missing."""


class DayDoubtful(NotPossible):
    """The customer's words name a day that is not one: it is asked for again."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(f"{doubt(wish)}: ask the customer which day is meant")
        self.wish = wish


class VehicleUnknown(NotPossible):
    """The price depends on it."""

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(
            f"the price depends on the vehicle: ask once which it is ({', '.join(classes)});"
            " asked already: say the price for each that it may be, {price:CODE/CLASS}"
        )


@dataclass(frozen=True)
class HandOffWish:
    """`opening`: of the shop, at the moment of the wish; `None` where booking does not tell."""

    kind: Literal["hard", "soft"]
    reason: str
    summary: str
    opening: OpeningHours | None = None


@dataclass(frozen=True)
class CallBackWish:
    """`phone` in E.164. `opening` as in `HandOffWish`."""

    phone: str
    opening: OpeningHours | None = None


@dataclass(frozen=True)
class Offer:
    """`slots` are those to choose from. `asked_for`: they are what was wished; otherwise the nearest there are."""

    slots: SlotList
    times: OpenTimes

    @property
    def asked_for(self) -> bool:
        return bool(self.times.matching)


@dataclass
class Tools:
    """Bound to the lead of `link`: nothing said in the conversation can point it elsewhere.

    `tried`: the key of the booking that was asked for last. `yes`: the newest message is an explicit yes. `binds` is False
    for words by mail, whose sender is never certain: they book, move and cancel nothing. `phone` and `own_vehicle`: as the lead
    gave them. `words`: what the customer wrote last, newest last. `refusals`: bookings that failed in this turn, `quoted` and `degraded`: a price came, booking did not answer. `price_unknown`: one was asked for that the
    catalogue does not have, `unanswered`: the questions that nothing known here answers. `facts` and `receipts` are stored with the reply. Calls raise
    `BookingAway`, `BookingRefused` or `NotPossible`.
    """

    link: Link
    conversation_id: UUID
    shop: ShopFacts
    facts: Facts
    now: datetime
    yes: bool
    booking: BookingClient
    binds: bool = True
    receipts: list[Receipt] = field(default_factory=list)
    phone: str | None = None
    own_vehicle: Vehicle | None = None
    words: tuple[str, ...] = ()
    language: Language = "en"
    hand_off_wish: HandOffWish | None = None
    nobody_wanted: bool = False
    """A person who was asked for need not come any more."""
    call_back_wish: CallBackWish | None = None
    tried: UUID | None = None
    booking_wish: BookingRequested | None = None
    changed: Change | None = None
    refusals: int = 0
    price_unknown: bool = False
    unanswered: list[str] = field(default_factory=list)
    quoted: bool = False
    degraded: bool = False

    @property
    def services(self) -> tuple[CatalogService, ...]:
        return self.shop.catalog.services if self.shop.catalog else ()

    @property
    def vehicle(self) -> Vehicle | None:
        """The car spoken of."""
        return self.facts.vehicle or self.own_vehicle

    @property
    def quotes(self) -> dict[str, Quote]:
        """Those in force, by their short names."""
        return {ref: quote for ref, quote in quotes_of(self.receipts).items() if quote.valid_until > self.now}

    def list_services(self) -> tuple[CatalogService, ...]:
        """Priced for the car spoken of."""
        listed = [self._listed(service) for service in self.services]
        self._receipt("list_services", {"services": listed, "car": self._car()})
        return self.services

    def compare_tiers(self, service: str) -> tuple[CatalogService, ...]:
        """The same job in all its films, the cheapest first. Raises `NotPossible` where it comes in one way only."""
        tiers = tiers_of(service, self.services)
        if len(tiers) < 2:
            raise NotPossible(f"{service[:40]} comes in one way only")
        told = [
            {**self._listed(tier), "tier": tier.tier, "differs": differs}
            for tier, differs in zip(tiers, differences([t.description for t in tiers]), strict=True)
        ]
        self._receipt("compare_tiers", {"services": told, "car": self._car()})
        return tiers

    def set_vehicle(self, said: Vehicle) -> Vehicle:
        """The car spoken of from now on; its class is `None` where the customer is to be asked for it."""
        vehicle = self._speak_of(said)
        choices = () if vehicle.vehicle_class else self._classes
        told = {"vehicle_class": vehicle.vehicle_class, "choices": list(choices)}
        self._receipt("set_vehicle", {"car": vehicle.called, **told})
        return vehicle

    def name_vehicle_class(self, vehicle_class: str) -> None:
        """Of the car spoken of, where its class is not known; else of another car. Raises `VehicleUnknown` for no class of ours."""
        vehicle_class = vehicle_class.casefold()
        if self._classes and vehicle_class not in self._classes:
            raise VehicleUnknown(self._classes)
        self._speak_of(Vehicle(vehicle_class=vehicle_class))

    def _speak_of(self, said: Vehicle) -> Vehicle:
        """The car at hand, the lead's or the booked one where the words may mean it; else another."""
        booked = self.facts.booked
        known = (self.vehicle, self.own_vehicle, booked.vehicle if booked else None)
        car = next((car for car in known if car is not None and may_mean(said, car)), Vehicle())
        vehicle = refined(car, said, self._classes)
        if vehicle != self.vehicle:
            self._became(VehicleNamed(vehicle))
        self.facts = replace(self.facts, vehicle_class=vehicle.vehicle_class)
        return vehicle

    async def get_quote(
        self, service: str, vehicle_class: str | None = None, addons: Sequence[str] = ()
    ) -> Quote:
        """For the car spoken of; a `vehicle_class` that is not its own means another car. Raises `VehicleUnknown`."""
        if vehicle_class:
            self.name_vehicle_class(vehicle_class)
        self._check_class(service)
        try:
            quote = await self.booking.quote(
                self.link,
                service=service,
                vehicle_class=self.facts.vehicle_class,
                addons=addons,
                vehicle=self.facts.vehicle,
            )
        except BookingRefused as refusal:
            self.price_unknown = self.price_unknown or refusal.code in _NO_PRICE
            raise
        quote = quote.model_copy(update={"addons": tuple(addons)})
        self.quoted = True
        self.price_unknown = self.price_unknown or quote.total_cents is None
        self._became(Quoted(quote))
        self._receipt("get_quote", {"ref": next_ref(self.receipts, "get_quote", "q"), **_told(quote)})
        return quote

    async def fresh_quote(self) -> Quote:
        """That of the service spoken of; made anew with its add-ons where it is out of date."""
        quote = self.facts.quote
        service = self.facts.service or (quote.service.code if quote else None)
        if service is None:
            raise NotPossible("get_quote for a service first")
        if quote is not None and not self._out_of_date(quote):
            return quote
        same = quote is not None and quote.service.code == service
        return await self.get_quote(service, addons=quote.addons if quote and same else ())

    def ask_class_once(self) -> bool:
        """Whether the class of the vehicle was not asked for before in this conversation."""
        asked = any(receipt.tool == "ask_class" for receipt in self.receipts)
        if not asked:
            self._receipt("ask_class", {})
        return not asked

    def _check_class(self, service: str) -> None:
        priced = next((s for s in self.services if s.code == service), None)
        if priced is not None and priced.class_prices and self.facts.vehicle_class is None:
            raise VehicleUnknown(self._classes)

    async def find_slots(self, wish: Wish, *, quote: str | None = None) -> Offer:
        """Needs a quote, which it renews when it is out of date; `quote` names another one than the newest.

        The time that is held or booked stays so, and is none of those that whoever asks for others wants to see.
        """
        self._check_another(quote)
        if quote is not None and not self.facts.booked:
            self._take_up(quote)
        job = await self._job()
        today = self._local.date()
        _check_not_over(wish, today)
        asked = asked_days(wish, today)
        found = await self._slots(job, *searched_days(asked, today))
        if not found.slots:
            found = await self._slots(job, today, today + timedelta(days=USUAL_DAYS - 1))
        had = {one.start for one in (self.facts.hold, self.facts.booked) if one}
        times = open_times(found, wish, asked, declined(self.receipts, self.now) | had)
        self._became(Offered(times.offered))
        self._receipt("find_slots", self._found(times, asked, found))
        return Offer(SlotList(timezone=found.timezone, slots=times.offered), times)

    async def _slots(self, job: dict[str, str], first: date, last: date) -> SlotList:
        return await self.booking.slots(self.link, job, first_day=first, days=(last - first).days + 1)

    def _found(self, times: OpenTimes, asked: Days, found: SlotList) -> dict[str, object]:
        """`doubt`: what is wrong with the day that the customer named."""
        ref = next_ref(self.receipts, "find_slots", "s")
        return {
            "ref": ref,
            "quote": self._quote_ref(),
            "car": self._car(),
            "timezone": found.timezone,
            "from": asked[0].isoformat(),
            "to": asked[1].isoformat(),
            "bookable_until": found.last_day.isoformat() if found.last_day else None,
            **told_of(times, ref),
            "doubt": doubt(self._day_said()),
        }

    def start_of(self, said: str) -> datetime:
        """By the short name of a time, or as a moment. Raises `NotPossible`."""
        if (found := start_named(self.receipts, said)) is not None:
            return found
        try:
            start = datetime.fromisoformat(said)
        except ValueError:
            raise NotPossible("no such time: give the ref or the start of one from find_slots") from None
        return start if start.tzinfo else start.replace(tzinfo=ZoneInfo(self.shop.timezone))

    async def hold_slot(self, start: datetime, *, quote: str | None = None) -> Hold:
        """For the job that the time was offered for, unless `quote` names another one.

        Taken or not possible: `BookingRefused` with alternatives, which are then the times on offer. Raises `DayDoubtful`.
        """
        self._check_day(start)
        self._check_another(quote)
        if self.facts.booked:
            return self._held(self._span(start), "hold_slot")
        self._take_up_for(start, quote)
        job = await self.fresh_quote()
        known = self.facts.hold
        if known and known.id and known.start == start and not path.hold_expired(known, self.now):
            return self._held(known, "hold_slot")
        hold = await self._guarded(self.booking.hold(self.link, quote_id=job.id, start=start), start)
        self.let_go_of_time()  # for the one that was chosen instead
        return self._held(hold, "hold_slot")

    def read_back_only(self, start: datetime) -> Hold | None:
        """With booking away nothing is held; `None` where no price is in force either."""
        self._check_day(start)
        self._take_up_for(start, None)
        quote = self.facts.quote
        if quote is None or self._out_of_date(quote) or self.facts.booked:
            return None
        return self._held(self._span(start), "read_back")

    def _held(self, hold: Hold, tool: str) -> Hold:
        slot = self._known_slot(hold.start)
        hold = hold.model_copy(
            update={"label": slot.label if slot else moment(hold.start, self.shop.timezone)}
        )
        self._became(Held(hold))
        self._receipt(tool, hold.model_dump(mode="json"))
        return hold

    def _span(self, start: datetime) -> Hold:
        """Booking swaps the old and the new time in one step, so nothing is held before the yes."""
        slot = self._known_slot(start)
        return Hold(start=start, end=slot.end if slot else start)

    def _known_slot(self, start: datetime) -> Slot | None:
        found = (slot for slot, _ in slots_found(self.receipts))
        return next((slot for slot in (*self.facts.offered, *found) if slot.start == start), None)

    @property
    def another_car(self) -> bool:
        """An appointment stands, and it is not for the car spoken of."""
        booked = self.facts.booked
        if booked is None or booked.vehicle is None or self.vehicle is None:
            return False
        return not may_mean(self.vehicle, booked.vehicle)

    def _check_another(self, quote: str | None) -> None:
        booked = self.facts.booked
        named = quotes_of(self.receipts).get(quote or "")
        other_job = quote is not None and (named is None or booked is None or not _same_job(named, booked))
        if self.another_car or (booked and other_job):
            raise NotPossible("an appointment stands: times are for moving it; a person adds another one")

    def _check_day(self, start: datetime) -> None:
        said = self._day_said()
        if contradicts(said, start.astimezone(ZoneInfo(self.shop.timezone)).date()):
            raise DayDoubtful(said)

    def _day_said(self) -> Wish:
        """In the newest words that name one: `10 works` leaves a doubtful day of before doubtful."""
        wishes = (wish_in(words, self._local) for words in reversed(self.words))
        return next((wish for wish in wishes if wish.day or wish.doubtful), Wish())

    def _take_up_for(self, start: datetime, named: str | None) -> None:
        """The quote that is named, else that of the search which found the time, if it is of the car spoken of."""
        if named is not None:
            self._take_up(named)
            return
        found_for = next((ref for slot, ref in slots_found(self.receipts) if slot.start == start), None)
        quote = quotes_of(self.receipts).get(found_for or "")
        if quote is not None and self._of_this_car(quote):
            self._take_up(found_for or "")

    def _of_this_car(self, quote: Quote) -> bool:
        same = quote.vehicle is None or known_words(quote.vehicle) == known_words(self.vehicle)
        return same and quote.vehicle_class == self.facts.vehicle_class

    def _take_up(self, ref: str) -> None:
        """A quote of before is spoken of again, with its car. Raises `NotPossible`."""
        quote = quotes_of(self.receipts).get(ref)
        if quote is None:
            raise NotPossible(f"there is no quote {ref[:20]!r}: get_quote first")
        if self.facts.quote is None or quote.id != self.facts.quote.id or self._out_of_date(quote):
            self._became(Quoted(quote))

    async def book(self) -> Appointment:
        if not path.may_book(self.facts, yes=self.yes) or self.facts.hold is None or self.facts.quote is None:
            raise NotPossible("hold a time and get the customer's explicit yes first")
        try:
            appointment = await self._guarded(
                self._book(self.facts.hold, self.facts.quote), self.facts.hold.start
            )
        except BookingRefused:
            self._became(HoldLost() if not self.facts.offered else Offered(self.facts.offered))
            raise
        self._settled("book", "booked", Booked(appointment), appointment)
        return appointment

    async def move_appointment(self) -> Appointment:
        booked, hold = self.facts.booked, self.facts.hold
        if not path.may_move(self.facts, yes=self.yes) or booked is None or hold is None:
            raise NotPossible("pick the new time with hold_slot and get the customer's explicit yes first")
        appointment = await self._guarded(self.booking.move(self.link, booked.id, hold.start), hold.start)
        self._settled("move_appointment", "moved", Booked(appointment), appointment)
        return appointment

    async def cancel_appointment(self) -> Appointment | None:
        """`None`: the customer is asked first."""
        booked = self.facts.booked
        if booked is None:
            raise NotPossible("there is no appointment to cancel")
        if not path.may_cancel(self.facts, yes=self.yes):
            self._became(CancelAsked())
            return None
        appointment = await self.booking.cancel(self.link, booked.id, "cancelled by the customer in the chat")
        self._settled("cancel_appointment", "cancelled", Cancelled(appointment), appointment)
        return appointment

    async def get_appointment(self) -> Appointment | None:
        """As booking has it now; as last known while booking is away."""
        known = self.facts.appointment
        if known is None:
            self._receipt("get_appointment", {"appointment": None})
            return None
        with suppress(BookingAway, BookingRefused):
            known = await self.booking.appointment(self.link, known.id)
        self._receipt("get_appointment", _told(known))
        return known

    async def get_hours(self, first_day: date | None = None) -> OpeningHours | None:
        """Of a week; `None` while booking is away, or does not know them."""
        opening: OpeningHours | None = None
        with suppress(BookingAway, BookingRefused):
            opening = await self.booking.hours(self.link, first_day=first_day)
        if opening is None:
            answer = (
                f"Not known here; the shop confirms its hours at {self.shop.phone}. Open times: find_slots."
            )
            self._receipt("get_hours", {"hours": None, "answer": answer})
        else:
            self._receipt("get_hours", opening.model_dump(mode="json"))
        return opening

    async def hand_off(self, kind: Literal["hard", "soft"], reason: str, summary: str) -> None:
        """`summary`: what was asked; what was offered and promised is added to it."""
        opening = await self.get_hours()
        promised = told_and_promised(self.facts, self.quotes.values(), self.now)
        lines = "\n".join([summary[:SUMMARY_OF_WORDS], *promised])
        self.hand_off_wish = HandOffWish(kind, reason[:200], lines[:SUMMARY], opening)
        self._became(HandedOff())
        self._receipt("hand_off", {"reason": reason[:200]})

    def want_nobody(self) -> None:
        self.nobody_wanted = True
        if self.facts.state is path.State.HUMAN:
            self.facts = replace(self.facts, state=path.resting_state(self.facts))

    def ask_call_back(self) -> None:
        self._became(CallBackAsked(number_known=self.phone is not None))

    async def keep_call_back(self, phone: str) -> None:
        """The receipt without which nobody may say that somebody will call."""
        opening = await self.get_hours()
        self.call_back_wish = CallBackWish(phone, opening)
        self._became(CallBackKept())
        self._receipt("call_back", {"number_ends_in": phone[-4:]})

    def keep_wish(self) -> None:
        """Booking is away: what was read back and said yes to goes as an event and is answered by one.

        Under the key of the call that had no answer, if there was one: it may have booked after all. Raises `NotPossible`.
        """
        quote, hold = self.facts.quote, self.facts.hold
        if not path.may_book(self.facts, yes=self.yes) or hold is None or quote is None:
            raise NotPossible("nothing was read back and said yes to")
        if quote.valid_until <= self.now:
            raise NotPossible("the price is out of date")
        start = hold.start
        self.booking_wish = BookingRequested(
            request_id=self.tried or uuid5(self.conversation_id, f"wish:{start.isoformat()}"),
            lead_id=self.link.subject_id,
            service=quote.service.code,
            quote_id=quote.id,
            vehicle=quote.vehicle,
            vehicle_class=quote.vehicle_class,
            wished_start=start,
        )
        self._became(WishKept())

    def went_aside(self, aside: Aside) -> None:
        self.degraded = self.degraded or aside is Aside.DEGRADED
        self._became(WentAside(aside))

    def let_go(self) -> None:
        self.let_go_of_time()
        self._became(HoldLost())

    def let_go_of_time(self) -> None:
        """The time that was read back does not suit."""
        if self.facts.hold is not None:
            self._decline(self.facts.hold.start)

    def decline_offered(self) -> None:
        for slot in self.facts.offered:
            self._decline(slot.start)

    def _decline(self, start: datetime) -> None:
        """It is not offered again unasked."""
        self._receipt("decline", {"start": start.isoformat()})

    def name_service(self, service: str) -> None:
        """Raises `NotPossible` for one that the shop does not have."""
        if not any(known.code == service for known in self.services):
            raise NotPossible(f"there is no service {service[:40]!r}: see list_services")
        self.facts = replace(self.facts, service=service)

    @property
    def _local(self) -> datetime:
        return self.now.astimezone(ZoneInfo(self.shop.timezone))

    @property
    def _classes(self) -> tuple[str, ...]:
        return self.shop.catalog.vehicle_classes if self.shop.catalog else ()

    def _car(self) -> str | None:
        """As it may be said."""
        return (self.vehicle or Vehicle(vehicle_class=self.facts.vehicle_class)).called

    def _listed(self, service: CatalogService) -> dict[str, object]:
        prices = service.model_dump(mode="json", include={"price", "class_prices", "addons"})
        return {
            **service.model_dump(include={"code", "name", "name_es", "description", "duration_minutes"}),
            "price": catalog_price(service, self.facts.vehicle_class),
            "prices": prices,
            "duration": length(service.duration_minutes),
        }

    async def _job(self) -> dict[str, str]:
        """What a time is wanted for: the quoted job, or the appointment that is to move."""
        if self.facts.booked:
            return {"appointment_id": str(self.facts.booked.id)}
        return {"quote_id": str((await self.fresh_quote()).id)}

    def _quote_ref(self) -> str | None:
        quote = self.facts.quote
        if quote is None or self.facts.booked:
            return None
        return next((ref for ref, known in self.quotes.items() if known.id == quote.id), None)

    def _out_of_date(self, quote: Quote) -> bool:
        """Over, or not for the service and the class of vehicle that are spoken of now."""
        other_service = self.facts.service not in {None, quote.service.code}
        other_class = self.facts.vehicle_class not in {None, quote.vehicle_class}
        return quote.valid_until <= self.now or other_service or other_class

    async def _book(self, hold: Hold, quote: Quote) -> Appointment:
        anew: dict[str, object] = {"quote_id": str(quote.id), "start": hold.start.isoformat()}
        if hold.id is None or path.hold_expired(hold, self.now):
            return await self._book_with(anew)
        try:
            return await self._book_with({"hold_id": str(hold.id)})
        except BookingRefused as refusal:
            if refusal.code not in _HOLD_GONE:
                raise
        return await self._book_with(anew)

    async def _book_with(self, body: dict[str, object]) -> Appointment:
        """The key follows from the body: a worker that answers after another's crash books the same appointment."""
        self.tried = uuid5(self.conversation_id, "book:" + ":".join(str(value) for value in body.values()))
        return await self.booking.book(self.link, body, key=str(self.tried))

    async def _guarded(self, call: Awaitable[ValueT], start: datetime) -> ValueT:
        """A refusal's alternatives are times on offer like any others, with a receipt of their own."""
        try:
            return await call
        except BookingAway:
            self.refusals += 1
            raise
        except BookingRefused as refusal:
            self.refusals += 1
            if refusal.alternatives or refusal.code == "slot_taken":
                self._decline(start)
            if refusal.alternatives:
                self._alternatives(refusal.alternatives)
            raise

    def _alternatives(self, slots: tuple[Slot, ...]) -> None:
        ref = next_ref(self.receipts, "find_slots", "s")
        told = {
            "ref": ref,
            "quote": self._quote_ref(),
            "timezone": self.shop.timezone,
            "slots": list(times_told(ref, slots).values()),
        }
        self._became(Offered(slots))
        self.receipts.append(Receipt("find_slots", told, refused=True))

    def _settled(
        self,
        tool: str,
        changed: Change,
        happened: Happened,
        appointment: Appointment,
    ) -> None:
        self._became(happened)
        self.changed = changed
        self._receipt(tool, _told(appointment))

    def _became(self, happened: Happened) -> None:
        self.facts = path.after(self.facts, happened)

    def _receipt(self, tool: str, result: dict[str, object]) -> None:
        self.receipts.append(Receipt(tool, result))


def _same_job(quote: Quote, booked: Appointment) -> bool:
    return (quote.service.code, quote.service.addons) == (booked.service.code, booked.service.addons)


def _told(priced: Quote | Appointment) -> dict[str, object]:
    """With the car as it may be said: a receipt proves every word in it, and the car was typed by whoever wrote the form."""
    car = priced.vehicle.called if priced.vehicle else None
    return {**priced.model_dump(mode="json"), "vehicle": known_words(priced.vehicle), "car": car}


def _check_not_over(wish: Wish, today: date) -> None:
    last = wish.day or (wish.span[1] if wish.span else today)
    if last < today:
        raise NotPossible(f"{last.isoformat()} is over: today is {today:%A}, {today.isoformat()}")
