"""Who asks, for which vehicle, and may we write: read from the CRM's customer and vehicle."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from shared.contact import DEFAULT_REGION, BadEmail, BadPhone, normal_email, normal_phone
from shared.events import Consent, Contact, CrmConsent, CrmRef, Vehicle

from crm_sync.domain.crm import CrmVehicle, Customer, Email, Order, PhoneNumber

MOST_OTHER_ADDRESSES = 20
"""Of a record with more (a fleet's) the rest are strangers', as before."""
VEHICLE_CLASSES = frozenset({"coupe", "sedan", "suv", "truck", "van"})


@dataclass(frozen=True)
class LeadFacts:
    """What ingest is told about a lead; `customer` is whom it was read from."""

    ref: CrmRef
    contact: Contact
    other_addresses: tuple[str, ...]
    vehicle: Vehicle | None
    interest: str | None
    message: str | None
    consent: Consent
    customer: Customer

    @property
    def proof(self) -> str | None:
        """The flags; `None`: none is set."""
        said = _consents_at(self.contact, self.customer)
        return "; ".join(f"{one.channel}: {one.words}" for one in said) or None

    @property
    def digest(self) -> str:
        """Changes when person, vehicle or consent do; the same otherwise."""
        vehicle = self.vehicle.model_dump_json() if self.vehicle else ""
        parts = (
            self.contact.model_dump_json(),
            vehicle,
            self.consent.model_dump_json(),
            *self.other_addresses,
        )
        told = "|".join(parts)
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
    said = {said.channel: said.granted for said in _consents_at(contact, customer)}
    return LeadFacts(
        ref=CrmRef(order_id=order.id, customer_id=order.customer_id, vehicle_id=order.vehicle_id),
        contact=contact,
        other_addresses=_others(customer, contact),
        vehicle=_vehicle(vehicle) if vehicle else None,
        interest=interest,
        message=(order.complaint or "").strip() or None,
        consent=Consent(
            sms=said.get("sms", False),
            email=said.get("email", False),
            refused=tuple(channel for channel, granted in said.items() if not granted),
        ),
        customer=customer,
    )


def _others(customer: Customer, contact: Contact) -> tuple[str, ...]:
    others = addresses_of(customer) - {contact.email, contact.phone}
    return tuple(sorted(others)[:MOST_OTHER_ADDRESSES])


def _consents_at(contact: Contact, customer: Customer) -> list[CrmConsent]:
    return [said for said in consents_of(customer) if said.address in {contact.email, contact.phone}]


def consents_of(customer: Customer) -> list[CrmConsent]:
    """What the flags say, of every address whose flags say something.

    A text needs the number's own `optIn`, a mail `subscribed` or `marketingOptIn`. Any of them that is false refuses.
    """
    found: dict[tuple[str, str], CrmConsent] = {}
    for said in (*_texting(customer), *_mailing(customer)):
        known = found.setdefault((said.channel, said.address), said)
        if known.granted and not said.granted:
            found[said.channel, said.address] = said
    return list(found.values())


def addresses_of(customer: Customer) -> set[str]:
    """Every number and e-mail address, as we write them."""
    numbers = (_e164(entry) for entry in customer.phone_numbers or [])
    emails = (_address(entry) for entry in customer.emails or [])
    return {address for address in (*numbers, *emails) if address}


def _texting(customer: Customer) -> Iterator[CrmConsent]:
    for entry in customer.phone_numbers or []:
        granted = False if customer.marketing_opt_in is False else entry.opt_in
        number = _e164(entry)
        if number and granted is not None and entry.type != "Landline":
            words = f"ShopMonkey: optIn {_flag(entry.opt_in)}, {_marketing(customer)}"
            yield CrmConsent(channel="sms", address=number, granted=granted, words=words)


def _mailing(customer: Customer) -> Iterator[CrmConsent]:
    for entry in customer.emails or []:
        flags = {customer.marketing_opt_in, entry.subscribed} - {None}
        address = _address(entry)
        if address and flags:
            words = f"ShopMonkey: subscribed {_flag(entry.subscribed)}, {_marketing(customer)}"
            yield CrmConsent(channel="email", address=address, granted=False not in flags, words=words)


def _marketing(customer: Customer) -> str:
    return f"marketingOptIn {_flag(customer.marketing_opt_in)}"


def _flag(flag: bool | None) -> str:
    return "not set" if flag is None else str(flag).lower()


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
    try:
        return normal_email(entry.email or "")
    except BadEmail:
        return None


def _e164(entry: PhoneNumber) -> str | None:
    """None when it cannot be dialled; a number without a country code is taken for one of `entry.country`, else US."""
    region = (entry.country or "").upper()
    try:
        return normal_phone(entry.number or "", region if len(region) == 2 else DEFAULT_REGION)
    except BadPhone:
        return None


def _vehicle(vehicle: CrmVehicle) -> Vehicle:
    kind = (vehicle.type or "").lower()
    return Vehicle(
        year=vehicle.year,
        make=(vehicle.make or "")[:100] or None,
        model=(vehicle.model or "")[:100] or None,
        vehicle_class=kind if kind in VEHICLE_CLASSES else None,
    )
