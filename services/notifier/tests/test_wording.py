"""What customers and vendors typed comes out readable and harmless."""

from datetime import UTC, datetime

import pytest
from notifier.domain.wording import Wanted, greeting, harmless, quoted, when, wish
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
        (Vehicle(year=2021, make="Honda", model="Civic"), "tint", "2021 Honda Civic"),
        (Vehicle(make="Honda"), None, "Honda"),
        (Vehicle(year=2021), "Ceramic tint", "Ceramic tint"),
        (None, None, "vehicle"),
        (None, "{{ x }} <b>tint</b>\n", "vehicle"),
    ],
)
def test_a_wish_is_the_car_or_what_was_asked_for(
    vehicle: Vehicle | None, interest: str | None, expected: str
) -> None:
    assert wish([Wanted(vehicle, interest)], {"ceramic", "tint"}) == expected


def test_of_two_wishes_both_are_named() -> None:
    civic, f150 = Vehicle(make="Honda", model="Civic"), Vehicle(make="Ford", model="F-150")
    catalog = {"ceramic", "carbon"}
    assert wish([Wanted(civic, "Ceramic"), Wanted(civic, "Ceramic")], catalog) == "Honda Civic"
    assert (
        wish([Wanted(civic, "Ceramic"), Wanted(civic, "Carbon")], catalog)
        == "Honda Civic (Ceramic and Carbon)"
    )
    assert wish([Wanted(civic, "Ceramic"), Wanted(f150, "Carbon")], catalog) == "Honda Civic and Ford F-150"
    assert wish([Wanted(None, "Ceramic"), Wanted(None, "Carbon")], catalog) == "Ceramic and Carbon"


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
