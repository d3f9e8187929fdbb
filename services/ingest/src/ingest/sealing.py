"""Secrets as the tables hold them: encrypted, so that a copy of the database signs nothing."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Encrypts with the first key, opens with each. `keys` is newest first and has at least one."""

    def __init__(self, keys: Sequence[str]) -> None:
        each = [Fernet(_fernet_key(key)) for key in keys]
        self._newest, self._any = each[0], MultiFernet(each)

    def seal(self, secret: str) -> str:
        return self._newest.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """`None`: it was sealed with none of the keys."""
        return _opened(self._any, sealed)

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed it, so that the others are not needed for it."""
        return _opened(self._newest, sealed) is not None


@dataclass(frozen=True)
class Opened:
    """`lost` counts those that no key opens."""

    secrets: tuple[str, ...]
    lost: int


def open_all(sealer: Sealer, plain: Iterable[str], sealed: Iterable[str]) -> Opened:
    """`plain` are those from before secrets were sealed."""
    found = [sealer.open(one) for one in sealed]
    opened = tuple(secret for secret in found if secret is not None)
    return Opened((*plain, *opened), lost=len(found) - len(opened))


def _fernet_key(key: str) -> bytes:
    return urlsafe_b64encode(hashlib.sha256(key.encode()).digest())


def _opened(fernet: Fernet | MultiFernet, sealed: str) -> str | None:
    try:
        return fernet.decrypt(sealed).decode()
    except InvalidToken:
        return None
