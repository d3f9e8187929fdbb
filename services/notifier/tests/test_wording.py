"""What customers and vendors typed comes out readable and harmless."""

from datetime import UTC, datetime, timedelta

import pytest
from notifier.domain.wording import Wanted, greeting, harmless, quoted, span, when, wish
from shared.events import Vehicle


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ana Sample", "Hi Ana"),
        ("ANA SAMPLE", "Hi Ana"),
        ("  jos\u00e9 ", "Hi Jos\u00e9"),
        ("Mary-Ann O'Neil", "Hi Mary-Ann"),
        ("", "Hi there"),
        ("   ", "Hi there"),
        ("N/A", "Hi there"),
        ("unknown", "Hi there"),
        (",", "Hi there"),
        ("{{first_name}}", "Hi there"),
        ("http://spam.example", "Hi there"),
        ("x" * 200, "Hi there"),
        ("6195550111", "Hi there"),
    ],
)
def test_a_greeting_never_lacks_a_name(name: str, expected: str) -> None:
    assert greeting(name) == expected


@pytest.mark.parametrize(
    ("vehicle", "interest", "expected"),
    [
        (Vehicle(year=2021, make="Honda", model="Civic"), "tint", "tint for your 2021 Honda Civic"),
        (Vehicle(year=2021, make="Honda", model="Civic"), "sth odd", "your 2021 Honda Civic"),
        (Vehicle(make="Honda"), None, "your Honda"),
        (Vehicle(year=2021), "Ceramic tint", "Ceramic tint"),
        (None, None, "your vehicle"),
        (None, "{{ x }} <b>tint</b>\n", "your vehicle"),
    ],
)
def test_a_wish_is_what_was_asked_for_and_the_car(
    vehicle: Vehicle | None, interest: str | None, expected: str
) -> None:
    assert wish([Wanted(vehicle, interest)], {"ceramic", "tint"}) == expected


CIVIC, F150 = Vehicle(make="Honda", model="Civic"), Vehicle(make="Ford", model="F-150")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([(CIVIC, "Ceramic"), (CIVIC, "Ceramic")], "Ceramic for your Honda Civic"),
        ([(CIVIC, "Ceramic"), (CIVIC, "Carbon")], "Ceramic and Carbon for your Honda Civic"),
        ([(CIVIC, "Ceramic"), (F150, "Ceramic")], "Ceramic for your Honda Civic and Ford F-150"),
        (
            [(CIVIC, "Ceramic"), (F150, "Carbon")],
            "Ceramic for your Honda Civic and Carbon for your Ford F-150",
        ),
        ([(CIVIC, "Ceramic"), (F150, None)], "Ceramic for your Honda Civic and your Ford F-150"),
        ([(None, "Ceramic"), (CIVIC, "Ceramic")], "Ceramic for your Honda Civic"),
        ([(None, "Ceramic"), (CIVIC, None)], "your Honda Civic and Ceramic"),
        ([(None, "Ceramic"), (None, "Carbon")], "Ceramic and Carbon"),
    ],
)
def test_of_several_wishes_each_is_named_once(
    wanted: list[tuple[Vehicle | None, str | None]], expected: str
) -> None:
    assert wish([Wanted(*one) for one in wanted], {"ceramic", "carbon"}) == expected


def test_an_appointment_is_told_with_its_end() -> None:
    begins = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    zone = "America/Los_Angeles"
    assert span(begins, begins + timedelta(hours=3), zone) == "Tue, Nov 24, 10:00 AM to 1:00 PM PST"
    assert (
        span(begins, begins + timedelta(days=1), zone)
        == "Tue, Nov 24, 10:00 AM PST to Wed, Nov 25, 10:00 AM PST"
    )


def test_long_words_of_customers_are_cut() -> None:
    assert len(harmless("tint " * 100, 60)) <= 60


def test_what_the_shop_reads_of_strangers_cannot_be_clicked() -> None:
    typed = "see \u202ehttps://evil.example/promo\u200b\nor www.evil.example, a@evil.example {now}"
    assert quoted(typed) == "see evil[.]example/promo or evil[.]example, a@evil[.]example now"


def test_a_moment_names_weekday_date_time_and_zone() -> None:
    assert (
        when(datetime(2026, 11, 24, 18, 0, tzinfo=UTC), "America/Los_Angeles") == "Tue, Nov 24, 10:00 AM PST"
    )
    assert when(datetime(2026, 7, 4, 7, 5, tzinfo=UTC), "America/Phoenix") == "Sat, Jul 4, 12:05 AM MST"
