"""The endpoints: signed or refused, heeded once, and a GET changes nothing."""

import asyncio
import base64
import json
import time
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from notifier.actions.inbound import Inbound, receive
from notifier.domain.signatures import mail_signature, twilio_signature
from notifier.pages import words as page_words
from shared.db.engine import transaction
from shared.events import Contact
from shared.http.links import Link, LinkPurpose, mint
from sqlalchemy import text
from testkit.patience import eventually
from testkit.secrets import AS_OPERATOR, KEY

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


async def mail_us(shop: Any, sender: str, body: str, headers: str = "", **fields: str) -> httpx2.Response:
    fields = {
        "headers": f"From: Ana Sample <{sender}>\nMessage-ID: <{uuid4()}@example.com>\nSubject: Hours\n{headers}",
        "from": f"Ana Sample <{sender}>",
        "to": "store094@sample-tint.example",
        "subject": "Hours",
        "text": body,
        "dkim": "{@example.com : pass}",
        **fields,
    }
    request = shop.http.build_request(
        "POST", EMAIL, files={name: (None, value) for name, value in fields.items()}
    )
    request.headers.update(mail_headers(await request.aread()))
    return await shop.http.send(request)


def mail_headers(body: bytes, *, tenant: str = "sample-tint", ago: float = 0) -> dict[str, str]:
    at = str(int(time.time() - ago))
    signature = mail_signature(KEY, at, tenant, body)
    return {"X-Inbound-Timestamp": at, "X-Inbound-Signature": signature}


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
    partner = Contact(name="Bo Sample", email="bo.sample@example.com", phone=first.contact.phone)
    second = await shop.greet(contact=partner)
    await text_us(shop, first.contact.phone, "Hi")
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(second.lead_id)


async def test_a_number_that_a_lead_has_lost_hears_and_says_nothing_of_it_any_more(shop):
    owner = await shop.greet()
    named = owner.contact.model_copy(update={"email": "mallory@example.com"})
    hostile = await shop.greet(contact=named, source="web_form")
    lost = hostile.model_copy(update={"contact": named.model_copy(update={"phone": None})})
    await shop.publish(shop.event(lost, version=2))
    await shop.send_due()
    waiting = [d for d in await shop.deliveries() if (d.lead_id, d.channel) == (hostile.lead_id, "sms")]
    assert [(d.state, d.reason) for d in waiting] == [("suppressed", "address_lost")]
    await text_us(shop, owner.contact.phone, "What does it cost?")
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(owner.lead_id)


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


async def test_mail_that_is_not_signed_is_refused(shop):
    answer = await shop.http.post(EMAIL, files={"from": (None, "a@b.example")})
    assert answer.status_code == 403


@pytest.mark.parametrize("field", ["from", "to", "cc"])
@pytest.mark.parametrize("nested", ["(" * 5000, ":" * 5000])
async def test_a_mail_whose_addresses_nest_without_end_is_malformed(shop, field, nested):
    answer = await mail_us(shop, "a@example.com", "Hi", **{field: nested})
    assert answer.status_code == 400


async def test_a_signed_body_that_is_no_mail_is_malformed(shop):
    body = b'{"from": "x"}'
    assert (await shop.http.post(EMAIL, content=body, headers=mail_headers(body))).status_code == 400


@pytest.mark.parametrize("of", [{"tenant": "sample-wraps"}, {"ago": 301}, {"ago": -400}], ids=str)
async def test_a_mail_signed_for_another_tenant_or_time_is_refused(shop, of):
    body = b"anything"
    answer = await shop.http.post(EMAIL, content=body, headers=mail_headers(body, **of))
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")


SPOOFED = [
    {"dkim": ""},
    {"dkim": "{@example.com : fail}"},
    {"dkim": "{@evil.example : pass}"},
    {"dkim": "{@example.com : pass : fail}"},
    {"dkim": "{@example.com : pass}{@evil.example : fail}"},
    {"dkim": "{@notexample.com : pass}"},
    {"dkim": "none", "headers": "Authentication-Results: mx.sendgrid.net; dkim=pass header.d=example.com"},
    {"dkim": "none", "SPF": "pass"},
    {"dkim": "none", "to": "store094+aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkk@sample-tint.example"},
]


@pytest.mark.parametrize("fields", SPOOFED, ids=str)
async def test_a_mail_that_nothing_proves_is_kept_and_shown_to_the_shop_and_nothing_comes_of_it(shop, fields):
    lead = await shop.greet()
    for words in ("Please cancel www.evil.example/x", "yes, cancel it"):
        assert (await mail_us(shop, lead.contact.email, words, **fields)).json() == {"status": "received"}
    assert await shop.told("inbound.message.received.v1") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason is None
    await shop.send_due()
    (notice,) = shop.inbox("email", "store094@sample-tint.example")
    assert "Please cancel evil[.]example/x" in notice["text"]
    kept = await shop.http.get("/api/admin/notifier/sample-tint/kept-messages", headers=AS_OPERATOR)
    assert [(one["text"], one["proven"]) for one in kept.json()["messages"]] == [
        ("yes, cancel it", False),
        ("Please cancel www.evil.example/x", False),
    ]


async def test_an_opt_out_counts_whoever_wrote_it(shop):
    lead = await shop.greet()
    await mail_us(shop, lead.contact.email, "unsubscribe", dkim="none")
    (told,) = await shop.told("contact.opted_out.v1")
    assert (told["address"], told["channel"]) == (lead.contact.email, "email")


async def test_a_reply_to_our_address_is_its_lead_s_from_whichever_account_it_comes(shop):
    lead = await shop.greet()
    await shop.greet(contact=lead.contact)
    await shop.send_due()
    sent = {mail["headers"]["Message-ID"]: mail for mail in shop.inbox("email", lead.contact.email)}
    own = next(d for d in await shop.deliveries() if (d.lead_id, d.channel) == (lead.lead_id, "email"))
    mail = next(mail for message_id, mail in sent.items() if str(own.id) in message_id)
    address = parseaddr(mail["headers"]["Reply-To"])[1]
    assert len(address.partition("@")[0]) <= 64
    await mail_us(shop, "work@other.example", "From my desk", dkim="none", to=f"Shop <{address.upper()}>")
    (told,) = await shop.told("inbound.message.received.v1")
    assert (told["lead_id"], told["text"]) == (str(lead.lead_id), "From my desk")
    await shop.say(lead.lead_id, "See you!", author="assistant", channel="email")
    await shop.send_due()
    assert shop.inbox("email", "work@other.example") == []


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
        keys=[KEY],
        expires_at=datetime(2035, 1, 1, tzinfo=UTC),
    )
    for token in ("forged", unknown):
        answer = await shop.http.post(f"/u/{token}")
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_link")


@pytest.mark.parametrize(("asked", "language"), [("en-US,en", "en"), ("es-MX,es;q=0.9,en", "es")])
async def test_the_unsubscribe_page_names_the_shop_and_takes_a_mistake_back(shop, asked, language):
    await shop.greet()
    await shop.send_due()
    (mail,) = shop.inbox("email")
    path, said = unsubscribe_path(mail), page_words()[language]
    shown = {"accept-language": asked, "accept": "text/html"}
    first = await shop.http.get(path, headers=shown)
    assert f'lang="{language}"' in first.text
    assert "Sample Tint San Diego" in first.text
    assert said["ask_title"] in first.text
    assert "style-src 'sha256-" in first.headers["content-security-policy"]
    before = await permission_of_the_mail(shop)

    await shop.http.post(path, headers=shown, data={"List-Unsubscribe": "One-Click"})
    assert await permission_of_the_mail(shop) == "opted_out"
    for _ in range(2):
        undone = await shop.http.post(path, headers=shown, data={"undo": "yes"})
        assert said["undone_title"] in undone.text
    assert await permission_of_the_mail(shop) == before


async def test_an_undo_takes_back_no_other_refusal(shop):
    lead = await shop.greet()
    await shop.send_due()
    (mail,) = shop.inbox("email")
    refused = Inbound("email", "m1", lead.contact.email, "us", "Please stop mailing me, unsubscribe")
    await receive(shop.deps, shop.tenant_id, refused)
    assert await permission_of_the_mail(shop) == "opted_out"
    await shop.http.post(unsubscribe_path(mail), data={"undo": "yes"})
    assert await permission_of_the_mail(shop) == "opted_out"


async def permission_of_the_mail(shop):
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        found = await session.execute(
            text("SELECT permission FROM consents WHERE channel = 'email' ORDER BY at DESC LIMIT 1")
        )
        return found.scalar()


async def test_a_person_with_a_bad_unsubscribe_link_gets_a_page(shop):
    answer = await shop.http.get("/u/forged", headers={"accept-language": "es"})
    assert (answer.status_code, page_words()["es"]["invalid_title"] in answer.text) == (401, True)


async def test_an_old_chat_link_has_a_new_one_sent_and_every_token_gets_the_same_answer(shop):
    lead = await shop.greet()
    await shop.send_due()
    ours, nobodys = (
        mint(
            LinkPurpose.CHAT,
            Link(shop.tenant_id, of),
            keys=[KEY],
            expires_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
        for of in (lead.lead_id, uuid4())
    )
    answers = [
        await shop.http.post("/api/links/renew", headers={"authorization": f"Bearer {token}"})
        for token in (ours, ours, nobodys, "forged")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"status":"accepted"}')}
    await shop.send_due()
    renewed = [mail for mail in shop.inbox("email") if "Your chat with" in mail["headers"]["Subject"]]
    assert len(renewed) == 1


def test_the_unsubscribe_page_says_the_same_in_both_languages():
    assert set(page_words()) == {"en", "es"}
    assert page_words()["en"].keys() == page_words()["es"].keys()


def unsubscribe_path(mail: dict[str, Any]) -> str:
    return str(mail["headers"]["List-Unsubscribe"]).strip("<>").removeprefix(ORIGIN)


@pytest.fixture
async def connected(shop):
    """The sandbox calls our endpoints by itself, at the public address that it signs for."""
    world = shop.sandbox.world
    world.settings.gateway_url, before = ORIGIN, world.settings.gateway_url
    world.http, client = shop.http, world.http
    async with httpx2.AsyncClient(base_url=shop.sandbox.url, timeout=60) as control:
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
    await connected.post("/control/email", json=mail | {"text": "Spoofed", "authentic": False})
    assert (text.json()["status"], answer.json()["status"]) == (200, 200)
    told = await shop.told("inbound.message.received.v1")
    assert [(row["channel"], row["text"]) for row in told] == [("sms", "Hello"), ("email", "Hi")]

    async def delivered():
        return (await shop.delivery("sms")).provider_status == "delivered"

    await eventually(delivered)


async def test_a_from_that_reads_like_the_customers_proves_nothing(shop):
    """A decoded display name, and a second From."""
    lead = await shop.greet()
    reads_like = {"from": f"{lead.contact.email}, \u00e9 <mallory@example.com>"}
    await mail_us(shop, "mallory@example.com", "What does it cost?", **reads_like)
    await mail_us(shop, lead.contact.email, "What does it cost?", "From: Mallory <mallory@example.com>")
    assert await shop.told("inbound.message.received.v1") == []


@pytest.mark.parametrize("path", [SMS, STATUS, EMAIL])
async def test_what_bears_no_signature_is_refused_before_its_body_is_read(shop, path):
    read = []

    async def body():
        read.append(True)
        yield b"From=%2B16195550171"

    for headers in ({}, {"X-Twilio-Signature": "forged", "X-Inbound-Signature": "forged"}):
        answer = await shop.http.post(path, content=body(), headers=headers)
        assert answer.status_code == 403
    assert read == []


@pytest.mark.parametrize("body", ["x" * 65_537, "a=1&" * 201], ids=["bytes", "fields"])
@pytest.mark.parametrize("path", [SMS, STATUS])
async def test_no_more_is_read_of_a_text_than_twilio_ever_sends(shop, path, body):
    forged = {"X-Twilio-Signature": base64.b64encode(b"x" * 20).decode()}
    answer = await shop.http.post(path, content=body, headers=forged)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_mail_of_a_thousand_parts_is_refused_at_once(shop):
    answer = await mail_us(shop, "ana@example.com", "Hi", **{f"part{n}": "" for n in range(3000)})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_mail_to_more_people_than_are_read_still_reaches_whom_it_was_delivered_to(shop):
    lead = await shop.greet()
    await shop.send_due()
    reply_to = shop.inbox("email")[0]["headers"]["Reply-To"]
    crowd = ", ".join(f"p{n}@example.com" for n in range(5000))
    envelope = json.dumps({"to": [parseaddr(reply_to)[1]]})
    assert (await mail_us(shop, "bo@example.com", "Hi", to=crowd, envelope=envelope)).status_code == 200
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(lead.lead_id)
