"""A delivery as it goes out: the text of an SMS, the whole of an e-mail."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from shared.db.time import database_now
from shared.events import Event, Price, StaffLoginRequested, Vehicle
from shared.http.links import CHAT_LINK_DAYS, Link, LinkPurpose, mint
from shared.prices import price_text
from shared.words import person_name

from notifier.domain.invite import Invite, Method, to_ics, uid_of
from notifier.domain.pictures import Picture
from notifier.domain.reply_address import reply_address
from notifier.domain.texting import as_text
from notifier.domain.wording import Wanted, files_named, greeting, phone_as_read, quoted, span, when, wish
from notifier.tables import Delivery, InboundMessage, Lead, Location, StaffMember
from notifier.templates import Details, Templates

UNSUBSCRIBE_LINK_DAYS = 400
"""CAN-SPAM wants 30 days after the mail; a mail found a year later should still keep its word."""

ENCODING = "quoted-printable"
"""Named, since the library otherwise encodes each part in every way to compare their lengths."""

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_INVITES: dict[str, Method] = {
    "confirmation": "REQUEST",
    "restored_by_shop": "REQUEST",
    "rescheduled": "REQUEST",
    "rescheduled_by_shop": "REQUEST",
    "cancelled": "CANCEL",
    "cancelled_by_shop": "CANCEL",
}


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
    """`pictures`: their addresses at the provider; they are enclosed when the mail is sent."""

    sender: str
    recipient: str
    message: EmailMessage
    pictures: tuple[str, ...] = ()

    def enclose(self, pictures: Iterable[Picture]) -> None:
        """Under names of ours: a customer's may be anything."""
        for number, one in enumerate(pictures, 1):
            name = f"picture-{number}.{one.extension}"
            self.message.add_attachment(one.content, maintype="image", subtype=one.kind, filename=name)

    @property
    def needs_utf8(self) -> bool:
        """Whether the server must know SMTPUTF8 (RFC 6531): letters before the @ have no other spelling."""
        return not (self.sender + self.recipient).isascii()


def fingerprint(body: str) -> str:
    """By which a text is found again at the provider, without keeping the text itself."""
    return sha256(body.strip().encode()).hexdigest()


class Writer:
    """Writes the same delivery the same way each time, so that a text can be recognised later."""

    def __init__(
        self, templates: Templates, *, keys: Mapping[LinkPurpose, Sequence[str]], public_url: str
    ) -> None:
        self._templates = templates
        self._keys = keys
        self._public_url = public_url.rstrip("/")
        self._console_url = f"{self._public_url}/console"
        self._host = urlsplit(public_url).hostname or "localhost"

    def deliveries_named(self, message_ids: Iterable[str]) -> tuple[UUID, ...]:
        """Those of our own among the Message-IDs; a stranger may write any there."""
        ours = re.compile(rf"<({_UUID})@{re.escape(self._host)}>", re.IGNORECASE)
        return tuple(UUID(found[1]) for one in message_ids if (found := ours.fullmatch(one)))

    def has_text(self, template: str) -> bool:
        """Whether the message can go by SMS."""
        return self._templates.messages[template].sms is not None

    def text(self, delivery: Delivery, lead: Lead, location: Location) -> Text:
        body = self._templates.sms(delivery.template, self._context(delivery, lead, location))
        rest = self._chat_url(delivery) if delivery.purpose == "reply" else ""
        return Text(location.sms_from or "", delivery.address, as_text(body, rest))

    def mail(self, delivery: Delivery, lead: Lead, location: Location) -> Mail:
        context = self._context(delivery, lead, location)
        body = self._templates.mail(delivery.template, context, _details(self._templates, delivery, context))
        message = EmailMessage()
        message["From"] = mailbox(location.email, location.name)
        message["To"] = mailbox(delivery.address)
        if delivery.purpose != "shop_notice":
            self._add_reply_address(message, delivery, location)
        message["Subject"] = body.subject
        message["Date"] = format_datetime((delivery.claimed_at or delivery.created_at).astimezone(UTC))
        message["Message-ID"] = f"<{delivery.id}@{self._host}>"
        self._add_extra_headers(message, delivery, context)
        message.set_content(body.text, cte=ENCODING)
        message.add_alternative(body.html, subtype="html", cte=ENCODING)
        if delivery.template in _INVITES:
            self._add_invite(message, delivery, lead, location)
        return Mail(location.email, delivery.address, message, tuple(delivery.payload.get("pictures", ())))

    def login_mail(self, asked: Event[StaffLoginRequested], member: StaffMember, location: Location) -> Mail:
        login, link = asked.data, Link(asked.tenant_id, asked.data.login_id)
        code = self._mint(LinkPurpose.STAFF_LOGIN, link, login.expires_at)
        words = {
            "greeting": greeting(member.name),
            "login_url": f"{self._console_url}?code={code}",
            "minutes": round((login.expires_at - asked.time) / timedelta(minutes=1)),
        }
        return self._to_staff("staff_login", login.login_id, login.email, location, words)

    def stranger_mail(self, messages: Sequence[InboundMessage], location: Location) -> Mail:
        """Of the first; the others came since the notice before."""
        first, *others = messages
        ids = ",".join(str(message.id) for message in others)
        words = {
            **_of_stranger(first),
            "others": [_of_stranger(message) for message in others],
            "greeting": "",
        }
        notice_id = uuid5(first.id, ids) if ids else first.id
        return self._to_staff("stranger_notice", notice_id, location.email, location, words)

    def _to_staff(
        self, template: str, message_id: UUID, recipient: str, location: Location, words: dict[str, Any]
    ) -> Mail:
        """A mail that is about no lead, hence without a delivery."""
        context = {
            "location_name": location.tenant_name,
            "address": one_line(location.address),
            "phone": phone_as_read(location.phone),
            "unsubscribe_url": None,
            **words,
        }
        body = self._templates.mail(template, context, [])
        message = EmailMessage()
        message["From"] = mailbox(location.email, location.tenant_name)
        message["To"] = mailbox(recipient)
        message["Subject"] = body.subject
        message["Date"] = format_datetime(database_now())
        message["Message-ID"] = f"<{message_id}@{self._host}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body.text, cte=ENCODING)
        message.add_alternative(body.html, subtype="html", cte=ENCODING)
        return Mail(location.email, recipient, message)

    def _add_reply_address(self, message: EmailMessage, delivery: Delivery, location: Location) -> None:
        """A reply to it is the lead's, from whichever account it comes."""
        keys = self._keys[LinkPurpose.REPLY]
        address = reply_address(location.email, delivery.tenant_id, delivery.lead_id, keys=keys)
        if address:
            message["Reply-To"] = mailbox(address, location.name)

    def _add_extra_headers(self, message: EmailMessage, delivery: Delivery, context: dict[str, Any]) -> None:
        if context["unsubscribe_url"]:
            message["List-Unsubscribe"] = f"<{context['unsubscribe_url']}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if answered := delivery.payload.get("answers"):
            message["In-Reply-To"] = answered
            message["References"] = answered
        message["Auto-Submitted"] = "auto-replied" if delivery.purpose == "reply" else "auto-generated"

    def _context(self, delivery: Delivery, lead: Lead, location: Location) -> dict[str, Any]:
        return {
            "location_name": location.name,
            "address": one_line(location.address),
            "phone": phone_as_read(location.phone),
            "greeting": greeting(lead.name),
            "wish": wish(_wanted(lead), location.wish_words),
            "customer": person_name(lead.name) or "unnamed",
            "chat_url": self._chat_url(delivery),
            "unsubscribe_url": self._unsubscribe_url(delivery),
            "console_url": self._console_url,
            "conversation_url": self._conversation_url(delivery),
            **_readable(delivery.payload),
        }

    def _chat_url(self, delivery: Delivery) -> str:
        return f"{self._public_url}/c/{self._token(LinkPurpose.CHAT, delivery, CHAT_LINK_DAYS)}"

    def _conversation_url(self, delivery: Delivery) -> str:
        """For staff; a notice from before it named the conversation leads to the inbox."""
        conversation_id = delivery.payload.get("conversation_id")
        return f"{self._console_url}/inbox/{conversation_id}" if conversation_id else self._console_url

    def _unsubscribe_url(self, delivery: Delivery) -> str | None:
        """Marketing only: nobody unsubscribes from the confirmation of a booking."""
        if delivery.purpose != "touch":
            return None
        token = self._token(LinkPurpose.UNSUBSCRIBE, delivery, UNSUBSCRIBE_LINK_DAYS)
        return f"{self._public_url}/u/{token}"

    def _token(self, purpose: LinkPurpose, delivery: Delivery, days: int) -> str:
        link = Link(delivery.tenant_id, delivery.lead_id)
        return self._mint(purpose, link, delivery.created_at + timedelta(days=days))

    def _mint(self, purpose: LinkPurpose, link: Link, expires_at: datetime) -> str:
        return mint(purpose, link, keys=self._keys[purpose], expires_at=expires_at)

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
            description=_in_the_calendar(booked),
            place=f"{location.name}, {one_line(location.address)}",
            start=datetime.fromisoformat(booked["start"]),
            end=datetime.fromisoformat(booked["end"]),
            timezone=booked["timezone"],
            organizer=(location.name, location.email),
            attendee=(person_name(lead.name), delivery.address),
            stamp=delivery.created_at.astimezone(UTC),
        )


def mailbox(address: str, name: str = "") -> Address:
    """In its parts, since as a whole the library takes ASCII only. Raises `ValueError` for what is no address."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address.split()) != 1:
        raise ValueError("no e-mail address")
    return Address(name, local, domain)


def one_line(address: dict[str, str]) -> str:
    return "{street}, {city}, {region} {postal_code}".format_map(address)


def _readable(payload: dict[str, Any]) -> dict[str, Any]:
    """Moments as people read them, an address without a link; everything else as it is."""
    moments = {name: payload[name] for name in ("start", "end", "old_start") if payload.get(name)}
    readable = {
        name: when(datetime.fromisoformat(value), payload["timezone"]) for name, value in moments.items()
    }
    if payload.get("start") and payload.get("end"):
        begins, ends = (datetime.fromisoformat(payload[name]) for name in ("start", "end"))
        readable["span"] = span(begins, ends, payload["timezone"])
    if sender := payload.get("sender"):
        readable["sender"] = quoted(sender, 120)
    if payload.get("total_cents") is not None:
        readable["price"] = _price(payload)
    return payload | readable


def _wanted(lead: Lead) -> list[Wanted]:
    asked = [{"vehicle": lead.vehicle, "interest": lead.interest}, *lead.also]
    return [
        Wanted(Vehicle.model_validate(one["vehicle"]) if one["vehicle"] else None, one["interest"])
        for one in asked
    ]


def _price(booked: dict[str, Any]) -> str:
    """An appointment that was planned before prices had kinds has its total only."""
    said = booked.get("price") or {"kind": "exact", "amount_cents": booked["total_cents"]}
    return price_text(Price.model_validate(said))


def _in_the_calendar(booked: dict[str, Any]) -> str:
    """As booking's own calendar file says it."""
    car = f" for {booked['vehicle']}" if booked.get("vehicle") else ""
    what = f"Appointment {booked['number']}: {booked['service']}{car}, {_price(booked)}."
    return f"{what} Reschedule or cancel: {booked['manage_url']}"


def _details(templates: Templates, delivery: Delivery, context: dict[str, Any]) -> Details:
    match templates.messages[delivery.template].details:
        case "appointment":
            return [
                ("When", context["span"]),
                ("Service", context["service"]),
                *([("Vehicle", context["vehicle"])] if context.get("vehicle") else []),
                ("Price", context["price"]),
                ("Where", f"{context['location_name']}, {context['address']}"),
                ("Number", context["number"]),
                *[("Also free", label) for label in context.get("alternatives", ())],
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
        ("Open question, as typed", "open_question"),
        ("Phone", "customer_phone"),
        ("E-mail", "customer_email"),
        ("Vehicle, as typed", "vehicle"),
        ("Asked for, as typed", "interest_as_typed"),
        ("Suggested reply", "suggested_reply"),
    )
    return rows + [(label, context[name]) for label, name in optional if context.get(name)]


def _of_stranger(message: InboundMessage) -> dict[str, str]:
    sender = message.sender or ""
    return {
        "sender": phone_as_read(sender) if message.channel == "sms" else quoted(sender, 120),
        "kind": "text" if message.channel == "sms" else "mail",
        "text": quoted(message.text or "") or "(no words)",
        "files": files_named(message.media),
    }
