"""A session of staff as a string that only ingest can sign and every service can check. Needs `cryptography`."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import StringConstraints

_SIGNATURE_BYTES = 64
_PAYLOAD_BYTES = 3 * 16 + 4

PublicKeys = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}(,[0-9a-f]{64})*$")]
"""Comma-separated, newest first; `deploy/new-env` and `leadctl session-key` make them from ingest's keys."""


class BadSession(Exception):
    """Forged, mangled or expired: the caller must not tell which."""


@dataclass(frozen=True)
class StaffSession:
    """`id` is the session's own: by it, it is ended before `expires_at`."""

    tenant_id: UUID
    staff_id: UUID
    id: UUID
    expires_at: datetime


def sign_session(session: StaffSession, key: str) -> str:
    """`key` is any secret; only ingest has it, so that only ingest makes sessions."""
    payload = b"".join(one.bytes for one in (session.tenant_id, session.staff_id, session.id))
    payload += int(session.expires_at.timestamp()).to_bytes(4, "big")
    return urlsafe_b64encode(payload + _private(key).sign(payload)).decode().rstrip("=")


def read_session(token: str, *, public_keys: Sequence[str], now: datetime) -> StaffSession:
    """Raises `BadSession`. Whether it was ended meanwhile is the service's to look up."""
    signed = _decoded(token)
    payload, signature = signed[:_PAYLOAD_BYTES], signed[_PAYLOAD_BYTES:]
    if not any(_is_signed(payload, signature, key) for key in public_keys):
        raise BadSession
    tenant_id, staff_id, session_id = (UUID(bytes=payload[at : at + 16]) for at in (0, 16, 32))
    expires_at = datetime.fromtimestamp(int.from_bytes(payload[48:], "big"), UTC)
    if expires_at < now:
        raise BadSession
    return StaffSession(tenant_id, staff_id, session_id, expires_at)


def public_key(key: str) -> str:
    """What the services that only verify are told."""
    return _private(key).public_key().public_bytes_raw().hex()


def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(key.encode()).digest())


def _is_signed(payload: bytes, signature: bytes, key: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, payload)
    except InvalidSignature:
        return False
    return True


def _decoded(token: str) -> bytes:
    """Only the one spelling that we hand out."""
    try:
        signed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise BadSession from None
    if (
        len(signed) != _PAYLOAD_BYTES + _SIGNATURE_BYTES
        or urlsafe_b64encode(signed).decode().rstrip("=") != token
    ):
        raise BadSession
    return signed
