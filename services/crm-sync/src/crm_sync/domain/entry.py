"""A lead that came from elsewhere, as ShopMonkey wants it written: its customer, vehicle and order; and how we know ours again."""

import re
from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from shared.events import Consent, Contact, LeadReceived, Vehicle
from shared.words import unlinked

from crm_sync.domain.contact import addresses_of
from crm_sync.domain.crm import SOURCE, CrmVehicle, Customer, Json, Order
from crm_sync.domain.lead_rule import LeadRule

EntryKind = Literal["customer", "vehicle", "order"]
NAME_CHARACTERS = 200
_MARKER = re.compile(r"^\[ref ([0-9a-f]{12})\]\s*$", re.MULTILINE)


class Entry(BaseModel):
    """What is to stand there of a lead, as kept in its tasks; the ids are of the steps that are done."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    contact: Contact
    consent: Consent
    vehicle: Vehicle | None = None
    interest: str | None = None
    message: str | None = None
    customer_id: str | None = None
    vehicle_id: str | None = None
    settled: bool = False
    """An operator says that the step at hand is written: it is looked for, and not written again."""

    @property
    def has_car(self) -> bool:
        return self.vehicle is not None and bool(self.vehicle.make or self.vehicle.model)

    def after(self, step: EntryKind, crm_id: str | None) -> tuple[EntryKind, "Entry"] | None:
        """The next step once this one is done, with what it needs; None: that was the last. Without `crm_id` there is no vehicle."""
        match step:
            case "customer":
                done = self.model_copy(update={"customer_id": crm_id, "settled": False})
                return ("vehicle" if self.has_car else "order"), done
            case "vehicle":
                return "order", self.model_copy(update={"vehicle_id": crm_id, "settled": False})
            case "order":
                return None


def entry_of(lead: LeadReceived) -> Entry | None:
    """None: it stands there already, or nobody could be told apart by it."""
    if lead.external_ref is not None or not (lead.contact.phone or lead.contact.email):
        return None
    return Entry(
        contact=lead.contact,
        consent=lead.consent,
        vehicle=lead.vehicle,
        interest=lead.interest,
        message=lead.message,
    )


def customer_body(entry: Entry, crm_location_id: str) -> Json:
    """The flags say what the person said, since ShopMonkey's own defaults would come back to us as a consent (ADR 27)."""
    contact, consent = entry.contact, entry.consent
    first, _, last = unlinked(contact.name).strip().partition(" ")
    body: Json = {
        "firstName": first,
        "lastName": last.strip(),
        "customerType": "Customer",
        "marketingOptIn": consent.sms or consent.email,
        "locationId": crm_location_id,
    }
    if contact.email:
        body["emails"] = [{"email": contact.email, "primary": True, "subscribed": consent.email}]
    if contact.phone:
        body["phoneNumbers"] = [{"number": contact.phone, "primary": True, "optIn": consent.sms}]
    return body


def customer_among(found: Iterable[Customer], contact: Contact, crm_location_id: str) -> Customer | None:
    """One with the number before one with the e-mail address; of several one with both, then one of this shop, then the oldest."""
    wanted = {contact.phone, contact.email} - {None}
    sure = [one for one in found if not one.deleted and wanted & addresses_of(one)]

    def rank(one: Customer) -> tuple[bool, int, bool, str, str]:
        has = wanted & addresses_of(one)
        here = crm_location_id in (one.location_ids or [])
        return contact.phone not in has, -len(has), not here, str(one.created_date or ""), one.id

    return min(sure, key=rank, default=None)


def vehicle_body(entry: Entry, crm_location_id: str) -> Json:
    car = entry.vehicle or Vehicle()
    known = {"year": car.year, "make": _typed(car.make), "model": _typed(car.model)}
    # `size` is demanded; all that a form can name is light duty.
    fixed = {"customerId": entry.customer_id, "size": "LightDuty", "locationId": crm_location_id}
    return {**fixed, **{name: value for name, value in known.items() if value}}


def vehicle_among(found: Iterable[CrmVehicle], car: Vehicle) -> CrmVehicle | None:
    wanted = _car(car.year, _typed(car.make), _typed(car.model))
    return next(
        (one for one in found if not one.deleted and _car(one.year, one.make, one.model) == wanted), None
    )


def _car(year: int | None, make: str | None, model: str | None) -> tuple[int | None, str, str]:
    return year, (make or "").strip().casefold(), (model or "").strip().casefold()


def _typed(words: str | None) -> str | None:
    return unlinked(words) if words else None


def order_body(
    entry: Entry, lead_id: UUID, rule: LeadRule, *, crm_location_id: str, column_id: str | None
) -> Json:
    """Named as the shop's own leads are. The marker stands in `metadata`, and in the note should they drop that."""
    car = unlinked(entry.vehicle.typed) if entry.vehicle and entry.vehicle.typed else None
    wish = unlinked(entry.interest) if entry.interest else None
    parts = ((rule.name_prefix or "").strip() or "Website lead", wish, car)
    body: Json = {
        "customerId": entry.customer_id,
        "vehicleId": entry.vehicle_id,
        "workflowStatusId": column_id,
        "status": "Estimate",
        "name": " - ".join(part for part in parts if part)[:NAME_CHARACTERS],
        "complaint": unlinked(entry.message) if entry.message else wish,
        "note": _note(entry, lead_id),
        "locationId": crm_location_id,
        "metadata": {"source": SOURCE, "lead_id": str(lead_id)},
    }
    return {name: value for name, value in body.items() if value is not None}


def _note(entry: Entry, lead_id: UUID) -> str:
    """With the contact as typed: the customer may have been there before, under another name or address."""
    contact = entry.contact
    typed = ", ".join(unlinked(part) for part in (contact.name.strip(), contact.phone, contact.email) if part)
    return f"Asked by web form: {typed}\n[ref {lead_id.hex[:12]}]"


def marker_of_order(order: Order) -> str | None:
    """The first twelve digits of the lead's id; None: not written by us."""
    try:
        marked = _Marked.model_validate(order.metadata or {})
    except ValidationError:
        marked = None
    if marked is not None and marked.source == SOURCE:
        return marked.lead_id.hex[:12]
    found = _MARKER.search(order.note or "")
    return found.group(1) if found else None


class _Marked(BaseModel):
    source: str
    lead_id: UUID
