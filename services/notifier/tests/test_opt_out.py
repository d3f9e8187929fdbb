"""An opt-out in any words ends marketing at once, is written down once, and is confirmed once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from notifier.actions.inbound import Inbound, receive
from notifier.domain.opt_in import opts_in
from shared.db.engine import transaction
from sqlalchemy import text

CONFIRMED = "Sample Tint San Diego: you are unsubscribed."
DOUBTFUL = "ok no more for now"


async def receives(shop, lead, words, channel="sms", **changes):
    sender = lead.contact.phone if channel == "sms" else lead.contact.email
    values = {"channel": channel, "provider_id": f"id{uuid4()}", "sender": sender, "to": "us", "text": words}
    await receive(shop.deps, shop.tenant_id, Inbound(**(values | changes)))


async def ledger(shop):
    """What was said about consent, oldest first."""
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        rows = await session.execute(
            text("SELECT channel, permission, source, text FROM consents ORDER BY at, channel")
        )
        return [tuple(row) for row in rows if row[2] != "crm"]


async def passed_on(shop):
    return [told["text"] for told in await shop.told("inbound.message.received.v1")]


@pytest.mark.parametrize(
    "words", ["Stop. Thank you", "Please stop", "remove me", "No me manden más mensajes"]
)
@pytest.mark.parametrize("channel", ["sms", "email"])
async def test_free_words_end_all_marketing_and_reach_the_conversation(shop, words, channel):
    lead = await shop.greet()
    await receives(shop, lead, words, channel)
    await shop.send_due()
    assert shop.inbox("sms") + shop.inbox("email") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason == "opted_out"
    refused = {(c, "opted_out", "free_text", words) for c in ("sms", "email")}
    assert set(await ledger(shop)) == refused
    assert await passed_on(shop) == [words]


@pytest.mark.parametrize("word", ["STOP 🛑", "stop all", "ALTO", "PARAR", "revoke"])
async def test_a_stop_word_that_twilio_does_not_answer_reaches_the_conversation(shop, word):
    lead = await shop.greet()
    await receives(shop, lead, word)
    assert await ledger(shop) == [("sms", "opted_out", "keyword", word)]
    assert await passed_on(shop) == [word]


async def test_a_word_in_the_subject_alone_counts_unless_it_is_a_quoted_one(shop):
    first, second = await shop.greet(), await shop.greet()
    await receives(shop, first, "Ana", "email", subject="unsubscribe")
    await receives(shop, second, "How long does it take?", "email", subject="Re: how do I unsubscribe")
    told = await shop.told("contact.opted_out.v1")
    assert {row["lead_id"] for row in told} == {str(first.lead_id)}


@pytest.mark.parametrize("before", ["My car is red and it is quite old. " * 250, "Hello\n\n--\nAna\n"])
async def test_a_refusal_at_the_end_of_a_mail_is_heard_as_well(shop, before):
    lead = await shop.greet()
    await receives(shop, lead, f"{before}P.S. Please stop mailing me.", "email")
    assert (await shop.lead(lead.lead_id)).stopped_reason in {"opted_out", "opt_out_asked"}


async def test_a_repeated_refusal_is_one_row(shop):
    lead = await shop.greet()
    for words in ("Please stop", "I said stop texting me", "STOP"):
        await receives(shop, lead, words)
    assert sorted(channel for channel, *_ in await ledger(shop)) == ["email", "sms"]


async def test_a_strangers_refusal_is_one_row(shop, a_lead):
    fact = a_lead()
    for words in ("who is this? take me off your list", "STOP"):
        await receives(shop, fact, words)
    assert len(await ledger(shop)) == 1
    assert len(await shop.told("contact.opted_out.v1")) == 1


async def test_start_is_a_change_where_the_person_has_not_said_it_before(shop):
    lead = await shop.greet()
    for word in ("START", "STOP", "START", "START"):
        await receives(shop, lead, word)
    assert [(permission, words) for _, permission, _, words in await ledger(shop)] == [
        ("granted", "START"),
        ("opted_out", "STOP"),
        ("granted", "START"),
    ]


async def test_a_confirmation_is_texted_once_though_texts_are_refused(shop):
    lead = await shop.greet()
    for words in ("Please stop texting me", "I said stop texting me"):
        await receives(shop, lead, words)
        await shop.say(lead.lead_id, CONFIRMED, author="assistant", channel="sms", opt_out=("sms",))
    await shop.say(lead.lead_id, "Anything else?", author="assistant", channel="sms")
    await shop.send_due()
    assert [item["text"] for item in shop.inbox("sms")] == [CONFIRMED]


async def test_after_start_a_new_refusal_is_confirmed_anew(shop):
    lead = await shop.greet()
    for words in ("Please stop texting me", "START", "stop texting me please"):
        await receives(shop, lead, words)
        if words != "START":
            await shop.say(lead.lead_id, CONFIRMED, author="assistant", channel="sms", opt_out=("sms",))
    await shop.send_due()
    assert len(shop.inbox("sms")) == 2


@pytest.mark.parametrize("channel", ["sms", "web"])
async def test_in_doubt_every_sequence_to_the_person_stops_and_nothing_is_written_down(shop, channel):
    lead = await shop.greet()
    other = await shop.greet(contact=lead.contact)
    if channel == "sms":
        await receives(shop, lead, DOUBTFUL)
    else:
        await shop.say(lead.lead_id, "stop")
    await shop.send_due()
    assert shop.inbox("sms") + shop.inbox("email") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason == "opt_out_asked"
    assert (await shop.lead(other.lead_id)).stopped_reason is not None
    assert await ledger(shop) == []


async def test_a_question_goes_out_and_a_request_of_another_day_begins_a_new_sequence(shop):
    lead = await shop.greet(received_at=datetime.now(UTC) - timedelta(days=2))
    await receives(shop, lead, DOUBTFUL)
    await shop.say(lead.lead_id, "Do you want us to stop?", author="assistant", channel="sms")
    await shop.greet(contact=lead.contact)
    await shop.send_due()
    texts = {item["text"][:30] for item in shop.inbox("sms")}
    assert texts == {"Do you want us to stop?", "Sample Tint San Diego: Hi Ana,"}


async def test_what_only_the_chat_could_understand_counts(shop):
    lead = await shop.greet()
    await shop.say(lead.lead_id, "yes", channel="sms", opt_out=("sms", "email"))
    assert {(c, words) for c, _, _, words in await ledger(shop)} == {("sms", "yes"), ("email", "yes")}


@pytest.mark.parametrize("words", ["stop texting me", "please dont send me any more emails"])
async def test_the_web_chat_is_heard(shop, words):
    lead = await shop.greet()
    await shop.say(lead.lead_id, words)
    (told,) = await shop.told("contact.opted_out.v1")
    assert (told["how"], told["text"]) == ("free_text", words)


def test_start_opts_in():
    assert opts_in(" start ")
    assert not opts_in("start on Friday")
