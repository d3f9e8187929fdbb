"""Who asks and may we write, as ShopMonkey's customer record tells."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from crm_sync.domain.contact import lead_facts
from crm_sync.domain.crm import CrmVehicle, Customer, Order
from shared.events import Consent

ORDER = Order.model_validate({"id": "o", "customerId": "c", "vehicleId": "v", "complaint": " tint please "})
CUSTOMER = {
    "id": "c",
    "firstName": "Avery",
    "lastName": "Sample",
    "marketingOptIn": True,
    "emails": [{"email": "Avery@Example.com", "primary": True, "subscribed": True}],
    "phoneNumbers": [{"number": "(619) 555-0123", "primary": True, "optIn": True, "type": "Mobile"}],
}


def facts(customer: dict[str, Any] | None = None, vehicle: dict[str, Any] | None = None) -> Any:
    person = Customer.model_validate({**CUSTOMER, **(customer or {})})
    car = CrmVehicle.model_validate({"id": "v", **vehicle}) if vehicle else None
    return lead_facts(ORDER, person, car, interest=None)


@dataclass
class ConsentCase:
    id: str
    expected: Consent
    customer: dict[str, Any] = field(default_factory=dict)


def phone(**fields: Any) -> dict[str, Any]:
    return {"phoneNumbers": [{"number": "+16195550123", **fields}]}


def email(**fields: Any) -> dict[str, Any]:
    return {"emails": [{"email": "avery@example.com", **fields}]}


def marketing(flag: bool | None) -> dict[str, Any]:
    return {"marketingOptIn": flag}


CONSENTS = [
    ConsentCase("all flags say yes", Consent(sms=True, email=True)),
    ConsentCase("nobody has asked", Consent(sms=False, email=False), phone() | email() | marketing(None)),
    ConsentCase("marketing alone is for mail", Consent(sms=False, email=True), phone() | email()),
    ConsentCase("subscribed", Consent(sms=True, email=True), marketing(None)),
    ConsentCase(
        "a landline takes no SMS", Consent(sms=False, email=True), phone(type="Landline", optIn=True)
    ),
    ConsentCase("opted out of SMS", Consent(sms=False, email=True, refused=("sms",)), phone(optIn=False)),
    ConsentCase("unsubscribed", Consent(sms=True, email=False, refused=("email",)), email(subscribed=False)),
    ConsentCase("no marketing", Consent(sms=False, email=False, refused=("sms", "email")), marketing(False)),
    ConsentCase(
        "the same address twice",
        Consent(sms=True, email=False, refused=("email",)),
        {"emails": [{"email": "a@example.com", "subscribed": yes} for yes in (False, True)]},
    ),
    ConsentCase("no addresses", Consent(sms=False, email=False), {"emails": [], "phoneNumbers": None}),
]


@pytest.mark.parametrize("case", CONSENTS, ids=lambda case: case.id)
def test_only_a_flag_that_says_yes_is_a_consent_and_one_that_says_no_refuses(case: ConsentCase) -> None:
    assert facts(case.customer).consent == case.expected


def test_the_proof_of_a_consent_names_the_flags() -> None:
    assert facts(phone(optIn=False)).proof == (
        "sms: ShopMonkey: optIn false, marketingOptIn true; email: ShopMonkey: subscribed true, marketingOptIn true"
    )
    assert facts(phone() | email() | marketing(None)).proof is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("(619) 555-0123", "+16195550123"),
        ("+1 619 555 0123", "+16195550123"),
        ("16195550123", "+16195550123"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("555-0123", None),
        ("call me", None),
        ("", None),
    ],
)
def test_a_phone_number_is_e164_or_not_given(written: str, expected: str | None) -> None:
    assert facts(phone(number=written)).contact.phone == expected


def test_an_address_is_lower_cased() -> None:
    assert facts().contact.email == "avery@example.com"


@pytest.mark.parametrize(
    "written", ["\u200bavery@example.com", "\u200eavery@example.com\u200f", "avery@EXAMPLE.com\ufeff"]
)
def test_what_nobody_sees_is_no_part_of_an_address(written: str) -> None:
    seen = facts(email(email=written, subscribed=False))
    assert seen.contact.email == "avery@example.com"
    assert seen.consent.refused == ("email",)


def test_what_is_no_address_is_not_given() -> None:
    assert facts({"emails": [{"email": "none"}]}).contact.email is None


def test_the_primary_entries_win() -> None:
    numbers = [{"number": "+16195550100"}, {"number": "+16195550101", "primary": True}]

    assert facts({"phoneNumbers": numbers}).contact.phone == "+16195550101"


def test_what_else_the_record_has_of_numbers_and_addresses_is_told_beside() -> None:
    numbers = [{"number": "+16195550100"}, {"number": "+16195550101", "primary": True}, {"number": "call me"}]
    emails = [{"email": "Avery@Example.com", "primary": True}, {"email": "Work@example.com"}]
    both = facts({"phoneNumbers": numbers, "emails": emails})

    assert both.other_addresses == ("+16195550100", "work@example.com")
    assert both.digest != facts({"phoneNumbers": numbers[1:], "emails": emails[:1]}).digest


def test_of_a_fleet_with_numbers_without_end_only_so_many_are_told() -> None:
    numbers = [{"number": f"+1619555{number}"} for number in range(1000, 1100)]

    assert len(facts({"phoneNumbers": numbers}).other_addresses) == 20


def test_a_company_is_named_when_no_person_is() -> None:
    person = {"firstName": None, "lastName": "", "companyName": "Sample Fleet"}

    assert facts(person).contact.name == "Sample Fleet"


@pytest.mark.parametrize(
    ("kind", "expected"), [("SUV", "suv"), ("Sedan", "sedan"), ("Wagon", None), (None, None)]
)
def test_only_known_vehicle_classes_are_told(kind: str | None, expected: str | None) -> None:
    vehicle = facts(vehicle={"year": 2021, "make": "Honda", "model": "CR-V", "type": kind}).vehicle

    assert (vehicle.year, vehicle.make, vehicle.vehicle_class) == (2021, "Honda", expected)


def test_the_digest_changes_with_the_person_only() -> None:
    assert facts().digest == facts({"note": "called twice"}).digest
    assert facts().digest != facts({"lastName": "Other"}).digest
