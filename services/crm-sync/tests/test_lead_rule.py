"""Which orders are leads, and why the others are not."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crm_sync.domain.crm import Order
from crm_sync.domain.lead_rule import Lead, LeadRule, Skip, judge
from pydantic import ValidationError

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
RULE = LeadRule(
    workflow_columns=("Website Leads", "Appointments"),
    name_prefix="New Quote",
    keywords=("tint", "window"),
    exclude=("window regulator", "window motor"),
    max_age_days=30,
)
ORDER = {
    "id": "sample-order",
    "name": "New Quote - Window Tint - 2021 Honda Civic",
    "generatedVehicleName": "2021 Honda Civic",
    "complaint": None,
    "status": "Estimate",
    "customerId": "sample-customer",
    "createdDate": "2026-11-22T16:59:00.000Z",
    "appointmentDates": [],
}


@dataclass
class Case:
    id: str
    expected: Lead | Skip
    order: dict[str, Any] = field(default_factory=dict)
    column: str | None = "Website Leads"
    rule: LeadRule = RULE


TINT = Lead("Window Tint")
CASES = [
    Case("a new quote", TINT),
    Case("column names compare without case", TINT, column=" website leads "),
    Case("the second column", TINT, column="Appointments"),
    Case("another column", Skip("other_column"), column="In Progress"),
    Case("a column that could not be resolved", Skip("other_column"), column=None),
    Case("deleted", Skip("deleted"), {"deleted": True}),
    Case("archived", Skip("archived"), {"archived": True}),
    Case("a repair order", Skip("not_an_estimate"), {"status": "RepairOrder"}),
    Case("a status of tomorrow", Skip("not_an_estimate"), {"status": "Quoted"}),
    Case("authorized", Skip("authorized"), {"authorized": True}),
    Case("invoiced", Skip("invoiced"), {"invoiced": True}),
    Case("invoiced by its date", Skip("invoiced"), {"invoicedDate": "2026-11-22T16:59:00Z"}),
    Case("paid", Skip("paid"), {"paid": True}),
    Case("has a date", Skip("has_appointment"), {"appointmentDates": ["2026-11-30T18:00:00.000Z"]}),
    Case("null for a list", TINT, {"appointmentDates": None}),
    Case("another name", Skip("other_name"), {"name": "Walk-in, window tint"}),
    Case("prefix in another case", Lead("window tint"), {"name": "NEW QUOTE: window tint"}),
    Case("no keyword", Skip("no_keyword"), {"name": "New Quote - Oil change"}),
    Case("keyword inside a word is none", Skip("no_keyword"), {"name": "New Quote - Mintint"}),
    Case("keyword begins a word", Lead("Tinting"), {"name": "New Quote - Tinting"}),
    Case(
        "keyword in the complaint",
        Lead("please tint the rear"),
        {"name": "New Quote - Sedan", "complaint": "please tint the rear\nthanks"},
    ),
    Case("excluded words", Skip("excluded"), {"name": "New Quote - Window regulator"}),
    Case("excluded words in the complaint", Skip("excluded"), {"complaint": "the window motor is dead"}),
    Case("too old", Skip("too_old"), {"createdDate": "2026-10-01T16:59:00.000Z"}),
    Case("old enough to the day", TINT, {"createdDate": (NOW - timedelta(days=30)).isoformat()}),
    Case("no customer", Skip("no_customer"), {"customerId": None}),
    Case(
        "a rule that asks for nothing",
        Lead("Walk-in"),
        {"name": "Walk-in"},
        None,
        LeadRule(workflow_columns=()),
    ),
    Case("no words at all", Lead(None), {"name": None}, "Website Leads", LeadRule()),
    Case("the coalesced name stands in", TINT, {"name": None, "coalescedName": ORDER["name"]}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_order_is_a_lead_or_skipped_with_its_reason(case: Case) -> None:
    order = Order.model_validate({**ORDER, **case.order})

    assert judge(order, column=case.column, rule=case.rule, now=NOW) == case.expected


def test_a_rule_with_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        LeadRule.model_validate({"status_columns": {"bought": "Invoiced"}})
