"""Every word of a customer arrives: whatever gets a 2xx at an endpoint is in the conversation, or kept and shown."""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from notifier.actions.inbound import PICTURES_SHOWN_A_DAY
from notifier.actions.strangers import AGAIN_AFTER, HELD_FOR, tell_shops
from notifier.domain.quoted import new_words
from shared.db.time import database_now
from shared.events import Contact
from testkit.secrets import AS_OPERATOR

from .test_endpoints import EMAIL, SMS, from_twilio, mail_headers, mail_us, text_us

SHOP = "store094@sample-tint.example"
WROTE = f"On Mon, Nov 30, 2026 at 9:00 AM Sample Tint <{SHOP}> wrote:"
ESCRIBIO = f"El lun, 30 nov 2026 a las 9:00, Sample Tint (<{SHOP}>)\nescribió:"
QUOTE = "> Hi Ana, your quote is ready.\n> See it here: https://x.example/c/1\n>\n> Sample Tint"
HEADERS = f"From: Sample Tint <{SHOP}>\nSent: Monday, November 30, 2026 9:00 AM\nTo: Ana <ana@example.com>\nSubject: Your tint"
CABECERA = f"De: Sample Tint <{SHOP}>\nEnviado el: lunes, 30 de noviembre de 2026 9:00\nPara: Ana <ana@example.com>\nAsunto: Su auto"
BLOCKQUOTE = '<blockquote class="gmail_quote"><div>Hi Ana,<br>your quote is ready.</div></blockquote>'
OUTLOOK = 'style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"'
LINE = "_" * 32


@dataclass
class Mail:
    """`says`: the words that arrive, spaces made one; `None`: all that the text has."""

    id: str
    says: str | None
    text: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


MAILS = [
    Mail("plain", None, "How long does it take?"),
    Mail("gmail above", "Friday works.", f"Friday works.\n\n{WROTE}\n\n{QUOTE}\n"),
    Mail(
        "gmail wrapped", "Friday works.", "Friday works.\n\n" + WROTE.replace("<", "<\n") + f"\n\n{QUOTE}\n"
    ),
    Mail("gmail below", "Friday works.", f"{WROTE}\n\n{QUOTE}\n\nFriday works.\n"),
    Mail("gmail es above", "El viernes.", f"El viernes.\n\n{ESCRIBIO}\n\n{QUOTE}\n"),
    Mail("gmail es below", "El viernes.", f"{ESCRIBIO}\n\n{QUOTE}\n\nEl viernes."),
    Mail("below a short quote", "Friday works.", "> Hi Ana\n\nFriday works."),
    Mail(
        "interleaved",
        "A Civic. Friday works.",
        f"{WROTE}\n> Which car?\n\nA Civic.\n\n> Which day?\n\nFriday works.\n",
    ),
    Mail(
        "between long quotes",
        "Hello! A Civic. Friday.",
        f"Hello!\n{QUOTE}\nA Civic.\n{QUOTE}\n\nFriday.\n{QUOTE}",
    ),
    Mail("apple", "Friday.", f"Friday.\n\nSent from my iPhone\n\n> {WROTE}\n> \n{QUOTE}"),
    Mail(
        "apple es",
        "El viernes.",
        f"El viernes.\n\nEnviado desde mi iPhone\n\n> El 30 nov 2026, a las 9:00, Sample Tint <{SHOP}> escribió:\n> \n{QUOTE}",
    ),
    Mail("outlook", "Friday works.", f"Friday works.\n\n{LINE}\n{HEADERS}\n\nHi Ana,\nyour quote is ready."),
    Mail("outlook desktop", "Friday works.", f"Friday works.\n\n{HEADERS}\n\nHi Ana,"),
    Mail("outlook es", "El viernes.", f"El viernes.\n\n{CABECERA}\n\nHola Ana,"),
    Mail(
        "outlook for iOS es",
        "El viernes.",
        f"El viernes.\n\nObtener Outlook para iOS\n{LINE}\n{CABECERA}\n\nHola",
    ),
    Mail(
        "yahoo",
        "Friday.",
        f"Friday.\n\nSent from Yahoo Mail for iPhone\n\n{WROTE}\n\nHi Ana, your quote is ready.",
    ),
    Mail("yahoo es", "El viernes.", f"El viernes.\n\n{ESCRIBIO}\n\nHola Ana"),
    Mail(
        "samsung",
        "Friday.",
        f"Friday.\n\nSent from my Galaxy\n\n-------- Original message --------\n{HEADERS}\n\nHi Ana",
    ),
    Mail(
        "samsung es",
        "El viernes.",
        f"El viernes.\n\nEnviado desde mi Galaxy\n\n-------- Mensaje original --------\n{CABECERA}\n\nHola",
    ),
    Mail("signature", None, "Friday works.\n\n-- \nAna Sample\n555 0194"),
    Mail("below a signature", None, "Hello\n\n--\nAna\nP.S. my number is 555 0194"),
    Mail("behind what a phone adds", None, "Hello\n\nSent from my iPhone, and call me please"),
    Mail("a number like what a phone adds", None, "Hello\n\nSent from my 619-555-0111\nSent from 6195550111"),
    Mail(
        "what phones add",
        "Hello",
        "Hello\n\nSent from my Galaxy S22+\nEnviado desde mi teléfono Samsung Galaxy\nSent from Mail for Windows\n"
        "Get Outlook for iOS<https://aka.ms/o0ukef>\nSent from my T-Mobile 4G LTE Device",
    ),
    Mail(
        "thanks is no signature",
        None,
        "Thanks,\nI come on Friday with\n- the Civic\n- the Accord\n\nGracias,\nAna",
    ),
    Mail("below a header block", None, f"{HEADERS}\n\nFriday works."),
    Mail("below an unmarked quote", None, f"{WROTE}\n\nHi Ana, your quote is ready.\n\nFriday works."),
    Mail("nothing but a quote", None, "> Friday works."),
    Mail("nothing but a signature", None, "-- \nFriday works."),
    Mail(
        "forwarded",
        None,
        f"Can you do this?\n\n---------- Forwarded message ---------\n{HEADERS}\n\nA full tint.",
        {"subject": "Fwd: Tint"},
    ),
    Mail("in the subject", "Can I come on Friday?", "", {"subject": "Can I come on Friday?"}),
    Mail(
        "html only",
        "Friday & Saturday work. Ana",
        "",
        {"html": "<style>p {color: red}</style><p>Friday &amp; Saturday <b>work</b>.</p><div>Ana</div>"},
    ),
    Mail(
        "html above",
        "Friday.",
        "",
        {"html": f"<div>Friday.<br></div><div><div>{WROTE.replace('<', '&lt;')}</div>{BLOCKQUOTE}</div>"},
    ),
    Mail(
        "html below",
        "Friday.",
        "",
        {"html": f"<div>{WROTE.replace('<', '&lt;')}</div>{BLOCKQUOTE}<div>Friday.</div>"},
    ),
    Mail(
        "html interleaved",
        "Hello A Civic. Friday.",
        "",
        {"html": f"<p>Hello</p>{BLOCKQUOTE}<p>A Civic.</p>{BLOCKQUOTE}<p>Friday.</p>"},
    ),
    Mail(
        "html outlook",
        "Friday.",
        "",
        {
            "html": f"<p>Friday.<o:p></o:p></p><div {OUTLOOK}><p><b>From:</b> Shop<br><b>Subject:</b> Tint</p></div><p>Hi</p>"
        },
    ),
    Mail("html quote only", "Friday.", "", {"html": "<blockquote>Friday.</blockquote>"}),
    Mail("html broken", "Friday works", "", {"html": "<div <<<>Friday <b>works</p></div>"}),
    Mail(
        "latin-1",
        "Mañana está bien, José",
        "",
        {
            "text": "Mañana está bien, José".encode("iso-8859-1"),
            "charsets": json.dumps({"text": "iso-8859-1"}),
        },
    ),
    Mail("a charset that is none", "Hola", "Hola", {"charsets": json.dumps({"text": "no-such"})}),
    Mail("nul and half a letter", "Fri day", "Fri\x00 day"),
    Mail(
        "the whole message, raw",
        "Mañana. ¿Está bien?",
        "",
        {
            "headers": None,
            "text": None,
            "email": (
                b"Message-ID: <raw@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                b"Ma=F1ana.\r\n\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: inline; filename=a.png\r\n\r\nx\r\n"
                b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                b"wr9Fc3TDoSBiaWVuPw==\r\n--b--\r\n"
            ),
        },
    ),
]


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.id)
async def test_what_a_customer_says_in_a_mail_arrives(shop, mail):
    lead = await shop.greet()
    fields = {"subject": "Re: Your tint", **mail.fields}
    answer = await mail_with(shop, lead.contact.email, {"text": mail.text, **fields})
    assert answer.json() == {"status": "received"}
    (told,) = await shop.told("inbound.message.received.v1")
    expected = mail.text if mail.says is None else mail.says
    assert " ".join(told["text"].split()) == " ".join(expected.split())
    assert (await shop.lead(lead.lead_id)).stopped_reason is not None


@pytest.mark.parametrize("big", ["From: x\n", "From: \nx\n", ">\na\n", "- \n", "On x\n"])
def test_a_mail_made_to_be_slow_is_read_and_its_last_words_arrive(big):
    assert new_words(big * 5_000 + "Friday", "", "").endswith("Friday")


async def mail_with(shop: Any, sender: str, fields: dict[str, Any], *files: tuple[str, str, bytes]) -> Any:
    """As `mail_us`, with bytes in fields and with files; a field that is `None` is left out."""
    author = f"From: Ana Sample <{sender}>"
    if isinstance(raw := fields.get("email"), bytes):
        fields = fields | {"email": f"{author}\r\n".encode() + raw}
    form = {
        "headers": f"{author}\nMessage-ID: <{uuid4()}@example.com>",
        "from": f"Ana Sample <{sender}>",
        "to": SHOP,
        "subject": "Re: Your tint",
        "dkim": "{@example.com : pass}",
        **fields,
    }
    parts: list[Any] = [(name, (None, value)) for name, value in form.items() if value is not None]
    parts += [
        (f"attachment{at + 1}", (name, content, kind)) for at, (name, kind, content) in enumerate(files)
    ]
    request: httpx2.Request = shop.http.build_request("POST", EMAIL, files=parts)
    request.headers.update(mail_headers(await request.aread()))
    return await shop.http.send(request)


async def kept(shop: Any) -> list[dict[str, Any]]:
    answer = await shop.http.get("/api/admin/notifier/sample-tint/kept-messages", headers=AS_OPERATOR)
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


MACHINES = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated; owner-email=a@b.example",
    "X-Autoreply: yes",
    "X-Autorespond: Ana is away",
    "X-Auto-Response-Suppress: All",
    "Precedence: auto_reply",
    "Precedence: bulk",
    "Precedence: list",
    "Precedence: junk",
    "Return-Path: <>",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
]


@pytest.mark.parametrize("header", MACHINES)
async def test_a_machine_is_no_customer_and_what_it_says_is_kept(shop, header):
    lead = await shop.greet()
    answer = await mail_us(shop, lead.contact.email, "Away. STOP unsubscribe", header)
    assert answer.json() == {"status": "received"}
    assert await shop.told("inbound.message.received.v1") == []
    assert await shop.told("contact.opted_out.v1") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason is None
    (one,) = await kept(shop)
    assert (one["text"], one["automatic"], one["lead_id"]) == (
        "Away. STOP unsubscribe",
        True,
        str(lead.lead_id),
    )


@pytest.mark.parametrize(
    "fields", [{"envelope": '{"to":[],"from":""}'}, {"from": "Mail <MAILER-DAEMON@x.example>"}], ids=str
)
async def test_a_report_of_a_mail_server_is_a_machine_s(shop, fields):
    lead = await shop.greet()
    await mail_with(shop, lead.contact.email, {"text": "Not delivered", **fields})
    assert await shop.told("inbound.message.received.v1") == []
    assert [one["automatic"] for one in await kept(shop)] == [True]


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: no", "X-Auto-Response-Suppress: DR, RN", "Precedence: normal"]
)
async def test_a_person_is_no_machine(shop, header):
    lead = await shop.greet()
    await mail_us(shop, lead.contact.email, "Friday", header)
    assert [told["text"] for told in await shop.told("inbound.message.received.v1")] == ["Friday"]


@pytest.mark.parametrize("kind", ["text/calendar", "application/ics"])
async def test_an_accepted_invitation_is_shown_to_the_shop_and_is_no_answer(shop, kind):
    lead = await shop.greet()
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"
    fields = {"subject": "Accepted: Ceramic tint", "text": "Ana Sample has accepted this invitation."}
    await mail_with(shop, lead.contact.email, fields, ("invite.ics", kind, calendar))
    assert await shop.told("inbound.message.received.v1") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason is None
    assert [one["automatic"] for one in await kept(shop)] == [True]
    await shop.send_due()
    (notice,) = shop.inbox("email", SHOP)
    assert notice["subject"] == "Ana Sample answered your invitation"
    assert "Accepted: Ceramic tint" in notice["text"]


async def test_a_calendar_without_end_is_kept_and_mailed_to_the_shop_once_a_day(shop):
    lead = await shop.greet()
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"
    fields = {"subject": "WIN $1000 at http://evil.example", "text": "See http://evil.example"}
    for _ in range(3):
        await mail_with(shop, lead.contact.email, fields, ("invite.ics", "text/calendar", calendar))
    assert len(await kept(shop)) == 3
    await shop.send_due()
    (notice,) = shop.inbox("email", SHOP)
    assert "WIN" not in notice["subject"]
    assert "evil[.]example" in notice["text"]
    assert "http://evil" not in notice["text"]


async def test_pictures_without_end_go_to_the_conversation_and_to_the_shop_a_few_times_a_day(shop):
    lead = await shop.greet()
    for _ in range(PICTURES_SHOWN_A_DAY + 2):
        await mail_with(shop, lead.contact.email, {"text": ""}, ("car.jpg", "image/jpeg", b"x"))
    assert len(await shop.told("inbound.message.received.v1")) == PICTURES_SHOWN_A_DAY + 2
    await shop.send_due()
    assert len(shop.inbox("email", SHOP)) == PICTURES_SHOWN_A_DAY


async def test_an_invitation_from_a_customer_is_a_file_and_its_words_are_theirs(shop):
    lead = await shop.greet()
    calendar = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    await mail_with(
        shop,
        lead.contact.email,
        {"text": "Like so?"},
        ("i.ics", "text/calendar", calendar),
        ("x.ics", "text/calendar", b"no"),
    )
    assert [told["text"] for told in await shop.told("inbound.message.received.v1")] == ["Like so?"]


async def our_message_id(shop: Any, lead_id: Any) -> str:
    await shop.send_due()
    own = next(d for d in await shop.deliveries() if (d.lead_id, d.channel) == (lead_id, "email"))
    return next(
        m["headers"]["Message-ID"] for m in shop.inbox("email") if str(own.id) in m["headers"]["Message-ID"]
    )


async def test_an_answer_from_another_account_is_the_lead_s_and_binds_nothing(shop):
    lead = await shop.greet()
    ours = await our_message_id(shop, lead.lead_id)
    header = f"References: <a@b.example> {ours}"
    await mail_us(shop, "work@example.com", "From my desk", header)
    assert await shop.told("inbound.message.received.v1") == []
    assert (await shop.lead(lead.lead_id)).stopped_reason is None
    (one,) = await kept(shop)
    assert (one["lead_id"], one["text"], one["proven"]) == (str(lead.lead_id), "From my desk", False)
    await shop.send_due()
    (notice,) = shop.inbox("email", SHOP)
    assert "From my desk" in notice["text"]


async def test_an_answer_names_which_lead_of_a_customer_it_is_about(shop):
    first = await shop.greet()
    ours = await our_message_id(shop, first.lead_id)
    await shop.greet(contact=first.contact)
    await mail_us(shop, first.contact.email, "About the first", f"In-Reply-To: {ours}")
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(first.lead_id)


@pytest.mark.parametrize(
    "id_", [f"<{UUID(int=1)}@leads.sample-tint.example>", f"<{UUID(int=1)}@evil.example>", "<x>"]
)
async def test_a_message_id_that_is_not_ours_names_nobody(shop, id_):
    await shop.greet()
    await mail_us(shop, "work@example.com", "Hello", f"In-Reply-To: {id_}")
    assert [(one["lead_id"], one["text"]) for one in await kept(shop)] == [(None, "Hello")]


async def test_a_shop_is_told_of_a_stranger_at_once_once_a_day_and_of_all_further_words_in_the_next_notice(
    shop,
):
    for words in ("Do you tint <b>RVs</b>? www.evil.example/x", "Hello?"):
        assert (await text_us(shop, "+16195550111", words)).status_code == 200
    await text_us(shop, "+16195550122", "Open today?")
    for _ in range(2):
        await tell_shops(shop.deps, shop.tenant_id, database_now())
    first, second = shop.inbox("email", SHOP)
    assert first["subject"] == "A text from somebody we do not know: (619) 555-0111"
    assert "It says: Do you tint b RVs /b ? evil[.]example/x" in first["text"]
    assert "Open today?" in second["text"]
    assert "text from (619) 555-0111: Hello?" in first["text"] + second["text"]
    await text_us(shop, "+16195550111", "Are you there?")
    await tell_shops(shop.deps, shop.tenant_id, database_now())
    assert len(shop.inbox("email", SHOP)) == 2
    await tell_shops(shop.deps, shop.tenant_id, database_now() + HELD_FOR)
    assert "Are you there?" in shop.inbox("email", SHOP)[2]["text"]
    assert [one["text"] for one in await kept(shop)] == [
        "Are you there?",
        "Open today?",
        "Hello?",
        "Do you tint <b>RVs</b>? www.evil.example/x",
    ]


@pytest.mark.parametrize("body", ["STOP", "Please stop texting me"])
async def test_a_shop_is_not_told_of_a_stranger_who_wants_nothing(shop, body):
    await text_us(shop, "+16195550111", body)
    await tell_shops(shop.deps, shop.tenant_id, database_now())
    assert shop.inbox("email", SHOP) == []


async def test_a_stranger_s_mail_is_told_to_the_shop_and_a_machine_s_is_not(shop):
    await mail_us(shop, "tom@other.example", "Do you tint boats?")
    await mail_us(shop, "news@other.example", "Great offers!", "Precedence: bulk")
    await tell_shops(shop.deps, shop.tenant_id, database_now())
    (notice,) = shop.inbox("email", SHOP)
    assert "Do you tint boats?" in notice["text"]
    assert notice["subject"] == "A mail from somebody we do not know: tom@other[.]example"


async def test_a_stranger_of_whom_no_mail_could_be_sent_is_told_of_later(shop):
    shop.fault("smtp", mode="status", status=451)
    await text_us(shop, "+16195550111", "Open today?")
    await tell_shops(shop.deps, shop.tenant_id, database_now())
    shop.fault("smtp", mode="none")
    assert shop.inbox("email", SHOP) == []
    await tell_shops(shop.deps, shop.tenant_id, database_now() + AGAIN_AFTER)
    assert len(shop.inbox("email", SHOP)) == 1


async def test_strangers_without_end_are_kept_and_not_all_mailed(shop):
    for number in range(32):
        await text_us(shop, f"+161955502{number:02}", f"Offer {number}")
    await tell_shops(shop.deps, shop.tenant_id, database_now())
    assert len(shop.inbox("email", SHOP)) == 30
    assert len(await kept(shop)) == 32
    told = " ".join(mail["text"] for mail in shop.inbox("email", SHOP))
    assert [number for number in range(32) if f"Offer {number}" not in told] == []


def test_a_line_of_numbers_is_read_at_once():
    """As what a phone adds it can be split in as many ways as there are: in years, on one thread of a service."""
    began = time.process_time()
    assert new_words(f"Sent from{' 1111' * 11} ?", "", "").endswith("?")
    assert time.process_time() - began < 1


async def test_every_mail_that_nothing_proves_is_shown_to_the_shop(shop):
    lead = await shop.greet()
    for words in ("Is it me?", "Please cancel.", "Hello?"):
        await mail_with(shop, lead.contact.email, {"text": words, "dkim": "{@example.com : fail}"})
    await shop.send_due()
    await tell_shops(shop.deps, shop.tenant_id, database_now() + HELD_FOR)
    told = " ".join(mail["text"] for mail in shop.inbox("email", SHOP))
    assert [words for words in ("Is it me?", "Please cancel.", "Hello?") if words not in told] == []


async def test_a_picture_is_passed_on_and_shown_to_the_shop(shop):
    lead = await shop.greet()
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    params = {"NumMedia": "1", "MediaUrl0": url, "MediaContentType0": "image/jpeg"}
    await from_twilio(
        shop, SMS, MessageSid="MM1", From=lead.contact.phone, To="+16195550194", Body="", **params
    )
    (told,) = await shop.told("inbound.message.received.v1")
    assert (told["text"], told["media"]) == ("", [{"content_type": "image/jpeg", "url": url}])
    await shop.send_due()
    (notice,) = shop.inbox("email", SHOP)
    assert f"image/jpeg ({url})" in notice["text"]


async def test_a_picture_by_mail_is_passed_on_by_its_name_and_a_logo_beside_words_is_none(shop):
    lead = await shop.greet()
    logo = {"content-ids": json.dumps({"<logo>": "attachment1"})}
    await mail_with(shop, lead.contact.email, {"text": "Hello", **logo}, ("logo.png", "image/png", b"x"))
    await mail_with(shop, lead.contact.email, {"text": ""}, ("car.jpg", "image/jpeg", b"x"))
    words, picture = await shop.told("inbound.message.received.v1")
    assert (words["text"], words["media"]) == ("Hello", [])
    assert (picture["text"], picture["media"]) == (
        "",
        [{"content_type": "image/jpeg", "name": "car.jpg"}],
    )


async def test_a_mail_without_a_word_is_kept(shop):
    lead = await shop.greet()
    assert (await mail_with(shop, lead.contact.email, {"text": ""})).json() == {"status": "received"}
    assert await shop.told("inbound.message.received.v1") == []
    assert [one["text"] for one in await kept(shop)] == [""]


async def test_a_text_that_names_no_sender_is_refused(shop):
    assert (await from_twilio(shop, SMS, MessageSid="SM1", Body="Hi")).status_code == 422


async def test_a_mexican_mobile_with_the_old_1_is_the_same_number(shop):
    lead = await shop.greet(contact=Contact(name="Ana", phone="+525512345678"))
    await text_us(shop, "+5215512345678", "Hola")
    (told,) = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(lead.lead_id)
