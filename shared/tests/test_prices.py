"""A price reads the same everywhere, and an estimate says that it is one."""

import pytest
from shared.events import AppointmentBooked, BookedAddon, Contact, Price, Service, Vehicle
from shared.prices import Language, amount_text, dollars, price_text


@pytest.mark.parametrize(("cents", "expected"), [(5, "$0.05"), (49900, "$499.00"), (123456, "$1,234.56")])
def test_dollars_always_have_cents(cents: int, expected: str) -> None:
    assert dollars(cents) == expected


@pytest.mark.parametrize(
    ("price", "language", "amount", "more"),
    [
        (Price(kind="exact", amount_cents=89900), "en", "$899.00", ""),
        (Price(kind="exact", amount_cents=89900), "es", "$899.00", ""),
        (Price(kind="from", amount_cents=89900), "en", "from $899.00", ", final price after inspection"),
        (
            Price(kind="from", amount_cents=89900),
            "es",
            "desde $899.00",
            ", precio final tras la inspección",
        ),
        (
            Price(kind="range", amount_cents=79900, max_cents=129900),
            "en",
            "$799.00 to $1,299.00",
            ", final price after inspection",
        ),
        (
            Price(kind="range", amount_cents=79900, max_cents=129900),
            "es",
            "$799.00 a $1,299.00",
            ", precio final tras la inspección",
        ),
        (Price(kind="range", amount_cents=79900), "en", "from $799.00", ", final price after inspection"),
        (Price(kind="on_request"), "en", "price on request", ""),
        (Price(kind="on_request", amount_cents=0), "es", "precio a consultar", ""),
    ],
)
def test_a_price_is_said_as_the_kind_that_it_is(
    price: Price, language: Language, amount: str, more: str
) -> None:
    assert amount_text(price, language) == amount
    assert price_text(price, language) == amount + more


def test_an_old_event_without_a_price_has_the_total_it_told() -> None:
    old = {
        "appointment_id": "00000000-0000-4000-8000-000000000001",
        "number": "A-1001",
        "lead_id": "00000000-0000-4000-8000-000000000002",
        "contact": Contact(name="Avery Sample"),
        "service": Service(code="ceramic", name="Ceramic tint"),
        "start": "2026-11-24T10:00:00-08:00",
        "end": "2026-11-24T12:00:00-08:00",
        "timezone": "America/Los_Angeles",
        "total_cents": 49900,
        "sequence": 0,
        "manage_url": "http://127.0.0.1/m/sample",
    }
    read = AppointmentBooked.model_validate(old)
    assert (read.vehicle, price_text(read.agreed_price)) == (None, "$499.00")
    newer = AppointmentBooked.model_validate(old | {"price": {"kind": "from", "amount_cents": 49900}})
    assert newer.agreed_price.kind == "from"


@pytest.mark.parametrize(
    ("vehicle", "expected"),
    [
        (Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck"), "2019 Ford F-150"),
        (Vehicle(vehicle_class="suv"), "SUV"),
        (Vehicle(make="http://evil.example", vehicle_class="van"), "van"),
        (Vehicle(make="Sample", vehicle_class="http://evil.example"), None),
        (Vehicle(), None),
    ],
)
def test_a_car_is_called_by_its_name_else_by_its_class_and_by_no_word_of_a_stranger(
    vehicle: Vehicle, expected: str | None
) -> None:
    assert vehicle.called == expected


def test_a_job_is_the_service_with_what_is_booked_beside_it() -> None:
    alone = Service(code="ceramic", name="Ceramic tint", name_es="Polarizado cerámico")
    removal = BookedAddon(name="Old film removal", name_es="Retiro de película")
    both = alone.model_copy(update={"addons": (removal, BookedAddon(name="Sun strip"))})
    assert (alone.job(), alone.job("es")) == ("Ceramic tint", "Polarizado cerámico")
    assert both.job() == "Ceramic tint + Old film removal + Sun strip"
    assert both.job("es") == "Polarizado cerámico + Retiro de película + Sun strip"
    assert Service.model_validate({"code": "ceramic", "name": "Ceramic tint"}).addons == ()
