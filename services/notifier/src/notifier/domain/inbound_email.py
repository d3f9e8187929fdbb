"""An e-mail as the mail provider hands it in (SendGrid Inbound Parse: multipart form fields)."""

import email.policy
import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser, Parser
from email.utils import parseaddr

from notifier.domain.quoted import new_words

_FORM_PARSER = BytesParser(_class=EmailMessage, policy=email.policy.HTTP)
_HEADER_PARSER = Parser(_class=EmailMessage, policy=email.policy.default)


class UnreadableMail(ValueError):
    """The body is not the form that it should be."""


@dataclass(frozen=True)
class InboundEmail:
    """`message_id` with its brackets; a mail without one is named by the hash of its body. `automatic`: from a machine."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    automatic: bool


def parse_inbound(content_type: str, body: bytes) -> InboundEmail:
    """Raises `UnreadableMail`."""
    fields = _form_fields(content_type, body)
    headers = _HEADER_PARSER.parsestr(fields.get("headers", ""), headersonly=True)
    sender = parseaddr(fields.get("from", ""))[1].lower()
    if not sender:
        raise UnreadableMail("no sender")
    return InboundEmail(
        message_id=str(headers.get("Message-ID") or f"sha256:{hashlib.sha256(body).hexdigest()}").strip(),
        sender=sender,
        to=parseaddr(fields.get("to", ""))[1].lower(),
        subject=" ".join(fields.get("subject", "").split())[:200],
        text=new_words(fields.get("text", "")),
        automatic=_automatic(headers),
    )


def _form_fields(content_type: str, body: bytes) -> dict[str, str]:
    if not content_type.lower().startswith("multipart/form-data"):
        raise UnreadableMail("not multipart/form-data")
    form = _FORM_PARSER.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = [part for part in form.iter_parts() if isinstance(part, EmailMessage)]
    return {name: _value(part) for part in parts if (name := _name(part)) and not part.get_filename()}


def _name(part: EmailMessage) -> str:
    return str(part.get_param("name", "", header="content-disposition"))


def _value(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    return raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else ""


def _automatic(headers: EmailMessage) -> bool:
    """Vacation notes and lists must not be answered, or two machines would talk for ever (RFC 3834)."""
    submitted = str(headers.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(headers.get("Precedence", "")).strip().lower()
    return submitted != "no" or precedence in {"bulk", "junk", "list"}
