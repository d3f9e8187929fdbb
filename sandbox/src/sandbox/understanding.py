"""What a customer's words ask for, by rules: the intent, the service, the time chosen."""

import re

from sandbox.rows import Row

_INTENTS = (
    ("hand_off", r"\b(person|human|manager|someone|complain\w*|refund|damage\w*|lawyer|warranty claim)\b"),
    ("cancel_appointment", r"\bcancel\b"),
    ("get_quote", r"\b(price|prices|cost|costs|how much|quote|estimate|charge|suv|sedan|coupe|truck|van)\b"),
    ("get_hours", r"\b(hours|open|close|closed|closing)\b"),
    ("find_slots", r"\b(reschedule|move|another time)\b"),
    ("get_appointment", r"\b(my|the) (appointment|booking)\b"),
    ("find_slots", r"\b(when|times?|slots?|available|availability|appointment|book|schedule|come|drop)\b"),
    ("find_slots", r"\b(today|tomorrow|morning|afternoon|evening|\w+day|week)\b"),
    ("list_services", r"\b(services?|offer|do you do|tint\w*|film|ceramic|carbon|windows?)\b"),
)
_YES = re.compile(
    r"\b(yes|yeah|yep|sure|ok|okay|confirm|please do|go ahead|book it|sounds good)\b", re.IGNORECASE
)
_DAY = re.compile(
    r"\b(today|tomorrow|(next |this )?(mon|tues|wednes|thurs|fri|satur|sun)day)\b", re.IGNORECASE
)
_ORDINALS = {"first": 0, "1st": 0, "earliest": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "last": -1}
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\b|\b(\d{1,2}):(\d\d)\b", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def intent(said: str) -> str:
    """The name of the tool that fits; empty when none does."""
    return next((name for name, words in _INTENTS if re.search(words, said, re.IGNORECASE)), "")


def says_yes(said: str) -> bool:
    return bool(_YES.search(said))


def part_of_day(said: str) -> str | None:
    found = re.search(r"morning|afternoon|evening", said, re.IGNORECASE)
    return found[0].lower() if found else None


def day_in_words(said: str) -> str | None:
    found = _DAY.search(said)
    return found[0].lower() if found else None


def vehicle_class(said: str) -> str | None:
    found = re.search(r"\b(coupe|sedan|suv|truck|van)\b", said, re.IGNORECASE)
    return found[1].lower() if found else None


def best_service(services: list[Row], said: str, interest: str) -> Row:
    """The one whose name shares most words with what was said, then with what the lead had asked for."""
    return max(services, key=lambda row: (_shared_words(said, row), _shared_words(interest, row)))


def _shared_words(said: str, service: Row) -> int:
    name = f"{service.get('name', '')} {service.get('code', '')}"
    return len(set(re.findall(r"[a-z]+", said.lower())) & set(re.findall(r"[a-z]+", name.lower())))


def chosen(said: str, slots: list[Row]) -> Row | None:
    """The slot meant: by its label, its place in the list, or a clock time (and a weekday if one is said)."""
    low = said.lower()
    by_label = [slot for slot in slots if slot.get("label") and str(slot["label"]).lower() in low]
    place = next((at for word, at in _ORDINALS.items() if re.search(rf"\b{word}\b", low)), None)
    if not by_label and place is not None and slots:
        return slots[min(place, len(slots) - 1)]
    fitting = by_label or [slot for slot in slots if _fits(low, str(slot.get("label", "")).lower())]
    return fitting[0] if fitting else None


def _fits(said: str, label: str) -> bool:
    wanted, shown = _minutes(said), _minutes(label)
    days = [day for day in _DAYS if re.search(rf"\b{day}\w*", said)]
    return wanted is not None and wanted == shown and (not days or any(day in label for day in days))


def _minutes(text: str) -> int | None:
    """The first clock time in the text, in minutes since midnight."""
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    if clock[4] is not None:
        return int(clock[4]) * 60 + int(clock[5])
    return (int(clock[1]) % 12 + (12 if clock[3].lower() == "p" else 0)) * 60 + int(clock[2] or 0)
