"""The sequence ends the moment somebody acts, and nothing of it goes afterwards."""

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from notifier.actions.touches import fire_due_touches
from shared.db.engine import transaction
from shared.events import (
    Consent,
    Contact,
    CrmMessageObserved,
    EventData,
    FirstTouch,
    HandoffEnded,
    HandoffRequested,
    LeadStatusChanged,
)
from sqlalchemy import text


def status(lead_id, new):
    return LeadStatusChanged(lead_id=lead_id, old="contacted", new=new, reason="sample")


def handoff(lead_id):
    return HandoffRequested(
        conversation_id=uuid4(),
        lead_id=lead_id,
        kind="hard",
        reason="complaint",
        summary="The film peels. {{ x }} <script>",
        open_question="Is it under warranty?",
    )


def crm(lead_id, author):
    return CrmMessageObserved(
        crm_message_id="m1", order_id="o1", lead_id=lead_id, author=author, text="Calling them now."
    )


def facts(lead_id) -> dict[str, EventData]:
    return {
        "won": status(lead_id, "won"),
        "lost": status(lead_id, "lost"),
        "engaged": status(lead_id, "engaged"),
        "appointment_scheduled": status(lead_id, "appointment_scheduled"),
        "handoff": handoff(lead_id),
        "staff": crm(lead_id, "staff"),
        "crm customer": crm(lead_id, "customer"),
    }


async def test_a_customers_message_stored_before_the_send_means_no_send(shop):
    fact = await shop.greet()
    await shop.say(fact.lead_id, "Hello?")
    await shop.send_due()
    assert shop.inbox("email") == []
    assert shop.inbox("sms") == []
    assert {(d.state, d.reason) for d in await shop.deliveries()} == {("suppressed", "engaged")}
    assert {(t.state, t.reason) for t in (await shop.touches(fact.lead_id))[1:]} == {("cancelled", "engaged")}


async def test_a_message_that_meets_the_claim_either_stops_it_or_comes_after_it(shop):
    leads = [await shop.greet() for _ in range(8)]
    await asyncio.gather(shop.send_due(), *(shop.say(fact.lead_id, "Hi") for fact in leads))
    await shop.send_due()
    sent = {mail["to"] for mail in shop.inbox("email")}
    for fact in leads:
        states = {
            d.state
            for d in await shop.deliveries()
            if d.address == fact.contact.email and d.channel == "email"
        }
        assert states == ({"sent"} if fact.contact.email in sent else {"suppressed"})


async def test_a_message_held_in_an_open_transaction_is_not_overtaken(shop):
    """The stop holds the rows until it commits; a sender passes them by."""
    fact = await shop.greet()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text("UPDATE deliveries SET state = 'suppressed' WHERE lead_id = :id"), {"id": fact.lead_id}
        )
        await shop.send_due()
    await shop.send_due()
    assert shop.inbox("email") == []


@pytest.mark.parametrize("name", list(facts(uuid4())))
async def test_each_of_these_stops_the_sequence(shop, name):
    fact = await shop.greet()
    await shop.tell(facts(fact.lead_id)[name])
    await fire_due_touches(shop.deps, shop.tenant_id, datetime.now(UTC) + timedelta(days=2))
    await shop.send_due()
    assert [mail["to"] for mail in shop.inbox("email") if mail["to"] == fact.contact.email] == []
    assert (await shop.lead(fact.lead_id)).stopped_reason is not None
    assert {touch.state for touch in (await shop.touches(fact.lead_id))[1:]} == {"cancelled"}


@pytest.mark.parametrize("new", ["new", "contacted"])
async def test_other_statuses_stop_nothing(shop, new):
    fact = await shop.greet()
    await shop.tell(status(fact.lead_id, new))
    await shop.send_due()
    assert len(shop.inbox("email")) == 1


async def test_the_end_of_a_handoff_starts_nothing_anew(shop):
    fact = await shop.greet()
    await shop.tell(handoff(fact.lead_id))
    await shop.tell(HandoffEnded(conversation_id=uuid4(), lead_id=fact.lead_id, how="idle"))
    assert (await shop.lead(fact.lead_id)).stopped_reason == "handoff"


async def test_a_handoff_tells_the_shops_own_address_why(shop):
    fact = await shop.greet()
    event = await shop.tell(handoff(fact.lead_id))
    await shop.publish(event)
    await shop.send_due()
    (mail,) = shop.inbox("email", "store094@sample-tint.example")
    assert mail["subject"] == "A customer needs a person: Ana Sample (complaint)"
    assert "The film peels. x script" in mail["text"]
    assert "Is it under warranty?" in mail["text"]
    assert fact.contact.email in mail["text"]
    assert "List-Unsubscribe" not in mail["headers"]


async def test_replies_of_assistant_and_staff_go_out_on_their_channel(shop):
    fact = await shop.greet()
    await shop.say(fact.lead_id, "It takes 3 hours.", author="assistant", channel="sms")
    await shop.say(fact.lead_id, "See you then!\n\nBo", author="staff", channel="email")
    await shop.say(fact.lead_id, "Only here.", author="assistant", channel="web")
    await shop.send_due()
    texts = [item["text"] for item in shop.inbox("sms", fact.contact.phone)]
    mails = [item["text"].replace("\r", "") for item in shop.inbox("email", fact.contact.email)]
    assert texts == ["It takes 3 hours."]
    assert len(mails) == 1
    assert mails[0].startswith("See you then!\n\nBo\n\nOpen the chat: https://")


@pytest.mark.parametrize(
    ("sms", "reason"), [(True, None), (False, "no_consent")], ids=["consent", "no consent"]
)
async def test_an_answer_in_the_web_chat_goes_out_by_text_only_with_consent(shop, a_lead, sms, reason):
    phone = a_lead().contact.phone
    fact = await shop.greet(
        contact=Contact(name="Ana Sample", phone=phone), consent=Consent(sms=sms, email=False)
    )
    await shop.say(fact.lead_id, "Sam here.", author="staff", channel="web", also=("email",))
    await shop.send_due()
    sent = await shop.delivery("sms", "reply")
    assert (sent.state == "suppressed", sent.reason) == (reason is not None, reason)


async def test_who_unsubscribed_gets_no_mail_for_an_answer_in_the_web_chat(shop):
    fact = await shop.greet()
    await shop.say(fact.lead_id, "don't email me any more")
    await shop.say(fact.lead_id, "Sam here.", author="staff", channel="web", also=("email",))
    await shop.send_due()
    sent = await shop.delivery("email", "reply")
    assert (sent.state, sent.reason) == ("suppressed", "opted_out")


async def test_the_assistants_words_do_not_count_as_the_customers(shop):
    fact = await shop.greet()
    await shop.say(fact.lead_id, "Hi Ana! What can I do for you?", author="assistant")
    await shop.send_due()
    assert len(shop.inbox("email")) == 1


async def test_words_in_the_web_chat_can_opt_out_of_texts(shop):
    fact = await shop.greet()
    await shop.say(fact.lead_id, "Please don't text me any more")
    told = await shop.told("contact.opted_out.v1")
    assert [(row["channel"], row["address"], row["how"]) for row in told] == [
        ("sms", fact.contact.phone, "free_text")
    ]


async def due_follow_up(shop):
    """The lead, and the moment at which its first follow-up goes."""
    fact = await shop.greet()
    await shop.send_due()
    due = (await shop.touches(fact.lead_id))[1].due_at
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    return fact, due


async def test_a_reply_that_chat_has_and_no_event_has_told_of_stops_the_follow_up(shop):
    fact, due = await due_follow_up(shop)
    shop.neighbours.engaged.add(fact.lead_id)
    await shop.send_due(due)
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 1), "the first touch alone"
    follow_ups = {(d.state, d.reason) for d in await shop.deliveries() if d.touch == 1}
    assert follow_ups == {("suppressed", "engaged")}
    assert {t.state for t in (await shop.touches(fact.lead_id))[2:]} == {"cancelled"}


async def test_a_first_text_that_waited_for_its_hour_asks_chat_as_well(shop):
    await shop.open(first_touch=FirstTouch(sms="allowed_hours"), version=2)
    fact = await shop.greet()
    night = datetime(2027, 3, 16, 8, tzinfo=UTC)
    await shop.send_due(night)
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 0)
    shop.neighbours.engaged.add(fact.lead_id)
    await shop.send_due(night + timedelta(hours=10))
    assert shop.inbox("sms") == []
    first_text = await shop.delivery("sms")
    assert (first_text.state, first_text.reason) == ("suppressed", "engaged")


async def test_a_first_touch_at_once_asks_nobody(shop):
    await shop.greet()
    shop.neighbours.away = True
    await shop.send_due()
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 1)


async def test_while_chat_does_not_answer_a_follow_up_waits_and_is_never_given_up(shop):
    _, due = await due_follow_up(shop)
    shop.neighbours.away = True
    for number in range(70):
        await shop.send_due(due + timedelta(seconds=6 * number))
    assert {(d.state, d.reason) for d in await shop.deliveries() if d.touch == 1} == {
        ("planned", "house_away")
    }
    shop.neighbours.away = False
    await shop.send_due(due + timedelta(seconds=600))
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (2, 2)


RACES = int(os.environ.get("RACES", "100"))
AT_ONCE = 50


@pytest.mark.timeout(900)
async def test_replies_that_race_with_their_follow_ups_are_never_followed_up(shop):
    dice = random.Random(RACES)  # noqa: S311 - moments of a test
    replied: dict[str, float] = {}
    told_no: dict[str, float] = {}
    for _ in range(0, RACES, AT_ONCE):
        races = [await due_follow_up(shop) for _ in range(AT_ONCE)]

        async def reply(fact):
            await asyncio.sleep(dice.uniform(0, 2))
            shop.neighbours.engaged.add(fact.lead_id)
            replied[fact.contact.email] = asyncio.get_running_loop().time()

        due = max(due for _, due in races)
        sending = (shop.send_due(due) for _ in range(8))
        await asyncio.gather(*sending, *(reply(fact) for fact, _ in races))
        await shop.send_due(due + timedelta(hours=2))
        told_no |= {
            fact.contact.email: shop.neighbours.told_no[fact.lead_id]
            for fact, _ in races
            if fact.lead_id in shop.neighbours.told_no
        }
    mails = Counter(mail["to"] for mail in shop.inbox("email"))
    followed_up = [to for to, count in mails.items() if count > 1]
    assert 0 < len(followed_up) < len(replied), "the races must end both ways"
    late = [to for to in followed_up if to not in told_no or told_no[to] > replied[to]]
    assert late == [], f"{len(late)} of {len(replied)}"
