"""A hand-off that helps: each clause of what it promises, on a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from chat.actions.conversations import receive_inbound
from chat.actions.messages import be_present, read_scene
from chat.actions.staff import staff_takes_over, staff_writes
from chat.domain.conversation import Owner, State, action_ids
from chat.domain.handoff import phone_in
from chat.views import StateView
from shared.db.engine import transaction
from shared.events import InboundMessageReceived
from shared.http.staff import StaffSession
from shared.staff import Viewer
from sqlalchemy import text

from .conftest import LOCATION, TENANT, Chat, event_of

pytestmark = pytest.mark.postgres
PERSON = "I want to talk to a real person"


def buttons(message) -> list[str]:
    return [a["id"] for part in message.parts or [] if part["kind"] == "actions" for a in part["actions"]]


def starts(message) -> list[str]:
    return [s["start"] for part in message.parts or [] if part["kind"] == "slots" for s in part["slots"]]


@pytest.fixture
def sam() -> Viewer:
    session = StaffSession(TENANT, uuid4(), uuid4(), datetime.now(UTC) + timedelta(hours=1))
    return Viewer(session, TENANT, session.staff_id, "Sam", frozenset({LOCATION}), may_act=True)


async def sam_writes(chat: Chat, sam: Viewer, text: str = "Sam here.") -> None:
    await staff_writes(chat.deps, sam, (await chat.row()).id, client_id=str(uuid4()), text=text)


async def came(chat: Chat, channel: str, text: str) -> None:
    inbound = InboundMessageReceived(
        channel=channel, sender="sample", lead_id=chat.lead.subject_id, text=text, provider_id=str(uuid4())
    )
    await chat.consume(event_of(inbound), receive_inbound)


@pytest.mark.parametrize("words", [PERSON, "the film you installed is peeling off, I have a complaint"])
async def test_until_a_person_writes_facts_and_bookings_go_on(chat, sam, words):
    await chat.answer_to(words)
    assert (await chat.row()).owner == Owner.ASSISTANT
    assert "$449.00" in (await chat.answer_to("how much is ceramic tint?")).text
    offer = await chat.answer_to("what times do you have?")
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    assert (await chat.answer_to_press("confirm:yes")).text.startswith("You're booked")
    await sam_writes(chat, sam)
    await chat.write("how much is carbon?")
    assert await chat.clock.drain() == 0


async def test_a_person_who_takes_over_silences_the_assistant(chat, sam):
    await staff_takes_over(chat.deps, sam, (await chat.row()).id)
    await chat.write("how much is it?")
    assert await chat.clock.drain() == 0


async def test_what_is_not_understood_meanwhile_is_left_to_the_person_and_no_second_one_is_offered(chat):
    await chat.answer_to(PERSON)
    for words in ("the blue one not the other", "my cousin vinny told me"):
        reply = await chat.answer_to(words)
        assert "the person I've asked for" in reply.text
    assert len(await chat.published("handoff.requested.v1")) == 1


@pytest.mark.parametrize("how", ["button", "words"])
async def test_continue_with_the_assistant_ends_the_wait(chat, how):
    asked = await chat.answer_to(PERSON)
    assert "resume" in buttons(asked)
    assert "person" not in buttons(asked)
    reply = await (
        chat.answer_to_press("resume") if how == "button" else chat.answer_to("never mind, you can answer")
    )
    assert reply.text == "Gladly. What would you like to know?"
    assert "person" in buttons(reply)
    row = await chat.row()
    assert (row.person_asked_at, row.state) == (None, State.NEED)
    assert [event["how"] for event in await chat.published("handoff.ended.v1")] == ["given_back"]


async def test_continue_with_the_assistant_after_a_person_wrote(chat, sam):
    await sam_writes(chat, sam)
    assert action_ids(State.HUMAN, Owner.HUMAN) == ("resume",)
    reply = await chat.answer_to_press("resume")
    assert reply.author == "assistant"
    assert "$449.00" in (await chat.answer_to("how much is ceramic tint?")).text


async def test_continued_with_the_assistant_what_waited_is_answered_and_nobody_is_asked_for_again(chat, sam):
    await sam_writes(chat, sam)
    for words in ("are you there?", PERSON, "how much is ceramic tint?"):
        await chat.write(words)
    assert await chat.clock.drain() == 0
    assert "$449.00" in (await chat.answer_to_press("resume")).text
    assert await chat.published("handoff.requested.v1") == []


async def test_continued_with_the_assistant_the_wish_for_a_person_that_waited_is_over(chat, sam):
    await sam_writes(chat, sam)
    await chat.write(PERSON)
    assert (await chat.answer_to_press("resume")).text == "Gladly. What would you like to know?"
    assert await chat.published("handoff.requested.v1") == []


async def test_an_assistant_that_is_switched_off_takes_nothing_over(chat, sam):
    await sam_writes(chat, sam)
    async with transaction(chat.deps.sessions, TENANT) as session:
        off = "UPDATE locations SET facts = jsonb_set(facts, '{switches,assistant}', 'false')"
        await session.execute(text(off))
    assert StateView.of(await read_scene(chat.deps, chat.lead)).actions == ()
    await chat.press("resume")
    assert (await chat.row()).owner == Owner.HUMAN
    assert "resume" not in action_ids(State.NEED, Owner.ASSISTANT, person_asked=True, assistant_on=False)


async def test_who_wants_nothing_more_lets_go_of_the_time_that_was_held(chat):
    offer = await chat.answer_to("what times do you have?")
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    await chat.answer_to_press("pick_time")
    assert (await chat.row()).hold
    reply = await chat.answer_to("that's all, no thanks")
    assert "Nothing is booked" in reply.text
    assert (await chat.row()).hold is None


async def test_who_wants_nothing_more_is_not_told_that_nothing_is_booked_while_a_booking_is_under_way(chat):
    offer = await chat.answer_to("what times do you have?")
    chat.desk.away = True
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    await chat.answer_to("yes")
    assert (await chat.row()).state == State.REQUESTED
    assert "Nothing is booked" not in (await chat.answer_to("that's all, no thanks")).text


@pytest.mark.parametrize(
    ("words", "handed_off"),
    [
        ("the film you guys put on is bubbling", True),
        ("la película que me pusieron se está despegando", True),
        ("can you take the old tint off?", False),
        ("me quitan el polarizado viejo?", False),
    ],
)
async def test_our_bad_work_is_a_hand_off_and_old_film_a_sale(chat, words, handed_off):
    reply = await chat.answer_to(words)
    assert bool(await chat.published("handoff.requested.v1")) is handed_off
    assert ("$150.00" in reply.text) is not handed_off


async def test_the_summary_says_what_was_asked_offered_and_promised(chat):
    await chat.answer_to("how much is ceramic tint?")
    offer = await chat.answer_to("what times do you have?")
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    await chat.answer_to("is the owner there? I want to talk to a person")
    [asked] = await chat.published("handoff.requested.v1")
    summary = asked["summary"]
    assert "how much is ceramic tint?" in summary
    assert "Quoted: Ceramic Window Tint" in summary
    assert "$449.00" in summary
    assert "Held: " in summary


async def test_a_person_s_answer_reaches_a_customer_who_is_away(chat, sam):
    await chat.answer_to("how much?")
    await sam_writes(chat, sam)
    assert (await chat.published("message.sent.v1"))[-1]["also"] == ["email"]


async def test_a_person_s_answer_to_an_open_page_goes_there_only(chat, sam):
    await chat.answer_to("how much?")
    await be_present(chat.deps, chat.lead)
    await sam_writes(chat, sam)
    assert (await chat.published("message.sent.v1"))[-1]["also"] == []
    later = replace(chat.deps, now=lambda: datetime.now(UTC) + timedelta(minutes=2))
    await sam_writes(replace(chat, deps=later), sam, "Still there?")
    assert (await chat.published("message.sent.v1"))[-1]["also"] == ["email"]


async def test_the_same_question_by_text_and_mail_is_answered_on_both(chat):
    await came(chat, "email", "how much is ceramic tint?")
    await came(chat, "sms", "how much is ceramic tint?")
    reply = await chat.answered()
    sent = (await chat.published("message.sent.v1"))[-1]
    assert "$449.00" in reply.text
    assert {sent["channel"], *sent["also"]} == {"sms", "email"}


async def test_a_burst_by_text_names_the_prices_and_the_times_it_asks_about(chat):
    for words in (
        "hi",
        "how much is ceramic tint?",
        "how long does it take",
        "and do you have anything tomorrow",
    ):
        await came(chat, "sms", words)
    reply = await chat.answered()
    assert "$449.00" in reply.text
    assert "3 hours" in reply.text
    assert "10:00 AM" in reply.text


async def booked(chat: Chat):
    offer = await chat.answer_to("what times do you have?")
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    await chat.answer_to_press("confirm:yes")
    return datetime.fromisoformat(starts(offer)[0])


async def test_replies_to_a_reminder_are_read_against_the_appointment(chat):
    start = await booked(chat)
    assert "10:00 AM" in (await chat.answer_to("what time was it again?")).text
    late = await chat.answer_to("running 10 minutes late")
    assert "10:00 AM" in late.text
    moved = await chat.answer_to("can we do 2pm instead")
    assert start.replace(hour=14).isoformat() in {
        *starts(moved),
        (await chat.row()).hold and (await chat.row()).hold["start"],
    }


async def test_too_soon_brings_other_times_and_never_the_refused_ones_again(chat):
    chat.desk.days = 12
    first = starts(await chat.answer_to("what times do you have?"))
    again = starts(await chat.answer_to("those are too soon"))
    third = starts(await chat.answer_to("no, those don't work either"))
    assert again
    assert not set(first) & set(again)
    assert not (set(first) | set(again)) & set(third)


async def test_a_look_at_other_times_keeps_what_is_held_until_another_is_chosen(chat):
    offer = await chat.answer_to("what times do you have?")
    await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    other = await chat.answer_to_press("pick_time")
    assert starts(offer)[0] not in starts(other)
    assert (await chat.row()).hold["start"] == starts(offer)[0]
    await chat.answer_to_press(f"slot:{starts(other)[0]}")
    assert (await chat.row()).hold["start"] == starts(other)[0]


async def test_times_for_a_second_car_never_move_the_appointment_of_the_first(chat):
    start = await booked(chat)
    await chat.answer_to("how much for my wife's 2020 Ford Explorer?")
    reply = await chat.answer_to("what times do you have for it?")
    assert "Your appointment stays as it is" in reply.text
    assert starts(reply) == []
    assert datetime.fromisoformat((await chat.row()).appointment["start"]) == start


async def test_an_injury_is_met_with_care_first(chat):
    reply = await chat.answer_to("my son got hurt in your shop")
    assert reply.text.startswith("I'm very sorry.")


@pytest.mark.parametrize(
    "written",
    ["(619) 555-0123", "619 555 0123", "619.555.0123", "6195550123", "+1-619-555-0123", "1 (619) 555 0123"],
)
def test_telephone_numbers_are_read_as_people_write_them(written):
    assert phone_in(f"call me at {written} thanks") == "+16195550123"


async def test_a_day_on_which_the_shop_is_closed_is_said_to_be_and_others_are_offered(chat):
    chat.desk.spans = lambda day: (
        [] if (day.month, day.day) == (12, 25) else [{"opens": "09:00", "closes": "18:00"}]
    )
    reply = await chat.answer_to("can I come on December 25?")
    assert "closed" in reply.text
    assert starts(reply)


@pytest.mark.parametrize(("opens_next", "begins"), [(None, "Yes, "), ("2030-01-07T17:00:00Z", "No, ")])
async def test_whether_it_is_open_now_is_a_yes_or_a_no(chat, opens_next, begins):
    chat.desk.opens_next = opens_next
    assert (await chat.answer_to("are you open now?")).text.startswith(begins)


async def test_with_booking_away_nothing_is_booked_without_price_read_back_and_yes(chat):
    offer = await chat.answer_to("what times do you have?")
    chat.desk.away = True
    await chat.answer_to("yes please book it")
    assert await chat.published("booking.requested.v1") == []
    read_back = await chat.answer_to_press(f"slot:{starts(offer)[0]}")
    assert "$449.00" in read_back.text
    assert await chat.published("booking.requested.v1") == []
    await chat.answer_to("yes")
    assert len(await chat.published("booking.requested.v1")) == 1
