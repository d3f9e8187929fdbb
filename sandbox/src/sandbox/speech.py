"""Sentences over tool results: every fact in them is in the result."""

from collections.abc import Callable

from sandbox.rows import Row
from sandbox.transcript import Result, find, rows

_SORRY = "I could not get that just now. Would you like a person from the shop to help?"
_SHOWN_SERVICES = 6
_SHOWN_SLOTS = 3


def spoken(result: Result) -> str:
    if result.failed and "vehicle" in str(find(result.answer, "error")):
        return "What kind of vehicle is it?"
    if result.failed:
        return _offer(result, "That time is taken.") if rows(result.answer, "alternatives") else _SORRY
    say = _SENTENCES.get(result.tool)
    return say(result) if say else _SORRY


def dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}".removesuffix(".00")


def _services(result: Result) -> str:
    names = [str(row["name"]) for row in rows(result.answer, "services") if row.get("name")]
    return f"We offer {', '.join(names[:_SHOWN_SERVICES])}." if names else _SORRY


def _price(result: Result) -> str:
    cents = find(result.answer, "total_cents")
    if not isinstance(cents, int):
        return "The shop sets that price itself. Would you like a person from the shop to help?"
    start = "starts at" if find(result.answer, "kind") == "from" else "is"
    return f"The price {start} {dollars(cents)}. Would you like to see open times?"


def _offer(result: Result, opening: str) -> str:
    slots = rows(result.answer, "slots") or rows(result.answer, "alternatives")
    labels = [str(slot["label"]) for slot in slots if slot.get("label")]
    if not labels:
        return "I see no open time there. Would another day work?"
    return f"{opening} {'; '.join(labels[:_SHOWN_SLOTS])}. Which one suits you?"


def _time(result: Result) -> object:
    return find(result.answer, "label") or find(result.answer, "when")


def _with_time(sentence: str, result: Result, plain: str) -> str:
    time = _time(result)
    return sentence.format(time=time) if time else plain


def _appointment(result: Result) -> str:
    if find(result.answer, "id") is None and _time(result) is None and find(result.answer, "start") is None:
        return "I see no appointment yet. Would you like to see open times?"
    if find(result.answer, "status") == "cancelled":
        return "Your appointment is cancelled."
    return _with_time("Your appointment is {time}.", result, "You have an appointment.")


def _hours(result: Result) -> str:
    days = [_day(row) for row in rows(result.answer, "hours") or rows(result.answer, "days")]
    text = (
        find(result.answer, "text") or find(result.answer, "summary") or "; ".join(day for day in days if day)
    )
    return f"Our hours: {text}." if text else "The shop will confirm its hours."


def _day(row: Row) -> str:
    if row.get("label"):
        return str(row["label"])
    name, opens, closes = (row.get(key) for key in ("day", "opens", "closes"))
    return f"{name} {opens} to {closes}" if name and opens and closes else ""


_SENTENCES: dict[str, Callable[[Result], str]] = {
    "list_services": _services,
    "get_quote": _price,
    "find_slots": lambda result: _offer(result, "These times are open:"),
    "hold_slot": lambda result: _with_time(
        "I am holding {time} for you.", result, "I am holding that time for you."
    ),
    "book": lambda result: _with_time(
        "Your appointment is booked for {time}.", result, "Your appointment is booked."
    ),
    "get_appointment": _appointment,
    "cancel_appointment": lambda _: "Your appointment is cancelled.",
    "get_hours": _hours,
    "hand_off": lambda _: "I have passed this to the team at the shop.",
}
