"""The built-in customer-service model: rules that call the fitting tool and then say what its result says, no more."""

from sandbox import understanding
from sandbox.rows import Row
from sandbox.script import Say, Step, Use
from sandbox.speech import spoken
from sandbox.transcript import Result, Transcript, read, rows

CALLS_PER_TURN = 5
ASK_TO_BOOK = "Shall I book it?"
_GREETING = "I can help with prices, times and booking. What would you like to know?"

Tools = dict[str, Row]


def answer(messages: list[Row], tools: list[Row], system: object = "") -> list[Step]:
    talk = read(messages, system)
    known: Tools = {str(tool.get("name")): tool for tool in tools}
    return [_follow_up(talk, known) if talk.fresh else _first_step(talk, known)]


def _first_step(talk: Transcript, tools: Tools) -> Step:
    if understanding.says_yes(talk.said) and (agreed := _agreed(talk)) in tools:
        return Use(agreed, {})
    if hold := _hold(talk, _slots(talk.results) or talk.offered, tools):
        return hold
    wanted = understanding.intent(talk.said)
    if wanted == "get_quote":
        return _quote(talk, tools) or Say(_GREETING)
    return Use(wanted, _input(wanted, talk, tools)) if wanted in tools else Say(_GREETING)


def _agreed(talk: Transcript) -> str:
    """The tool that the customer's yes sets free; empty when nothing was asked."""
    if talk.step == "cancel_confirm":
        return "cancel_appointment"
    if talk.held or ASK_TO_BOOK in talk.before:
        return "move_appointment" if talk.booked else "book"
    return ""


def _follow_up(talk: Transcript, tools: Tools) -> Step:
    last = talk.fresh[-1]
    if len(talk.fresh) < CALLS_PER_TURN and (call := _next_call(talk, last, tools)):
        return call
    held = last.tool == "hold_slot" and not last.failed
    return Say(f"{spoken(last)} {ASK_TO_BOOK}" if held else spoken(last))


def _next_call(talk: Transcript, last: Result, tools: Tools) -> Use | None:
    """The call that the last one prepared: times want a quote first, and a quote wants the list of services."""
    quoted = any(result.tool == "get_quote" for result in talk.fresh)
    refused = any(result.tool == "find_slots" and result.failed for result in talk.fresh)
    match last.tool, last.failed:
        case "find_slots", True:
            return None if quoted else _quote(talk, tools)
        case "find_slots", False:
            return _hold(talk, _slots([last]), tools)
        case "list_services", False if refused or understanding.intent(talk.said) == "get_quote":
            return _quote(talk, tools)
        case "get_quote", False if refused:
            return Use("find_slots", _slot_wish(talk, tools))
    return None


def _hold(talk: Transcript, slots: list[Row], tools: Tools) -> Use | None:
    slot = understanding.chosen(talk.said, slots)
    return Use("hold_slot", {"start": slot["start"]}) if slot and "hold_slot" in tools else None


def _quote(talk: Transcript, tools: Tools) -> Use | None:
    lists = [result for result in talk.results if result.tool == "list_services"]
    services = [row for result in lists for row in rows(result.answer, "services")]
    if services and "get_quote" in tools:
        service = understanding.best_service(services, talk.said, talk.interest)
        wish = {"service": service.get("code") or service.get("id") or service.get("name")}
        vehicle = understanding.vehicle_class(talk.said)
        return Use("get_quote", wish | ({"vehicle_class": vehicle} if vehicle else {}))
    untried = "list_services" in tools and not any(result.tool == "list_services" for result in talk.fresh)
    return Use("list_services", {}) if untried else None


def _input(tool: str, talk: Transcript, tools: Tools) -> Row:
    if tool == "hand_off":
        return {"reason": "customer_asked", "summary": talk.said[:200]}
    return _slot_wish(talk, tools) if tool == "find_slots" else {}


def _slot_wish(talk: Transcript, tools: Tools) -> Row:
    schema = tools["find_slots"].get("input_schema", {}).get("properties", {})
    quotes = [result.answer for result in talk.results if result.tool == "get_quote" and not result.failed]
    quote_id = quotes[-1].get("id") if quotes and isinstance(quotes[-1], dict) else None
    wish = {
        "quote_id": quote_id if "quote_id" in schema else None,
        "part_of_day": understanding.part_of_day(talk.said),
        "from_date": understanding.day_in_words(talk.said) if _takes_words(schema.get("from_date")) else None,
    }
    return {name: value for name, value in wish.items() if value is not None}


def _takes_words(schema: object) -> bool:
    """Whether the tool resolves "tomorrow" itself instead of wanting YYYY-MM-DD."""
    return isinstance(schema, dict) and "YYYY" not in str(schema) and schema.get("format") != "date"


def _slots(results: list[Result]) -> list[Row]:
    """Those offered last."""
    offers = [rows(result.answer, "slots") or rows(result.answer, "alternatives") for result in results]
    offered = [offer for offer in offers if offer]
    return [slot for slot in offered[-1] if "start" in slot] if offered else []
