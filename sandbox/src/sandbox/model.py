"""The built-in customer-service model: rules that call the fitting tool and then say what its result says.

It can be talked into lies, as models can: what it then says wrongly is the business of whoever listens to it.
"""

import re

from sandbox import manners, understanding
from sandbox.rows import Row
from sandbox.script import Say, Step, Use
from sandbox.speech import durations, spoken
from sandbox.transcript import Result, Transcript, read, rows

CALLS_PER_TURN = 5
ASK_TO_BOOK = "Shall I book it?"
_GREETING = "I can help with prices, times and booking. What would you like to know?"

Tools = dict[str, Row]


def answer(messages: list[Row], tools: list[Row], system: object = "") -> list[Step]:
    talk = read(messages, system)
    known: Tools = {str(tool.get("name")): tool for tool in tools}
    if "verdicts" in known:
        return [Use("verdicts", {"verdicts": manners.verdicts(str(messages[-1].get("content")))})]
    if lie := manners.lie(talk.said, corrected=talk.corrected):
        return [Say(lie)]
    step = _follow_up(talk, known) if talk.fresh else _first_step(talk, known)
    return [_with_reminder(step, talk)]


def _with_reminder(step: Step, talk: Transcript) -> Step:
    """A question in between does not let the held time be forgotten."""
    if isinstance(step, Say) and talk.held and not talk.booked and ASK_TO_BOOK not in step.text:
        return Say(f"{step.text} {manners.polite('a yes', talk.said)}")
    return step


def _first_step(talk: Transcript, tools: Tools) -> Step:
    said = talk.said
    if not talk.corrected and understanding.says_yes(said) and (agreed := _agreed(talk)) in tools:
        return Use(agreed, {})
    if understanding.says_no(said) and (talk.booked or talk.step == "cancel_confirm"):
        return Say(manners.polite("stays", said))
    subject = manners.subject(said)
    wanted = understanding.intent(said)
    if subject and not (subject in {"fine", "off topic"} and wanted == "get_quote"):
        return _small_talk(subject, talk)
    if hold := _hold(talk, _slots(talk.results) or talk.offered, tools):
        return hold
    if talk.held and understanding.says_no(said):
        return Use("find_slots", {})
    return _by_intent(wanted, talk, tools)


def _small_talk(subject: str, talk: Transcript) -> Say:
    again = subject == "off topic" and manners.polite(subject, talk.said) in talk.before
    return Say(manners.polite("a person" if again else subject, talk.said))


def _by_intent(wanted: str, talk: Transcript, tools: Tools) -> Step:  # noqa: PLR0911 - one line for each intent
    match wanted:
        case "get_quote":
            return _quote(talk, tools) or Say(_GREETING)
        case "cancel_appointment" if not talk.booked or understanding.keeps(talk.said):
            return Use("find_slots" if talk.booked else "get_appointment", {})
        case "move_appointment":
            return Use("find_slots", _slot_wish(talk, tools)) if talk.booked else Use("get_appointment", {})
        case "address" if talk.address:
            where = "Estamos en" if manners.is_spanish(talk.said) else "We're at"
            return Say(f"{where} {talk.address}.")
        case "duration":
            return Use("list_services", {})
    if wanted in tools:
        return Use(wanted, _input(wanted, talk, tools))
    return _not_understood(talk)


def _not_understood(talk: Transcript) -> Say:
    if understanding.greets(talk.said):
        return Say(_GREETING)
    again = manners.polite("unclear", talk.said) in talk.before
    return Say(manners.polite("a person" if again else "unclear", talk.said))


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
    words = " ".join(
        spoken(result, spanish=manners.is_spanish(talk.said), nearest=_other_times(talk))
        for result in _told(talk, last)
    )
    if last.tool == "list_services" and understanding.intent(talk.said) == "duration":
        words = durations(last, talk.interest)
    return Say(f"{words} {ASK_TO_BOOK}" if held else words)


def _told(talk: Transcript, last: Result) -> list[Result]:
    """The last result, and the price before it when both were asked for."""
    asked = understanding.intent(talk.said) == "get_quote"
    prices = [result for result in talk.fresh if result.tool == "get_quote" and not result.failed]
    return [prices[-1], last] if asked and prices and prices[-1] is not last else [last]


def _other_times(talk: Transcript) -> bool:
    """The customer named an hour or a week that no tool was asked for."""
    return bool(re.search(r"\d ?[ap]m|in \d+ weeks", talk.said, re.IGNORECASE))


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
        case "get_quote", False if refused or understanding.asks_for_times(talk.said):
            return Use("find_slots", _slot_wish(talk, tools))
        case "get_quote", False if understanding.asks_for_hours(talk.said):
            return Use("get_hours", {})
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
    names = ("slots", "nearest", "alternatives")
    offers = [next(filter(None, (rows(result.answer, name) for name in names)), []) for result in results]
    offered = [offer for offer in offers if offer]
    return [slot for slot in offered[-1] if "start" in slot] if offered else []
