"""The address that a lead's mails are to be answered at: whoever knows it has one of those mails."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from uuid import UUID

_UUID_BYTES = 16
_PROOF_BYTES = 10
_TOKEN_CHARACTERS = 42
LOCAL_CHARACTERS = 64
"""RFC 5321, 4.5.3.1.1."""


def reply_address(shop_email: str, tenant_id: UUID, lead_id: UUID, *, keys: Sequence[str]) -> str | None:
    """`shop+token@domain`, in letters that bear being lower-cased; `None` where it would be too long for an address."""
    local, _, domain = shop_email.rpartition("@")
    payload = lead_id.bytes + _proof(keys[0], tenant_id, lead_id)
    token = base64.b32encode(payload).decode().rstrip("=").lower()
    tagged = f"{local}+{token}"
    return f"{tagged}@{domain}" if len(tagged) <= LOCAL_CHARACTERS else None


def lead_answered(addresses: Iterable[str], tenant_id: UUID, *, keys: Sequence[str]) -> UUID | None:
    """The lead whose reply address is among them; an address that somebody made up is nobody's."""
    for address in addresses:
        token = address.rpartition("@")[0].rpartition("+")[2]
        if lead_id := _lead_in(token, tenant_id, keys):
            return lead_id
    return None


def _lead_in(token: str, tenant_id: UUID, keys: Sequence[str]) -> UUID | None:
    if len(token) != _TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        payload = base64.b32decode(f"{token.upper()}======")
    except ValueError:
        return None
    lead_id = UUID(bytes=payload[:_UUID_BYTES])
    proofs = [_proof(key, tenant_id, lead_id) for key in keys]
    return lead_id if any(hmac.compare_digest(payload[_UUID_BYTES:], proof) for proof in proofs) else None


def _proof(key: str, tenant_id: UUID, lead_id: UUID) -> bytes:
    words = b"reply address" + tenant_id.bytes + lead_id.bytes
    return hmac.digest(key.encode(), words, hashlib.sha256)[:_PROOF_BYTES]
