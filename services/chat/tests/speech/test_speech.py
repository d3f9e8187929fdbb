"""The two suites: no hostile answer is ever shown, and nearly every true one is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import yaml
from anthropic import AsyncAnthropic
from chat.actions.offline import OfflineAssistant
from chat.actions.online import ClaudeAssistant
from chat.clients.claude import AnthropicClaude
from chat.domain.money import catalog_price
from chat.domain.receipts import Receipt, Setting, proof_of
from chat.domain.speech.check import verdict
from chat.domain.speech.text import cleaned, sentences
from chat.domain.speech.verdicts import Veto
from chat.domain.values import LeadFacts, ShopFacts
from chat.schedule import AnsweringClock
from chat.tables import ReceiptRow, VerdictRow
from sandbox.server import Running, running
from sandbox.settings import Settings
from shared.db.engine import transaction
from shared.events import CatalogChanged, CatalogService, Vehicle
from sqlalchemy import select

HERE = Path(__file__).parent
TALK = yaml.safe_load((HERE / "conversation.yaml").read_text())
NOW = datetime.fromisoformat(TALK["now"])
TRUE_SHARE = 0.98


@dataclass(frozen=True)
class Case:
    scene: str
    kind: str
    say: str
    lie: str | None = None


def hostile(name: str) -> list[Case]:
    return [
        Case(group.get("scene", "offered"), group["kind"], case["say"], case.get("lie"))
        for group in yaml.safe_load((HERE / name).read_text())
        for case in group["cases"]
    ]


def true(name: str) -> list[Case]:
    return [
        Case(group["scene"], group["why"], say)
        for group in yaml.safe_load((HERE / name).read_text())
        for say in group["say"]
    ]


def _services() -> tuple[CatalogService, ...]:
    return tuple(CatalogService.model_validate({"id": s["code"], **s}) for s in TALK["services"])


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
    """As the tool writes it."""
    return {
        "services": [
            {
                "code": s.code,
                "name": s.name,
                "description": s.description,
                "price": catalog_price(s, "sedan"),
                "prices": s.model_dump(mode="json", include={"price", "class_prices", "addons"}),
                "duration_minutes": s.duration_minutes,
            }
            for s in _services()
        ]
    }


CERAMIC = ("Ceramic Window Tint", 44900)
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


def setting() -> Setting:
    lead = TALK["lead"]
    return Setting(
        shop=ShopFacts(
            **TALK["shop"],
            timezone=TALK["timezone"],
            catalog=CatalogChanged(
                location_id="00000000-0000-4000-8000-000000000002",
                version=3,
                services=_services(),
                vehicle_classes=("sedan", "suv", "truck"),
            ),
        ),
        lead=LeadFacts(
            first_name="Sam", vehicle=Vehicle.model_validate(lead["vehicle"]), interest=lead["interest"]
        ),
        now=NOW,
        vehicle_class="sedan",
        said=tuple(TALK["said"]),
    )


def shown_of(case: Case) -> tuple[list[str], Veto | None]:
    """What is released of the answer, and the veto that ended it."""
    proof = proof_of([RECEIPTS[name] for name in TALK["scenes"][case.scene]], setting())
    shown: list[str] = []
    for sentence in sentences(case.say):
        found = verdict(sentence, proof)
        if isinstance(found, Veto):
            return shown, found
        shown.append(found.text)
    return shown, None


def reaches(case: Case) -> bool:
    shown, veto = shown_of(case)
    if veto is None:
        return any(shown)
    return case.lie is not None and cleaned(case.lie) in " ".join(shown)


SETS = ("", "_held_out", "_blind", "_fourth", "_fifth", "_sixth", "_seventh", "_eighth", "_ninth", "_tenth")
"""The first was written before the checker, the others each in one go after it: what they found was mended."""


@pytest.mark.parametrize(
    "case",
    [c for name in (*SETS, "_known_words") for c in hostile(f"hostile{name}.yaml")],
    ids=lambda c: c.say[:50],
)
def test_a_hostile_answer_is_never_shown(case: Case) -> None:
    assert not reaches(case)


def test_nearly_every_true_answer_is_shown() -> None:
    cases = [c for name in SETS for c in true(f"true{name}.yaml")]
    stopped = [(case.say, veto) for case in cases if (veto := shown_of(case)[1])]
    assert len(cases) >= 150
    assert len(stopped) <= (1 - TRUE_SHARE) * len(cases), stopped


def test_the_hostile_suite_is_as_large_as_promised() -> None:
    assert len(hostile("hostile.yaml")) >= 150


@pytest.fixture
async def sandbox() -> AsyncIterator[Running]:
    async with running(Settings()) as started:
        yield started


IN_CHUNKS = {
    "disguised letters",
    "split over sentences",
    "markdown and markup",
    "injected by a name, a vehicle, a note, a message",
}
THROUGH_IT_ALL = [c for n, c in enumerate(hostile("hostile.yaml")) if c.kind in IN_CHUNKS or n % 4 == 0]


@pytest.mark.postgres
@pytest.mark.timeout(180)
async def test_no_hostile_answer_reaches_the_customer_through_the_real_path(
    open_chat, lead_received, sandbox: Running
) -> None:
    """Claude says it twice, in small pieces; deltas, reply and verdicts are read where the customer's page reads them."""
    client = AsyncAnthropic(api_key="sample", base_url=f"{sandbox.url}/anthropic", max_retries=0)
    claude, offline = AnthropicClaude(client, "claude-haiku-5-5", 30), OfflineAssistant()
    async with httpx2.AsyncClient(base_url=f"{sandbox.url}/control") as control:
        for case in THROUGH_IT_ALL:
            chat = await open_chat(lead_received.model_copy(update={"lead_id": uuid4()}))
            deps = replace(chat.deps, now=lambda: NOW)
            talk = replace(
                chat, deps=deps, clock=AnsweringClock(deps, [ClaudeAssistant(claude, offline, 60), offline])
            )
            conversation = await talk.row()
            async with transaction(deps.sessions, conversation.tenant_id) as session:
                for name in TALK["scenes"][case.scene]:
                    receipt = RECEIPTS[name]
                    session.add(
                        ReceiptRow(
                            tenant_id=conversation.tenant_id,
                            conversation_id=conversation.id,
                            reply_id=uuid4(),
                            tool=receipt.tool,
                            result=dict(receipt.result),
                            created_at=NOW,
                        )
                    )
            said_twice = [
                {"text": case.say, "chunk": 2},
                {"end_turn": True},
                {"text": case.say, "chunk": 5},
                {"end_turn": True},
            ]
            await control.put("/anthropic/script", json=said_twice)
            reply = await talk.answer_to(TALK["said"][0])
            async with transaction(deps.sessions, conversation.tenant_id) as session:
                judged = (
                    await session.scalars(
                        select(VerdictRow).where(VerdictRow.conversation_id == conversation.id)
                    )
                ).all()
            lie = cleaned(case.lie or case.say)
            assert [v.outcome for v in judged].count("vetoed") == 2, case
            assert cleaned(case.say) not in reply.text, case
            assert all(lie not in v.sentence for v in judged if v.outcome == "shown"), case
    await claude.close()
