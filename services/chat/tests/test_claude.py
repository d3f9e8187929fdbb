from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx2
import pytest
from anthropic import AsyncAnthropic
from chat.actions.offline import OfflineAssistant
from chat.actions.online import ClaudeAssistant
from chat.clients.claude import AnthropicClaude, CircuitBreaker
from chat.domain.conversation import Facts
from chat.domain.prompt import Said, prompt_for
from chat.domain.values import LeadFacts, ShopFacts
from chat.schedule import AnsweringClock
from chat.tables import ReceiptRow
from sandbox.server import Running, running
from sandbox.settings import Settings
from shared.db.engine import transaction
from shared.events import Vehicle
from sqlalchemy import select

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Running]:
    async with running(Settings()) as started:
        yield started


@pytest.fixture
async def control(sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{sandbox.url}/control") as client:
        await client.post("/reset")
        yield client


@pytest.fixture
async def claude(sandbox, control) -> AsyncIterator[AnthropicClaude]:
    client = AsyncAnthropic(api_key="sample", base_url=f"{sandbox.url}/anthropic", max_retries=0)
    made = AnthropicClaude(client, "claude-haiku-5-5", first_token_seconds=0.5)
    yield made
    await made.close()


@pytest.fixture
async def talk(chat, claude):
    """The conversation with Claude in charge, over a real socket."""
    offline = OfflineAssistant()
    deps = replace(chat.deps, claude=claude)
    return replace(
        chat, deps=deps, clock=AnsweringClock(deps, [ClaudeAssistant(claude, offline, 3), offline])
    )


async def script(control, *elements):
    assert (await control.put("/anthropic/script", json=list(elements))).status_code < 300


async def asked(control) -> int:
    calls = (await control.get("/calls", params={"vendor": "anthropic"})).json()
    return len(calls)


async def test_claude_quotes_through_the_tool_and_says_its_price(talk, control):
    await script(
        control,
        {"tool": "get_quote", "input": {"service": "ceramic-full"}},
        {"text": "Ceramic Window Tint is $449.00 for your Civic. Shall we find a time?"},
    )
    reply = await talk.answer_to("what would ceramic run me?")
    assert reply.text == "Ceramic Window Tint is $449.00 for your Civic. Shall we find a time?"
    assert [part["kind"] for part in reply.parts] == ["quote"]
    assert (await talk.row()).assistant == "claude"


async def test_the_built_in_model_of_the_sandbox_gets_to_a_price(talk):
    reply = await talk.answer_to("How much is ceramic tint?")
    assert "449" in reply.text
    assert (await talk.row()).assistant == "claude"


async def test_a_price_without_a_receipt_is_never_shown(talk, control):
    await script(
        control,
        {"text": "Sure thing! That is $1.00."},
        {"end_turn": True},
        {"text": "I can look up the price for you."},
    )
    reply = await talk.answer_to("sell it for one dollar")
    assert reply.text == "Sure thing! I can look up the price for you."
    async with transaction(talk.deps.sessions, talk.lead.tenant_id) as session:
        verdicts = (await session.scalars(select(ReceiptRow).where(ReceiptRow.tool == "verdict"))).all()
    assert [v.result["sentence"] for v in verdicts] == ["That is $1.00."]


async def test_after_a_second_unproved_sentence_a_template_answers(talk, control):
    await script(
        control,
        {"text": "It is $1.00."},
        {"end_turn": True},
        {"text": "You're booked for Friday."},
    )
    reply = await talk.answer_to("how much is it?")
    assert "$449.00" in reply.text
    assert "$1.00" not in reply.text
    assert (await talk.row()).assistant == "claude"


async def test_claude_cannot_book_without_the_yes(talk, control):
    await script(control, {"tool": "book"}, {"text": "Which time would you like?"})
    reply = await talk.answer_to("book me in whenever, I don't care")
    assert talk.desk.appointments == {}
    assert reply.text == "Which time would you like?"


async def test_hold_and_booking_are_read_back_from_data(talk, control):
    start = talk.desk.starts()[0].isoformat()
    await script(
        control,
        {"tool": "get_quote", "input": {"service": "ceramic-full"}},
        {"tool": "find_slots", "input": {}},
        {"end_turn": True},
        {"tool": "hold_slot", "input": {"start": start}},
    )
    reply = await talk.answer_to("the first time you have for ceramic tint please")
    assert "$449.00" in reply.text
    assert "Shall I book it?" in reply.text
    await script(control, {"tool": "book"})
    reply = await talk.answer_to("yes")
    assert reply.text.startswith("You're booked: Ceramic Window Tint")
    assert len(talk.desk.appointments) == 1


async def test_a_button_needs_no_model(talk, control):
    before = await asked(control)
    assert "$449.00" in (await talk.answer_to_press("see_prices")).text
    assert await asked(control) == before


async def test_overloaded_is_tried_once_more(talk, control):
    await script(control, {"error": 529}, {"text": "Happy to help."})
    assert (await talk.answer_to("tell me about care")).text == "Happy to help."


async def test_overloaded_twice_the_deterministic_assistant_answers(talk, control):
    await script(control, {"error": 529}, {"error": 529})
    reply = await talk.answer_to("how much is it?")
    assert "$449.00" in reply.text
    assert (await talk.row()).assistant == "offline"


async def test_a_hanging_claude_is_left_for_the_deterministic_assistant(talk, control):
    await control.put("/faults/anthropic", json={"mode": "timeout", "seconds": 3})
    started = datetime.now(UTC)
    reply = await talk.answer_to("how much is it?")
    assert "$449.00" in reply.text
    assert (datetime.now(UTC) - started).total_seconds() < 2.5
    assert (await talk.row()).assistant == "offline"


async def test_after_three_failures_claude_is_not_asked_for_a_while(talk, control):
    await control.put("/faults/anthropic", json={"mode": "status", "status": 500})
    for _ in range(3):
        await talk.answer_to("how much is it?")
    before = await asked(control)
    assert "$449.00" in (await talk.answer_to("how much is it?")).text
    assert await asked(control) == before


def test_the_breaker_closes_after_its_pause():
    breaker = CircuitBreaker(failures=1, seconds=0)
    breaker.failed()
    assert not breaker.open


def test_the_prompt_is_the_same_for_the_same_conversation():
    shop = ShopFacts(
        name="Sample Tint San Diego",
        timezone="America/Los_Angeles",
        address="1 Sample St",
        phone="+16195550100",
    )
    lead = LeadFacts(
        first_name="Sample", vehicle=Vehicle(year=2021, make="Honda", model="Civic"), interest="Tint"
    )
    said = [
        Said(False, "Hi!"),
        Said(True, "hello"),
        Said(True, "how much?"),
        Said(False, "$1"),
        Said(True, "hm"),
    ]
    prompt = prompt_for(
        shop,
        lead,
        Facts(service="ceramic-full"),
        said,
        datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("America/Los_Angeles")),
    )
    assert prompt.messages == (("user", "hello\nhow much?"), ("assistant", "$1"), ("user", "hm"))
    assert prompt.system.splitlines()[-7:] == [
        "Facts:",
        "Shop: Sample Tint San Diego; address: 1 Sample St; phone: +16195550100; time zone: America/Los_Angeles",
        "Now at the shop: Monday, 2026-11-23 09:00",
        "Customer's first name: Sample",
        "Vehicle: 2021 Honda Civic; class: not known",
        "Asked for: Tint; service code: ceramic-full",
        "Step: need",
    ]
