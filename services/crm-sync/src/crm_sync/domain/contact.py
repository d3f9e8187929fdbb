"""Who asks, for which vehicle, and may we write: read from the CRM's customer and vehicle."""

import hashlib
import re
from dataclasses import dataclass

import phonenumbers
from shared.events import Consent, Contact, CrmRef, Vehicle

from crm_sync.domain.crm import CrmVehicle, Customer, Email, Order, PhoneNumber

VEHICLE_CLASSES = frozenset({"coupe", "sedan", "suv", "truck", "van"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class LeadFacts:
    """What ingest is told about a lead."""

    ref: CrmRef
    contact: Contact
    vehicle: Vehicle | None
    interest: str | None
    message: str | None
    consent: Consent

    @property
    def digest(self) -> str:
        """Changes when person, vehicle or consent do; the same otherwise."""
        vehicle = self.vehicle.model_dump_json() if self.vehicle else ""
        told = f"{self.contact.model_dump_json()}|{vehicle}|{self.consent.model_dump_json()}"
        return hashlib.sha256(told.encode()).hexdigest()


def lead_facts(
    order: Order, customer: Customer, vehicle: CrmVehicle | None, *, interest: str | None
) -> LeadFacts:
    email, phone = _primary_email(customer), _primary_phone(customer)
    contact = Contact(
        name=_name(customer, order),
        email=_address(email) if email else None,
        phone=_e164(phone) if phone else None,
    )
    return LeadFacts(
        ref=CrmRef(order_id=order.id, customer_id=order.customer_id, vehicle_id=order.vehicle_id),
        contact=contact,
        vehicle=_vehicle(vehicle) if vehicle else None,
        interest=interest,
        message=(order.complaint or "").strip() or None,
        consent=Consent(
            sms=contact.phone is not None and _may_text(phone),
            email=contact.email is not None and _may_mail(customer, email),
        ),
    )


def _name(customer: Customer, order: Order) -> str:
    person = " ".join(part.strip() for part in (customer.first_name, customer.last_name) if part)
    return (person or customer.company_name or order.generated_customer_name or "").strip()[:200]


def _primary_email(customer: Customer) -> Email | None:
    given = [entry for entry in customer.emails or [] if entry.email]
    return next((entry for entry in given if entry.primary), next(iter(given), None))


def _primary_phone(customer: Customer) -> PhoneNumber | None:
    given = [entry for entry in customer.phone_numbers or [] if entry.number]
    return next((entry for entry in given if entry.primary), next(iter(given), None))


def _address(entry: Email) -> str | None:
    address = (entry.email or "").strip().lower()
    return address if len(address) <= 254 and _EMAIL.fullmatch(address) else None


def _e164(entry: PhoneNumber) -> str | None:
    """None when it cannot be dialled; a number without a country code is taken for one of `entry.country`, else US."""
    region = (entry.country or "US").upper()
    try:
        number = phonenumbers.parse(entry.number or "", region if len(region) == 2 else "US")
    except phonenumbers.NumberParseException:
        return None
    # `is_possible_number` would also take a number that lacks its area code.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _may_text(entry: PhoneNumber | None) -> bool:
    return entry is not None and entry.type != "Landline" and entry.opt_in is not False


def _may_mail(customer: Customer, entry: Email | None) -> bool:
    return entry is not None and entry.subscribed is not False and customer.marketing_opt_in is not False


def _vehicle(vehicle: CrmVehicle) -> Vehicle:
    kind = (vehicle.type or "").lower()
    return Vehicle(
        year=vehicle.year,
        make=(vehicle.make or "")[:100] or None,
        model=(vehicle.model or "")[:100] or None,
        vehicle_class=kind if kind in VEHICLE_CLASSES else None,
    )
