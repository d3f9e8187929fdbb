"""What an assistant can do, for one lead in one conversation; each result becomes a receipt."""

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, TypeVar
from uuid import UUID, uuid5

from shared.events import BookingRequested, CatalogService
from shared.http.links import Link

from chat.clients.booking import BookingAway, BookingClient, BookingRefused
from chat.domain import conversation as path
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
    WentAside,
    WishKept,
)
from chat.domain.money import catalog_price
from chat.domain.phrases import moment
from chat.domain.receipts import Receipt
from chat.domain.values import Appointment, Hold, OpeningHours, Quote, ShopFacts, Slot, SlotList
from chat.domain.wishes import Wish, fits, three_of

ValueT = TypeVar("ValueT")

_NO_PRICE = {"price_on_request", "unknown_service"}
_HOLD_GONE = {"hold_expired", "hold_not_found", "not_found"}


class NotPossible(Exception):
    """The step is not open now; `reason` says to an assistant what is missing."""


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
    """`asked_for`: the slots are what was wished; otherwise the nearest there are."""

    slots: SlotList
    asked_for: bool


@dataclass
class Tools:
    """Bound to the lead of `link`: nothing said in the conversation can point it elsewhere.

    `yes`: the newest message is an explicit yes. `phone`: the number that the lead gave. `refusals`: bookings that failed
    in this turn, `quoted` and `degraded`: a price came, booking did not answer. `price_unknown`: one was asked for that the
    catalogue does not have. `facts` and `receipts` are stored with the reply. Calls raise
    `BookingAway`, `BookingRefused` or `NotPossible`.
    """

    link: Link
    conversation_id: UUID
    shop: ShopFacts
    facts: Facts
    now: datetime
    yes: bool
    booking: BookingClient
    receipts: list[Receipt] = field(default_factory=list)
    phone: str | None = None
    hand_off_wish: HandOffWish | None = None
    call_back_wish: CallBackWish | None = None
    booking_wish: BookingRequested | None = None
    changed: Literal["booked", "moved", "cancelled"] | None = None
    refusals: int = 0
    price_unknown: bool = False
    quoted: bool = False
    degraded: bool = False

    @property
    def services(self) -> tuple[CatalogService, ...]:
        return self.shop.catalog.services if self.shop.catalog else ()

    def list_services(self) -> tuple[CatalogService, ...]:
        listed = [
            {
                "code": s.code,
                "name": s.name,
                "description": s.description,
                "price": catalog_price(s, self.facts.vehicle_class),
                "prices": s.model_dump(mode="json", include={"price", "class_prices", "addons"}),
                "duration_minutes": s.duration_minutes,
            }
            for s in self.services
        ]
        self._receipt("list_services", {"services": listed})
        return self.services

    async def get_quote(
        self, service: str, vehicle_class: str | None = None, addons: Sequence[str] = ()
    ) -> Quote:
        try:
            quote = await self.booking.quote(
                self.link,
                service=service,
                vehicle_class=vehicle_class or self.facts.vehicle_class,
                addons=addons,
            )
        except BookingRefused as refusal:
            self.price_unknown = self.price_unknown or refusal.code in _NO_PRICE
            raise
        self.quoted = True
        self.price_unknown = self.price_unknown or quote.total_cents is None
        self._became(Quoted(quote))
        self._receipt("get_quote", quote.model_dump(mode="json"))
        return quote

    async def find_slots(self, wish: Wish, *, from_date: date | None = None) -> Offer:
        """Three times to choose from; needs a quote, which it renews when it is out of date.

        `wish.day` is the only day wanted, `from_date` the first of them.
        """
        job = await self._job()
        first_day = wish.first_day or from_date
        open_slots = await self.booking.slots(self.link, job, first_day=first_day)
        if not open_slots.slots and first_day is not None:
            open_slots = await self.booking.slots(self.link, job, first_day=None)
        fitting = tuple(s for s in open_slots.slots if fits(s, wish, open_slots.timezone))
        chosen = three_of(fitting or open_slots.slots, open_slots.timezone)
        offer = SlotList(timezone=open_slots.timezone, slots=chosen)
        self._became(Offered(chosen))
        asked = wish.day or from_date
        from_day = {"from_day": asked.isoformat()} if asked else {}
        self._receipt("find_slots", {**offer.model_dump(mode="json"), **from_day})
        return Offer(offer, asked_for=bool(fitting))

    async def hold_slot(self, start: datetime) -> Hold:
        """Taken: `BookingRefused` with alternatives, which are then the times on offer."""
        label = next((s.label for s in self.facts.offered if s.start == start), "")
        known = self.facts.hold
        if self.facts.booked:
            hold = self._new_time(start)
        elif known and known.start == start and not path.hold_expired(known, self.now):
            hold = known
        else:
            quote = await self._fresh_quote()
            hold = await self._guarded(self.booking.hold(self.link, quote_id=quote.id, start=start))
        hold = hold.model_copy(update={"label": label or moment(hold.start, self.shop.timezone)})
        self._became(Held(hold))
        self._receipt("hold_slot", hold.model_dump(mode="json"))
        return hold

    async def book(self) -> Appointment:
        if not path.may_book(self.facts, yes=self.yes) or self.facts.hold is None or self.facts.quote is None:
            raise NotPossible("hold a time and get the customer's explicit yes first")
        try:
            appointment = await self._guarded(self._book(self.facts.hold, self.facts.quote))
        except BookingRefused:
            self._became(HoldLost() if not self.facts.offered else Offered(self.facts.offered))
            raise
        self._settled("book", "booked", Booked(appointment), appointment)
        return appointment

    async def move_appointment(self) -> Appointment:
        booked, hold = self.facts.booked, self.facts.hold
        if not path.may_move(self.facts, yes=self.yes) or booked is None or hold is None:
            raise NotPossible("pick the new time with hold_slot and get the customer's explicit yes first")
        appointment = await self._guarded(self.booking.move(self.link, booked.id, hold.start))
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
        self._receipt("get_appointment", known.model_dump(mode="json"))
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
        opening = await self.get_hours()
        self.hand_off_wish = HandOffWish(kind, reason[:200], summary[:1000], opening)
        self._became(HandedOff())
        self._receipt("hand_off", {"reason": reason[:200]})

    def ask_call_back(self) -> None:
        self._became(CallBackAsked(number_known=self.phone is not None))

    async def keep_call_back(self, phone: str) -> None:
        """The receipt without which nobody may say that somebody will call."""
        opening = await self.get_hours()
        self.call_back_wish = CallBackWish(phone, opening)
        self._became(CallBackKept())
        self._receipt("call_back", {"number_ends_in": phone[-4:]})

    def keep_wish(self, start: datetime, request_id: UUID) -> None:
        """Booking is away: the wish goes as an event and is answered by one."""
        self.booking_wish = BookingRequested(
            request_id=request_id,
            lead_id=self.link.subject_id,
            service=self.facts.service or (self.facts.quote.service.code if self.facts.quote else ""),
            vehicle_class=self.facts.vehicle_class,
            wished_start=start,
        )
        self._became(WishKept())

    def went_aside(self, aside: Aside) -> None:
        self.degraded = self.degraded or aside is Aside.DEGRADED
        self._became(WentAside(aside))

    def let_go(self) -> None:
        self._became(HoldLost())

    def name_vehicle_class(self, vehicle_class: str) -> None:
        self.facts = replace(self.facts, vehicle_class=vehicle_class)

    def name_service(self, service: str) -> None:
        self.facts = replace(self.facts, service=service)

    async def _job(self) -> dict[str, str]:
        """What a time is wanted for: the quoted job, or the appointment that is to move."""
        if self.facts.booked:
            return {"appointment_id": str(self.facts.booked.id)}
        return {"quote_id": str((await self._fresh_quote()).id)}

    async def _fresh_quote(self) -> Quote:
        quote = self.facts.quote
        service = self.facts.service or (quote.service.code if quote else None)
        if service is None:
            raise NotPossible("get_quote for a service first")
        stale = quote is None or quote.valid_until <= self.now or quote.service.code != service
        other_vehicle = quote and self.facts.vehicle_class not in {None, quote.vehicle_class}
        if quote is None or stale or other_vehicle:
            return await self.get_quote(service)
        return quote

    def _new_time(self, start: datetime) -> Hold:
        """Booking swaps old and new time in one step, so nothing is held before the yes."""
        end = next((s.end for s in self.facts.offered if s.start == start), start)
        return Hold(start=start, end=end)

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
        key = uuid5(self.conversation_id, "book:" + ":".join(str(value) for value in body.values()))
        return await self.booking.book(self.link, body, key=str(key))

    async def _guarded(self, call: Awaitable[ValueT]) -> ValueT:
        """A refusal's alternatives are times on offer like any others, with a receipt of their own."""
        try:
            return await call
        except BookingAway:
            self.refusals += 1
            raise
        except BookingRefused as refusal:
            self.refusals += 1
            if refusal.alternatives:
                self._alternatives(refusal.alternatives)
            raise

    def _alternatives(self, slots: tuple[Slot, ...]) -> None:
        offer = SlotList(timezone=self.shop.timezone, slots=slots)
        self._became(Offered(slots))
        self.receipts.append(Receipt("find_slots", offer.model_dump(mode="json"), refused=True))

    def _settled(
        self,
        tool: str,
        changed: Literal["booked", "moved", "cancelled"],
        happened: Happened,
        appointment: Appointment,
    ) -> None:
        self._became(happened)
        self.changed = changed
        self._receipt(tool, appointment.model_dump(mode="json"))

    def _became(self, happened: Happened) -> None:
        self.facts = path.after(self.facts, happened)

    def _receipt(self, tool: str, result: dict[str, object]) -> None:
        self.receipts.append(Receipt(tool, result))
