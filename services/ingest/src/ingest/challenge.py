"""Proof of work for the web form (ALTCHA): a sum that the browser does in the background before it sends the form."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import choice

from altcha import Payload, create_challenge, verify_solution
from pydantic import BaseModel, JsonValue

from ingest.domain.form import Proof
from ingest.domain.refusals import ProofExpired, ProofWrong

LIFETIME = timedelta(minutes=10)
ALGORITHM = "PBKDF2/SHA-256"
"""The one that every browser has built in, and that ALTCHA's page brings without more files."""
ITERATIONS = 2000
TRIES = range(100, 300)
"""The browser tries one number after the other from 0; the right one lies here, so no customer has bad luck."""


class Challenge(BaseModel):
    """As ALTCHA's page takes it."""

    parameters: dict[str, JsonValue]
    signature: str


class Challenges:
    """Signed, so that nothing is kept of a challenge until it is used. The first key signs, each is believed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def new(self, site_key: str, now: datetime) -> Challenge:
        made = create_challenge(
            ALGORITHM,
            ITERATIONS,
            counter=choice(TRIES),
            expires_at=now + LIFETIME,
            data={"site_key": site_key},
            hmac_secret=self._keys[0],
            hmac_key_secret=_for_solutions(self._keys[0]),
        )
        return Challenge.model_validate(made.to_dict())

    def check(self, altcha: str, site_key: str, now: datetime) -> Proof:
        """`altcha` as the page puts it into the form. Raises `ProofWrong` or `ProofExpired`; whether it was used it cannot know."""
        payload = _read(altcha)
        results = [verify_solution(payload, key, hmac_key_secret=_for_solutions(key)) for key in self._keys]
        if any(result.expired for result in results):
            raise ProofExpired
        if not any(result.verified for result in results):
            raise ProofWrong
        signed = payload.challenge.parameters
        if signed.data != {"site_key": site_key} or signed.expires_at is None:
            raise ProofWrong
        if signed.expires_at <= now.timestamp():
            raise ProofExpired
        return Proof(signed.nonce, datetime.fromtimestamp(signed.expires_at, now.tzinfo))


def _read(altcha: str) -> Payload:
    try:
        return Payload.from_base64(altcha)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProofWrong from error


def _for_solutions(key: str) -> str:
    """What is signed with it is the solution, which must not be mistaken for a challenge."""
    return f"solution:{key}"
