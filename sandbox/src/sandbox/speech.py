"""Sentences over tool results: every fact in them is in the result, as its tag where it has one."""

from collections.abc import Callable
from datetime import date, time

from sandbox.rows import Row
from sandbox.transcript import Result, find, rows

_SORRY = "I could not get that just now. Would you like a person from the shop to help?"
_SHOWN_SERVICES = 6
_SHOWN_SLOTS = 3


def spoken(result: Result, *, spanish: bool = False, nearest: bool = False) -> str:
    if result.failed and "vehicle" in f"{find(result.answer, 'error')} {find(result.answer, 'reason')}":
        return "What kind of vehicle is it?"
    if result.failed and result.tool in {"book", "move_appointment", "cancel_appointment"}:
        return "Nothing is booked yet. Which time would you like?"
    if result.failed:
        return _offer(result, "That time is taken.") if rows(result.answer, "alternatives") else _SORRY
    if spanish and result.tool in _IN_SPANISH:
        return _IN_SPANISH[result.tool](result)
    if nearest and result.tool == "find_slots":
        return _offer(result, "The nearest open times:")
    say = _SENTENCES.get(result.tool)
    return say(result) if say else _SORRY


def durations(result: Result, interest: str) -> str:
    """Of the services asked for, else of all."""
    services = rows(result.answer, "services")
    meant = [row for row in services if set(interest.lower().split()) & set(str(row["name"]).lower().split())]
    return " ".join(_length(row) for row in (meant or services)[:_SHOWN_SLOTS])


def _length(row: Row) -> str:
    hours, minutes = divmod(int(row.get("duration_minutes") or 0), 60)
    length = f"{hours} hours" if not minutes else f"{hours * 60 + minutes} minutes"
    return f"{row['name']} takes {row.get('duration_tag') or length}."


def dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def _services(result: Result) -> str:
    names = [str(row["name"]) for row in rows(result.answer, "services") if row.get("name")]
    return f"We offer {', '.join(names[:_SHOWN_SERVICES])}." if names else _SORRY


def _price(result: Result) -> str:
    cents = find(result.answer, "total_cents")
    name = find(find(result.answer, "service"), "name") or "That"
    if not isinstance(cents, int) or find(result.answer, "kind") == "on_request":
        return f"{name} is priced on request. Would you like a person from the shop to help?"
    return f"The price is {_tag(result) or dollars(cents)}. Would you like to see open times?"


def _price_in_spanish(result: Result) -> str:
    cents = find(result.answer, "total_cents")
    name = find(find(result.answer, "service"), "name")
    if not isinstance(cents, int):
        return _SORRY
    return f"{name} cuesta {_tag(result) or dollars(cents)}. ¿Quiere ver horarios?"


def _tag(result: Result) -> str:
    """What stands for the fact in the answer, where the tool gave one."""
    return str(find(result.answer, "tag") or "")


def _said_times(result: Result) -> list[str]:
    return [str(slot.get("tag") or slot["label"]) for slot in _times(result) if slot.get("label")][
        :_SHOWN_SLOTS
    ]


def _offer_in_spanish(result: Result) -> str:
    said = _said_times(result)
    return f"Tengo {'; '.join(said)}. ¿Cuál prefiere?" if said else _SORRY


def _times(result: Result) -> list[Row]:
    names = ("slots", "nearest", "alternatives")
    return next(filter(None, (rows(result.answer, name) for name in names)), [])


def _offer(result: Result, opening: str) -> str:
    opening = "The nearest open times:" if _times(result) == rows(result.answer, "nearest") else opening
    said = _said_times(result)
    if not said:
        return "I see no open time there. Would another day work?"
    return f"{opening} {'; '.join(said)}. Which one suits you?"


def _time(result: Result) -> object:
    return find(result.answer, "label") or find(result.answer, "when")


def _with_time(sentence: str, result: Result, plain: str) -> str:
    time = _time(result)
    return sentence.format(time=time) if time else plain


def _appointment(result: Result) -> str:
    if find(result.answer, "id") is None and _time(result) is None and find(result.answer, "start") is None:
        return "I see no appointment yet. Would you like to see open times?"
    if find(result.answer, "status") == "cancelled":
        return "I see no appointment now. Would you like to see open times?"
    if tag := _tag(result):
        return f"Here is your appointment: {tag}."
    return _with_time("Your appointment is {time}.", result, "You have an appointment.")


def _hours(result: Result) -> str:
    if tag := _tag(result):
        return f"Our hours: {tag}."
    days = [_day(row) for row in rows(result.answer, "days")]
    text = find(result.answer, "text") or find(result.answer, "summary") or " ".join(filter(None, days))
    return str(text) if text else "The shop will confirm its hours."


def _hours_in_spanish(result: Result) -> str:
    if tag := _tag(result):
        return f"Nuestro horario: {tag}."
    days = [_day(row, spanish=True) for row in rows(result.answer, "days")]
    return " ".join(filter(None, days)) or _SORRY


def _day(row: Row, *, spanish: bool = False) -> str:
    if not row.get("date"):
        return ""
    name = date.fromisoformat(str(row["date"])).weekday()
    spans = [(_clock(span["opens"]), _clock(span["closes"])) for span in rows(row, "spans")]
    if spanish:
        return " ".join(f"El {_DIAS[name]} abrimos de {opens} a {closes}." for opens, closes in spans)
    open_times = " ".join(f"On {_DAYS[name]} we're open from {opens} to {closes}." for opens, closes in spans)
    return open_times or f"On {_DAYS[name]} we're closed."


def _clock(value: object) -> str:
    moment = time.fromisoformat(str(value))
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'PM' if moment.hour >= _NOON else 'AM'}"


_NOON = 12
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIAS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")

_IN_SPANISH: dict[str, Callable[[Result], str]] = {
    "get_quote": _price_in_spanish,
    "find_slots": _offer_in_spanish,
    "get_hours": _hours_in_spanish,
}

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
