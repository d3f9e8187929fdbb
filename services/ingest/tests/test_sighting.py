from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from ingest.domain.sighting import (
    KnownLead,
    Point,
    Said,
    Sighting,
    given_up,
    held_back,
    lock_keys,
    points_of,
    recognised,
    said_first,
)
from shared.events import Consent, Contact, CrmRef

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
PAT = Contact(name="Pat Sample", email="pat@sample.test", phone="+16195550142")
SHOP, LEAD, TENANT = UUID(int=1), UUID(int=2), UUID(int=4)

FORM = Sighting(SHOP, PAT, None, "tint", None, "web_form", None, Consent(sms=True, email=True), NOW)
ORDER = replace(FORM, source="shopmonkey", ref=CrmRef(order_id="order-1"))
BOTH = points_of(PAT)
FORM_LEAD = KnownLead(LEAD, SHOP, "new", None, BOTH, BOTH, NOW)
ORDER_LEAD = replace(FORM_LEAD, order_id="order-1")
ENTERED_LEAD = replace(ORDER_LEAD, order_by_us=True)
"""Of a form: its order was written by us, so that it still rests on the form's word."""


def known(lead: KnownLead, *points: str, told: frozenset[Point] | None = None) -> KnownLead:
    has = frozenset(point for point in BOTH if point[0] in points)
    return replace(lead, points=has, told=has if told is None else told)


def names(sighting: Sighting, **contact: str) -> Sighting:
    return replace(sighting, contact=Contact(name="P", **contact))


STRANGER = {"email": "other@sample.test", "phone": "+16195550199"}
OTHER_MAIL = {"email": "other@sample.test", "phone": PAT.phone}


@dataclass
class Case:
    id: str
    seen: Sighting
    known: KnownLead
    same: bool


CASES = [
    Case("the same order again", ORDER, ORDER_LEAD, True),
    Case("the same order, contact changed", names(ORDER, **STRANGER), ORDER_LEAD, True),
    Case("the same order of a lead that is lost", ORDER, replace(ORDER_LEAD, status="lost"), True),
    Case("another order of the person", replace(ORDER, ref=CrmRef(order_id="2")), ORDER_LEAD, False),
    Case("order of a person who sent the form", ORDER, FORM_LEAD, True),
    Case("order that says more than the form", ORDER, known(FORM_LEAD, "phone"), True),
    Case("order that does not name all that the form names", names(ORDER, phone=PAT.phone), FORM_LEAD, False),
    Case("order of a form whose link went elsewhere, too", names(ORDER, email=PAT.email), known(FORM_LEAD, "email", told=BOTH), False),
    Case("order of a form that may use nothing", ORDER, known(FORM_LEAD), False),
    Case("form of a person who has an order", FORM, ORDER_LEAD, True),
    Case("form with the phone only", names(FORM, phone=PAT.phone), ORDER_LEAD, True),
    Case("form that adds an address to a phone", FORM, known(ORDER_LEAD, "phone"), False),
    Case("form that adds a phone to an address", FORM, known(ORDER_LEAD, "email"), False),
    Case("form with another address", names(FORM, **OTHER_MAIL), ORDER_LEAD, False),
    Case("only the name fits", names(FORM, **STRANGER), ORDER_LEAD, False),
    Case("nothing but missing addresses fits", names(FORM), known(ORDER_LEAD), False),
    Case("at another location", FORM, replace(ORDER_LEAD, location_id=UUID(int=9)), False),
    Case("after 30 days", FORM, replace(ORDER_LEAD, received_at=NOW - timedelta(days=31)), False),
    Case("within 30 days", FORM, replace(ORDER_LEAD, received_at=NOW - timedelta(days=29)), True),
    Case("the older trace comes last", FORM, replace(ORDER_LEAD, received_at=NOW + timedelta(days=1)), True),
    Case("the lead is lost", FORM, replace(ORDER_LEAD, status="lost"), False),
    Case("the lead is won", FORM, replace(ORDER_LEAD, status="won"), False),
    Case("another form", FORM, FORM_LEAD, False),
    Case("another form, of a lead whose order we wrote", FORM, ENTERED_LEAD, False),
    Case("the order that we wrote", ORDER, ENTERED_LEAD, True),
    Case("the shop's own order, of a lead whose order we wrote", replace(ORDER, ref=CrmRef(order_id="2")), ENTERED_LEAD, True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_request_of_one_person_is_one_lead(case: Case):
    assert recognised(case.seen, [case.known]) == (LEAD if case.same else None)


@dataclass
class Holding:
    id: str
    seen: Sighting
    known: list[KnownLead]
    held: set[str]


OLD = {"received_at": NOW - timedelta(days=90), "status": "won"}
HOLDINGS = [
    Holding("nobody is known", FORM, [], set()),
    Holding("the phone of an order", FORM, [known(ORDER_LEAD, "phone")], {"phone"}),
    Holding("the address of an order", FORM, [known(ORDER_LEAD, "email")], {"email"}),
    Holding("the phone of an old order", FORM, [replace(known(ORDER_LEAD, "phone"), **OLD)], {"phone"}),
    Holding("the phone at another location", FORM, [replace(known(ORDER_LEAD, "phone"), location_id=UUID(int=9))], {"phone"}),
    Holding("the phone of another form", FORM, [known(FORM_LEAD, "phone")], {"phone"}),
    Holding("the phone of an old form", FORM, [replace(known(FORM_LEAD, "phone"), **OLD)], set()),
    Holding("of two people", FORM, [known(ORDER_LEAD, "phone"), known(FORM_LEAD, "email")], {"phone", "email"}),
    Holding("both of one order that is closed", FORM, [replace(ORDER_LEAD, **OLD)], set()),
    Holding("both of one order, the phone of another", FORM, [known(ORDER_LEAD, "phone"), replace(ORDER_LEAD, **OLD)], set()),
    Holding("both of another form", FORM, [FORM_LEAD], set()),
    Holding("the shop's own word", ORDER, [known(ORDER_LEAD, "phone")], set()),
]  # fmt: skip


@pytest.mark.parametrize("case", HOLDINGS, ids=lambda case: case.id)
def test_a_form_uses_no_contact_point_of_another_person(case: Holding):
    assert set(held_back(case.seen, case.known)) == case.held


def test_the_crm_s_word_takes_a_point_from_a_lead_that_others_read():
    phone = points_of(Contact(name="P", phone=PAT.phone))
    assert given_up(phone, [FORM_LEAD]) == {LEAD: phone}
    assert given_up(phone, [known(FORM_LEAD, "phone", told=BOTH)]) == {LEAD: phone}
    assert given_up(phone, [known(FORM_LEAD, "phone")]) == {}
    assert given_up(BOTH, [FORM_LEAD]) == {}
    assert given_up(phone, [ORDER_LEAD]) == {}


def said(
    at: int, name: str, *, by_crm: bool, held: tuple[str, ...] = (), interest: str | None = None
) -> Said:
    contact = {"name": name, "email": f"{name}@sample.test", "phone": PAT.phone}
    seen = {"contact": contact, "vehicle": None, "interest": interest, "message": None, "ref": None}
    return Said(NOW + timedelta(minutes=at), by_crm, seen, held)


def test_a_form_adds_nothing_to_what_the_crm_told():
    crm = said(1, "crm", by_crm=True)
    facts = said_first([said(2, "later", by_crm=False, interest="ppf"), crm])
    assert facts == said_first([crm])
    facts = said_first([crm, said(0, "earlier", by_crm=False, interest="tint")])
    assert (facts["name"], facts["email"], facts["interest"]) == ("crm", "crm@sample.test", "tint")


def test_what_is_held_is_no_fact_of_the_lead():
    facts = said_first([said(0, "pat", by_crm=False, held=("phone",))])
    assert (facts["email"], facts["phone"]) == ("pat@sample.test", None)


def test_the_order_decides_before_the_person():
    other = replace(FORM_LEAD, lead_id=UUID(int=3))
    assert recognised(ORDER, [other, ORDER_LEAD]) == LEAD


def test_traces_of_one_person_meet_at_a_lock():
    elsewhere = replace(names(FORM, phone=PAT.phone), location_id=UUID(int=9))
    assert set(lock_keys(TENANT, elsewhere)) & set(lock_keys(TENANT, ORDER))


def test_locks_are_taken_in_one_order():
    assert lock_keys(TENANT, ORDER) == sorted(lock_keys(TENANT, ORDER))
