"""What strangers type stands among our words only as a name, a known vehicle, or the catalogue's own words."""

import tomllib
from pathlib import Path

import pytest
from shared.events import Contact, Vehicle
from shared.words import first_name, in_words_of, person_name, unlinked, vocabulary

TYPED = tomllib.loads((Path(__file__).parents[2] / "tests/integration/words.toml").read_text("utf-8"))
CATALOG = vocabulary(
    ["Full Car Ceramic Tint", "window tint", "windshield", "Paint Protection Film Front", "ppf", "Coating"]
)


def harmless(text: str | None) -> bool:
    return not any(word in (text or "").lower() for word in TYPED["never"])


@pytest.mark.parametrize("typed", TYPED["hostile_names"])
def test_what_is_no_name_is_none(typed: str) -> None:
    assert person_name(typed) == ""
    assert first_name(typed) is None


@pytest.mark.parametrize(("typed", "called"), TYPED["ordinary_names"])
def test_a_name_stays_as_it_is_written(typed: str, called: str) -> None:
    assert Contact(name=typed).name == person_name(typed) == typed
    assert first_name(typed) == called


@pytest.mark.parametrize(("typed", "name", "called"), TYPED["numbered_names"])
def test_a_name_with_a_number_keeps_its_words(typed: str, name: str, called: str) -> None:
    assert Contact(name=typed).name == typed
    assert (person_name(typed), first_name(typed)) == (name, called)


@pytest.mark.parametrize("typed", TYPED["hostile_wishes"])
def test_a_wish_in_other_words_is_not_repeated(typed: str) -> None:
    assert in_words_of(CATALOG, typed) is None


@pytest.mark.parametrize("typed", TYPED["ordinary_wishes"])
def test_a_wish_in_the_catalogues_words_is(typed: str) -> None:
    assert in_words_of(CATALOG, typed) == typed


@pytest.mark.parametrize(("make", "model"), TYPED["hostile_vehicles"])
def test_a_vehicle_is_named_as_far_as_it_is_one(make: str, model: str) -> None:
    vehicle = Vehicle(year=2021, make=make, model=model)
    assert harmless(vehicle.named)
    assert vehicle.named != vehicle.typed


@pytest.mark.parametrize(("make", "model"), TYPED["ordinary_vehicles"])
def test_a_vehicle_that_there_is_stays_as_it_is(make: str, model: str) -> None:
    vehicle = Vehicle(year=2021, make=make, model=model)
    assert vehicle.named == vehicle.typed == f"2021 {make} {model}"


def test_an_unknown_vehicle_stays_as_it_was_typed_for_the_shop_and_the_customer() -> None:
    vehicle = Vehicle(year=2021, make="Sample\u200b", model="Special")
    assert (vehicle.make, vehicle.model, vehicle.typed) == ("Sample", "Special", "2021 Sample Special")
    assert vehicle.named is None


def test_a_year_that_no_car_has_is_left_out() -> None:
    assert Vehicle(year=6195550999, make="Honda", model="Civic").named == "Honda Civic"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("see http://evil.example/promo now", "see evil[.]example/promo now"),
        ("www.evil.example or a@evil.example", "evil[.]example or a@evil[.]example"),
        ("HTTPS://10.0.0.1/x", "10[.]0[.]0[.]1/x"),
        (
            "It was 3.50 or so. Then, at 9:00, e.g. today: no.",
            "It was 3.50 or so. Then, at 9:00, e.g. today: no.",
        ),
    ],
)
def test_nothing_that_the_shop_reads_is_a_link(typed: str, shown: str) -> None:
    assert unlinked(typed) == shown
