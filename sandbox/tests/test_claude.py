import time

import anthropic
import pytest
from anthropic import AsyncAnthropic

TOOLS = [
    {"name": name, "description": name, "input_schema": {"type": "object", "properties": {}}}
    for name in ("list_services", "get_quote", "find_slots", "hold_slot", "book", "hand_off", "get_hours")
]
SERVICES = '{"services": [{"code": "tint-carbon", "name": "Window tint carbon"}, {"code": "ppf", "name": "Paint film"}]}'
SLOTS = '{"slots": [{"start": "2026-12-01T17:00:00Z", "label": "Tue, Dec 1, 9:00 AM PST"}, {"start": "2026-12-02T21:00:00Z", "label": "Wed, Dec 2, 1:00 PM PST"}]}'


@pytest.fixture
async def claude(sandbox):
    async with AsyncAnthropic(base_url=f"{sandbox.url}/anthropic", api_key="x", max_retries=0) as client:
        yield client


def _ask(messages):
    return {"model": "claude-haiku-5-5", "max_tokens": 500, "messages": messages, "tools": TOOLS}


def _said(text):
    return {"role": "user", "content": text}


def _used(tool, answer, **tool_input):
    return [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": f"t-{tool}", "name": tool, "input": tool_input}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"t-{tool}", "content": answer}]},
    ]


async def test_the_sdk_streams_text_piece_by_piece(http, claude):
    await http.put("/control/anthropic/script", json=[{"text": "One two three four five six."}])
    async with claude.messages.stream(**_ask([_said("hi")])) as stream:
        pieces = [piece async for piece in stream.text_stream]
        final = await stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == final.content[0].text == "One two three four five six."
    assert final.stop_reason == "end_turn"


async def test_the_sdk_streams_tool_calls_with_their_input(http, claude):
    script = [
        {"text": "Let me look."},
        {"tool": "get_quote", "input": {"service": "ceramic", "addons": ["a"]}},
    ]
    await http.put("/control/anthropic/script", json=script)
    async with claude.messages.stream(**_ask([_said("price?")])) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["text", "tool_use"]
    assert final.content[1].input == {"service": "ceramic", "addons": ["a"]}
    assert final.stop_reason == "tool_use"


async def test_a_call_without_stream_answers_the_whole_message(http, claude):
    await http.put("/control/anthropic/script", json=[{"text": "Hello"}])
    message = await claude.messages.create(**_ask([_said("hi")]))
    assert message.content[0].text == "Hello"
    assert message.usage.input_tokens > 0


async def test_a_script_is_taken_turn_by_turn_and_then_the_model_is_itself_again(http, claude):
    script = [{"tool": "get_hours"}, {"text": "A"}, {"text": "B"}, {"end_turn": True}, {"text": "C"}]
    await http.put("/control/anthropic/script", json=script)
    turns = [await claude.messages.create(**_ask([_said("hi")])) for _ in range(4)]
    assert [block.name for block in turns[0].content] == ["get_hours"]
    assert [block.text for block in turns[1].content] == ["A", "B"]
    assert [block.text for block in turns[2].content] == ["C"]
    assert "prices, times and booking" in turns[3].content[0].text


@pytest.mark.parametrize(
    ("status", "error"), [(529, anthropic.OverloadedError), (429, anthropic.RateLimitError)]
)
async def test_a_scripted_error_is_the_sdks_error(http, claude, status, error):
    await http.put("/control/anthropic/script", json=[{"error": status}, {"text": "back"}])
    with pytest.raises(error):
        await claude.messages.create(**_ask([_said("hi")]))
    assert (await claude.messages.create(**_ask([_said("hi")]))).content[0].text == "back"


async def test_an_error_after_text_breaks_the_stream(http, claude):
    await http.put("/control/anthropic/script", json=[{"text": "Half a"}, {"error": 529}])
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        async with claude.messages.stream(**_ask([_said("hi")])) as stream:
            await stream.get_final_message()


async def test_a_scripted_delay_is_waited_out_before_the_first_token(http, claude):
    await http.put("/control/anthropic/script", json=[{"delay_s": 0.2}, {"text": "late"}])
    started = time.perf_counter()
    await claude.messages.create(**_ask([_said("hi")]))
    assert time.perf_counter() - started >= 0.2


async def test_no_key_is_refused(http):
    answer = await http.post("/anthropic/v1/messages", json=_ask([_said("hi")]))
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")


async def test_an_old_style_key_header_is_accepted(http):
    answer = await http.post("/anthropic/v1/messages", json=_ask([_said("hi")]), headers={"x-api-key": "k"})
    assert answer.json()["type"] == "message"


async def _answer(claude, messages):
    return (await claude.messages.create(**_ask(messages))).content[0]


async def test_asked_for_a_price_it_looks_up_the_service_then_quotes_the_total(claude):
    talk = [_said("How much is window tint?")]
    assert (await _answer(claude, talk)).name == "list_services"
    talk += _used("list_services", SERVICES)
    quote = await _answer(claude, talk)
    assert (quote.name, quote.input) == ("get_quote", {"service": "tint-carbon"})
    talk += _used("get_quote", '{"id": "q1", "total_cents": 29900, "kind": "exact"}', service="tint-carbon")
    assert "$299." in (await _answer(claude, talk)).text


async def test_free_times_are_said_by_their_labels(claude):
    talk = [_said("When can I come in the morning?")]
    wish = await _answer(claude, talk)
    assert (wish.name, wish.input) == ("find_slots", {"part_of_day": "morning"})
    said = (await _answer(claude, talk + _used("find_slots", SLOTS))).text
    assert "Tue, Dec 1, 9:00 AM PST" in said
    assert "Wed, Dec 2, 1:00 PM PST" in said


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("Tue, Dec 1, 9:00 AM PST", "2026-12-01T17:00:00Z"),
        ("the second one please", "2026-12-02T21:00:00Z"),
        ("Wednesday at 1pm works", "2026-12-02T21:00:00Z"),
    ],
)
async def test_a_chosen_time_is_held_then_booked_on_yes(claude, words, start):
    talk = [
        _said("When can I come?"),
        *_used("find_slots", SLOTS),
        {"role": "assistant", "content": "Which?"},
        _said(words),
    ]
    hold = await _answer(claude, talk)
    assert (hold.name, hold.input) == ("hold_slot", {"start": start})
    talk += _used("hold_slot", '{"id": "h1", "label": "that label"}', start=start)
    question = (await _answer(claude, talk)).text
    assert "that label" in question
    talk += [{"role": "assistant", "content": question}, _said("Yes please")]
    assert (await _answer(claude, talk)).name == "book"


async def test_a_time_chosen_without_the_slots_at_hand_is_looked_up_first(claude):
    talk = [_said("the first one"), *_used("find_slots", SLOTS)]
    assert (await _answer(claude, talk)).input == {"start": "2026-12-01T17:00:00Z"}


async def test_times_refused_for_want_of_a_quote_are_asked_for_again_after_one(claude):
    talk = [_said("When can I come for carbon?"), *_used("find_slots", '{"error": "get_quote first"}')]
    assert (await _answer(claude, talk)).name == "list_services"
    talk += _used("list_services", SERVICES)
    assert (await _answer(claude, talk)).input == {"service": "tint-carbon"}
    talk += _used("get_quote", '{"id": "q1", "total_cents": 29900}', service="tint-carbon")
    assert (await _answer(claude, talk)).name == "find_slots"


@pytest.mark.parametrize(
    ("facts", "words", "tool"),
    [
        ("Step: confirm\nHeld: Tue, Dec 1, 9:00 AM PST = 2026-12-01T17:00:00+00:00", "Yes", "book"),
        ('Held: Tue = 2026-12-01\nAppointment: {"status":"booked"}', "Yes", "move_appointment"),
        ("Step: cancel_confirm", "yes please", "cancel_appointment"),
        ("Offered: Tue, Dec 1, 9:00 AM PST = 2026-12-01T17:00:00+00:00", "9am is good", "hold_slot"),
    ],
)
async def test_the_state_of_the_conversation_is_read_from_the_system_prompt(claude, facts, words, tool):
    tools = [
        {"name": name, "input_schema": {"type": "object"}}
        for name in ("move_appointment", "cancel_appointment")
    ]
    request = _ask([_said(words)]) | {"system": f"Rules\n\nFacts:\n{facts}", "tools": [*TOOLS, *tools]}
    assert (await claude.messages.create(**request)).content[0].name == tool


async def test_asked_for_a_person_it_hands_off(claude):
    assert (await _answer(claude, [_said("Can I talk to a person?")])).name == "hand_off"


async def test_a_failed_tool_is_not_answered_with_facts(claude):
    talk = [_said("How much is tint?"), *_used("get_quote", '{"error": "down"}')]
    assert "$" not in (await _answer(claude, talk)).text
