"""A customer who wants no more messages gets one confirmation in their language, in doubt one question, and nothing else."""

from uuid import uuid4

import pytest
from chat.actions.conversations import observe_crm_message, receive_inbound
from chat.domain import phrases
from shared.events import CrmMessageObserved, InboundMessageReceived

pytestmark = pytest.mark.postgres

SHOP = "Sample Tint San Diego"


def said(phrase, language="en"):
    return phrases.say(phrase, language, shop=SHOP)


async def last_two(chat):
    return [(message.author, message.text) for message in (await chat.messages())[-2:]]


async def inbound(chat, new_event, words, channel="sms"):
    fact = InboundMessageReceived(
        lead_id=chat.lead.subject_id,
        channel=channel,
        sender="+16195550111",
        text=words,
        provider_id=f"id{uuid4()}",
    )
    await chat.consume(new_event(fact), receive_inbound)


@pytest.mark.parametrize(
    ("words", "phrase", "language"),
    [
        ("stop texting me", "opted_out_of_texts", "en"),
        ("please dont send me any more emails", "opted_out_of_mail", "en"),
        ("leave me alone", "opted_out", "en"),
        ("No me manden más mensajes", "opted_out", "es"),
        ("ya no quiero sus correos", "opted_out_of_mail", "es"),
    ],
)
async def test_an_opt_out_is_confirmed_and_nobody_else_answers(chat, words, phrase, language):
    received = await chat.write(words)
    assert not received.answer_owed
    assert await last_two(chat) == [("customer", words), ("assistant", said(phrase, language))]
    assert await chat.clock.drain() == 0
    customer, ours = (await chat.published("message.sent.v1"))[-2:]
    assert customer["opt_out"] == ours["opt_out"] != []


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(("words", "language"), [("Please stop", "en"), ("darme de baja", "es")])
async def test_it_is_confirmed_where_it_was_said(chat, new_event, channel, words, language):
    await inbound(chat, new_event, words, channel)
    reply = (await chat.messages())[-1]
    assert (reply.channel, reply.text) == (channel, said("opted_out", language))


async def test_a_carriers_word_is_confirmed_in_its_language(chat, new_event):
    await inbound(chat, new_event, "ALTO")
    assert (await chat.messages())[-1].text == said("opted_out_of_texts", "es")


async def test_an_answer_that_was_owed_for_earlier_words_is_dropped(chat):
    await chat.write("how much is it?")
    await chat.write("forget it, stop texting me")
    assert await chat.clock.drain() == 0
    assert (await chat.messages())[-1].text == said("opted_out_of_texts")


async def test_while_a_person_has_the_conversation_it_is_heard_and_still_waits_for_the_person(
    chat, new_event
):
    staff = CrmMessageObserved(
        crm_message_id="m1", order_id="o1", lead_id=chat.lead.subject_id, author="staff", text="I'm on it"
    )
    await chat.consume(new_event(staff), observe_crm_message)
    await chat.write("stop texting me")
    row = await chat.row()
    assert (row.owner, row.waiting_since is not None) == ("human", True)
    assert (await chat.messages())[-1].text == said("opted_out_of_texts")


DOUBTFUL = "I already told you that, do you even read"


async def test_in_doubt_one_question_is_asked(chat):
    await chat.write("stop")
    assert await chat.clock.drain() == 0
    assert (await chat.messages())[-1].text == said("ask_opt_out")
    assert all(message["opt_out"] == [] for message in await chat.published("message.sent.v1"))


@pytest.mark.parametrize("answer", ["yes", "Yes please", "STOP", "stop"])
async def test_a_yes_or_a_word_like_stop_is_an_opt_out_then(chat, answer):
    await chat.write("stop")
    await chat.write(answer)
    assert (await chat.messages())[-1].text == said("opted_out")
    assert (await chat.published("message.sent.v1"))[-2]["opt_out"] == ["sms", "email"]


@pytest.mark.parametrize("answer", ["no", "how much is it?", DOUBTFUL])
async def test_any_other_answer_is_answered_by_the_assistant(chat, answer):
    await chat.write("stop")
    reply = await chat.answer_to(answer)
    assert reply.text != said("ask_opt_out")
    assert not (await chat.row()).opt_out_asked


async def test_an_appointment_cancelled_in_words_is_no_opt_out(chat):
    assert (await chat.write("cancel my appointment please")).answer_owed


async def test_the_same_message_again_is_confirmed_once(chat):
    for _ in range(2):
        await chat.write("stop texting me", "same")
    assert len(await chat.messages()) == 3
