"""The doors: signed or refused, heeded once, and a GET changes nothing."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from notifier.domain.signatures import body_signature, twilio_signature
from shared.http.links import Link, LinkPurpose, mint
from testkit.patience import eventually

ORIGIN = "https://leads.sample-tint.example"
SMS = "/webhooks/twilio/sms/sample-tint"
STATUS = "/webhooks/twilio/status/sample-tint"
EMAIL = "/webhooks/email/sample-tint"


async def from_twilio(shop: Any, path: str, **params: str) -> httpx2.Response:
    token = shop.deps.settings.twilio_auth_token.get_secret_value()
    signed = twilio_signature(token, ORIGIN + path, params.items())
    return await shop.http.post(path, data=params, headers={"X-Twilio-Signature": signed})


async def text_us(shop: Any, sender: str, body: str, sid: str | None = None) -> httpx2.Response:
    sid = sid or f"SM{uuid4().hex}"
    return await from_twilio(shop, SMS, MessageSid=sid, From=sender, To="+16195550194", Body=body)


async def mail_us(shop: Any, sender: str, body: str, headers: str = "") -> httpx2.Response:
    fields = {
        "headers": f"Message-ID: <{uuid4()}@example.com>\nSubject: Hours\n{headers}",
        "from": f"Ana Sample <{sender}>",
        "to": "store094@sample-tint.example",
        "subject": "Hours",
        "text": body,
    }
    request = shop.http.build_request(
        "POST", EMAIL, files={name: (None, value) for name, value in fields.items()}
    )
    request.headers["X-Inbound-Signature"] = body_signature("sample-webhook-secret", await request.aread())
    return await shop.http.send(request)


async def test_a_text_reaches_the_conversation_and_stops_the_sequence(shop):
    lead = await shop.greet()
    answer = await text_us(shop, lead.contact.phone, "How long does it take?")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")
    (told,) = await shop.told("inbound.message.received.v1")
    assert (told["lead_id"], told["channel"], told["text"]) == (
        str(lead.lead_id),
        "sms",
        "How long does it take?",
    )
    assert (await shop.lead(lead.lead_id)).stopped_reason == "engaged"
    await shop.send_due()
    assert shop.inbox("sms") == []


async def test_the_same_text_delivered_again_is_one_message(shop):
    lead = await shop.greet()
    await asyncio.gather(*(text_us(shop, lead.contact.phone, "Hi", sid="SM1") for _ in range(3)))
    assert len(await shop.told("inbound.message.received.v1")) == 1


async def test_a_text_belongs_to_the_newest_lead_of_its_number(shop):
    first = await shop.greet()
    second = await shop.greet(contact=first.contact)
    await text_us(shop, first.contact.phone, "Hi")
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(second.lead_id)


@pytest.mark.parametrize("word", ["STOP", "stopall", "Unsubscribe", "CANCEL", "END", "QUIT"])
async def test_a_stop_word_ends_texts_and_is_answered_once_by_twilio_alone(shop, word):
    lead = await shop.greet()
    await text_us(shop, lead.contact.phone, word)
    await shop.send_due()
    (told,) = await shop.told("contact.opted_out.v1")
    assert (told["address"], told["channel"], told["how"]) == (lead.contact.phone, "sms", "keyword")
    assert await shop.told("inbound.message.received.v1") == []
    assert shop.inbox("sms") == []
    assert shop.inbox("email") == []


async def test_a_stop_word_that_twilio_does_not_know_gets_one_receipt_from_us(shop):
    lead = await shop.greet()
    await text_us(shop, lead.contact.phone, "revoke")
    await text_us(shop, lead.contact.phone, "revoke")
    await shop.send_due()
    (receipt,) = shop.inbox("sms")
    assert "you are unsubscribed" in receipt["text"]
    assert len(await shop.told("contact.opted_out.v1")) == 1


async def test_start_opts_in_again(shop):
    lead = await shop.greet()
    await text_us(shop, lead.contact.phone, "STOP")
    await text_us(shop, lead.contact.phone, "START")
    await shop.say(lead.lead_id, "Welcome back!", author="assistant", channel="sms")
    await shop.send_due()
    assert [item["text"] for item in shop.inbox("sms")] == ["Welcome back!"]


async def test_after_stop_a_reply_is_not_texted(shop):
    lead = await shop.greet()
    await text_us(shop, lead.contact.phone, "STOP")
    await shop.say(lead.lead_id, "Sorry to hear!", author="assistant", channel="sms")
    await shop.send_due()
    assert shop.inbox("sms") == []


async def test_a_strangers_stop_is_kept_for_the_day_they_become_a_lead(shop, a_lead):
    fact = a_lead()
    await text_us(shop, fact.contact.phone, "STOP")
    await shop.tell(fact)
    await shop.send_due()
    assert shop.inbox("sms") == []
    assert len(shop.inbox("email")) == 1


@pytest.mark.parametrize("path", [SMS, STATUS])
async def test_what_twilio_did_not_sign_is_refused(shop, path):
    lead = await shop.greet()
    form = {"MessageSid": "SM1", "From": lead.contact.phone, "Body": "STOP", "MessageStatus": "failed"}
    for headers in ({}, {"X-Twilio-Signature": "forged"}):
        answer = await shop.http.post(path, data=form, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert await shop.told("contact.opted_out.v1") == []


async def test_an_unknown_tenant_is_not_found(shop):
    path = "/webhooks/twilio/sms/nobody"
    assert (await from_twilio(shop, path, MessageSid="SM1", From="+1", Body="x")).status_code == 404


async def test_status_callbacks_never_go_back(shop):
    await shop.greet()
    await shop.send_due()
    sid = (await shop.delivery("sms")).provider_id
    for status in ("delivered", "sent", "queued"):
        await from_twilio(shop, STATUS, MessageSid=sid, MessageStatus=status)
    assert (await shop.delivery("sms")).provider_status == "delivered"


async def test_a_text_that_could_not_be_delivered_has_failed(shop):
    await shop.greet()
    await shop.send_due()
    sid = (await shop.delivery("sms")).provider_id
    for _ in range(2):
        await from_twilio(shop, STATUS, MessageSid=sid, MessageStatus="undelivered", ErrorCode="30003")
    failed = await shop.delivery("sms")
    assert (failed.state, failed.reason) == ("failed", "30003")
    assert [row["code"] for row in await shop.told("notification.failed.v1")] == ["30003"]


async def test_a_status_that_comes_before_our_own_note_counts(shop):
    await shop.greet()
    shop.fault("twilio", mode="timeout_after_commit", seconds=0.1)
    await shop.send_due()
    shop.fault("twilio", mode="none")
    sid = shop.inbox("sms")[0]["id"]
    await from_twilio(shop, STATUS, MessageSid=sid, MessageStatus="delivered")
    await shop.find_lost(61)
    assert (await shop.delivery("sms")).provider_status == "delivered"


async def test_a_mail_reply_reaches_the_conversation_and_is_answered_in_its_thread(shop):
    lead = await shop.greet()
    answer = await mail_us(shop, lead.contact.email.upper(), "Friday works.\n\n> Hi Ana")
    assert answer.json() == {"status": "received"}
    (told,) = await shop.told("inbound.message.received.v1")
    assert (told["channel"], told["text"]) == ("email", "Friday works.")
    await shop.say(lead.lead_id, "See you!", author="assistant", channel="email")
    await shop.send_due()
    (mail,) = shop.inbox("email")
    assert mail["subject"] == "Re: Hours"
    assert mail["headers"]["In-Reply-To"] == told["provider_id"]


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Precedence: bulk"])
async def test_machines_mail_is_not_answered(shop, header):
    lead = await shop.greet()
    assert (await mail_us(shop, lead.contact.email, "I am away.", header)).json() == {"status": "ignored"}
    assert (await shop.lead(lead.lead_id)).stopped_reason is None


async def test_mail_that_is_not_signed_is_refused(shop):
    answer = await shop.http.post(EMAIL, files={"from": (None, "a@b.example")})
    assert answer.status_code == 403


async def test_a_signed_body_that_is_no_mail_is_malformed(shop):
    body = b'{"from": "x"}'
    headers = {"X-Inbound-Signature": body_signature("sample-webhook-secret", body)}
    assert (await shop.http.post(EMAIL, content=body, headers=headers)).status_code == 400


async def test_looking_at_the_unsubscribe_page_changes_nothing(shop):
    await shop.greet()
    await shop.send_due()
    path = unsubscribe_path(shop.inbox("email")[0])
    for _ in range(3):
        page = await shop.http.get(path)
        assert page.status_code == 200
        assert '<form method="post">' in page.text
    assert await shop.told("contact.opted_out.v1") == []


async def test_one_click_ends_marketing_mail_once(shop):
    lead = await shop.greet()
    await shop.send_due()
    path = unsubscribe_path(shop.inbox("email")[0])
    for _ in range(2):
        answer = await shop.http.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    (told,) = await shop.told("contact.opted_out.v1")
    assert (told["address"], told["channel"], told["how"]) == (lead.contact.email, "email", "link")
    await shop.greet(contact=lead.contact)
    await shop.send_due()
    assert len(shop.inbox("email")) == 1


async def test_a_bad_unsubscribe_link_tells_nothing(shop):
    unknown = mint(
        LinkPurpose.UNSUBSCRIBE,
        Link(shop.tenant_id, uuid4()),
        keys=["sample-link-key"],
        expires_at=datetime(2035, 1, 1, tzinfo=UTC),
    )
    for token in ("forged", unknown):
        answer = await shop.http.post(f"/u/{token}")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_link")


def unsubscribe_path(mail: dict[str, Any]) -> str:
    return str(mail["headers"]["List-Unsubscribe"]).strip("<>").removeprefix(ORIGIN)


@pytest.fixture
async def connected(shop):
    """The sandbox calls our doors by itself, at the public address that it signs for."""
    world = shop.sandbox.world
    world.settings.gateway_url, before = ORIGIN, world.settings.gateway_url
    world.http, client = shop.http, world.http
    async with httpx2.AsyncClient(base_url=shop.sandbox.url) as control:
        yield control
    world.settings.gateway_url, world.http = before, client


async def test_texts_mails_and_receipts_that_the_sandbox_signs_are_taken(shop, connected):
    lead = await shop.greet()
    await shop.send_due()
    text = await connected.post("/control/sms", json={"from": lead.contact.phone, "body": "Hello"})
    mail = {
        "from": lead.contact.email,
        "to": "store094@sample-tint.example",
        "subject": "Re: x",
        "text": "Hi",
    }
    answer = await connected.post("/control/email", json=mail)
    assert (text.json()["status"], answer.json()["status"]) == (200, 200)
    told = await shop.told("inbound.message.received.v1")
    assert [(row["channel"], row["text"]) for row in told] == [("sms", "Hello"), ("email", "Hi")]

    async def delivered():
        return (await shop.delivery("sms")).provider_status == "delivered"

    await eventually(delivered)
