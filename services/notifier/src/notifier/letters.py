"""A delivery as it goes out: the text of an SMS, the whole of an e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from shared.db.time import database_now
from shared.events import StaffLoginRequested, Vehicle
from shared.http.links import CHAT_LINK_DAYS, Link, LinkPurpose, mint

from notifier.domain.invite import Invite, Method, to_ics, uid_of
from notifier.domain.texting import as_text
from notifier.domain.wording import greeting, harmless, money, phone_as_read, when, wish
from notifier.tables import Delivery, Lead, Location, StaffMember
from notifier.templates import Details, Templates

UNSUBSCRIBE_LINK_DAYS = 400
"""CAN-SPAM wants 30 days after the mail; a mail found a year later should still keep its word."""

ENCODING = "quoted-printable"
"""Named, since the library otherwise encodes each part in every way to compare their lengths."""

_INVITES: dict[str, Method] = {"confirmation": "REQUEST", "rescheduled": "REQUEST", "cancelled": "CANCEL"}


@dataclass(frozen=True)
class Text:
    """`sender` and `recipient` are numbers in E.164."""

    sender: str
    recipient: str
    body: str

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.body)


@dataclass(frozen=True)
class Mail:
    sender: str
    recipient: str
    message: EmailMessage


def fingerprint(body: str) -> str:
    """By which a text is found again at the provider, without keeping the text itself."""
    return sha256(body.strip().encode()).hexdigest()


class Writer:
    """Writes the same delivery the same way each time, so that a text can be recognised later."""

    def __init__(self, templates: Templates, *, keys: Sequence[str], public_url: str) -> None:
        self._templates = templates
        self._keys = keys
        self._public_url = public_url.rstrip("/")
        self._console_url = f"{self._public_url}/console"
        self._host = urlsplit(public_url).hostname or "localhost"

    def text(self, delivery: Delivery, lead: Lead, location: Location) -> Text:
        body = self._templates.sms(delivery.template, self._context(delivery, lead, location))
        rest = self._chat_url(delivery) if delivery.purpose == "reply" else ""
        return Text(location.sms_from or "", delivery.address, as_text(body, rest))

    def mail(self, delivery: Delivery, lead: Lead, location: Location) -> Mail:
        context = self._context(delivery, lead, location)
        body = self._templates.mail(delivery.template, context, _details(self._templates, delivery, context))
        message = EmailMessage()
        message["From"] = Address(location.name, addr_spec=location.email)
        message["To"] = Address(addr_spec=delivery.address)
        message["Subject"] = body.subject
        message["Date"] = format_datetime((delivery.claimed_at or delivery.created_at).astimezone(UTC))
        message["Message-ID"] = f"<{delivery.id}@{self._host}>"
        self._add_extra_headers(message, delivery, context)
        message.set_content(body.text, cte=ENCODING)
        message.add_alternative(body.html, subtype="html", cte=ENCODING)
        if delivery.template in _INVITES:
            self._add_invite(message, delivery, lead, location)
        return Mail(location.email, delivery.address, message)

    def login_mail(
        self, tenant_id: UUID, login: StaffLoginRequested, member: StaffMember, location: Location
    ) -> Mail:
        link = Link(tenant_id, login.login_id)
        code = mint(LinkPurpose.STAFF_LOGIN, link, keys=self._keys, expires_at=login.expires_at)
        context = {
            "location_name": location.tenant_name,
            "address": one_line(location.address),
            "phone": phone_as_read(location.phone),
            "greeting": greeting(member.name),
            "unsubscribe_url": None,
            "login_url": f"{self._console_url}?code={code}",
        }
        body = self._templates.mail("staff_login", context, [])
        message = EmailMessage()
        message["From"] = Address(location.tenant_name, addr_spec=location.email)
        message["To"] = Address(addr_spec=login.email)
        message["Subject"] = body.subject
        message["Date"] = format_datetime(database_now())
        message["Message-ID"] = f"<{login.login_id}@{self._host}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body.text, cte=ENCODING)
        message.add_alternative(body.html, subtype="html", cte=ENCODING)
        return Mail(location.email, login.email, message)

    def _add_extra_headers(self, message: EmailMessage, delivery: Delivery, context: dict[str, Any]) -> None:
        if context["unsubscribe_url"]:
            message["List-Unsubscribe"] = f"<{context['unsubscribe_url']}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if answered := delivery.payload.get("answers"):
            message["In-Reply-To"] = answered
            message["References"] = answered
        message["Auto-Submitted"] = "auto-replied" if delivery.purpose == "reply" else "auto-generated"

    def _context(self, delivery: Delivery, lead: Lead, location: Location) -> dict[str, Any]:
        vehicle = Vehicle.model_validate(lead.vehicle) if lead.vehicle else None
        return {
            "location_name": location.name,
            "address": one_line(location.address),
            "phone": phone_as_read(location.phone),
            "greeting": greeting(lead.name),
            "wish": wish(vehicle, lead.interest),
            "customer": harmless(lead.name, 60) or "unnamed",
            "chat_url": self._chat_url(delivery),
            "unsubscribe_url": self._unsubscribe_url(delivery),
            "console_url": self._console_url,
            **_readable(delivery.payload),
        }

    def _chat_url(self, delivery: Delivery) -> str:
        return f"{self._public_url}/c/{self._token(LinkPurpose.CHAT, delivery, CHAT_LINK_DAYS)}"

    def _unsubscribe_url(self, delivery: Delivery) -> str | None:
        """Marketing only: nobody unsubscribes from the confirmation of a booking."""
        if delivery.purpose != "touch":
            return None
        token = self._token(LinkPurpose.UNSUBSCRIBE, delivery, UNSUBSCRIBE_LINK_DAYS)
        return f"{self._public_url}/u/{token}"

    def _token(self, purpose: LinkPurpose, delivery: Delivery, days: int) -> str:
        link = Link(delivery.tenant_id, delivery.lead_id)
        return mint(purpose, link, keys=self._keys, expires_at=delivery.created_at + timedelta(days=days))

    def _add_invite(self, message: EmailMessage, delivery: Delivery, lead: Lead, location: Location) -> None:
        """In the body, where mail programs show buttons for it, and attached, where people find it (RFC 6047)."""
        method = _INVITES[delivery.template]
        ics = to_ics(self._invite(delivery, lead, location, method))
        message.add_alternative(ics, subtype="calendar", params={"method": method})
        message.add_attachment(ics, subtype="calendar", filename="invite.ics", params={"method": method})

    def _invite(self, delivery: Delivery, lead: Lead, location: Location, method: Method) -> Invite:
        booked = delivery.payload
        if delivery.appointment_id is None or delivery.sequence is None:
            raise ValueError(f"delivery {delivery.id} names no appointment")
        return Invite(
            uid=uid_of(delivery.appointment_id, self._host),
            sequence=delivery.sequence,
            method=method,
            summary=f"{booked['service']} at {location.name}",
            description=f"Appointment {booked['number']}. Move or cancel: {booked['manage_url']}",
            place=f"{location.name}, {one_line(location.address)}",
            start=datetime.fromisoformat(booked["start"]),
            end=datetime.fromisoformat(booked["end"]),
            timezone=booked["timezone"],
            organizer=(location.name, location.email),
            attendee=(harmless(lead.name, 60), delivery.address),
            stamp=delivery.created_at.astimezone(UTC),
        )


def one_line(address: dict[str, str]) -> str:
    return "{street}, {city}, {region} {postal_code}".format_map(address)


def _readable(payload: dict[str, Any]) -> dict[str, Any]:
    """Moments as people read them; everything else as it is."""
    moments = {name: payload[name] for name in ("start", "end", "old_start") if payload.get(name)}
    readable = {
        name: when(datetime.fromisoformat(value), payload["timezone"]) for name, value in moments.items()
    }
    return payload | readable


def _details(templates: Templates, delivery: Delivery, context: dict[str, Any]) -> Details:
    match templates.messages[delivery.template].details:
        case "appointment":
            return [
                ("When", context["start"]),
                ("Service", context["service"]),
                *([("Vehicle", context["vehicle"])] if context.get("vehicle") else []),
                ("Price", money(context["total_cents"])),
                ("Where", f"{context['location_name']}, {context['address']}"),
                ("Number", context["number"]),
            ]
        case "alternatives":
            return [("Also free", label) for label in context["alternatives"]]
        case "handoff":
            return _handoff_details(context)
        case None:
            return []


def _handoff_details(context: dict[str, Any]) -> Details:
    rows = [("Customer", context["customer"]), ("Reason", context["reason"])]
    optional = (
        ("Open question", "open_question"),
        ("Phone", "customer_phone"),
        ("E-mail", "customer_email"),
        ("Vehicle", "vehicle"),
        ("Suggested reply", "suggested_reply"),
    )
    return rows + [(label, context[name]) for label, name in optional if context.get(name)]
