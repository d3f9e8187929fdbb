"""Every message renders, for every kind of lead, without holes."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar
from notifier.letters import Writer
from notifier.tables import Delivery, Lead, Location
from notifier.templates import load_templates
from shared.http.links import LinkPurpose
from testkit.secrets import KEY

TEMPLATES = load_templates()
WRITER = Writer(
    TEMPLATES, keys=dict.fromkeys(LinkPurpose, (KEY,)), public_url="https://leads.sample-tint.example"
)
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
TENANT, SHOP = uuid4(), uuid4()

APPOINTMENT = {
    "number": "ST-1042",
    "service": "Ceramic tint, full car",
    "start": "2026-11-24T10:00:00-08:00",
    "end": "2026-11-24T13:00:00-08:00",
    "timezone": "America/Los_Angeles",
    "total_cents": 49900,
    "manage_url": "https://leads.sample-tint.example/m/sample",
    "vehicle": None,
}
PAYLOADS: dict[str, dict[str, Any]] = {
    "confirmation": APPOINTMENT,
    "rescheduled": APPOINTMENT | {"old_start": "2026-11-23T10:00:00-08:00"},
    "cancelled": APPOINTMENT,
    "rescheduled_by_shop": APPOINTMENT
    | {"old_start": "2026-11-23T10:00:00-08:00", "alternatives": ["Wed, Nov 25, 10:00 AM PST"]},
    "cancelled_by_shop": APPOINTMENT | {"alternatives": []},
    "restored_by_shop": APPOINTMENT | {"alternatives": []},
    "reminder": APPOINTMENT,
    "booking_declined": {"alternatives": ["Tue, Nov 24, 10:00 AM PST"]},
    "reply": {"text": "About 3 hours.", "preview": "About", "subject": "Re: Hours", "answers": None},
    "unproven_mail": {"sender": "ana@example[.]com", "text": "Please cancel."},
    "media_notice": {"kind": "text", "files": "image/jpeg (https://api.twilio.com/x)", "text": "(no words)"},
    "invitation_answered": {"subject_of_it": "Accepted: Tint", "text": "Ana has accepted."},
    "stranger_notice": {
        "sender": "(619) 555-0111",
        "kind": "text",
        "text": "Open today?",
        "files": "",
        "others": [],
    },
    "handoff_notice": {
        "reason": "complaint",
        "summary": "The film peels.",
        "open_question": None,
        "customer_phone": None,
        "customer_email": None,
        "vehicle": None,
    },
    "call_back_notice": {
        "reason": "asked for a person",
        "summary": "The film peels.",
        "open_question": None,
        "customer_phone": "(619) 555-0123",
        "customer_email": None,
        "vehicle": None,
    },
    "staff_login": {"login_url": "https://leads.sample-tint.example/console?code=sample", "minutes": 10},
}
LEADS: dict[str, dict[str, Any]] = {
    "full": {
        "name": "Ana Sample",
        "vehicle": {"year": 2021, "make": "Honda", "model": "Civic"},
        "interest": "Tint",
    },
    "bare": {"name": "", "vehicle": None, "interest": None},
    "hostile": {
        "name": "{{ name }}",
        "vehicle": {"make": "{{ 7*7 }}", "model": "<script>alert(1)</script>"},
        "interest": "x\r\nBcc: all@example.com",
    },
}


def shop() -> Location:
    address = {"street": "100 Sample Street", "city": "San Diego", "region": "CA", "postal_code": "92101"}
    return Location(
        id=SHOP,
        tenant_id=TENANT,
        version=1,
        tenant_name="Sample Tint",
        code="Store094",
        name="Sample Tint San Diego",
        timezone="America/Los_Angeles",
        address=address,
        phone="+16195550194",
        email="store094@sample-tint.example",
        sms_from="+16195550194",
        demo_mode=False,
        allow_list=[],
        enabled=True,
        sends=True,
        sms=True,
    )


def lead(kind: str) -> Lead:
    return Lead(
        id=uuid4(),
        tenant_id=TENANT,
        location_id=SHOP,
        lead_version=1,
        email="ana@example.com",
        phone="+16195550111",
        correlation_id="sample",
        received_at=NOW,
        **LEADS[kind],
    )


def delivery(template: str, lead: Lead) -> Delivery:
    touch = template.startswith(("first", "follow"))
    return Delivery(
        tenant_id=TENANT,
        location_id=SHOP,
        lead_id=lead.id,
        dedupe_key="sample",
        purpose="touch" if touch else "booking",
        channel="email",
        address="ana@example.com",
        template=template,
        payload=dict(PAYLOADS.get(template, {})),
        appointment_id=uuid4(),
        sequence=0,
        lead_version=1,
        correlation_id="sample",
        due_at=NOW,
        created_at=NOW,
    )


@pytest.mark.parametrize("kind", list(LEADS))
@pytest.mark.parametrize("template", sorted(TEMPLATES.messages))
def test_every_mail_is_whole(template: str, kind: str) -> None:
    customer = lead(kind)
    message = WRITER.mail(delivery(template, customer), customer, shop()).message
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    for body in (str(message["Subject"]), html.get_content(), text.get_content()):
        assert "{{" not in body
        assert "{%" not in body
        assert "Hi ," not in body
        assert "None" not in body
        assert "<script" not in body
    for body in (html.get_content(), text.get_content()):
        assert "Sample Tint San Diego" in body
        assert "100 Sample Street, San Diego, CA 92101" in body
    assert "Bcc" not in message
    assert max(len(line) for line in message.as_bytes().splitlines()) <= 998


@pytest.mark.parametrize("kind", list(LEADS))
@pytest.mark.parametrize("template", sorted(n for n, m in TEMPLATES.messages.items() if m.sms))
def test_every_text_is_whole_and_short(template: str, kind: str) -> None:
    customer = lead(kind)
    body = WRITER.text(delivery(template, customer), customer, shop()).body
    assert "{{" not in body
    assert "Hi ," not in body
    assert "None" not in body
    assert body.isascii(), "one odd character makes every text of it twice as dear"
    assert len(body) <= 306, "two segments"
    if template.startswith(("first", "follow")):
        assert body.endswith("Reply STOP to opt out")


PRICES = {
    "firm": ({"kind": "exact", "amount_cents": 89900}, "$899.00"),
    "from": ({"kind": "from", "amount_cents": 89900}, "from $899.00, final price after inspection"),
    "range": (
        {"kind": "range", "amount_cents": 79900, "max_cents": 129900},
        "$799.00 to $1,299.00, final price after inspection",
    ),
    "on request": ({"kind": "on_request"}, "price on request"),
    "told by an older release": (None, "$499.00"),
}


@pytest.mark.parametrize("kind", list(PRICES))
@pytest.mark.parametrize("template", ["confirmation", "rescheduled", "reminder", "cancelled"])
def test_mail_text_and_calendar_name_the_car_and_say_the_price_as_the_kind_that_it_is(
    template: str, kind: str
) -> None:
    customer = lead("full")
    price, words = PRICES[kind]
    booked = delivery(template, customer)
    booked.payload |= {"vehicle": "2019 Ford F-150"} | ({"price": price} if price else {})
    mail = WRITER.mail(booked, customer, shop()).message
    for form in ("plain", "html"):
        body = mail.get_body((form,))
        assert body is not None
        assert words in body.get_content()
        assert "2019 Ford F-150" in body.get_content()
    assert f"Price: {words}\n" in mail.get_body(("plain",)).get_content()
    sms = WRITER.text(booked, customer, shop()).body
    assert "for your 2019 Ford F-150" in sms
    assert "Civic" not in sms + str(mail)
    assert len(sms) <= 306, "two segments"
    if template != "cancelled":
        assert f"{words}. " in sms
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            [event] = Calendar.from_ical(part.get_content()).walk("VEVENT")
            assert f"Ceramic tint, full car for 2019 Ford F-150, {words}. Move" in event["description"]


def test_the_html_loads_nothing_from_elsewhere() -> None:
    customer = lead("full")
    html = WRITER.mail(delivery("first_touch", customer), customer, shop()).message.get_body(("html",))
    assert html is not None
    assert "@import" not in html.get_content()
    assert "<img" not in html.get_content()
    assert "<link" not in html.get_content()


def test_a_delivery_is_written_the_same_way_each_time() -> None:
    customer = lead("full")
    same = delivery("first_touch", customer)
    first, second = (WRITER.text(same, customer, shop()) for _ in range(2))
    assert first.fingerprint == second.fingerprint
    assert (
        WRITER.mail(same, customer, shop()).message["Message-ID"] == f"<{same.id}@leads.sample-tint.example>"
    )
