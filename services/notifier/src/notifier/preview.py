"""Every message as a sample customer gets it, for people to look at: `python -m notifier.preview DIR`. All of it is invented."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.http.links import LinkPurpose

from notifier.domain.texting import segments
from notifier.letters import Writer
from notifier.sequences import load_sequences
from notifier.tables import Delivery, Lead, Location
from notifier.templates import Templates, load_templates

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
TENANT, SHOP, LEAD, APPOINTMENT_ID = (UUID(int=n) for n in range(1, 5))
PUBLIC_URL = "https://leads.sample-tint.example"
_KEY = "only-for-previews-0123456789abcdef"

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


@dataclass(frozen=True)
class Preview:
    """`name` begins with the day of the sequence, where it is one of its touches."""

    name: str
    subject: str
    html: str
    text: str
    sms: str | None


def previews(templates: Templates) -> Iterator[Preview]:
    """In the order in which a customer gets them; the staff's and the stranger's come last."""
    writer = Writer(templates, keys=dict.fromkeys(LinkPurpose, (_KEY,)), public_url=PUBLIC_URL)
    touches = {
        touch.template: (touch.day, "sms" in touch.channels)
        for touch in load_sequences(templates).newest().touches
    }
    customer, location = lead(), shop()
    for template, message in templates.messages.items():
        day, texted = touches.get(template, (None, message.sms is not None))
        sent = delivery(template, customer)
        mail = writer.mail(sent, customer, location).message
        yield Preview(
            name=template if day is None else f"day-{day:02}-{template}",
            subject=str(mail["Subject"]),
            html=_body(mail.get_body(("html",))),
            text=_body(mail.get_body(("plain",))),
            sms=writer.text(sent, customer, location).body if texted else None,
        )


def _body(part: Any) -> str:
    content: str = part.get_content()
    return content


def write_previews(folder: Path) -> list[Path]:
    """A page and a text for each message, and `index.html` with all of them side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = list(previews(load_templates()))
    for one in shown:
        (folder / f"{one.name}.html").write_text(one.html, "utf-8")
        (folder / f"{one.name}.txt").write_text(_as_text(one), "utf-8")
    (folder / "index.html").write_text(_index(shown), "utf-8")
    return [folder / f"{one.name}.html" for one in shown]


def _as_text(one: Preview) -> str:
    sms = f"\n--- text, {segments(one.sms)} segment(s)\n{one.sms}\n" if one.sms else ""
    return f"Subject: {one.subject}\n\n{one.text}{sms}"


def _index(shown: list[Preview]) -> str:
    cells = "".join(
        f"<section><h2>{escape(one.name)}</h2><p>{escape(one.subject)}</p>"
        f'<iframe src="{one.name}.html" width="420" height="640" title="{escape(one.name)}"></iframe>'
        f"<pre>{escape(one.sms or '(no text)')}</pre></section>"
        for one in shown
    )
    style = (
        "body{font:15px system-ui;display:flex;flex-wrap:wrap;gap:24px}"
        "section{width:420px}iframe{border:1px solid #ccc}pre{white-space:pre-wrap}"
    )
    return f'<!doctype html><meta charset="utf-8"><title>Messages</title><style>{style}</style>{cells}'


def lead() -> Lead:
    return Lead(
        id=LEAD,
        tenant_id=TENANT,
        location_id=SHOP,
        lead_version=1,
        facts_version=1,
        name="Ana Sample",
        vehicle={"year": 2021, "make": "Honda", "model": "Civic"},
        interest="Ceramic tint",
        email="ana@example.com",
        phone="+16195550111",
        correlation_id="sample",
        received_at=NOW,
    )


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
        text_countries=["US"],
        sends=True,
        sms=True,
        wish_words=["ceramic", "tint"],
    )


def delivery(template: str, lead: Lead) -> Delivery:
    touch = template.startswith(("first", "follow"))
    return Delivery(
        id=UUID(int=9),
        tenant_id=TENANT,
        location_id=SHOP,
        lead_id=lead.id,
        dedupe_key="sample",
        purpose="touch" if touch else "booking",
        channel="email",
        address="ana@example.com",
        template=template,
        payload=dict(PAYLOADS.get(template, {})),
        appointment_id=APPOINTMENT_ID,
        sequence=0,
        lead_version=1,
        correlation_id="sample",
        due_at=NOW,
        created_at=NOW,
    )


def run() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    for page in write_previews(asked.parse_args().folder):
        print(page)  # noqa: T201 - for leadctl


if __name__ == "__main__":
    run()
