"""The invented conversation that the sets of true and false sentences are said in, and what is made of a reply there."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from chat.domain.language import Language
from chat.domain.receipts import Receipt
from chat.domain.reply.ledger import Ledger, Setting, ledger_of
from chat.domain.reply.render import catalog_price
from chat.domain.reply.review import Review, Reviewed
from chat.domain.reply.tags import Sentences
from chat.domain.values import Appointment, LeadFacts, ShopFacts
from chat.settings import Settings
from shared.events import CatalogChanged, CatalogService, KnowledgeEntry, Vehicle
from shared.understanding.claims import claim_chances

HERE = Path(__file__).parent
TALK = yaml.safe_load((HERE / "conversation.yaml").read_text())
NOW = datetime.fromisoformat(TALK["now"])
CERAMIC = ("Ceramic Window Tint", 44900)
CLAIM_CHANCE: float = Settings.model_fields["claim_chance"].default
DONE = {"book", "move_appointment", "cancel_appointment"}


@dataclass(frozen=True)
class Case:
    """`lie`: the part that counts, where the rest is harmless. `held_out`: no example, pattern or weight was made from it."""

    scene: str
    language: Language
    say: str
    lie: str
    held_out: bool


def cases(name: str) -> list[Case]:
    return [
        Case(
            group["scene"],
            group["language"],
            said["say"],
            said.get("lie", said["say"]),
            group.get("held_out", False),
        )
        for group in yaml.safe_load((HERE / name).read_text())
        for said in (one if isinstance(one, dict) else {"say": one} for one in group["say"])
    ]


SERVICES = tuple(CatalogService.model_validate({"id": s["code"], **s}) for s in TALK["services"])
SHOP = ShopFacts(
    **TALK["shop"],
    timezone=TALK["timezone"],
    catalog=CatalogChanged(
        location_id="00000000-0000-4000-8000-000000000002",
        version=3,
        services=SERVICES,
        vehicle_classes=("sedan", "suv", "truck"),
    ),
    knowledge=(
        KnowledgeEntry(
            code="waiting", en="You are welcome to wait at the shop.", es="Puede esperar en el taller."
        ),
    ),
)


def _quote(cents: int, *lines: tuple[str, int]) -> dict[str, object]:
    return {
        "id": "00000000-0000-4000-8000-0000000000aa",
        "service": {"code": "ceramic-full", "name": "Ceramic Window Tint"},
        "vehicle_class": "sedan",
        "lines": [{"label": label, "amount_cents": amount} for label, amount in lines],
        "total_cents": cents,
        "kind": "exact",
        "valid_until": "2026-11-30T17:00:00-08:00",
        "catalog_version": 3,
    }


def _appointment(slot: dict[str, str], status: str = "booked") -> dict[str, object]:
    return {
        "id": "00000000-0000-4000-8000-0000000000bb",
        "number": "S-1001",
        "status": status,
        "start": slot["start"],
        "end": slot["end"],
        "timezone": TALK["timezone"],
        "service": {"code": "ceramic-full", "name": "Ceramic Window Tint"},
        "total_cents": 44900,
        "location": TALK["shop"],
        "manage_url": "http://127.0.0.1/m/sample",
    }


def _listed() -> dict[str, object]:
    rows = [
        {
            "code": s.code,
            "name": s.name,
            "price": catalog_price(s, "sedan"),
            "duration_minutes": s.duration_minutes,
        }
        for s in SERVICES
    ]
    return {"services": rows}


RECEIPTS: dict[str, Receipt] = {
    "list_services": Receipt("list_services", _listed()),
    "get_quote": Receipt("get_quote", _quote(44900, CERAMIC)),
    "get_quote_with_addon": Receipt("get_quote", _quote(50900, CERAMIC, ("Windshield Strip", 6000))),
    "find_slots": Receipt("find_slots", {"timezone": TALK["timezone"], "slots": TALK["slots"]}),
    "find_slots_from_thursday": Receipt(
        "find_slots",
        {"timezone": TALK["timezone"], "from_day": "2026-11-26", "slots": TALK["slots"][2:]},
    ),
    "hold_slot": Receipt("hold_slot", {**TALK["slots"][0], "expires_at": "2026-11-23T09:10:00-08:00"}),
    "book": Receipt("book", _appointment(TALK["slots"][0])),
    "move_appointment": Receipt("move_appointment", _appointment(TALK["slots"][1])),
    "cancel_appointment": Receipt("cancel_appointment", _appointment(TALK["slots"][0], "cancelled")),
    "hand_off": Receipt("hand_off", {"reason": "asked for a person"}),
}


@cache
def ledger(scene: str) -> Ledger:
    lead = TALK["lead"]
    receipts = [RECEIPTS[name] for name in TALK["scenes"][scene]]
    done = [r.result for r in receipts if r.tool in DONE]
    setting = Setting(
        shop=SHOP,
        lead=LeadFacts(
            first_name="Sam", vehicle=Vehicle.model_validate(lead["vehicle"]), asked_for=lead["interest"]
        ),
        now=NOW,
        vehicle_class="sedan",
        appointment=Appointment.model_validate(done[-1]) if done else None,
        said=tuple(TALK["said"]),
    )
    return ledger_of(receipts, setting)


@cache
def reaches(case: Case) -> tuple[str, ...]:
    """The sentences that a customer would see although nobody has spoken for them."""
    found = [r for r in reviewed(case.scene, case.say, case.language) if r.doubt is None and r.text]
    asked = [r for r in found if r.claims]
    claiming = {
        id(r)
        for r, chance in zip(asked, claim_chances([r.claims for r in asked]), strict=True)
        if chance >= CLAIM_CHANCE
    }
    return tuple(r.said for r in found if id(r) not in claiming)


def reviewed(scene: str, say: str, language: Language = "en", chunk: int = 7) -> list[Reviewed]:
    """As it comes from a model, in pieces."""
    review, sentences = Review(ledger(scene), language), Sentences()
    found = [r for n in range(0, len(say), chunk) for r in review.of(sentences.feed(say[n : n + chunk]))]
    return [*found, *review.of(sentences.end()), *review.end()]
