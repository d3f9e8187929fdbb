"""Proof that a call comes from whom it claims to."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime


def twilio_signature(auth_token: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """As Twilio computes it: the full public URL, then name and value of each parameter, sorted, repeats once."""
    signed = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


def looks_signed(twilio_signature: str) -> bool:
    """Base64 of 20 bytes: nothing else needs to be compared."""
    return re.fullmatch(r"[A-Za-z0-9+/]{27}=", twilio_signature) is not None


SIGNATURE_SECONDS = 300
"""How far the time that was signed may be off; a call that is heard of later is a replay."""


def mail_signature(secret: str, timestamp: str, tenant: str, body: bytes) -> str:
    """Good for one tenant and for a few minutes: hex HMAC-SHA256 of `timestamp.tenant.body`."""
    return hmac.digest(secret.encode(), f"{timestamp}.{tenant}.".encode() + body, hashlib.sha256).hex()


def is_current(timestamp: str, now: datetime) -> bool:
    """`timestamp` in seconds since 1970."""
    return timestamp.isdecimal() and abs(now.timestamp() - int(timestamp[:12])) <= SIGNATURE_SECONDS


def same(expected: str, given: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())
