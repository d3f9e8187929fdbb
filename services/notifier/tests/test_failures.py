"""What happens when a provider is away, says no, or leaves us without an answer."""

from datetime import UTC, datetime, timedelta

import pytest
from notifier.actions.sending import claim_due
from notifier.actions.touches import fire_due_touches
from notifier.clients.smtp import MailServer, SmtpClient
from notifier.clients.twilio import TwilioClient
from notifier.domain.outcome import TryLater
from notifier.schedule import find_lost
from shared.availability import AWAY_AFTER, LONG_AWAY_SECONDS, LONGEST_PROBE_SECONDS
from shared.db.engine import transaction
from shared.events import Contact
from sqlalchemy import text
from testkit.secrets import AS_OPERATOR


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_mail_that_was_put_off_goes_exactly_once(shop):
    await shop.greet()
    shop.fault("smtp", mode="status", status=451)
    await shop.send_due()
    waiting = await shop.delivery("email")
    assert (waiting.state, waiting.reason, waiting.attempts) == ("planned", "smtp_451", 1)
    await shop.send_due()
    assert (await shop.delivery("email")).attempts == 1, "before its time nothing is tried"
    shop.fault("smtp", mode="none")
    await shop.send_due(later(5))
    await shop.send_due(later(10))
    assert len(shop.inbox("email")) == 1


async def test_a_mail_server_that_is_away_means_later(shop, unused_tcp_port):
    client = SmtpClient(MailServer("127.0.0.1", unused_tcp_port, None, None, starttls=False))
    await shop.greet()
    claims = await claim_due(shop.deps, shop.tenant_id, {"email": 1}, datetime.now(UTC))
    assert await client.send(claims[0].letter) == TryLater("smtp_unreachable")


async def test_a_mailbox_that_does_not_exist_fails_and_leaves_the_text_alone(shop):
    await shop.greet()
    shop.fault("smtp", mode="status", status=550)
    await shop.send_due()
    assert (await shop.delivery("email")).state == "failed"
    assert (await shop.delivery("sms")).state == "sent"
    (told,) = await shop.told("notification.failed.v1")
    assert (told["channel"], told["code"]) == ("email", "smtp_550")


async def test_one_connection_carries_many_mails(shop):
    for _ in range(3):
        await shop.greet()
        await shop.send_due()
    assert len(shop.inbox("email")) == 3
    assert len(shop.deps.smtp._idle) == 1


async def test_a_connection_that_the_server_closed_is_opened_anew(shop):
    await shop.greet()
    await shop.send_due()
    shop.deps.smtp._idle[0].transport.abort()
    await shop.greet()
    await shop.send_due()
    assert len(shop.inbox("email")) == 2


async def test_a_first_mail_without_an_answer_goes_once_more_and_then_waits_for_a_person(shop):
    await shop.greet()
    shop.fault("smtp", mode="timeout_after_commit", seconds=0.1)
    for seconds in (0, 30, 60, 3600):
        await shop.find_lost(seconds)
        await shop.send_due(later(seconds))
    await shop.find_lost(7200)
    left = await shop.delivery("email")
    assert (left.state, left.rescue) == ("unknown", "left")
    assert len({mail["headers"]["Message-ID"] for mail in shop.inbox("email")}) == 1
    assert len(shop.inbox("email")) == 2
    (told,) = await shop.told("notification.failed.v1")
    assert (told["template"], told["code"]) == ("first_touch", f"unknown:{left.reason}")


async def test_a_follow_up_without_an_answer_is_left_to_a_person_at_once(shop):
    lead = await shop.greet()
    await shop.send_due()
    due = (await shop.touches(lead.lead_id))[2].due_at
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    shop.fault("smtp", mode="timeout_after_commit", seconds=0.1)
    await shop.send_due(due)
    shop.fault("smtp", mode="none")
    for after in (timedelta(minutes=2), timedelta(hours=1)):
        await find_lost(shop.deps, shop.tenant_id, due + after)
        await shop.send_due(due + after)
    left = await shop.delivery("email", "follow_up_prices")
    assert (left.state, left.rescue) == ("unknown", "left")
    assert len(shop.inbox("email")) == 2, "the first touch and one follow-up"
    (told,) = await shop.told("notification.failed.v1")
    assert told["template"] == "follow_up_prices"


@pytest.mark.parametrize("code", [550, 554, 556])
async def test_an_address_that_was_refused_for_good_is_not_tried_again_but_the_other_channel_is(shop, code):
    lead = await shop.greet()
    shop.fault("smtp", mode="status", status=code)
    await shop.send_due()
    shop.fault("smtp", mode="none")
    for touch in (await shop.touches(lead.lead_id))[1:3]:
        await fire_due_touches(shop.deps, shop.tenant_id, touch.due_at)
        await shop.send_due(touch.due_at)
    assert len(shop.inbox("email")) == 0
    assert len(shop.inbox("sms")) == 3, "in place of the mail, too"


@pytest.mark.parametrize(
    ("channel", "code"), [("sms", "21612"), ("sms", "21408"), ("email", "smtputf8_not_offered")]
)
async def test_what_a_provider_will_never_take_there_is_left_to_the_other_channel(shop, channel, code):
    lead = await shop.greet()
    await shop.send_due()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        refused = text("UPDATE deliveries SET state = 'failed', reason = :code WHERE channel = :channel")
        await session.execute(refused, {"code": code, "channel": channel})
    for touch in (await shop.touches(lead.lead_id))[1:]:
        await fire_due_touches(shop.deps, shop.tenant_id, touch.due_at)
    assert {one.channel for one in await shop.deliveries() if one.touch} == {"sms", "email"} - {channel}


async def test_without_any_address_that_takes_something_a_touch_is_skipped(shop):
    lead = await shop.greet(contact=Contact(name="Ana", email="gone@example.com", phone=None))
    shop.fault("smtp", mode="status", status=550)
    await shop.send_due()
    second = (await shop.touches(lead.lead_id))[1]
    await fire_due_touches(shop.deps, shop.tenant_id, second.due_at)
    skipped = (await shop.touches(lead.lead_id))[1]
    assert (skipped.state, skipped.reason) == ("skipped", "refused")


async def test_what_somebody_waits_for_goes_before_what_nobody_does(shop):
    early = await shop.greet()
    await shop.send_due()
    due = (await shop.touches(early.lead_id))[1].due_at
    await fire_due_touches(shop.deps, shop.tenant_id, due)
    late = await shop.greet()
    [first, *_] = await claim_due(shop.deps, shop.tenant_id, {"email": 1}, due + timedelta(hours=1))
    assert first.letter.recipient == late.contact.email


async def test_after_an_outage_what_waits_goes_at_once(shop):
    shop.fault("smtp", mode="status", status=421)
    for _ in range(6):
        await shop.greet()
    for _ in range(40):
        await shop.send_due(later(0))
    waiting = [one for one in await shop.deliveries() if one.channel == "email"]
    assert {one.reason for one in waiting} <= {"smtp_421", None}
    assert sum(one.attempts for one in waiting) < 12, "while it is away, one at a time tries"
    shop.fault("smtp", mode="none")
    shop.sender._providers["email"].probe_at = 0
    await shop.send_due(later(LONGEST_PROBE_SECONDS))
    await shop.send_due(later(LONGEST_PROBE_SECONDS))
    assert len(shop.inbox("email")) == 6


async def test_after_a_long_outage_what_had_waited_ever_longer_goes_at_once(shop):
    """A server that answers 451 may mean one message by it: those wait up to five minutes each."""
    shop.fault("smtp", mode="status", status=451)
    for _ in range(6):
        await shop.greet()
    for minutes in range(8):
        shop.sender._providers["email"].probe_at = 0
        await shop.send_due(later(minutes * 60))
    provider = shop.sender._providers["email"]
    assert provider.failures >= AWAY_AFTER
    provider.probe_at, provider.away_since = 0, provider.away_since - LONG_AWAY_SECONDS
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        waits = text(
            "UPDATE deliveries SET due_at = due_at + interval '1 hour' WHERE attempts > 0 AND state = 'planned'"
        )
        await session.execute(waits)
    shop.fault("smtp", mode="none")
    await shop.greet()
    for _ in range(2):
        await shop.send_due(later(0))
    assert len(shop.inbox("email")) == 7


async def test_an_operator_sees_and_settles_an_unknown_mail(shop):
    await shop.greet()
    shop.fault("smtp", mode="disconnect")
    await shop.send_due()
    shop.fault("smtp", mode="none")
    ops = AS_OPERATOR
    base = "/api/admin/notifier/sample-tint/deliveries"
    listed = (await shop.http.get(base, params={"state": "unknown"}, headers=ops)).json()["deliveries"]
    assert len(listed) == 1
    settle = f"{base}/{listed[0]['id']}/settle"
    assert (await shop.http.post(settle, json={"outcome": "resend"}, headers=ops)).status_code == 200
    await shop.send_due()
    assert len(shop.inbox("email")) == 1
    assert (await shop.http.post(settle, json={"outcome": "resend"}, headers=ops)).status_code == 409
    assert (await shop.http.get(base)).status_code == 401


async def test_a_text_without_an_answer_is_found_at_twilio_and_not_sent_again(shop):
    await shop.greet()
    shop.fault("twilio", mode="timeout_after_commit", seconds=0.1)
    await shop.send_due()
    assert (await shop.delivery("sms")).state == "unknown"
    shop.fault("twilio", mode="none")
    await shop.find_lost(5)
    assert (await shop.delivery("sms")).state == "unknown", "too early to look"
    await shop.find_lost(61)
    await shop.send_due(later(61))
    found = await shop.delivery("sms")
    assert (found.state, found.provider_id) == ("sent", shop.inbox("sms")[0]["id"])
    assert len(shop.inbox("sms")) == 1


async def test_a_text_that_twilio_never_got_is_sent_after_the_look_up(shop):
    await shop.greet()
    shop.fault("twilio", mode="disconnect")
    await shop.send_due()
    shop.fault("twilio", mode="none")
    await shop.find_lost(61)
    await shop.send_due(later(61))
    assert (await shop.delivery("sms")).state == "sent"
    assert len(shop.inbox("sms")) == 1


async def test_a_look_up_that_fails_is_asked_again_and_nothing_is_sent(shop):
    await shop.greet()
    shop.fault("twilio", mode="disconnect")
    await shop.send_due()
    await shop.find_lost(61)
    await shop.send_due(later(61))
    assert (await shop.delivery("sms")).state == "unknown"


async def test_half_an_answer_of_twilio_is_looked_up(shop):
    await shop.greet()
    shop.fault("twilio", mode="malformed")
    await shop.send_due()
    shop.fault("twilio", mode="none")
    await shop.find_lost(61)
    await shop.send_due(later(61))
    assert len(shop.inbox("sms")) == 1
    assert (await shop.delivery("sms")).state == "sent"


async def test_twilios_rate_limit_is_waited_out(shop):
    await shop.greet()
    shop.fault("twilio", mode="status", status=429, retry_after=7)
    await shop.send_due()
    waiting = await shop.delivery("sms")
    assert waiting.state == "planned"
    assert 5 < (waiting.due_at - datetime.now(UTC)).total_seconds() <= 7
    shop.fault("twilio", mode="none")
    await shop.send_due(later(8))
    assert len(shop.inbox("sms")) == 1


async def test_a_firewalls_page_is_not_twilios_word(shop):
    await shop.greet()
    shop.fault("twilio", mode="html_403")
    await shop.send_due()
    assert (await shop.delivery("sms")).state == "planned"


async def test_a_number_that_cannot_be_texted_fails_for_good(shop):
    await shop.greet(contact=Contact(name="Ana", email="ana@example.com", phone="+15005550009"))
    await shop.send_due()
    failed = await shop.delivery("sms")
    assert (failed.state, failed.reason) == ("failed", "21614")
    assert (await shop.delivery("email")).state == "sent"


async def test_who_opted_out_at_twilio_is_opted_out_here(shop):
    fact = await shop.greet(contact=Contact(name="Ana", email="ana@example.com", phone="+15005550004"))
    await shop.send_due()
    (told,) = await shop.told("contact.opted_out.v1")
    assert (told["address"], told["channel"]) == (fact.contact.phone, "sms")


async def test_a_claim_whose_sender_died_becomes_unknown_after_a_minute(shop):
    await shop.greet()
    await claim_due(shop.deps, shop.tenant_id, {"email": 5, "sms": 5}, datetime.now(UTC))
    await shop.find_lost(50)
    assert {d.state for d in await shop.deliveries()} == {"sending"}
    await shop.find_lost(61)
    await shop.send_due(later(61))
    assert {d.state for d in await shop.deliveries()} == {"sent"}
    assert (len(shop.inbox("email")), len(shop.inbox("sms"))) == (1, 1)


async def test_one_message_that_cannot_be_written_holds_up_no_other(shop):
    await shop.greet(contact=Contact(name="Ana", email="not an address", phone="+16195550111"))
    fine = await shop.greet()
    await shop.send_due()
    assert [mail["to"] for mail in shop.inbox("email")] == [fine.contact.email]
    assert {d.reason for d in await shop.deliveries() if d.state == "failed"} == {"unwritable"}


async def test_twilio_that_is_away_means_later(shop, unused_tcp_port):
    client = TwilioClient(f"http://127.0.0.1:{unused_tcp_port}", "AC1", "token")
    await shop.greet()
    claims = await claim_due(shop.deps, shop.tenant_id, {"sms": 1}, datetime.now(UTC))
    assert await client.send(claims[0].letter, "http://127.0.0.1/x") == TryLater("twilio_unreachable")
    await client.close()
