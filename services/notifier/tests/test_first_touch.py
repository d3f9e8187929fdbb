"""A lead is greeted at once, once, and only where it may be."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from notifier.actions.leads import greet_lead
from notifier.actions.touches import fire_due_touches
from notifier.schedule import Sender
from shared.db.engine import transaction
from shared.events import Consent, Contact
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import once
from sqlalchemy import text
from testkit.patience import eventually


async def test_a_lead_gets_the_chat_link_by_mail_and_text(shop):
    fact = await shop.greet()
    await shop.send_due()

    (mail,) = shop.inbox("email", fact.contact.email)
    (sms,) = shop.inbox("sms", fact.contact.phone)
    assert mail["subject"] == "Sample Tint San Diego: prices and times for your 2021 Honda Civic"
    assert "Hi Ana," in mail["text"]
    assert "https://leads.sample-tint.example/c/" in mail["text"]
    assert "https://leads.sample-tint.example/c/" in mail["html"]
    assert "100 Sample Street, San Diego, CA 92101" in mail["text"]
    assert sms["text"].startswith("Sample Tint San Diego: Hi Ana, prices and open times for your 2021 Honda")
    assert sms["text"].endswith("Reply STOP to opt out")


async def test_marketing_mail_can_be_unsubscribed_from_in_one_click(shop):
    await shop.greet()
    await shop.send_due()
    (mail,) = shop.inbox("email")
    assert mail["headers"]["List-Unsubscribe"].startswith("<https://leads.sample-tint.example/u/")
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_the_sender_wakes_by_itself_when_a_lead_arrives(shop):
    async def arrived():
        return shop.inbox("email") and shop.inbox("sms")

    async with shop.sender.running():
        await shop.greet()
        await eventually(arrived, within_seconds=5, every_seconds=0.01)


async def test_the_same_lead_told_again_is_one_mail_and_one_text(shop):
    fact = await shop.greet()
    event = await shop.tell(fact)
    await shop.publish(event)
    await shop.send_due()
    await shop.send_due()
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 1)
    assert len(await shop.touches(fact.lead_id)) == 13


async def test_sent_messages_are_told_with_what_the_provider_called_them(shop):
    fact = await shop.greet()
    await shop.send_due()
    told = {row["channel"]: row for row in await shop.told("notification.sent.v1")}
    assert told["sms"]["provider_id"] == shop.inbox("sms")[0]["id"]
    assert told["email"]["touch"] == 0
    assert told["email"]["lead_id"] == str(fact.lead_id)


async def test_two_senders_at_once_send_once(shop):
    await shop.greet()
    other = Sender(shop.deps)
    await asyncio.gather(shop.send_due(), other.send_due(shop.tenant_id, datetime.now(UTC)))
    await other.settled()
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 1)


async def test_a_lead_of_an_unknown_location_waits_for_it(closed_shop, a_lead):
    event = closed_shop.event(a_lead())

    async def greet(session, event):
        await greet_lead(session, event, closed_shop.deps)

    with pytest.raises(RetryLater):
        await once(closed_shop.deps.sessions, event, greet)
    await closed_shop.open()
    assert await once(closed_shop.deps.sessions, event, greet)


async def test_an_older_version_of_a_location_changes_nothing(shop):
    await shop.open(version=3, name="Sample Tint Gaslamp")
    await shop.open(version=2, name="Sample Tint Old")
    await shop.greet()
    await shop.send_due()
    assert shop.inbox("email")[0]["subject"].startswith("Sample Tint Gaslamp:")


async def test_demo_mode_lets_out_only_the_allow_list(closed_shop):
    await closed_shop.open(demo_mode=True, allow_list=("*@allowed.example",))
    await closed_shop.greet(contact=Contact(name="Ana", email="ana@allowed.example", phone="+16195550111"))
    await closed_shop.greet(contact=Contact(name="Bo", email="bo@other.example"))
    await closed_shop.send_due()
    assert [mail["to"] for mail in closed_shop.inbox("email")] == ["ana@allowed.example"]
    assert closed_shop.inbox("sms") == []
    reasons = {d.address: d.reason for d in await closed_shop.deliveries() if d.state == "suppressed"}
    assert reasons == {"+16195550111": "demo_mode", "bo@other.example": "demo_mode", "": "no_address"}


async def test_without_consent_to_texts_only_the_mail_goes(shop):
    await shop.greet(consent=Consent(sms=False, email=True))
    await shop.send_due()
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 0)
    assert (await shop.delivery("sms")).reason == "no_consent"


async def test_a_second_lead_of_one_who_opted_out_is_not_texted(shop):
    first = await shop.greet()
    await shop.say(first.lead_id, "please don't text me any more")
    await shop.greet(contact=first.contact)
    await shop.send_due()
    assert shop.inbox("sms") == []


async def test_a_later_touch_goes_on_its_day(shop):
    fact = await shop.greet(received_at=datetime(2026, 11, 22, 19, 0, tzinfo=UTC))
    await shop.send_due()
    due = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    assert (await shop.touches(fact.lead_id))[1].due_at == due
    await fire_due_touches(shop.deps, shop.tenant_id, due - timedelta(seconds=1))
    assert (await shop.touches(fact.lead_id))[1].state == "planned"
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    await shop.send_due(due)
    assert [mail["subject"][:10] for mail in shop.inbox("email")] == ["Sample Tin", "Pick a tim"]
    assert [touch.state for touch in await shop.touches(fact.lead_id)][:3] == ["fired", "fired", "planned"]


async def test_a_touch_in_quiet_hours_waits_for_their_end(shop):
    await shop.greet(received_at=datetime(2026, 11, 22, 19, 0, tzinfo=UTC))
    await shop.send_due()
    due = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    late = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    await shop.send_due(late)
    assert len(shop.inbox("email")) == 1
    waiting = await shop.delivery("email", "follow_up_times")
    assert (waiting.state, waiting.due_at) == ("planned", datetime(2026, 11, 24, 17, 0, tzinfo=UTC))


async def test_touches_missed_by_days_are_not_made_up_for(shop):
    fact = await shop.greet(received_at=datetime(2026, 11, 22, 19, 0, tzinfo=UTC))
    await fire_due_touches(shop.deps, shop.tenant_id, datetime(2026, 11, 27, 18, 5, tzinfo=UTC))
    touches = await shop.touches(fact.lead_id)
    assert [touch.state for touch in touches[:4]] == ["fired", "skipped", "skipped", "fired"]


async def test_a_lead_that_arrives_while_a_round_is_under_way_goes_with_it(shop):
    async with transaction(shop.deps.sessions, None) as session:
        await session.execute(text("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE"))
        under_way = asyncio.create_task(shop.sender._work())
        await shop.greet()
    await under_way
    await shop.sender.settled()
    assert len(shop.inbox("email")) == 1
