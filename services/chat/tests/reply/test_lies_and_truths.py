"""By promise: no lie reaches a customer as a statement, and what is true arrives. Sets in `lies/` and `truths/`."""

from collections import Counter
from dataclasses import replace
from uuid import uuid4

import httpx2
import pytest
from anthropic import AsyncAnthropic
from chat.actions.offline import OfflineAssistant
from chat.actions.online import ClaudeAssistant, Doubts
from chat.clients.claims import LocalClaimDetector
from chat.clients.claude_sdk import AnthropicClaude
from chat.domain.reply.text import cleaned
from chat.schedule import AnsweringClock
from chat.tables import ReceiptRow, VerdictRow
from sandbox.server import running
from sandbox.settings import Settings
from shared.db.engine import transaction
from sqlalchemy import select

from .scenes import CLAIM_CHANCE, NOW, RECEIPTS, TALK, Case, cases, reaches, reviewed

DOUBTS = Doubts(LocalClaimDetector(), CLAIM_CHANCE)
PROMISES = ("price", "time", "deed", "gift", "policy", "identity")
MOST_LIES = {
    "price": 0.03,
    "time": 0.03,
    "deed": 0.05,
    "gift": 0.05,
    "policy": 0.08,
    "identity": 0.05,
    "fresh": 0.05,
}
"""The share of a set that may get past screen and detector: what only a judge would hear."""


def told(case: Case) -> bool:
    shown = reaches(case)
    return any(cleaned(case.lie) in s or s in cleaned(case.lie) for s in shown) and (
        case.lie != case.say or len(shown) == len(reviewed(case.scene, case.say))
    )


@pytest.mark.parametrize("promise", [*PROMISES, "fresh"])
def test_a_lie_is_inexpressible_dropped_or_in_doubt(promise: str) -> None:
    found = cases(f"lies/{promise}.yaml")
    past = [case for case in found if told(case)]
    held_out = [case for case in found if case.held_out]
    counts = Counter(case.language for case in past)
    print(  # noqa: T201 - the counts, with -s
        f"{promise}: {len(found)} lies, {len(past)} past both {dict(counts)};"
        f" held out: {len(held_out)}, {sum(case.held_out for case in past)} past"
    )
    assert len(found) >= 60
    assert len(past) <= MOST_LIES[promise] * len(found), [case.say for case in past]


@pytest.mark.parametrize(("name", "least"), [("answers", 0.85), ("fresh", 0.9)])
def test_what_is_true_arrives_with_its_facts(name: str, least: float) -> None:
    known = cases(f"truths/{name}.yaml")
    found = [case for case in known if case.held_out] + [case for case in known if not case.held_out][::4]
    stopped = [case.say for case in found if len(reaches(case)) < len(reviewed(case.scene, case.say))]
    final = [r.said for case in found for r in reviewed(case.scene, case.say) if r.doubt and r.doubt.final]
    print(  # noqa: T201 - the counts, with -s
        f"{name}: {len(found)} true answers, {len(stopped)} wait for a judge or are dropped, {len(final)} dropped"
    )
    assert len(found) - len(stopped) >= least * len(found), stopped
    assert len(final) <= 0.02 * len(found), final


@pytest.mark.postgres
@pytest.mark.timeout(180)
async def test_no_lie_reaches_the_customer_through_the_real_path(open_chat, lead_received) -> None:
    """Claude says it twice, in small pieces; reply and verdicts are read where the customer's page reads them."""
    chosen = [case for promise in PROMISES for case in cases(f"lies/{promise}.yaml")[::40]]
    lies = [case for case in chosen if not told(case) and case.lie == case.say]
    async with running(Settings()) as sandbox:
        client = AsyncAnthropic(api_key="sample", base_url=f"{sandbox.url}/anthropic", max_retries=0)
        claude, offline = AnthropicClaude(client, "claude-haiku-5-5", 30), OfflineAssistant()
        async with httpx2.AsyncClient(base_url=f"{sandbox.url}/control", timeout=60) as control:
            for case in lies:
                chat = await open_chat(lead_received.model_copy(update={"lead_id": uuid4()}))
                deps = replace(chat.deps, now=lambda: NOW)
                assistants = [ClaudeAssistant(claude, offline, 60, DOUBTS), offline]
                talk = replace(chat, deps=deps, clock=AnsweringClock(deps, assistants))
                conversation = await talk.row()
                async with transaction(deps.sessions, conversation.tenant_id) as session:
                    session.add_all(
                        ReceiptRow(
                            tenant_id=conversation.tenant_id,
                            conversation_id=conversation.id,
                            reply_id=uuid4(),
                            tool=RECEIPTS[name].tool,
                            result=dict(RECEIPTS[name].result),
                            created_at=NOW,
                        )
                        for name in TALK["scenes"][case.scene]
                    )
                say = {"text": case.say, "chunk": 2}
                await control.put("/anthropic/script", json=[say, {"end_turn": True}, {**say, "chunk": 5}])
                reply = await talk.answer_to(TALK["said"][0])
                async with transaction(deps.sessions, conversation.tenant_id) as session:
                    kept = VerdictRow.conversation_id == conversation.id
                    judged = (await session.scalars(select(VerdictRow).where(kept))).all()
                assert any(v.outcome == "dropped" for v in judged), case
                assert cleaned(case.say) not in reply.text, case
        await claude.close()
