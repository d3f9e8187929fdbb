"""What a web form carries beside the lead: proof of consent, and the marks of a machine."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime
from shared.events import Contact, Vehicle
from shared.events.values import Value

FASTEST_HUMAN = timedelta(seconds=2)

Suspicion = Literal["honeypot", "too_fast"]


class ConsentGiven(Value):
    """The proof: what the person ticked, the words beside it, where and when."""

    sms: bool
    email: bool
    text: str
    version: str
    url: str
    ip: str | None
    given_at: AwareDatetime


def page_of(url: str) -> str:
    """Without query and fragment, in which sites pass on names and addresses."""
    return re.split("[?#]", url, maxsplit=1)[0]


@dataclass(frozen=True)
class Proof:
    """A challenge that was solved in time; it is good once."""

    challenge_id: str
    expires_at: datetime


@dataclass(frozen=True)
class Submission:
    """One sending of the form, normalised. `fingerprint` tells whether a repeated `key` carries the same body, whatever its proof."""

    site_key: str
    location_code: str
    key: str
    fingerprint: bytes
    contact: Contact
    vehicle: Vehicle | None
    interest: str | None
    message: str | None
    consent: ConsentGiven
    suspicion: Suspicion | None
    proof: Proof | None = None


@dataclass(frozen=True)
class Claim:
    """What an idempotency key already stands for."""

    fingerprint: bytes
    lead_id: UUID


def suspicion(website: str | None, started_at: datetime | None, now: datetime) -> Suspicion | None:
    """A field that people do not see is filled, or the form came back before anybody could have read it.

    A start in the future is a wrong clock, which real customers have: it tells nothing.
    """
    if website:
        return "honeypot"
    if started_at is not None and timedelta(0) <= now - started_at < FASTEST_HUMAN:
        return "too_fast"
    return None
