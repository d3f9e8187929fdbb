"""What the shops say: checked as it comes in, told to the others as it holds today, and out as it went in."""

from datetime import UTC, datetime

import pytest
from booking.actions.publishing import republish
from booking.domain.knowledge import KNOWLEDGE_FORMAT

NEW_YEAR = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
"""Midnight in San Diego."""

TAX = {
    "row": 1,
    "location": "",
    "code": "tax",
    "en": "Prices are before tax.",
    "es": "Los precios son sin impuesto.",
    "questions": ["is tax included", "incluye impuesto"],
    "valid_from": None,
    "valid_to": None,
    "active": True,
}

FIGURES = [
    "It costs $50.",
    "Fifty dollars more.",
    "Son doscientos dólares.",
    "USD 40 extra",
    "twenty-five bucks off",
    "Bring it at 9am.",
    "Doors open at 9:00.",
    "by nine o'clock",
    "five in the morning",
    "at half past nine",
    "Ábrimos a las 9.",
    "a las nueve y media",
    "las 3 de la tarde",
    "antes del mediodía",
    "\uff19 am",
    "17h30",
]
HARMLESS = [
    "Film of 5 % and 35 %, three years of warranty.",
    "section 28-959.01",
    "a film of 0.15 mm",
    "within 24 hours, in two days",
    "Ponemos película a las dos ventanas.",
    "las dos puertas delanteras",
    "Am I covered? Yes, for one year.",
    "a 16 by 9 inch sticker",
]


@pytest.mark.parametrize("column", ["en", "es", "questions"])
@pytest.mark.parametrize("said", FIGURES)
def test_money_and_clock_times_are_refused_by_row_and_column(said, column):
    row = TAX | {"row": 7, column: [said] if column == "questions" else said}
    good, errors = KNOWLEDGE_FORMAT.read([TAX | {"code": "other"}, row])
    assert [one.code for one in good] == ["other"]
    assert [(error.row, error.column) for error in errors] == [(7, column)]
    assert "money" in errors[0].detail or "time of day" in errors[0].detail


@pytest.mark.parametrize("said", HARMLESS)
def test_other_figures_are_taken(said):
    assert KNOWLEDGE_FORMAT.read([TAX | {"en": said, "es": said}])[1] == []


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("code", {"code": "has space"}),
        ("en", {"en": " "}),
        ("es", {"es": "x" * 1001}),
        ("questions", {"questions": "is tax included"}),
        ("questions", {"questions": [f"question {'x' * n}" for n in range(51)]}),
        ("valid_to", {"valid_from": "2027-01-02", "valid_to": "2027-01-01"}),
        ("active", {"active": "yes"}),
    ],
)
def test_a_wrong_value_is_named_by_row_and_column(column, changes):
    assert [(e.row, e.column) for e in KNOWLEDGE_FORMAT.read([TAX | changes])[1]] == [(1, column)]


def test_two_statements_of_a_code_for_the_same_days_are_refused():
    _, errors = KNOWLEDGE_FORMAT.read([TAX, TAX | {"row": 2, "valid_from": "2027-01-01"}])
    assert [(e.row, e.column) for e in errors] == [(2, "code")]


async def told(shop):
    events = await shop.published("knowledge.changed.v1")
    return [(e["data"]["version"], {s["code"]: s["en"] for s in e["data"]["entries"]}) for e in events]


@pytest.mark.postgres
async def test_what_is_imported_is_told_once_and_comes_out_as_it_went_in(shop):
    answer = await shop.put_knowledge([TAX])
    assert answer.json() == {
        "changes": [{"action": "add", "location": "", "code": "tax"}],
        "versions": {"Store094": 1},
    }
    assert (await shop.put_knowledge([TAX])).json() == {"changes": [], "versions": {"Store094": 1}}
    assert await told(shop) == [(1, {"tax": "Prices are before tax."})]
    assert await shop.knowledge() == [TAX]


@pytest.mark.postgres
async def test_a_dry_run_answers_the_same_and_changes_nothing(shop):
    await shop.put_knowledge([TAX])
    changed = [TAX | {"en": "Tax comes on top."}]
    dry = await shop.put_knowledge(changed, dry_run="true")
    assert [(c["field"], c["new"]) for c in dry.json()["changes"]] == [("en", "Tax comes on top.")]
    assert await shop.knowledge() == [TAX]
    assert len(await told(shop)) == 1
    assert (await shop.put_knowledge(changed)).json() == dry.json()


@pytest.mark.postgres
async def test_a_location_says_its_own_also_nothing_and_only_on_its_days(shop):
    own = TAX | {"row": 2, "location": "Store094", "en": "Tax is included.", "valid_from": "2027-01-01"}
    parking = TAX | {"row": 3, "code": "parking", "en": "In front."}
    none = parking | {"row": 4, "location": "Store094", "active": False}
    await shop.put_knowledge([TAX, own, parking, none])
    async with shop.at(NEW_YEAR) as then:
        await republish(then.deps, then.tenant_id)
    assert await told(shop) == [(1, {"tax": "Prices are before tax."}), (2, {"tax": "Tax is included."})]


@pytest.mark.postgres
async def test_one_wrong_row_leaves_everything_as_it_was(shop):
    await shop.put_knowledge([TAX])
    answer = await shop.put_knowledge(
        [TAX | {"en": "Other."}, TAX | {"row": 2, "code": "price", "en": "Only $9."}]
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_knowledge")
    assert [(e["row"], e["column"]) for e in answer.json()["errors"]] == [(2, "en")]
    assert await shop.knowledge() == [TAX]
