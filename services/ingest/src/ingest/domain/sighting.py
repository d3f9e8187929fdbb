"""What reached us of a lead, and whether it is a lead that we already have."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from shared.events import Consent, ConsentProof, Contact, CrmRef, LeadSource, LeadStatus, Vehicle

from ingest.domain.status import CLOSED

SAME_PERSON_DAYS = 30
"""A person seen again through another endpoint within this time is asking the same thing."""
DOUBLE_SUBMIT_HOURS = 24
"""The same form within this time is one submit sent twice."""

Trace = Literal["webhook", "poll", "form", "entered"]
"""`entered`: we wrote its order into the CRM, on a form's word."""
PointKind = Literal["email", "phone"]
Point = tuple[PointKind, str]
"""A way to reach a person. Whoever holds one of a lead's points reads its conversation."""
Held = Literal["another_lead", "crm"]
"""Why a form's point is not its lead's: another lead had it before; the CRM named it for somebody else later."""


@dataclass(frozen=True)
class Sighting:
    """One trace of a lead, normalised; `received_at`: when the first word of it reached us.

    With a `ref` that is not by us it is the shop's own word. Else it is a public form, which anybody can send in anybody's name.
    `other_addresses`: what else the CRM has of the person's.
    """

    location_id: UUID
    contact: Contact
    vehicle: Vehicle | None
    interest: str | None
    message: str | None
    source: LeadSource
    ref: CrmRef | None
    consent: Consent
    received_at: datetime
    proof: ConsentProof | None = None
    other_addresses: tuple[str, ...] = ()

    @property
    def by_crm(self) -> bool:
        return self.ref is not None and not self.ref.by_us

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that it names."""
        return tuple(one for one in (self.contact.email, self.contact.phone, *self.other_addresses) if one)


@dataclass(frozen=True)
class KnownLead:
    """What of a lead that we have decides whether it is seen again.

    `told`: every point that its messages could have gone to, also one that it has lost since.
    """

    lead_id: UUID
    location_id: UUID
    status: LeadStatus
    order_id: str | None
    points: frozenset[Point]
    told: frozenset[Point]
    received_at: datetime
    order_by_us: bool = False

    @property
    def by_crm(self) -> bool:
        """Else it rests on a form's word alone."""
        return self.order_id is not None and not self.order_by_us


def points_of(contact: Contact, held: Iterable[str] = ()) -> frozenset[Point]:
    """Without those whose kind is in `held`."""
    points: dict[PointKind, str | None] = {"email": contact.email, "phone": contact.phone}
    return frozenset((kind, value) for kind, value in points.items() if value and kind not in held)


def other_points(addresses: Iterable[str]) -> frozenset[Point]:
    """Of a person whom the CRM knows, beside those of the contact."""
    return frozenset(("email" if "@" in address else "phone", address) for address in addresses)


def recognised(sighting: Sighting, known: Iterable[KnownLead]) -> UUID | None:
    """The lead that this is a trace of; `known` are leads of the tenant, newest first. `None`: a new lead."""
    leads = [lead for lead in known if lead.location_id == sighting.location_id]
    for lead in leads:
        if sighting.ref is not None and lead.order_id == sighting.ref.order_id:
            return lead.lead_id
    for lead in leads:
        if _open(lead, sighting.received_at) and _one_person(sighting, lead):
            return lead.lead_id
    return None


def _one_person(sighting: Sighting, lead: KnownLead) -> bool:
    """The shop's word names all that the form names: then nobody else reads what becomes one conversation.

    Names are written in too many ways to count. Of the CRM's own rows each order is a request of its own.
    """
    seen = points_of(sighting.contact)
    if sighting.ref is not None:
        return not lead.by_crm and bool(lead.points) and lead.told <= seen
    return lead.by_crm and bool(seen) and seen <= lead.points


def _open(lead: KnownLead, at: datetime) -> bool:
    return lead.status not in CLOSED and abs(at - lead.received_at) <= timedelta(days=SAME_PERSON_DAYS)


def held_back(sighting: Sighting, known: Iterable[KnownLead]) -> dict[str, Held]:
    """What a form that makes a lead of its own names and may not use, since it is another person's as far as we know.

    A point that the CRM knows stays held however old its lead is, one of a form as long as that lead is open.
    """
    leads, seen = list(known), points_of(sighting.contact)
    if sighting.ref is not None or any(lead.by_crm and seen <= lead.points for lead in leads):
        return {}
    others = [
        lead
        for lead in leads
        if not seen <= lead.points and (lead.by_crm or _open(lead, sighting.received_at))
    ]
    return {
        kind: "another_lead" for kind, value in seen if any((kind, value) in lead.points for lead in others)
    }


def given_up(claimed: frozenset[Point], known: Iterable[KnownLead]) -> dict[UUID, frozenset[Point]]:
    """What leads that rest on a form alone lose to the CRM's word: their conversations are read by others, too."""
    return {
        lead.lead_id: lead.points & claimed
        for lead in known
        if not lead.by_crm and lead.points & claimed and not lead.told <= claimed
    }


_REF = ("order_id", "customer_id", "vehicle_id")


@dataclass(frozen=True)
class Said:
    """What a trace said, as kept; `held`: kinds of points that it named and may not use."""

    at: datetime
    by_crm: bool
    seen: dict[str, Any]
    held: tuple[str, ...] = ()


def said_first(traces: Iterable[Said]) -> dict[str, Any]:
    """The lead's facts: of each the first that says anything, the CRM's word before a form's.

    Once the CRM has spoken, a form adds no point, and a later form nothing at all.
    """
    by_time = sorted(traces, key=lambda said: said.at)
    crm = [said for said in by_time if said.by_crm]
    forms = [said for said in by_time if not said.by_crm and not (crm and crm[0].at <= said.at)]
    facts: dict[str, Any] = {"name": ""}
    for said in (*crm, *forms):
        for name, value in _facts(said, points=said.by_crm or not crm).items():
            facts[name] = facts.get(name) or value
    return facts | {"other_addresses": _others(crm, facts)}


def _others(crm: Sequence[Said], facts: Mapping[str, Any]) -> list[str]:
    """What the CRM named last and is not among the lead's own: also an address that it has changed since."""
    if not crm:
        return []
    contact = crm[-1].seen["contact"]
    named = {contact["email"], contact["phone"], *crm[-1].seen.get("other_addresses", ())}
    return sorted(named - {None, facts["email"], facts["phone"]})


def _facts(said: Said, *, points: bool) -> dict[str, Any]:
    seen, ref = said.seen, (said.seen["ref"] or {} if points else {})
    contact = {
        name: value if name == "name" or (points and name not in said.held) else None
        for name, value in seen["contact"].items()
    }
    wishes = {name: seen[name] for name in ("vehicle", "interest", "message")}
    return (
        contact | wishes | {name: ref.get(name) for name in _REF} | {"order_by_us": ref.get("by_us", False)}
    )


def lock_keys(tenant_id: UUID, sighting: Sighting) -> list[int]:
    """Sorted 64-bit keys of order, number and address: whoever holds them decides alone."""
    order = f"{sighting.location_id}/{sighting.ref.order_id}" if sighting.ref else None
    names = (order, *sighting.addresses)
    return sorted(lock_key(tenant_id, name) for name in names if name)


def lock_key(tenant_id: UUID, name: str) -> int:
    digest = hashlib.blake2b(f"{tenant_id}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
