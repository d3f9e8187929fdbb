"""Whether a webhook was signed with one of the tenant's secrets (the scheme of Standard Webhooks)."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_VERSION = "v1,"
_ENCODED = "whsec_"


class BadSignature(Exception):
    """No holder of one of the tenant's secrets signed these bytes; nothing of them may be used."""


class StaleTimestamp(Exception):
    """Sent too long ago, or in the future: it may be a replay by someone who listened."""


@dataclass(frozen=True)
class SignatureHeaders:
    """As received. `signatures` may hold several, separated by spaces, while the sender changes its secret."""

    webhook_id: str
    timestamp: str
    signatures: str


def may_be_good(headers: SignatureHeaders, *, now: datetime) -> bool:
    """Whether a body is worth reading; what is not is refused by `verify` whatever its body."""
    try:
        _check_age(headers.timestamp, now)
    except (BadSignature, StaleTimestamp):
        return False
    return bool(headers.webhook_id and _sent(headers))


def verify(headers: SignatureHeaders, body: bytes, *, secrets: Sequence[str], now: datetime) -> None:
    """`body` is what came over the wire, byte for byte. Raises `StaleTimestamp` or `BadSignature`."""
    _check_age(headers.timestamp, now)
    signed = f"{headers.webhook_id}.{headers.timestamp}.".encode() + body
    sent = _sent(headers)
    good = [_sign(key, signed) for secret in secrets for key in _keys(secret)]
    if not headers.webhook_id or not any(hmac.compare_digest(s.encode(), g) for s in sent for g in good):
        raise BadSignature


def _sent(headers: SignatureHeaders) -> list[str]:
    return [part.removeprefix(_VERSION) for part in headers.signatures.split() if part.startswith(_VERSION)]


def _check_age(timestamp: str, now: datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature
    if abs(now - datetime.fromtimestamp(0, UTC) - timedelta(seconds=int(timestamp))) > TOLERANCE:
        raise StaleTimestamp


def _sign(key: bytes, signed: bytes) -> bytes:
    return b64encode(hmac.digest(key, signed, hashlib.sha256))


def _keys(secret: str) -> list[bytes]:
    """ShopMonkey is seen to use the secret's own bytes; Standard Webhooks decodes what follows `whsec_`. Both are taken.

    An empty key, which anybody has, is none.
    """
    keys = [secret.encode()]
    if secret.startswith(_ENCODED):
        with suppress(NotBase64):
            keys.append(b64decode(secret.removeprefix(_ENCODED), validate=True))
    return [key for key in keys if key]
