from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from ingest.domain.sighting import KnownLead, Sighting, lock_keys, recognised
from shared.events import Consent, Contact, CrmRef

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
PAT = Contact(name="Pat Sample", email="pat@sample.test", phone="+16195550142")
SHOP, LEAD = UUID(int=1), UUID(int=2)

FORM = Sighting(SHOP, PAT, None, "tint", None, "web_form", None, Consent(sms=True, email=True), NOW)
ORDER = replace(FORM, source="shopmonkey", ref=CrmRef(order_id="order-1"))
FORM_LEAD = KnownLead(LEAD, "new", "web_form", None, PAT, ("tint", None), None, NOW)
ORDER_LEAD = replace(FORM_LEAD, source="shopmonkey", order_id="order-1")


@dataclass
class Case:
    id: str
    seen: Sighting
    known: KnownLead
    same: bool


STRANGER = Contact(name="Pat Sample", email="other@sample.test", phone="+16195550199")
CASES = [
    Case("the same order again", ORDER, ORDER_LEAD, True),
    Case("the same order, contact changed", replace(ORDER, contact=STRANGER), ORDER_LEAD, True),
    Case("the same order of a lead that is lost", ORDER, replace(ORDER_LEAD, status="lost"), True),
    Case("another order of the person", replace(ORDER, ref=CrmRef(order_id="2")), ORDER_LEAD, False),
    Case("order of a person who sent the form", ORDER, FORM_LEAD, True),
    Case("form of a person who has an order", FORM, ORDER_LEAD, True),
    Case("only the phone fits", FORM, replace(ORDER_LEAD, contact=Contact(name="P", phone=PAT.phone)), True),
    Case("only the e-mail fits", FORM, replace(ORDER_LEAD, contact=Contact(name="P", email=PAT.email)), True),
    Case("only the name fits", replace(FORM, contact=STRANGER), ORDER_LEAD, False),
    Case("nothing but missing addresses fits", replace(FORM, contact=Contact(name="P")), replace(ORDER_LEAD, contact=Contact(name="P")), False),
    Case("after 30 days", FORM, replace(ORDER_LEAD, received_at=NOW - timedelta(days=31)), False),
    Case("within 30 days", FORM, replace(ORDER_LEAD, received_at=NOW - timedelta(days=29)), True),
    Case("the older trace comes last", FORM, replace(ORDER_LEAD, received_at=NOW + timedelta(days=1)), True),
    Case("the lead is lost", FORM, replace(ORDER_LEAD, status="lost"), False),
    Case("the lead is won", FORM, replace(ORDER_LEAD, status="won"), False),
    Case("the form is sent twice", FORM, FORM_LEAD, True),
    Case("the form is sent for something else", replace(FORM, interest="ppf"), FORM_LEAD, False),
    Case("the same form two days later", FORM, replace(FORM_LEAD, received_at=NOW - timedelta(days=2)), False),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_request_of_one_person_is_one_lead(case: Case):
    assert recognised(case.seen, [case.known]) == (LEAD if case.same else None)


def test_the_order_decides_before_the_person():
    other = replace(FORM_LEAD, lead_id=UUID(int=3))
    assert recognised(ORDER, [other, ORDER_LEAD]) == LEAD


def test_traces_of_one_person_meet_at_a_lock():
    by_phone = replace(FORM, contact=Contact(name="P", phone=PAT.phone))
    assert set(lock_keys(by_phone)) & set(lock_keys(ORDER))


def test_locks_are_taken_in_one_order():
    assert lock_keys(ORDER) == sorted(lock_keys(ORDER))
