"""How a set of messages is understood without a model: `python -m evals.understanding evals/understanding/unseen_a.yaml`.

A set is a list of `{text, wants: [topic...]}`: all of them wanted, or `any: true`, one of them; `ask`: nothing is clear. `booked`, `offered`: in which
conversation. Right: what is wanted and nothing else, or asked where asking is right. Wrong: anything that was not wanted. The rest was asked about.
"""

import csv
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from chat.domain.conversation import State
from chat.domain.intents import AskCompare, AskKnowledge, AskPerson, Context, Intent
from chat.domain.understanding import understand
from chat.domain.values import Slot
from shared.events import CatalogService, KnowledgeEntry, Price

ROOT = Path(__file__).parents[2]
ZONE = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 23, 9, tzinfo=ZONE)
CLASSES = ("coupe", "sedan", "suv", "truck", "van")

NAMES = {
    "AskPrice": "price", "NameService": "price", "AskServices": "services", "AskDuration": "duration", "AskDetails": "details", "PickTime": "book",
    "ChooseSlot": "choose", "WhichSlot": "choose", "AskMove": "move", "AskCancel": "cancel", "KeepAppointment": "keep", "AskAppointment": "appointment",
    "AskHours": "hours", "AskOpenNow": "open_now", "AskAddress": "address", "AskIfBot": "bot", "Bargain": "bargain", "OthersData": "others",
    "Upset": "upset", "Greeting": "greeting", "SmallTalk": "small_talk", "Thanks": "thanks", "Goodbye": "goodbye", "Acknowledge": "acknowledge",
    "OffTopic": "off_topic", "Unclear": "ask", "AskCheapest": "cheapest", "AskRemoval": "removal", "AskGlass": "glass", "SayLate": "late",
    "ChangeService": "change_service", "Resume": "resume", "OtherLanguage": "other_language", "AskUnlisted": "unlisted", "Decline": "decline", "Yes": "yes", "No": "no",
}  # fmt: skip
_PEOPLE = {
    "asked for a person": "person",
    "safety": "danger",
    "distress": "danger",
    "complaint or claim": "complaint",
}


def topic_of_intent(intent: Intent) -> str:
    match intent:
        case AskKnowledge(code, _):
            return f"know:{code}"
        case AskCompare():
            return "know:films-compared"
        case AskPerson(reason):
            return _PEOPLE[reason]
        case _:
            return NAMES[type(intent).__name__]


def sample_services() -> tuple[CatalogService, ...]:
    lines = [
        line for line in (ROOT / "samples/catalog.csv").read_text().splitlines() if not line.startswith("#")
    ]
    rows = {row["code"]: row for row in csv.DictReader(lines)}
    return tuple(
        CatalogService(
            id=code,
            code=code,
            name=row["name"],
            description=row["description"],
            synonyms=tuple(row["synonyms"].split(";")),
            family=row["family"],
            tier=row["tier"],
            price=Price(kind="exact", amount_cents=1),
            duration_minutes=60,
        )
        for code, row in rows.items()
    )


def sample_knowledge() -> tuple[KnowledgeEntry, ...]:
    rows = yaml.safe_load((ROOT / "samples/knowledge.yaml").read_text())
    return tuple(
        KnowledgeEntry(code=row["code"], en=row["en"], es=row["es"], questions=tuple(row["questions"]))
        for row in rows
        if row.get("location", "Store094") == "Store094"
    )


def context_for(message: dict[str, object]) -> Context:
    starts = [
        NOW + timedelta(days=1, hours=1),
        NOW + timedelta(days=1, hours=5),
        NOW + timedelta(days=2, hours=1),
    ]
    offered = tuple(Slot(start=one, end=one + timedelta(hours=3), label="") for one in starts)
    booked, offers = bool(message.get("booked")), bool(message.get("offered"))
    return Context(
        state=State.BOOKED if booked else State.OFFER if offers else State.NEED,
        services=sample_services(),
        vehicle_classes=CLASSES,
        offered=offered if offers else (),
        timezone=ZONE.key,
        now=NOW,
        booked=booked,
        service="full-carbon",
        appointment=NOW + timedelta(days=3) if booked else None,
        knowledge=sample_knowledge(),
    )


def judged(message: dict[str, object]) -> tuple[str, list[str]]:
    """`right`, `wrong` or `asked`, and what was understood."""
    text, wants = str(message["text"]), list(message["wants"])  # type: ignore[call-overload]  # YAML
    found = [topic_of_intent(one) for one in understand(text, context_for(message))]
    told = {one for one in found if one != "ask"}
    if message.get("any"):
        right = bool(told) and told <= set(wants)
    else:
        right = told == set(wants) - {"ask"} or (not told and wants == ["ask"])
    if right and (told or wants == ["ask"]):
        return "right", found
    return ("wrong" if told - set(wants) else "asked"), found


def main(paths: list[str]) -> None:
    for path in paths:
        counts: Counter[str] = Counter()
        for message in yaml.safe_load(Path(path).read_text()):
            verdict, found = judged(message)
            counts[verdict] += 1
            if verdict != "right":
                print(f"{verdict:6} {message['text']!r}: wanted {message['wants']}, understood {found}")  # noqa: T201
        total = sum(counts.values())
        shares = ", ".join(
            f"{name} {counts[name]} ({counts[name] / total:.1%})" for name in ("right", "wrong", "asked")
        )
        print(f"{path}: {total} messages, {shares}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
