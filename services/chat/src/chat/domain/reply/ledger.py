"""What the receipts of a conversation prove now, under short ids, and its rendering: the only way a fact gets into a reply."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from shared.events import Addon, CatalogService, Price, Vehicle
from shared.prices import amount_text

from chat.domain.language import Language
from chat.domain.receipts import Receipt, times_in
from chat.domain.reply import render
from chat.domain.reply.tags import Piece, Tag
from chat.domain.values import (
    Appointment,
    LeadFacts,
    OpeningDay,
    OpeningHours,
    Quote,
    QuoteLine,
    ShopFacts,
    Slot,
    phone_text,
)

ValueT = TypeVar("ValueT")

HOURS_FRESH = timedelta(hours=12)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Setting:
    """What an answer may rest on besides the receipts. `said`: the customer's words, oldest first."""

    shop: ShopFacts
    lead: LeadFacts
    now: datetime
    vehicle_class: str | None = None
    appointment: Appointment | None = None
    said: tuple[str, ...] = ()
    vehicle: Vehicle | None = None
    """The one spoken of."""

    @property
    def services(self) -> tuple[CatalogService, ...]:
        return self.shop.catalog.services if self.shop.catalog else ()


class Unproved(Exception):
    """A tag that no receipt in force stands behind; the reason is told to the model."""


@dataclass(frozen=True)
class Quoted:
    """`car`: as the quote names it; `None`: the customer's own, as far as it is known."""

    quote: Quote
    car: str | None = None


@dataclass(frozen=True)
class Ledger:
    """`deeds`: what was done in this conversation and still stands. `about`: code of the service quoted last."""

    setting: Setting
    quotes: Mapping[str, Quoted] = field(default_factory=dict)
    offers: Mapping[str, Mapping[str, Slot]] = field(default_factory=dict)
    """By search, those to choose from by their own ids."""
    times: Mapping[str, Slot] = field(default_factory=dict)
    """All that a search told of, by id."""
    jobs: Mapping[str, str] = field(default_factory=dict)
    """By search, the id of the quote that its times are for."""
    days: Mapping[date, OpeningDay] = field(default_factory=dict)
    deeds: frozenset[str] = frozenset()
    held: datetime | None = None
    """Start of the time that is held."""
    about: str | None = None

    def deeds_at(self, sentence: Sequence[Piece]) -> frozenset[str]:
        """What a sentence may say was done: of another time than it was done for, nothing."""
        told = [p for p in sentence if isinstance(p, Tag) and p.name in {"time", "times"}]
        if not told:
            return self.deeds
        starts = {self.times[p.ref].start if p.name == "time" and p.ref in self.times else None for p in told}
        return self.deeds & {"held"} if starts == {self.held} else frozenset()

    def moments_of(self, tag: Tag) -> list[datetime]:
        """In the shop's zone, those that it is rendered with; of hours the first opening of their day. None for what is not in force."""
        zone = ZoneInfo(self.setting.shop.timezone)
        try:
            found = self._moments(tag)
        except (KeyError, ValueError):
            return []
        return [moment.astimezone(zone) for moment in found]

    def _moments(self, tag: Tag) -> list[datetime]:
        match tag.name, tag.ref:
            case "time", ref:
                return [self.times[ref].start]
            case "times", ref:
                return [slot.start for slot in self._offer(ref)]
            case "appointment", "" | "time":
                return [self._booked().start]
            case "hours" | "opens" | "closes", ref if ref:
                day = self._day(ref)
                opens = day.spans[0].opens if day.spans else time()
                return [datetime.combine(day.date, opens, ZoneInfo(self.setting.shop.timezone))]
        return []

    def rendered(self, tag: Tag, language: Language) -> str:
        """Raises `Unproved`."""
        try:
            return self._rendered(tag, language)
        except (KeyError, ValueError) as error:
            raise Unproved(
                f"{tag} is not in force; use a tag that is listed, or a tool to get one"
            ) from error

    def service_of(self, tag: Tag) -> str | None:
        """Code of the service whose fact it is."""
        ref = tag.ref.partition("/")[0]
        quoted = self.quotes.get(ref.partition(".")[0])
        return quoted.quote.service.code if quoted else ref if ref in self._codes else None

    def class_of(self, tag: Tag) -> str | None:
        quoted = self.quotes.get(tag.ref.partition(".")[0])
        return (
            quoted.quote.vehicle_class if quoted else tag.ref.partition("/")[2] or self.setting.vehicle_class
        )

    def car_of(self, tag: Tag) -> str | None:
        """Of a quote for one: the car as it is named; else the one spoken of, if its class is what the fact is for."""
        quoted = self.quotes.get(tag.ref.partition(".")[0])
        if quoted and quoted.car:
            return quoted.car
        own = self.setting.vehicle or self.setting.lead.vehicle
        return own.named if own and self.class_of(tag) == self.setting.vehicle_class else None

    def is_by_class(self, tag: Tag) -> bool:
        """Whether the fact depends on the class of vehicle."""
        ref = tag.ref.partition("/")[0]
        services = self.setting.services
        known = {a.code: bool(a.class_prices) for s in services for a in s.addons}
        known |= {s.code: bool(s.class_prices) for s in services}
        return known.get(ref, True)

    def _rendered(self, tag: Tag, language: Language) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each tag
        shop, now = self.setting.shop, self.setting.now
        match tag.name, tag.ref:
            case "price", ref:
                return amount_text(self.price(ref), language)
            case "total", ref:
                return amount_text(render.total([self.price(one) for one in _several(ref)]), language)
            case "valid", ref:
                until = self.quotes[ref].quote.valid_until.astimezone(ZoneInfo(shop.timezone))
                return render.day_text(until.date(), language)
            case "duration", ref:
                return render.length(self._service(self.service_of(tag) or ref).duration_minutes, language)
            case "about", ref:
                return _sentence(self._service(self.service_of(tag) or ref).description)
            case "time", ref:
                return render.moment(self.times[ref].start, shop.timezone, language, now)
            case "times", ref:
                return render.times((s.start for s in self._offer(ref)), shop.timezone, language, now)
            case "hours", "":
                return render.week_hours(self._week(), language)
            case "hours", ref:
                day = self._day(ref)
                named = render.day_text(day.date, language)
                return f"{named}, {render.day_hours(day, language)}"
            case "opens", ref:
                return render.clock(self._open(ref).spans[0].opens, language)
            case "closes", ref:
                return render.clock(self._open(ref).spans[-1].closes, language)
            case "know", ref:
                return self._known(ref, language)
            case "address", "":
                return shop.address
            case "phone", "":
                return phone_text(shop.phone)
            case "appointment", "time":
                return render.moment(self._booked().start, shop.timezone, language, now)
            case "appointment", "number":
                return self._booked().number
            case "appointment", "":
                return render.appointment(self._booked(), language, now)
            case "link", "":
                return self._booked().manage_url
        raise KeyError(str(tag))

    def price(self, ref: str) -> Price:
        """`q1`, `q1.2` (a line of it), `full-carbon` or `full-carbon/suv`, or the code of an add-on."""
        quote_id, _, line = ref.partition(".")
        if quote_id in self.quotes:
            quote = self.quotes[quote_id].quote
            return _line_price(quote, _nth(quote.lines, line)) if line else quote.price
        code, _, vehicle_class = ref.partition("/")
        if vehicle_class and vehicle_class not in self._classes:
            raise KeyError(ref)
        if addon := next((a for s in self.setting.services for a in s.addons if a.code == code), None):
            return addon_price(addon, vehicle_class or self.setting.vehicle_class)
        return render.list_price(self._service(code), vehicle_class or self.setting.vehicle_class)

    @property
    def _codes(self) -> frozenset[str]:
        return frozenset(s.code for s in self.setting.services)

    @property
    def _classes(self) -> tuple[str, ...]:
        return self.setting.shop.catalog.vehicle_classes if self.setting.shop.catalog else ()

    def _service(self, code: str) -> CatalogService:
        return {s.code: s for s in self.setting.services}[code]

    def _offer(self, ref: str) -> list[Slot]:
        """Raises `ValueError` where nothing was found."""
        if not self.offers[ref]:
            raise ValueError(ref)
        return list(self.offers[ref].values())

    def _known(self, ref: str, language: Language) -> str:
        """In English where the shop gave no other."""
        entry = {k.code: k for k in self.setting.shop.knowledge}[ref]
        return (entry.es if language == "es" else "") or entry.en

    def _week(self) -> list[OpeningDay]:
        """Raises `ValueError` where none are known."""
        if not self.days:
            raise ValueError("no hours")
        return [self.days[day] for day in sorted(self.days)][:7]

    def _day(self, ref: str) -> OpeningDay:
        today = self.setting.now.astimezone(ZoneInfo(self.setting.shop.timezone)).date()
        near = {"today": today, "tomorrow": today + render.DAY}
        if ref in _WEEKDAYS:
            return {_WEEKDAYS[day.date.weekday()]: day for day in reversed(self._week())}[ref]
        return self.days[near.get(ref) or date.fromisoformat(ref)]

    def _open(self, ref: str) -> OpeningDay:
        day = self._day(ref)
        if not day.spans:
            raise ValueError(ref)
        return day

    def _booked(self) -> Appointment:
        appointment = self.setting.appointment
        if appointment is None or appointment.status != "booked":
            raise KeyError("appointment")
        return appointment

    def _job(self, search: str) -> str:
        quoted = self.quotes.get(self.jobs.get(search, ""))
        return f" for {self.jobs[search]}, {_job_text(quoted)}" if quoted else ""

    def lines(self) -> list[str]:
        """What is in force, as the model reads it; figures are for its orientation."""
        zone, now = self.setting.shop.timezone, self.setting.now
        return [
            *(_quote_line(name, quoted, zone) for name, quoted in self.quotes.items()),
            *(
                f"{name}: {_offer_line(name, self._job(name), slots, zone, now)}"
                for name, slots in self.offers.items()
            ),
            *([f"Opening hours: {{hours}} = {render.week_hours(self._week(), 'en')}"] if self.days else []),
        ]


def ledger_of(receipts: Sequence[Receipt], setting: Setting) -> Ledger:
    """`receipts` oldest first. Ids count all of them, so that they stay; only what is in force is kept."""
    read = _Reading(setting)
    for receipt in receipts:
        read.take(receipt)
    return Ledger(
        setting,
        read.quotes,
        read.offers,
        read.times,
        read.jobs,
        read.days,
        read.standing_deeds(),
        read.held,
        read.about,
    )


_DEEDS = {
    "book": "booked",
    "move_appointment": "moved",
    "cancel_appointment": "cancelled",
    "hand_off": "handed_off",
    "call_back": "called_back",
}


class _Reading:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._counts = {"q": 0, "s": 0}
        self.quotes: dict[str, Quoted] = {}
        self.offers: dict[str, dict[str, Slot]] = {}
        self.times: dict[str, Slot] = {}
        self.jobs: dict[str, str] = {}
        self.days: dict[date, OpeningDay] = {}
        self.held: datetime | None = None
        self.about: str | None = None
        self._found_by: dict[str, str] = {}
        self._deeds: set[str] = set()

    def take(self, receipt: Receipt) -> None:
        if not receipt.refused and receipt.tool in _DEEDS:
            self._deeds.add(_DEEDS[receipt.tool])
        match receipt.tool:
            case "get_quote":
                self._quote(receipt)
            case "find_slots":
                self._offer(receipt)
            case "hold_slot" if not receipt.refused:
                self._hold(receipt.result)
            case "get_hours":
                self._hours(receipt)
            case "decline" if datetime.fromisoformat(str(receipt.result["start"])) == self.held:
                self._let_go()
            case "book" | "move_appointment" | "cancel_appointment" if not receipt.refused:
                self._forget_times()
                self._let_go()
                if receipt.tool == "cancel_appointment":
                    self._deeds -= {"booked", "moved"}
                elif receipt.tool == "book":
                    self._deeds -= {"cancelled"}

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind]}"

    def _quote(self, receipt: Receipt) -> None:
        name = self._next("q")
        try:
            quote = Quote.model_validate(receipt.result)
        except ValidationError:
            return
        if quote.valid_until > self._setting.now:
            car = receipt.result.get("car")
            quoted = Quoted(quote, car if isinstance(car, str) else None)
            self._forget_times_of_other_jobs(quoted)
            self.quotes[name] = quoted
            self.about = quote.service.code

    def _offer(self, receipt: Receipt) -> None:
        """After a refusal nothing that was offered before is sure any more."""
        name = self._next("s")
        if receipt.refused:
            self._forget_times()
        if not receipt.in_force(self._setting.now):
            return
        told = {
            ref: slot for ref, slot in _named_times(name, receipt.result) if slot.start > self._setting.now
        }
        chosen = dict(_named_times(name, {n: receipt.result.get(n) for n in ("slots", "nearest")}))
        self.times |= told
        self._found_by |= dict.fromkeys(told, name)
        if (job := self._job_of(receipt)) is not None:
            self.jobs[name] = job
        self.offers[name] = {ref: slot for ref, slot in told.items() if ref in chosen}

    def _job_of(self, receipt: Receipt) -> str | None:
        """The newest quote where the search names none."""
        return str(receipt.result.get("quote") or next(reversed(self.quotes), "")) or None

    def _forget_times_of_other_jobs(self, quoted: Quoted) -> None:
        """Another job takes another time. One that is quoted again is the same."""
        for search in [
            s for s in self.offers if not _same_job(self.quotes.get(self.jobs.get(s, "")), quoted)
        ]:
            del self.offers[search]
            self.times = {ref: slot for ref, slot in self.times.items() if self._found_by[ref] != search}

    def _forget_times(self) -> None:
        self.offers.clear()
        self.times.clear()

    def _hold(self, result: Mapping[str, object]) -> None:
        """A time that an appointment is to move to has no end: it is picked, not held."""
        self._let_go()
        expires, start = result.get("expires_at"), result.get("start")
        if isinstance(expires, str) and datetime.fromisoformat(expires) > self._setting.now:
            self._deeds.add("held")
            self.held = datetime.fromisoformat(str(start))

    def _let_go(self) -> None:
        self._deeds.discard("held")
        self.held = None

    def _hours(self, receipt: Receipt) -> None:
        if receipt.at is not None and self._setting.now - receipt.at > HOURS_FRESH:
            return
        try:
            opening = OpeningHours.model_validate(receipt.result)
        except ValidationError:
            return
        today = self._setting.now.astimezone(ZoneInfo(self._setting.shop.timezone)).date()
        self.days |= {day.date: day for day in opening.days if day.date >= today}

    def standing_deeds(self) -> frozenset[str]:
        """An event may have changed the appointment: it knows better."""
        known = self._setting.appointment
        if known is None or known.status == "cancelled":
            self._deeds -= {"booked", "moved"}
        if known is not None:
            self._deeds -= {"cancelled"}
            self._deeds |= {known.status}
        return frozenset(self._deeds)


def _named_times(search: str, result: Mapping[str, object]) -> Iterator[tuple[str, Slot]]:
    """All that a search told of, by the ids that it gave them, else by their place."""
    for place, row in enumerate(times_in(result), 1):
        try:
            yield str(row.get("ref") or f"{search}.{place}"), Slot.model_validate(row)
        except ValidationError:
            continue


def _quote_line(name: str, quoted: Quoted, zone: str) -> str:
    quote = quoted.quote
    parts = [
        f"{line.label} {{price:{name}.{n}}} = {amount_text(_line_price(quote, line))}"
        for n, line in enumerate(quote.lines, 1)
    ]
    detail = f"; of which {', '.join(parts)}" if len(parts) > 1 else ""
    until = render.day_text(quote.valid_until.astimezone(ZoneInfo(zone)).date())
    price = f"{{price:{name}}} = {amount_text(quote.price)}{detail}"
    return f"{name}: quote for {_job_text(quoted)}: {price}; holds until {{valid:{name}}} = {until}"


def _same_job(one: Quoted | None, other: Quoted) -> bool:
    return one is not None and _job_text(one) == _job_text(other)


def _job_text(quoted: Quoted) -> str:
    quote = quoted.quote
    return (
        f"{quote.service.job()} ({quote.service.code}), {quoted.car or quote.vehicle_class or 'any vehicle'}"
    )


def _line_price(quote: Quote, line: QuoteLine) -> Price:
    """No firmer than the whole."""
    return Price(kind="from" if quote.kind == "range" else quote.kind, amount_cents=line.amount_cents)


def addon_price(addon: Addon, vehicle_class: str | None) -> Price:
    """Raises `KeyError` where it depends on a class that is not known."""
    prices = {price.vehicle_class: price.amount_cents for price in addon.class_prices}
    if prices and vehicle_class is None:
        raise KeyError(addon.code)
    return Price(kind="exact", amount_cents=prices.get(vehicle_class or "", addon.amount_cents))


def _offer_line(name: str, job: str, slots: Mapping[str, Slot], zone: str, now: datetime) -> str:
    said = [
        f"{{time:{ref}}} = {render.moment(s.start, zone, 'en', now)}, start {s.start.isoformat()}"
        for ref, s in slots.items()
    ]
    return (
        f"open times{job}, all of them {{times:{name}}}: {'; '.join(said)}"
        if said
        else f"no open time found{job}"
    )


def parts_of(tag: Tag) -> list[Tag]:
    """Of a total, its prices."""
    return [Tag("price", ref) for ref in tag.ref.split("+")] if tag.name == "total" else [tag]


def _several(ref: str) -> list[str]:
    """Raises `ValueError` for one that is counted twice."""
    parts = ref.split("+")
    if len(set(parts)) < len(parts):
        raise ValueError(ref)
    return parts


def _nth(values: Sequence[ValueT], number: str) -> ValueT:
    """From 1. Raises `KeyError`."""
    if not number.isdigit() or not 1 <= int(number) <= len(values):
        raise KeyError(number)
    return values[int(number) - 1]


def _sentence(text: str) -> str:
    """Raises `ValueError` where there is none."""
    if not text.strip():
        raise ValueError("no text")
    return text.strip()
