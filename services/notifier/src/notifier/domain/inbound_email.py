"""An e-mail as the mail provider hands it in (SendGrid Inbound Parse: multipart form fields, or the whole MIME message in one)."""

import codecs
import email.policy
import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.message import Message as Headers
from email.parser import BytesParser, HeaderParser
from email.utils import getaddresses, parseaddr

from icalendar import Calendar
from shared.text import address_text, cleaned, one_line

from notifier.domain.quoted import is_quoted, new_words

_ALL_PASSED = re.compile(r"(?:\{@[\w.-]+\s*:\s*pass\}[\s,]*)+", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}>")
_SIGNER = re.compile(r"@([\w.-]+)")
_FORM_PARSER = BytesParser(_class=EmailMessage, policy=email.policy.HTTP)
_HEADER_PARSER = HeaderParser()
"""Of the old kind, which takes values as they stand: the new one parses them, and fails on some."""

LONGEST_ADDRESS = 254
LONGEST_ID = 900
"""It is indexed, and an entry of an index has a limit."""
MOST_LINES_THAT_BEGIN_PARTS = 2000
"""The library takes half a second for as many; a mail has a handful, and some rulers of dashes in its words."""
MOST_RECIPIENTS = 500
LONGEST_LIST = 20_000
"""Characters of a list of addresses or ids that are read."""
MOST_CALENDARS = 3
_CALENDARS = frozenset({"text/calendar", "application/ics"})
"""Gmail's answers have both, of which SendGrid hands over the file."""
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
"""Python's own codecs that are none of mail, and slow or obeyed where a stranger chooses them."""


class UnreadableMail(ValueError):
    """The body is not the form that it should be."""


@dataclass(frozen=True)
class File:
    """What came along: `inline` belongs to the layout (a logo), not to what the sender shows us."""

    name: str
    content_type: str
    inline: bool = False


@dataclass(frozen=True)
class InboundEmail:
    """`message_id` with its brackets; a mail without one is named by the hash of its body.

    `recipients`: every address that it went to. `answered`: the ids of the mails that it says it answers, which prove
    nothing. `authentic`: the provider found it signed by the domain in its From. `text`: what the sender says.
    `automatic`: from a machine. `about_invitation`: a calendar's answer to an invitation.
    """

    message_id: str
    sender: str
    to: str
    recipients: tuple[str, ...]
    answered: tuple[str, ...]
    authentic: bool
    subject: str
    text: str
    files: tuple[File, ...]
    automatic: bool
    about_invitation: bool


@dataclass(frozen=True)
class _Form:
    fields: dict[str, str]
    files: tuple[File, ...]
    calendars: tuple[bytes, ...]


def parse_inbound(content_type: str, body: bytes) -> InboundEmail:
    """Raises `UnreadableMail`."""
    try:
        return _read(content_type, body)
    except RecursionError as error:  # the library's, of an address with a thousand brackets
        raise UnreadableMail("nested too deeply") from error


def _read(content_type: str, body: bytes) -> InboundEmail:
    form = _form(content_type, body)
    fields = form.fields
    headers = _HEADER_PARSER.parsestr(fields.get("headers", ""), headersonly=True)
    sender = parseaddr(address_text(fields.get("from", "")[:LONGEST_LIST]))[1].lower()
    if not 0 < len(sender) <= LONGEST_ADDRESS:
        raise UnreadableMail("no sender")
    message_id = one_line(str(headers.get("Message-ID", "")))
    if not 0 < len(message_id) <= LONGEST_ID:
        message_id = f"sha256:{hashlib.sha256(body).hexdigest()}"
    subject = one_line(fields.get("subject", ""))[:200]
    about_invitation = any(_answers_invitation(calendar) for calendar in form.calendars[:MOST_CALENDARS])
    envelope = _json_object(fields.get("envelope", ""))
    return InboundEmail(
        message_id=message_id,
        sender=sender,
        to=parseaddr(address_text(fields.get("to", "")[:LONGEST_LIST]))[1].lower(),
        recipients=_recipients(fields, headers, envelope),
        answered=tuple(_MESSAGE_ID.findall(_named(headers, "In-Reply-To", "References"))),
        authentic=_is_author(headers, sender)
        and _signed_by(fields.get("dkim", ""), sender.rpartition("@")[2]),
        subject=subject,
        text=_said(fields, subject),
        files=form.files,
        automatic=about_invitation or _automatic(headers, sender, envelope),
        about_invitation=about_invitation,
    )


def _said(fields: dict[str, str], subject: str) -> str:
    """Some write all they have to say into the subject."""
    words = cleaned(new_words(fields.get("text", ""), fields.get("html", ""), subject))
    return words or ("" if is_quoted(subject) else subject)


def _named(headers: Headers, *names: str) -> str:
    return " ".join(str(headers.get(name, ""))[:LONGEST_LIST] for name in names)


def _json_object(field: str | bytes) -> dict[str, object]:
    try:
        found = json.loads(field)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _recipients(fields: dict[str, str], headers: Headers, envelope: dict[str, object]) -> tuple[str, ...]:
    """Of the envelope too: a list or a forwarding account changes what the headers say."""
    to = envelope.get("to")
    named = (
        [str(address)[:LONGEST_ADDRESS] for address in to[:MOST_RECIPIENTS]] if isinstance(to, list) else []
    )
    named += [fields.get(name, "")[:LONGEST_LIST] for name in ("to", "cc")]
    named += [_named(headers, "To"), _named(headers, "Cc")]
    return tuple(dict.fromkeys(address.lower() for _, address in getaddresses(named) if address))


def _is_author(headers: Headers, sender: str) -> bool:
    """Whether the mail's one From, as it was signed, names this one mailbox.

    The provider hands over the From decoded, and a decoded display name may read like another's address.
    """
    written = headers.get_all("From", [])
    if len(written) != 1 or len(str(written[0])) > LONGEST_LIST:
        return False
    named = [address.lower() for _, address in getaddresses([str(written[0])])]
    return named == [sender]


def _signed_by(verdicts: str, domain: str) -> bool:
    """`{@example.com : pass}`, one for each signature; that of the From's domain, or of one above it, counts (RFC 7489, 3.1).

    Headers that speak of authentication are never read: whoever wrote the mail may have written them. Where one signature
    failed none counts: its domain stands here as the sender wrote it, and could look like a verdict of its own.
    """
    signers = _SIGNER.findall(verdicts.lower()) if _ALL_PASSED.fullmatch(verdicts) else []
    return any(domain == signer or domain.endswith(f".{signer}") for signer in signers)


def _form(content_type: str, body: bytes) -> _Form:
    if not content_type.lower().startswith("multipart/form-data"):
        raise UnreadableMail("not multipart/form-data")
    if body.count(b"\n--") > MOST_LINES_THAT_BEGIN_PARTS:
        raise UnreadableMail("too many parts")
    form = _FORM_PARSER.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = [part for part in form.iter_parts() if isinstance(part, EmailMessage)]
    values = {name: _value(part) for part in parts if (name := _name(part)) and not part.get_filename()}
    charsets = _json_object(values.get("charsets", b""))
    fields = {name: cleaned(_decoded(value, charsets.get(name))) for name, value in values.items()}
    inline = set(map(str, _json_object(values.get("content-ids", b"")).values()))
    attached = [part for part in parts if part.get_filename()]
    found = _Form(
        fields,
        tuple(_file(part, inline=_name(part) in inline) for part in attached),
        _calendars(attached),
    )
    return _with_raw(found, values["email"]) if "email" in values else found


def _with_raw(form: _Form, raw: bytes) -> _Form:
    """Where the provider is set to hand in the whole message, its words and files are in it and nowhere else."""
    mail = _FORM_PARSER.parsebytes(raw)
    parts = [part for part in mail.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    shown = [part for part in parts if not part.get_filename() and not part.is_attachment()]
    files = [part for part in parts if part not in shown and part.get_content_type() not in _CALENDARS]
    words = {
        name: cleaned("\n".join(_words(part) for part in shown if part.get_content_type() == kind))
        for name, kind in (("text", "text/plain"), ("html", "text/html"))
    }
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return replace(
        form,
        fields=form.fields | words | {"headers": cleaned(head.decode("utf-8", errors="replace"))},
        files=form.files + tuple(_file(part, inline="Content-ID" in part) for part in files),
        calendars=_calendars(parts),
    )


def _calendars(parts: list[EmailMessage]) -> tuple[bytes, ...]:
    return tuple(_value(part) for part in parts if part.get_content_type() in _CALENDARS)


def _words(part: EmailMessage) -> str:
    return _decoded(_value(part), part.get_content_charset())


def _file(part: EmailMessage, *, inline: bool) -> File:
    return File(one_line(part.get_filename() or "")[:200], part.get_content_type()[:100], inline)


def _name(part: EmailMessage) -> str:
    return str(part.get_param("name", "", header="content-disposition"))


def _value(part: EmailMessage) -> bytes:
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def _decoded(value: bytes, charset: object) -> str:
    """SendGrid passes the fields on in the mail's own charsets, and names these in a field of their own."""
    try:
        codec = codecs.lookup(str(charset or "utf-8")).name.replace("_", "-")
        return value.decode("utf-8" if codec in _NO_CHARSETS else codec, errors="replace")
    except (LookupError, ValueError):
        return value.decode("utf-8", errors="replace")


def _automatic(headers: Headers, sender: str, envelope: dict[str, object]) -> bool:
    """Vacation notes, lists and reports must not be answered, or two machines would talk for ever (RFC 3834)."""
    return (
        _word(headers, "Auto-Submitted") not in {"", "no"}
        or _word(headers, "Precedence") in {"auto_reply", "bulk", "junk", "list"}
        or _word(headers, "X-Auto-Response-Suppress") == "all"
        or any(_word(headers, name) not in {"", "no"} for name in ("X-Autoreply", "X-Autorespond"))
        or _word(headers, "Content-Type") == "multipart/report"
        or _word(headers, "Return-Path") == "<>"
        or envelope.get("from") == ""
        or sender.partition("@")[0] == "mailer-daemon"
    )


def _word(headers: Headers, name: str) -> str:
    """Its value without parameters and comments."""
    value = one_line(str(headers.get(name, ""))).lower()
    return value.partition(";")[0].partition("(")[0].strip()


def _answers_invitation(calendar: bytes) -> bool:
    """Accepted or declined by a button (RFC 5546, 3.2.3): the words are the calendar's."""
    with suppress(ValueError, RecursionError):
        return str(Calendar.from_ical(calendar[:100_000]).get("METHOD", "")).upper() in {"REPLY", "COUNTER"}
    return False
