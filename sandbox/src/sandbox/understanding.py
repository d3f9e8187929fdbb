"""What a customer's words ask for, by rules: the intent, the service, the time chosen."""

import re

from sandbox.rows import Row

_INTENTS = (
    (
        "hand_off",
        (
            r"\b(human being|a human|real person|a person|somebody|someone|manager|complain\w*|refund|damage\w*|lawyer|attorney|sue|legal action"
            r"|warranty claim|scratched|bubbl\w*|bubbles|peeling|coming off|money back|ruined|phone me|persona|alguien|encargado|queja|abogado"
            r"|reembolso|rayaron|mi dinero)\b"
        ),
    ),
    (
        "move_appointment",
        r"\b(reschedule|move (it|my)|(change|switch|push) (the time of )?my appointment|change the time|different (time|day)|just move)\b",
    ),
    (
        "cancel_appointment",
        r"\b(cancel\w*|call it off|can't make it|able to make it|something came up|remove my appointment|ya no puedo ir)\b",
    ),
    ("address", r"\b(where (are|is)|address|get there|located|d[oó]nde|direcci[oó]n|c[oó]mo llego)\b"),
    ("duration", r"\b(how long|how many hours|how much time|take all day)\b"),
    (
        "get_quote",
        (
            r"\b(prices?|pricing|pirce|costs?|how m\w+|hom much|quote|estimate|charge|ballpark|price out|damage for|run me|run|suv|sedan|coupe|trucks?|pickup|van|minivan"
            r"|tacoma|f-150|odyssey|sienna|precio|cu[aá]nto|cobran|vale|what about front|front windows instead|carbon one|with carbon|carbon instead)\b"
        ),
    ),
    (
        "get_hours",
        r"\b(hours|open (on )?sundays?|do you open|you close|opening times|horario|abren|cierran)\b",
    ),
    ("get_appointment", r"\b((my|the) (appointment|booking)|have an appointment|am i booked)\b"),
    (
        "find_slots",
        (
            r"\b(when|times?|slots?|openings?|open|available|availability|appointment|book|schedule|calendar|come|drop|soonest|come in|bring it|pick a time"
            r"|horarios|cita|reservar|llevar|lugar|ir)\b"
        ),
    ),
    (
        "find_slots",
        r"\b(today|tomorrow|tommorow|tomorow|(?<!good )mornings?|mornin|afternoon|evening|noon|sat|\w+days?|thurday|weeks?|mañana)\b",
    ),
    ("list_services", r"\b(services?|offer|do you do|tint\w*|film|ceramic|carbon|windows?)\b"),
)
_YES = re.compile(
    r"^\W*(yes|yess|yeah|yep|yup|sure|absolutely|correct|perfect|confirmed|please (do|book)|go ahead|book it|sounds good|that's right"
    r"|that works|ok yes|s[ií]|claro|correcto)(?![\w'])",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(no|nah|nope|never ?mind|not that|none|forget|don't|actually keep|wait no|hold on, no|keep it)\b",
    re.IGNORECASE,
)
_MODELS = {
    "rav4": "suv",
    "explorer": "suv",
    "tacoma": "truck",
    "f-150": "truck",
    "pickup": "truck",
    "minivan": "van",
    "odyssey": "van",
    "sienna": "van",
}
_ENGLISH = {
    "parabrisas": "windshield",
    "carbono": "carbon",
    "windsheild": "windshield",
    "glass": "windshield",
}
_DAY = re.compile(
    r"\b(today|tomorrow|(next |this )?(mon|tues|wednes|thurs|fri|satur|sun)day)\b", re.IGNORECASE
)
_ORDINALS = {
    "first": 0,
    "1st": 0,
    "option one": 0,
    "earliest": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "last": -1,
}
_CLOCK = re.compile(r"\b(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\b|\b(\d{1,2}):(\d\d)\b", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def intent(said: str) -> str:
    """The name of the tool that fits; empty when none does."""
    return next((name for name, words in _INTENTS if re.search(words, said, re.IGNORECASE)), "")


def says_yes(said: str) -> bool:
    return bool(_YES.search(said))


def asks_for_times(said: str) -> bool:
    return bool(re.search(r"can I come|when can|any openings|do you have anything", said, re.IGNORECASE))


def asks_for_hours(said: str) -> bool:
    return bool(re.search(r"\bhours\b|do you open", said, re.IGNORECASE))


def greets(said: str) -> bool:
    return bool(
        re.match(r"\W*(hi|hello|hey|hiya|hola|good \w+|yes|yep|sure|correct|buenas)\b", said, re.IGNORECASE)
    )


def keeps(said: str) -> bool:
    """`I don't want to cancel` asks for no cancellation."""
    return bool(re.search(r"don't (?:want to )?cancel|do not cancel", said, re.IGNORECASE))


def says_no(said: str) -> bool:
    return bool(_NO.search(said))


def part_of_day(said: str) -> str | None:
    found = re.search(r"mornin|afternoon|evening|before noon", said, re.IGNORECASE)
    return (
        ("morning" if found[0].lower() in {"mornin", "before noon"} else found[0].lower()) if found else None
    )


def day_in_words(said: str) -> str | None:
    found = _DAY.search(said)
    return found[0].lower() if found else None


def vehicle_class(said: str) -> str | None:
    found = re.search(r"\b(coupe|sedan|suv|truck|van)\b", said, re.IGNORECASE)
    named = next((kind for name, kind in _MODELS.items() if name in said.lower()), None)
    return found[1].lower() if found else named


def best_service(services: list[Row], said: str, interest: str) -> Row:
    """The one whose name shares most words with what was said, then with what the lead had asked for."""
    return max(services, key=lambda row: (_shared_words(said, row), _shared_words(interest, row)))


def _shared_words(said: str, service: Row) -> int:
    name = f"{service.get('name', '')} {service.get('code', '')}"
    words = {_ENGLISH.get(word, word) for word in re.findall(r"[a-z]+", said.lower())}
    return len(words & set(re.findall(r"[a-z]+", name.lower())))


def chosen(said: str, slots: list[Row]) -> Row | None:
    """The slot meant: by its label, its place in the list, or a clock time (and a weekday if one is said)."""
    low = said.lower()
    if low.strip() in {"1", "2", "3"} and slots:
        return slots[min(int(low), len(slots)) - 1]
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
