import pytest
from ingest.domain.vehicle_class import with_class
from shared.events import Vehicle


@pytest.mark.parametrize(
    ("given", "model", "expected"),
    [
        ("SUV", "Civic", "suv"),
        ("Pickup", None, "truck"),
        ("minivan", None, "van"),
        (None, "Civic", "sedan"),
        (None, "CR-V", "suv"),
        (None, "crv", "suv"),
        (None, "F-150 XLT", "truck"),
        (None, "Model 3", "sedan"),
        (None, "Grand Cherokee Limited", "suv"),
        (None, "Mustang GT", "coupe"),
        ("LightDuty", "Civic", "sedan"),
        ("LightDuty", None, None),
        (None, "Sample Special", None),
        (None, None, None),
    ],
)
def test_class_is_what_was_said_else_what_the_model_is(given: str, model: str, expected: str):
    found = with_class(Vehicle(year=2022, make="Sample", model=model, vehicle_class=given))
    assert found == Vehicle(year=2022, make="Sample", model=model, vehicle_class=expected)


def test_no_vehicle_stays_none():
    assert with_class(None) is None
