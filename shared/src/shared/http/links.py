"""Links: short signed tokens that name tenant and lead (or appointment, or log-in), one purpose and key each."""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from itsdangerous import BadSignature, Signer

CHAT_LINK_DAYS = 60
"""The sequence runs for 30 days; the link in its last message must still work when it is read late."""

LONGEST_TOKEN = 200
"""Ours have 92 characters; what is longer is not looked at, for anybody may send it."""
_BEHIND = re.compile(r"[^\w=-]+$", re.ASCII)
_UUID_BYTES = 16
_PAYLOAD_BYTES = 2 * _UUID_BYTES + 4


class LinkPurpose(StrEnum):
    CHAT = "chat"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"
    REPLY = "reply"
    STAFF_LOGIN = "staff-login"


class BadLink(Exception):
    """Forged, mangled, for another purpose, or expired: the caller must not tell which."""


@dataclass(frozen=True)
class Link:
    """`subject_id` is the lead (chat, unsubscribe), the appointment (manage), or the log-in."""

    tenant_id: UUID
    subject_id: UUID


def mint(purpose: LinkPurpose, link: Link, *, keys: Sequence[str], expires_at: datetime) -> str:
    """A token of 92 characters, safe in a URL path: it must fit an SMS, which a JWT of twice the length would not."""
    expiry = int(expires_at.timestamp()).to_bytes(4, "big")
    payload = urlsafe_b64encode(link.tenant_id.bytes + link.subject_id.bytes + expiry)
    return _signer(purpose, keys).sign(payload).decode()


def read(purpose: LinkPurpose, token: str, *, keys: Sequence[str], now: datetime) -> Link:
    """Raises `BadLink`. A full stop or bracket behind the link, which messengers take for a part of it, does no harm."""
    link, expires_at = _signed(purpose, token, keys)
    if expires_at < now:
        raise BadLink
    return link


def read_expired(purpose: LinkPurpose, token: str, *, keys: Sequence[str]) -> Link:
    """Of a link that we signed, however old. It opens nothing: a new one goes to the addresses that we know. Raises `BadLink`."""
    return _signed(purpose, token, keys)[0]


def _signed(purpose: LinkPurpose, token: str, keys: Sequence[str]) -> tuple[Link, datetime]:
    if len(token) > LONGEST_TOKEN:
        raise BadLink
    try:
        payload = urlsafe_b64decode(_signer(purpose, keys).unsign(_BEHIND.sub("", token)))
    except (BadSignature, ValueError) as error:
        raise BadLink from error
    if len(payload) != _PAYLOAD_BYTES:
        raise BadLink
    link = Link(tenant_id=UUID(bytes=payload[:16]), subject_id=UUID(bytes=payload[16:32]))
    return link, datetime.fromtimestamp(int.from_bytes(payload[32:], "big"), UTC)


def _signer(purpose: LinkPurpose, keys: Sequence[str]) -> Signer:
    """Itsdangerous takes the newest key last."""
    return Signer(list(reversed(keys)), salt=f"link.{purpose}", sep=".", digest_method=hashlib.sha256)
