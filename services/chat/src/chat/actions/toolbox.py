"""The tools as a model may call them: what each takes, and what it then reads of the result."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from shared.events import Vehicle

from chat.actions.tools import Tools
from chat.clients.booking import BookingRefused
from chat.domain.prompt import ToolSpec
from chat.domain.values import Part, Quote, QuotePart, SlotList, slots_part
from chat.domain.wishes import WEEKDAYS, Order, PartOfDay, Wish

InputT = TypeVar("InputT", bound=BaseModel)
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@dataclass(frozen=True)
class Used:
    """`result` is for the model, `parts` (by what they are of) are for the customer."""

    result: Mapping[str, object]
    parts: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True)
class Tool(Generic[InputT]):
    name: str
    description: str
    input: type[InputT]
    run: Callable[[Tools, InputT], Awaitable[Used]]

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, _without_titles(self.input.model_json_schema()))

    async def use(self, tools: Tools, given: Mapping[str, object]) -> Used:
        """Raises `ValidationError`, and what the tools raise."""
        return await self.run(tools, self.input.model_validate(given))


async def use(tools: Tools, name: str, given: Mapping[str, object]) -> Used:
    """Raises `ValidationError`, `NotPossible` and `BookingAway`; a refusal of booking is a result like any other."""
    tool = next((tool for tool in TOOLBOX if tool.name == name), None)
    if tool is None:
        return Used({"error": f"no tool named {name[:40]}"})
    try:
        return await tool.use(tools, given)
    except BookingRefused as refusal:
        return _refused(tools, refusal)


def _refused(tools: Tools, refusal: BookingRefused) -> Used:
    offer = SlotList(timezone=tools.shop.timezone, slots=refusal.alternatives)
    if not offer.slots:
        return Used({"error": refusal.code, "alternatives": []})
    told = tools.receipts[-1].result["slots"]
    return Used({"error": refusal.code, "alternatives": told}, _times(tools, offer))


def _without_titles(schema: dict[str, Any]) -> dict[str, object]:
    """What a model needs of a schema."""
    properties = {
        name: {key: value for key, value in one.items() if key != "title"}
        for name, one in schema.get("properties", {}).items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Nothing(_Input):
    pass


_Quote = Annotated[
    str | None, Field(description="Ref of a quote (q1) where another than the newest is meant.")
]
_Service = Annotated[str, Field(description="The service's code from list_services.")]


class _VehicleInput(_Input):
    year: Annotated[int | None, Field(ge=1900, le=2100)] = None
    make: str | None = None
    model: str | None = None
    vehicle_class: Annotated[
        str | None, Field(description="Only as the customer says it: coupe, sedan, suv, truck or van.")
    ] = None


class _QuoteInput(_Input):
    service: _Service
    vehicle_class: Annotated[
        str | None, Field(description="Leave out for the car at hand; another class means another car.")
    ] = None
    addons: Annotated[tuple[str, ...], Field(description="Codes of add-ons from list_services.")] = ()


class _TiersInput(_Input):
    service: Annotated[str, Field(description="Code of one of the services, or their family.")]


class _SlotsInput(_Input):
    service: Annotated[str | None, Field(description="Code; for the service quoted last leave it out.")] = (
        None
    )
    quote: _Quote = None
    from_date: Annotated[date | None, Field(description="First day, YYYY-MM-DD at the shop.")] = None
    to_date: Annotated[date | None, Field(description="Last day; the same as from_date for one day.")] = None
    weekdays: Annotated[tuple[Weekday, ...], Field(description="Only on these.")] = ()
    after: Annotated[time | None, Field(description="HH:MM; not before.")] = None
    before: Annotated[time | None, Field(description="HH:MM; not after.")] = None
    part_of_day: PartOfDay | None = None
    order: Annotated[
        Order | None,
        Field(
            description="Which of many: the earliest (soonest), or the latest hours of a day, nearest days first."
        ),
    ] = None


class _HoldInput(_Input):
    start: Annotated[
        str, Field(description="Ref (s1.1) or start of a time from find_slots, exactly as given.")
    ]
    quote: _Quote = None


class _HandOffInput(_Input):
    reason: Annotated[str, Field(description="Why, in a few words.")] = "asked for a person"
    summary: Annotated[str, Field(description="What a colleague must know.")] = ""


def _last(tools: Tools) -> Used:
    return Used(dict(tools.receipts[-1].result))


async def _list_services(tools: Tools, _: _Nothing) -> Used:
    tools.list_services()
    return _last(tools)


async def _compare_tiers(tools: Tools, given: _TiersInput) -> Used:
    tools.compare_tiers(given.service)
    return _last(tools)


async def _set_vehicle(tools: Tools, given: _VehicleInput) -> Used:
    tools.set_vehicle(Vehicle(**given.model_dump()))
    return _last(tools)


async def _get_quote(tools: Tools, given: _QuoteInput) -> Used:
    quote = await tools.get_quote(given.service, given.vehicle_class, given.addons)
    return Used(dict(tools.receipts[-1].result), _price(tools, quote))


def _price(tools: Tools, quote: Quote) -> dict[str, Part]:
    return {f"quote {quote.service.code} {quote.vehicle}": QuotePart.of(quote, tools.language)}


async def _find_slots(tools: Tools, given: _SlotsInput) -> Used:
    if given.service is not None:
        tools.name_service(given.service)
    before = tools.facts.quote
    offer = await tools.find_slots(_wish(given), quote=given.quote)
    told, quote = dict(tools.receipts[-1].result), tools.facts.quote
    priced = _price(tools, quote) if quote is not None and quote != before else {}
    return Used(told, priced | _times(tools, offer.slots))


def _wish(given: _SlotsInput) -> Wish:
    """A range without its end is open there."""
    span = (given.from_date or date.min, given.to_date or date.max)
    return Wish(
        span=span if given.from_date or given.to_date else None,
        weekdays=frozenset(WEEKDAYS.index(name) for name in given.weekdays),
        not_before=given.after,
        not_after=given.before,
        part=given.part_of_day,
        order=given.order,
    )


def _times(tools: Tools, offer: SlotList) -> dict[str, Part]:
    quote = tools.facts.quote
    return {"slots": slots_part(offer, quote.id if quote else None)}


async def _hold_slot(tools: Tools, given: _HoldInput) -> Used:
    await tools.hold_slot(tools.start_of(given.start), quote=given.quote)
    return _last(tools)


async def _book(tools: Tools, _: _Nothing) -> Used:
    await tools.book()
    return _last(tools)


async def _move_appointment(tools: Tools, _: _Nothing) -> Used:
    await tools.move_appointment()
    return _last(tools)


async def _cancel_appointment(tools: Tools, _: _Nothing) -> Used:
    if await tools.cancel_appointment() is None:
        return Used({"asked": "the customer is asked to confirm the cancellation"})
    return _last(tools)


async def _get_appointment(tools: Tools, _: _Nothing) -> Used:
    await tools.get_appointment()
    return _last(tools)


async def _get_hours(tools: Tools, _: _Nothing) -> Used:
    await tools.get_hours()
    return _last(tools)


async def _hand_off(tools: Tools, given: _HandOffInput) -> Used:
    await tools.hand_off("hard", given.reason, given.summary)
    return _last(tools)


TOOLBOX: tuple[Tool[Any], ...] = (
    Tool(
        "list_services",
        "The services of this shop with their list prices for the car at hand.",
        _Nothing,
        _list_services,
    ),
    Tool(
        "compare_tiers",
        "The same job in all its films side by side: price and what differs.",
        _TiersInput,
        _compare_tiers,
    ),
    Tool(
        "set_vehicle",
        "The car that is spoken of, whenever the customer names another than the one at hand, or says more of it. "
        "Prices and times of before are not for it. Without a class in the answer, ask which of the choices it is.",
        _VehicleInput,
        _set_vehicle,
    ),
    Tool(
        "get_quote",
        "The price of one service for the car at hand. The only source of prices that are booked.",
        _QuoteInput,
        _get_quote,
    ),
    Tool(
        "find_slots",
        "Open times for the service quoted last: for each day how many there are, the first and the last, and those "
        "that match (`slots` are shown to the customer, `also` fit as well, `more` are left out). The only source of times, "
        "and of none being open. Ask about a `doubt` before anything is held.",
        _SlotsInput,
        _find_slots,
    ),
    Tool(
        "hold_slot",
        "Holds one open time (or picks the new time of an appointment) and asks the customer to confirm.",
        _HoldInput,
        _hold_slot,
    ),
    Tool(
        "book",
        "Books the held time. Only after the customer's explicit yes in the last message.",
        _Nothing,
        _book,
    ),
    Tool("get_appointment", "The customer's appointment as it stands.", _Nothing, _get_appointment),
    Tool(
        "move_appointment",
        "Moves the appointment to the time picked, after an explicit yes.",
        _Nothing,
        _move_appointment,
    ),
    Tool(
        "cancel_appointment",
        "The first call asks the customer to confirm; the second, after an explicit yes, cancels.",
        _Nothing,
        _cancel_appointment,
    ),
    Tool("get_hours", "The shop's opening hours, as far as they are known.", _Nothing, _get_hours),
    Tool("hand_off", "Gives the conversation to a person at the shop.", _HandOffInput, _hand_off),
)

TOOLS: tuple[ToolSpec, ...] = tuple(tool.spec for tool in TOOLBOX)
