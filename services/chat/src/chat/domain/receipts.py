"""The receipts of a conversation, and what they prove now: prices, moments, services, deeds."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from shared.events import CatalogService, ClassPrice, Price

from chat.domain.speech.moments import DurationSaid, durations, times
from chat.domain.speech.text import folded
from chat.domain.speech.wordings import as_known
from chat.domain.values import LeadFacts, Quote, ShopFacts, vehicle_text

OFFER_FRESH = timedelta(minutes=30)
"""How long a time that was found open may still be called open; holding it asks booking again in any case."""


@dataclass(frozen=True)
class Receipt:
    """One tool result of this conversation. `refused`: it proves no deed, only its alternatives.

    `at`: when it was kept; `None` for one of the answer in the making.
    """

    tool: str
    result: Mapping[str, object]
    refused: bool = False
    at: datetime | None = None


@dataclass(frozen=True)
class Setting:
    """What every answer of the conversation may name besides its receipts. `said`: the customer's words, oldest first."""

    shop: ShopFacts
    lead: LeadFacts
    now: datetime
    vehicle_class: str | None = None
    appointment: str | None = None
    """The status of the conversation's appointment, which also proves."""
    said: tuple[str, ...] = ()

    @property
    def local_now(self) -> datetime:
        return self.now.astimezone(ZoneInfo(self.shop.timezone))


@dataclass(frozen=True)
class PriceFact:
    """An amount and what it is the price of. `about`: folded names. `vehicle_class`: `None` where it does not matter."""

    cents: int
    about: frozenset[str]
    vehicle_class: str | None = None
    total: bool = False
    """Of a quote or an appointment: the price that is booked."""
    begins: bool = False
    """Said only as `from`."""


@dataclass(frozen=True)
class Span:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Opening:
    """`weekday` and `day` are `None` where the hours were given for no special day. No `times`: closed."""

    times: frozenset[time]
    weekday: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Proof:
    """What an answer may say now. Moments are local at the location."""

    now: datetime
    prices: tuple[PriceFact, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    """Folded names and synonyms to the folded name."""
    service: str | None = None
    """What is spoken of when a sentence names no service: that of the newest quote."""
    vehicle_class: str | None = None
    slots: tuple[Span, ...] = ()
    appointment: Span | None = None
    left: Span | None = None
    """Where the appointment was before it was moved."""
    hold: Span | None = None
    expires: tuple[datetime, ...] = ()
    valid_until: tuple[datetime, ...] = ()
    openings: tuple[Opening, ...] = ()
    none_open: frozenset[date] = frozenset()
    durations: Mapping[str, int] = field(default_factory=dict)
    """Minutes by folded name of the service."""
    promises: frozenset[str] = frozenset()
    texts: str = ""
    """Folded: whatever the receipts say in words."""
    descriptions: Mapping[str, str] = field(default_factory=dict)
    """Folded, by folded name of the service: words with a space on both sides."""
    stated_durations: frozenset[int] = frozenset()
    words: frozenset[str] = frozenset()
    """Known words of names, small letters."""
    phrases: tuple[str, ...] = ()
    """Folded phrases whose figures are theirs: address, vehicle, booking number; longest first."""
    phone: str = ""
    link: str = ""
    """Where the customer manages the appointment: the only address that may be shown."""
    said: str = ""
    asked_last: str = ""


_DEEDS = {
    "book": "booked",
    "move_appointment": "moved",
    "cancel_appointment": "cancelled",
    "hold_slot": "held",
    "hand_off": "handed_off",
    "call_back": "called_back",
}
_PLAIN_VEHICLE = re.compile(r"[\w .&'-]{1,40}")
_UNSAFE_NAME = re.compile(
    r"[$€£%]|\b(?:free|gratis|dollars?|bucks|cents?|tint|price|book\w*|off|discount|ignore|system|override|gift|no charge)\b"
)


def proof_of(receipts: Sequence[Receipt], setting: Setting) -> Proof:
    """`receipts` oldest first. Only what is still in force counts: the newest offer, quotes not expired, no past times."""
    made = _Findings(setting)
    for receipt in receipts:
        made.take(receipt)
    return made.proof()


class _Findings:
    """The receipts read one after another; a later one may take back what an earlier one proved."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._zone = ZoneInfo(setting.shop.timezone)
        self._prices: dict[str, tuple[PriceFact, ...]] = {}
        self._services: dict[str, str] = {}
        self._durations: dict[str, int] = {}
        self._service: str | None = None
        self._slots: tuple[Span, ...] = ()
        self._slots_are_new = False
        self._hold: tuple[Span, ...] = ()
        self._appointment: Span | None = None
        self._left: Span | None = None
        self._link = ""
        self._expires: tuple[datetime, ...] = ()
        self._valid_until: tuple[datetime, ...] = ()
        self._openings: list[Opening] = []
        self._none_open: set[date] = set()
        self._promises: set[str] = set()
        self._texts: list[str] = []
        self._number: str | None = None
        self._descriptions: dict[str, str] = {}

    def take(self, receipt: Receipt) -> None:
        result = receipt.result
        if receipt.tool != "hand_off":  # its words are the model's own
            self._texts += _strings({k: v for k, v in result.items() if k != "timezone"})
        if not receipt.refused and receipt.tool in _DEEDS:
            self._promises.add(_DEEDS[receipt.tool])
        match receipt.tool:
            case "list_services":
                self._list(result)
            case "get_quote":
                self._quote(result)
            case "find_slots":
                self._offer(receipt)
            case "hold_slot" if not receipt.refused:
                self._held(result)
            case "get_hours":
                self._hours(result)
            case "book" | "move_appointment" | "get_appointment" if not receipt.refused:
                self._booked(result)
            case "cancel_appointment" if not receipt.refused:
                self._booked(result)
                self._promises -= {"booked", "moved", "held"}

    def _list(self, result: Mapping[str, object]) -> None:
        for row in _rows(result.get("services")):
            for service in _catalog_service(row):
                self._name(service.name, service.code, *service.synonyms)
                self._durations[_read(service.name)] = service.duration_minutes
                self._descriptions[_read(service.name)] = _spaced(_read(service.description))
                self._prices[f"list:{service.code}"] = tuple(_list_prices(service))

    def _name(self, name: str, *others: str) -> None:
        for other in (name, *others):
            self._services[_read(other)] = _read(name)

    def _quote(self, result: Mapping[str, object]) -> None:
        try:
            quote = Quote.model_validate(result)
        except ValidationError:
            return
        if quote.valid_until <= self._setting.now:
            return
        self._service = _read(quote.service.name)
        self._name(quote.service.name, quote.service.code)
        self._prices["quote"] = tuple(_quoted_prices(quote))
        self._valid_until = (quote.valid_until.astimezone(self._zone),)

    def _offer(self, receipt: Receipt) -> None:
        fresh = receipt.at is None or self._setting.now - receipt.at <= OFFER_FRESH
        spans = tuple(s for s in self._spans(receipt.result.get("slots")) if s.start > self._setting.now)
        if receipt.at is not None or not self._slots_are_new:
            self._slots = ()
        self._slots_are_new = receipt.at is None
        self._slots += spans if fresh else ()
        self._none_open = set() if receipt.at is not None else self._none_open
        if day := _iso_date(receipt.result.get("from_day")):
            first = min((s.start.date() for s in spans), default=date.max)
            self._none_open |= {day + timedelta(n) for n in range(14) if day + timedelta(n) < first}

    def _held(self, result: Mapping[str, object]) -> None:
        expires = self._moment(result.get("expires_at"))
        self._hold, self._expires = (), ()
        if expires is None or expires > self._setting.now:
            self._hold = tuple(self._spans([result]))
            self._expires = (expires,) if expires else ()
        else:
            self._promises.discard("held")

    def _booked(self, result: Mapping[str, object]) -> None:
        self._left, self._appointment = self._appointment, next(iter(self._spans([result])), None)
        if isinstance(link := result.get("manage_url"), str):
            self._link = link
        self._slots, self._hold, self._expires = (), (), ()
        if isinstance(number := result.get("number"), str):
            self._number = number
        service = result.get("service")
        if isinstance(service, Mapping) and isinstance(name := service.get("name"), str):
            self._name(name, str(service.get("code", name)))
            self._service = self._service or _read(name)
            if isinstance(cents := result.get("total_cents"), int):
                about = frozenset({_read(name)})
                self._prices["appointment"] = (
                    PriceFact(cents, about, self._setting.vehicle_class, total=True),
                )
        if result.get("status") == "booked":
            self._promises.add("booked")

    def _hours(self, result: Mapping[str, object]) -> None:
        rows = [row for value in result.values() for row in _rows(value)]
        for row in rows or [result]:
            said = " ; ".join(_strings(row))
            found = frozenset(_clock_times(said))
            closed = row.get("date") is not None and row.get("spans") in ([], ())
            if found or closed:
                self._openings.append(Opening(found, _weekday_of(row), _iso_date(row.get("date"))))

    def _spans(self, rows: object) -> Iterator[Span]:
        for row in _rows(rows):
            start, end = self._moment(row.get("start")), self._moment(row.get("end"))
            if start is not None:
                yield Span(start, end or start)

    def _moment(self, value: object) -> datetime | None:
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None
        if moment is None:
            return None
        return moment.astimezone(self._zone) if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def proof(self) -> Proof:
        setting, shop = self._setting, self._setting.shop
        promises = set(self._promises)
        if setting.appointment == "booked":
            promises.add("booked")
        if setting.appointment == "cancelled":
            promises = (promises - {"booked", "moved"}) | {"cancelled"}
        if promises & {"booked", "moved", "cancelled"}:
            promises |= {"appointment", "done"}
        texts = _read(" . ".join(self._texts))
        vehicle = _plain_vehicle(setting.lead)
        names = [
            shop.name,
            shop.address,
            vehicle,
            setting.lead.first_name,
            setting.lead.interest or "",
            *self._texts,
        ]
        named = " ".join(names)
        return Proof(
            now=setting.local_now,
            prices=tuple(fact for facts in self._prices.values() for fact in facts),
            services=dict(self._services),
            service=self._service,
            vehicle_class=setting.vehicle_class,
            slots=self._slots + self._hold,
            appointment=self._appointment,
            left=self._left if self._left != self._appointment else None,
            hold=next(iter(self._hold), None),
            expires=self._expires,
            valid_until=self._valid_until,
            openings=tuple(self._openings),
            none_open=frozenset(self._none_open),
            durations=self._durations,
            promises=frozenset(promises),
            texts=f"{texts} . {_read(setting.lead.interest or '')} . {_read(shop.name)}",
            descriptions=self._descriptions,
            stated_durations=frozenset(d.minutes for d in _durations_in(texts) if d.minutes),
            words=frozenset(re.findall(r"[a-z0-9]+", f"{folded(named)} {_read(named)}")),
            phrases=_phrases(shop, vehicle, self._number),
            phone=re.sub(r"\D", "", shop.phone)[-10:],
            link=self._link,
            said=_read(" . ".join(setting.said)),
            asked_last=_read(setting.said[-1]) if setting.said else "",
        )


def _read(text: str) -> str:
    return as_known(folded(text))


def _list_prices(service: CatalogService) -> Iterator[PriceFact]:
    about = frozenset({_read(service.name)})
    own = {price.vehicle_class for price in service.class_prices}
    for price in service.class_prices:
        yield from _span_prices(price, about, price.vehicle_class)
    if service.price.amount_cents is not None and service.price.kind != "on_request":
        yield from _span_prices(service.price, about, "other" if own else None)
    for addon in service.addons:
        yield PriceFact(addon.amount_cents, frozenset({_read(addon.name), _read(addon.code)}))


def _span_prices(
    price: Price | ClassPrice, about: frozenset[str], vehicle_class: str | None
) -> Iterator[PriceFact]:
    begins = getattr(price, "kind", "exact") in {"from", "range"} or price.max_cents is not None
    for cents in (price.amount_cents, price.max_cents):
        if cents is not None:
            yield PriceFact(cents, about, vehicle_class, begins=begins)


def _quoted_prices(quote: Quote) -> Iterator[PriceFact]:
    """Class `None`: a quote is for the customer's own vehicle, unless the sentence names another class."""
    labels = {_read(line.label) for line in quote.lines}
    about = frozenset({_read(quote.service.name), *labels})
    if quote.total_cents is not None and quote.kind != "on_request":
        begins = quote.kind in {"from", "range"}
        yield PriceFact(quote.total_cents, about, quote.vehicle_class, total=True, begins=begins)
    if len(quote.lines) > 1:
        for line in quote.lines:
            yield PriceFact(line.amount_cents, frozenset({_read(line.label)}), quote.vehicle_class)


def _catalog_service(row: Mapping[str, object]) -> Iterator[CatalogService]:
    """From what `list_services` shows of it; rows of another shape prove nothing."""
    prices = row.get("prices")
    known = {**row, **(prices if isinstance(prices, Mapping) else {})}
    try:
        yield CatalogService.model_validate(
            {"id": "", "synonyms": (), **{k: v for k, v in known.items() if k in CatalogService.model_fields}}
        )
    except ValidationError:
        return


def _phrases(shop: ShopFacts, vehicle: str, number: str | None) -> tuple[str, ...]:
    """The address with and without its tail, the vehicle in the ways people name it, the booking number."""
    parts = [part.strip() for part in shop.address.split(",")]
    address = [", ".join(parts[:n]) for n in range(1, len(parts) + 1)]
    known = [_read(p) for p in (*address, *_vehicle_names(vehicle), shop.name, number or "") if p]
    return tuple(sorted(known, key=len, reverse=True))


def _vehicle_names(vehicle: str) -> list[str]:
    """`2021 Honda Civic`, `Honda Civic`, `2021 Civic`, `Civic 2021`; no model of several words with figures of its own."""
    year, _, named = vehicle.partition(" ")
    if not year.isdigit():
        return [vehicle]
    model = named.partition(" ")[2]
    names = [named] if not _ONE_MODEL.fullmatch(model) else [named, model]
    return [vehicle, *names, *(f"{year} {n}" for n in names), *(f"{n} {year}" for n in names)]


_ONE_MODEL = re.compile(r"[A-Za-z][\w-]{3,}")


def _plain_vehicle(lead: LeadFacts) -> str:
    """The vehicle as the form gave it, if it reads like one: figures in anything else are checked like all others."""
    text = vehicle_text(lead.vehicle) or ""
    unsafe = _UNSAFE_NAME.search(folded(text)) or not _PLAIN_VEHICLE.fullmatch(text)
    return "" if unsafe else text


def _spaced(text: str) -> str:
    words = " ".join(re.findall(r"[a-z0-9']+|[^a-z0-9' ]", text))
    return f" {words} "


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case Mapping():
            return [s for inner in value.values() for s in _strings(inner)]
        case list() | tuple():
            return [s for inner in value for s in _strings(inner)]
        case _:
            return []


def _iso_date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _weekday_of(row: Mapping[str, object]) -> int | None:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    word = str(row.get("weekday", "")).lower()
    return names.index(word) if word in names else None


def _clock_times(said: str) -> Iterator[time]:
    for found in times(_read(said)):
        yield from found.times


def _durations_in(texts: str) -> Iterable[DurationSaid]:
    return durations(texts)
