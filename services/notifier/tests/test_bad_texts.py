"""What Twilio and the mail provider pass on of strangers' texts: kept, cleaned, or refused with the field named."""

import json

import pytest
from notifier.domain.inbound_email import parse_inbound
from testkit.secrets import AS_OPERATOR
from testkit.texts import BAD_TEXTS, check_texts

from .test_endpoints import SMS, STATUS, from_twilio, mail_us, text_us

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

FORM = "multipart/form-data; boundary=x"


def form(**fields: bytes) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--x--\r\n"


async def test_words_by_text_and_mail_arrive_without_their_bad_characters(shop):
    lead = await shop.greet()
    assert (await text_us(shop, lead.contact.phone, "How\0 much\u202e?")).status_code == 200
    answer = await mail_us(shop, f"\u2068{lead.contact.email}\u2069", "And\0 when\ufeff?")
    assert answer.json() == {"status": "received"}
    told = await shop.told("inbound.message.received.v1")
    assert [one["text"] for one in told] == ["How much?", "And when?"]


async def test_no_bad_text_breaks_the_providers_endpoints(shop):
    lead = await shop.greet()
    for what, written in BAD_TEXTS.items():
        text = written.encode("utf-8", "replace").decode()
        good = {"MessageSid": f"SM{what}", "From": lead.contact.phone, "To": "+16195550194", "Body": "Hi"}
        for field in good:
            answer = await from_twilio(shop, SMS, **{**good, field: text})
            assert answer.status_code == 200 or (answer.status_code == 422 and field in answer.text), (
                what,
                field,
            )
        for field in ("MessageSid", "MessageStatus", "ErrorCode"):
            told = {"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": "30003", field: text}
            answer = await from_twilio(shop, STATUS, **told)
            assert answer.status_code == 200 or (answer.status_code == 422 and field in answer.text), (
                what,
                field,
            )
        answer = await mail_us(shop, lead.contact.email, text, headers=f"Message-ID: {text}\n")
        assert answer.status_code == 200, (what, answer.text)


async def test_no_bad_text_breaks_an_operators_endpoint(shop):
    known = {"tenant": "sample-tint", "outcome": "sent", "state": "sent"}
    tried = await check_texts(shop.http._transport.app, "/api/admin/", AS_OPERATOR, known)
    assert tried.faults == []
    assert "GET /api/admin/notifier/{tenant}/deliveries path tenant" in tried.places


def test_a_mail_is_read_in_the_charsets_that_the_provider_names():
    charsets = json.dumps({"subject": "iso-8859-1", "text": "windows-1252", "from": "UTF-8"}).encode()
    body = form(
        charsets=charsets,
        subject="Größe".encode("iso-8859-1"),
        text="Señor € ¿cuánto?".encode("windows-1252"),
        **{"from": "Zoë <zoe@example.com>".encode()},
    )
    mail = parse_inbound(FORM, body)
    assert (mail.subject, mail.text, mail.sender) == ("Größe", "Señor € ¿cuánto?", "zoe@example.com")


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "hex", "no such", "a\0", "rot13", "idna"])
def test_a_charset_that_is_none_is_read_as_utf_8(charset):
    body = form(
        charsets=json.dumps({"text": charset}).encode(),
        text=b"\\u0041 caf\xc3\xa9",
        **{"from": b"a@b.example"},
    )
    assert parse_inbound(FORM, body).text == "\\u0041 café"


@pytest.mark.parametrize(
    "headers", [b"Message-ID: <[>", b"Message-ID: " + b"x" * 20000, b"Message-ID: \0", b""]
)
def test_a_mail_whose_id_cannot_be_kept_is_named_by_its_hash(headers):
    mail = parse_inbound(FORM, form(headers=headers, text=b"Hi", **{"from": b"a@b.example"}))
    assert mail.message_id.startswith("sha256:") or mail.message_id == "<[>"
