"""What a secret must be before a service starts with it: long enough, and not one that everybody knows."""

import hashlib
import ipaddress
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AfterValidator, SecretStr

MIN_CHARACTERS = 16
"""`deploy/new-env` makes 48 hex digits."""
MIN_DISTINCT = 6
"""Of "aaaaaaaaaaaaaaaa" the length says nothing."""
DEMO = "demo-only-change-me"
"""What compose.yaml sets where nobody has set anything; good for a system that only its own machine reaches."""
_KNOWN = ("change-me", "changeme", "enter-yours", "sample-webhook-secret")


class PrivateText(str):
    """An address with a password in it: printed as part of something, it shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


PrivateUrl = Annotated[str, AfterValidator(PrivateText)]


def check_strength(secret: str) -> str:
    """The secret. Raises `ValueError`."""
    if len(secret) < MIN_CHARACTERS:
        raise ValueError(f"a secret needs at least {MIN_CHARACTERS} characters, better 32 random ones")
    if len(set(secret)) < MIN_DISTINCT:
        raise ValueError("a secret of so few different characters is guessed: take 32 random ones")
    return secret


class KnownSecret(ValueError):
    """A sample's value where others can reach us."""


def _strong_each(secret: SecretStr) -> SecretStr:
    for key in keys_of(secret):
        check_strength(key)
    return secret


def _at_least_one(secret: SecretStr) -> SecretStr:
    if not keys_of(secret):
        raise ValueError("is empty")
    return secret


Keys = Annotated[SecretStr, AfterValidator(_at_least_one), AfterValidator(_strong_each)]
"""Comma-separated secrets, newest first: the first one signs, each one is believed."""
OptionalKeys = Annotated[SecretStr, AfterValidator(_strong_each)]
"""Without any, whatever they would open stays closed."""


def keys_of(keys: SecretStr) -> list[str]:
    """Newest first."""
    return [key for key in keys.get_secret_value().split(",") if key]


def token_hash(token: str) -> str:
    """Fast on purpose: a token is random and long, so there is nothing to guess."""
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


def is_known(value: str) -> bool:
    """Whether it is, or holds, a value of our own samples."""
    return any(known in value.lower() for known in _KNOWN)


def password_in(url: str) -> str:
    """Empty where the address has none: then a file or the server says who may come."""
    parts = urlsplit(url)
    return unquote(parts.password or "") or dict(parse_qsl(parts.query)).get("password", "")


def is_local(url: str) -> bool:
    """Whether only this machine gets there by that address: 127.0.0.1, ::1, localhost, *.localhost."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_known(public_url: str, secrets: Iterable[tuple[str, str]]) -> None:
    """Raises `KnownSecret` with the names of those that everybody knows, unless only this machine can reach us."""
    known = [name for name, value in secrets if is_known(value)]
    if known and not is_local(public_url):
        raise KnownSecret(f"{', '.join(known)}: a sample's value, but {public_url} is open to others")
