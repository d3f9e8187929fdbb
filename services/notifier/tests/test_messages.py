"""Every message renders, for every kind of lead, without holes."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar
from notifier.letters import Writer
from notifier.preview import NOW, SHOP, TENANT, delivery, shop, write_previews
from notifier.tables import Lead
from notifier.templates import load_templates
from shared.http.links import LinkPurpose
from testkit.secrets import KEY

TEMPLATES = load_templates()
WRITER = Writer(
    TEMPLATES, keys=dict.fromkeys(LinkPurpose, (KEY,)), public_url="https://leads.sample-tint.example"
)
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
            assert f"Ceramic tint, full car for 2019 Ford F-150, {words}. Reschedule" in event["description"]


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


BRITISH = re.compile(r"[Cc]ancelled|[Cc]ancelling|[Cc]olour|\b[Ee]-mail|puts the appointment")


@pytest.mark.parametrize("template", sorted(TEMPLATES.messages))
def test_words_are_american(template: str) -> None:
    message = TEMPLATES.messages[template]
    assert not BRITISH.search(f"{message.subject} {message.heading} {message.paragraphs} {message.sms}")


def test_every_message_can_be_looked_at(tmp_path: Path) -> None:
    pages = write_previews(tmp_path)
    assert len(pages) == len(TEMPLATES.messages)
    first = (tmp_path / "day-00-first_touch.txt").read_text("utf-8")
    assert "prices and times for Ceramic tint for your 2021 Honda Civic" in first
    assert "segment" in first
    assert all(page.name in (tmp_path / "index.html").read_text("utf-8") for page in pages)
