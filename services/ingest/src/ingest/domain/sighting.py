"""What reached us of a lead, and whether it is a lead that we already have."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from shared.events import Consent, Contact, CrmRef, LeadSource, LeadStatus, Vehicle

from ingest.domain.status import CLOSED

SAME_PERSON_DAYS = 30
"""A person seen again through another door within this time is asking the same thing."""
DOUBLE_SUBMIT_HOURS = 24
"""The same words from the same person through the same door within this time are one submit sent twice."""

Trace = Literal["webhook", "poll", "form"]


@dataclass(frozen=True)
class Sighting:
    """One trace of a lead, normalised; `received_at`: when the first word of it reached us."""

    location_id: UUID
    contact: Contact
    vehicle: Vehicle | None
    interest: str | None
    message: str | None
    source: LeadSource
    ref: CrmRef | None
    consent: Consent
    received_at: datetime


@dataclass(frozen=True)
class KnownLead:
    """What of a lead that we have decides whether it is seen again."""

    lead_id: UUID
    status: LeadStatus
    source: LeadSource
    order_id: str | None
    contact: Contact
    words: tuple[str | None, str | None]
    vehicle: Vehicle | None
    received_at: datetime


def recognised(sighting: Sighting, known: Iterable[KnownLead]) -> UUID | None:
    """The lead that this is a trace of; `known` are leads of the same location, newest first. `None`: a new lead."""
    leads = list(known)
    order_id = sighting.ref.order_id if sighting.ref else None
    for lead in leads:
        if order_id is not None and lead.order_id == order_id:
            return lead.lead_id
    for lead in leads:
        if _same_person(sighting.contact, lead.contact) and _same_request(sighting, lead):
            return lead.lead_id
    return None


def _same_person(one: Contact, other: Contact) -> bool:
    """The same number or address; names are written in too many ways to count."""
    same_phone = one.phone is not None and one.phone == other.phone
    return same_phone or (one.email is not None and one.email == other.email)


def _same_request(sighting: Sighting, lead: KnownLead) -> bool:
    age = abs(sighting.received_at - lead.received_at)
    if lead.status in CLOSED or age > timedelta(days=SAME_PERSON_DAYS):
        return False
    if sighting.ref is not None and lead.order_id is not None:
        return False
    if sighting.source != lead.source:
        return True
    return _double_submit(sighting, lead) and age <= timedelta(hours=DOUBLE_SUBMIT_HOURS)


def _double_submit(sighting: Sighting, lead: KnownLead) -> bool:
    """Of the CRM's own rows each order is a request of its own."""
    return (
        sighting.ref is None
        and (sighting.interest, sighting.message) == lead.words
        and sighting.vehicle == lead.vehicle
        and sighting.contact == lead.contact
    )


_REF = ("order_id", "customer_id", "vehicle_id")


def said_first(traces: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The lead's facts from its traces as kept, oldest first: of each fact the first that says anything."""
    facts: dict[str, Any] = {"name": ""}
    for seen in traces:
        ref = seen["ref"] or {}
        said = seen["contact"] | {name: seen[name] for name in ("vehicle", "interest", "message")}
        said |= {name: ref.get(name) for name in _REF}
        for name, value in said.items():
            facts[name] = facts.get(name) or value
    return facts


def lock_keys(sighting: Sighting) -> list[int]:
    """Sorted 64-bit keys of order, number and address at the location: whoever holds them decides alone."""
    names = (sighting.ref and sighting.ref.order_id, sighting.contact.phone, sighting.contact.email)
    return sorted(_lock_key(f"{sighting.location_id}/{name}") for name in names if name)


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
