"""Prices out of the catalogue, and what an import may hold."""

from datetime import date
from uuid import uuid4

import pytest
from booking.domain.catalog import Offer, find_service, price_for, published
from booking.domain.catalog_import import CATALOG_FORMAT
from booking.domain.entries import effective
from booking.domain.errors import PriceOnRequest, UnknownAddon, UnknownVehicleClass
from booking.domain.quotes import car_of, price_job
from booking.domain.rows import differences, unknown_locations
from shared.events import Addon, Vehicle

ROW = {
    "row": 2,
    "location": "",
    "code": "ceramic",
    "name": "Ceramic",
    "description": "",
    "synonyms": ["Ceramic film"],
    "price_kind": "exact",
    "price_cents": 39900,
    "max_cents": None,
    "class_prices": {"suv": 44900},
    "duration_minutes": 120,
    "buffer_minutes": 0,
    "addons": [{"code": "visor", "name": "Visor strip", "amount_cents": 4900}],
    "active": True,
}


TODAY = date(2026, 11, 23)


def offer(**changes) -> Offer:
    [row], errors = CATALOG_FORMAT.read([ROW | changes])
    assert errors == []
    return Offer(id=uuid4(), **row.values)


def test_the_class_price_takes_the_place_of_the_base_price():
    assert price_job(offer(), "suv", []).total_cents == 44900
    assert price_job(offer(), "sedan", []).total_cents == 39900
    assert price_job(offer(), None, []).total_cents == 39900


def test_a_range_is_open_upwards_where_a_class_has_its_own_price():
    ranged = offer(price_kind="range", price_cents=30000, max_cents=60000)
    assert price_for(ranged, "sedan").kind == "range"
    assert (price_for(ranged, "suv").kind, price_for(ranged, "suv").amount_cents) == ("from", 44900)


def test_add_ons_are_lines_of_their_own_and_count_once():
    job = price_job(offer(), "sedan", ["visor", "visor"])
    assert [(line.label, line.amount_cents) for line in job.lines] == [
        ("Ceramic", 39900),
        ("Visor strip", 4900),
    ]
    assert job.total_cents == 44800


def test_a_price_on_request_is_never_quoted():
    with pytest.raises(PriceOnRequest):
        price_job(offer(price_kind="on_request", price_cents=None, class_prices={}), "suv", [])


@pytest.mark.parametrize(
    ("changes", "vehicle_class", "expected"),
    [
        ({}, None, ("exact", 44800, None)),
        ({"price_kind": "from"}, None, ("from", 44800, None)),
        ({"price_kind": "range", "max_cents": 60000}, None, ("range", 44800, 64900)),
        ({"price_kind": "range", "max_cents": 60000}, "suv", ("from", 49800, None)),
    ],
)
def test_a_total_is_of_the_kind_of_its_service_and_a_range_ends_with_its_add_ons(
    changes, vehicle_class, expected
):
    job = price_job(offer(**changes), vehicle_class, ["visor"])
    assert (job.kind, job.total_cents, job.max_cents) == expected


CIVIC = Vehicle(year=2021, make="Honda", model="Civic", vehicle_class="sedan")
TRUCK = Vehicle(year=2019, make="Ford", model="F-150")
UNKNOWN = Vehicle(make="Sample", model="Car")


@pytest.mark.parametrize(
    ("asked", "asked_class", "own", "expected"),
    [
        (None, None, CIVIC, CIVIC),
        (None, "Sedan", CIVIC, CIVIC),
        (None, "suv", CIVIC, Vehicle(vehicle_class="suv")),
        (None, "suv", UNKNOWN, Vehicle(make="Sample", model="Car", vehicle_class="suv")),
        (None, None, TRUCK, Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck")),
        (None, "van", TRUCK, Vehicle(vehicle_class="van")),
        (TRUCK, None, CIVIC, Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck")),
        (TRUCK, "van", CIVIC, Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="van")),
        (UNKNOWN, None, CIVIC, UNKNOWN),
        (Vehicle(), None, CIVIC, CIVIC),
        (Vehicle(vehicle_class="truck"), None, CIVIC, Vehicle(vehicle_class="truck")),
        (None, "suv", None, Vehicle(vehicle_class="suv")),
        (None, None, Vehicle(vehicle_class="hovercraft"), None),
        (None, None, None, None),
    ],
)
def test_a_price_is_for_the_car_asked_about_and_never_for_the_leads_where_that_is_another(
    asked, asked_class, own, expected
):
    assert car_of(asked, asked_class, own) == expected


def test_unknown_add_ons_and_classes_are_refused():
    with pytest.raises(UnknownAddon):
        price_job(offer(), None, ["gold"])
    with pytest.raises(UnknownVehicleClass):
        car_of(None, "tank", CIVIC)


def test_a_location_row_takes_the_tenants_place_also_to_switch_it_off():
    wide = [offer(), offer(code="carbon", name="Carbon")]
    own = [offer(price_cents=42900), offer(code="carbon", name="Carbon", active=False)]
    assert [(o.code, o.price_cents) for o in effective(wide, own, TODAY)] == [("ceramic", 42900)]


def test_a_service_is_found_by_code_id_name_or_synonym():
    offers = [offer()]
    for wanted in ("ceramic", "CERAMIC", str(offers[0].id), " ceramic film "):
        assert find_service(offers, wanted) == offers[0]
    assert find_service(offers, "paint") is None


def test_what_others_see_has_the_class_prices():
    shown = published(offer())
    assert [(p.vehicle_class, p.amount_cents) for p in shown.class_prices] == [("suv", 44900)]
    assert shown.addons == (Addon(code="visor", name="Visor strip", amount_cents=4900),)


WRONG = [
    ("code", {"code": "has space"}),
    ("name", {"name": ""}),
    ("description", {"description": 5}),
    ("synonyms", {"synonyms": "film"}),
    ("price_kind", {"price_kind": "cheap"}),
    ("price_cents", {"price_cents": -1}),
    ("price_cents", {"price_cents": 1.5}),
    ("price_cents", {"price_cents": True}),
    ("price_cents", {"price_cents": None}),
    ("price_cents", {"price_kind": "on_request", "class_prices": {}}),
    ("max_cents", {"price_kind": "range"}),
    ("max_cents", {"price_kind": "range", "max_cents": 39900}),
    ("max_cents", {"max_cents": 50000}),
    ("class_prices", {"class_prices": {"tank": 1}}),
    ("class_prices.suv", {"class_prices": {"suv": "449"}}),
    ("duration_minutes", {"duration_minutes": 0}),
    ("duration_minutes", {"duration_minutes": None}),
    ("buffer_minutes", {"buffer_minutes": -5}),
    ("addons", {"addons": [{"code": "visor"}]}),
    ("addons", {"addons": [*ROW["addons"], *ROW["addons"]]}),
    ("active", {"active": "yes"}),
    ("location", {"location": 9}),
]


@pytest.mark.parametrize(("column", "changes"), WRONG)
def test_a_wrong_value_is_named_by_row_and_column(column, changes):
    rows, errors = CATALOG_FORMAT.read([ROW | changes])
    assert rows == []
    assert {(error.row, error.column) for error in errors} == {(2, column)}


def test_all_errors_of_all_rows_come_at_once():
    rows = [ROW | {"row": 5, "code": "", "active": None}, ROW, ROW | {"row": 7, "name": "Again"}]
    good, errors = CATALOG_FORMAT.read(rows)
    assert len(good) == 2
    assert {(e.row, e.column) for e in errors} == {(5, "code"), (5, "active"), (7, "code")}


def test_an_unknown_location_is_named():
    rows, _ = CATALOG_FORMAT.read([ROW | {"location": "Store999"}])
    assert [(e.row, e.column) for e in unknown_locations(rows, ["Store094"])] == [(2, "location")]


def test_differences_name_what_is_added_removed_and_changed():
    old = {("", "a", None): offer(code="a"), ("", "b", None): offer(code="b")}
    new = {("", "b", None): offer(code="b", price_cents=1), ("Store094", "c", None): offer(code="c")}
    assert differences(old, new, CATALOG_FORMAT.columns) == [
        {"action": "remove", "location": "", "code": "a"},
        {"action": "change", "location": "", "code": "b", "field": "price_cents", "old": 39900, "new": 1},
        {"action": "add", "location": "Store094", "code": "c"},
    ]
