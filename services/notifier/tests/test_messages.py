"""Every message renders, for every kind of lead, without holes."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from notifier.letters import Writer
from notifier.tables import Delivery, Lead, Location
from notifier.templates import load_templates

TEMPLATES = load_templates()
WRITER = Writer(TEMPLATES, keys=["sample"], public_url="https://leads.sample-tint.example")
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
    "reminder": APPOINTMENT,
    "booking_declined": {"alternatives": ["Tue, Nov 24, 10:00 AM PST"]},
    "reply": {"text": "About 3 hours.", "preview": "About", "subject": "Re: Hours", "answers": None},
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
    "staff_login": {"login_url": "https://leads.sample-tint.example/console?code=sample"},
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
        payload=PAYLOADS.get(template, {}),
        appointment_id=uuid4(),
        sequence=0,
        lead_version=1,
        correlation_id="sample",
        due_at=NOW,
        created_at=NOW,
    )


@pytest.mark.parametrize("kind", list(LEADS))
@pytest.mark.parametrize("template", sorted(set(TEMPLATES.messages) - {"opt_out_receipt"}))
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
