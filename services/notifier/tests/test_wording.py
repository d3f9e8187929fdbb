"""What customers and vendors typed comes out readable and harmless."""

from datetime import UTC, datetime

import pytest
from notifier.domain.quoted import new_words
from notifier.domain.wording import greeting, harmless, money, when, wish
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
        (None, "{{ x }} <b>tint</b>\n", "x b tint /b"),
    ],
)
def test_a_wish_is_the_car_or_what_was_asked_for(
    vehicle: Vehicle | None, interest: str | None, expected: str
) -> None:
    assert wish(vehicle, interest) == expected


def test_long_words_of_customers_are_cut() -> None:
    assert len(harmless("tint " * 100, 60)) <= 60


def test_a_moment_names_weekday_date_time_and_zone() -> None:
    assert (
        when(datetime(2026, 11, 24, 18, 0, tzinfo=UTC), "America/Los_Angeles") == "Tue, Nov 24, 10:00 AM PST"
    )
    assert when(datetime(2026, 7, 4, 7, 5, tzinfo=UTC), "America/Phoenix") == "Sat, Jul 4, 12:05 AM MST"


def test_money_shows_cents_only_where_there_are_some() -> None:
    assert [money(49900), money(123456), money(5)] == ["$499", "$1,234.56", "$0.05"]


@pytest.mark.parametrize(
    "mail",
    [
        "Friday works.\n\nOn Tue, Nov 24, 2026 at 9:00 AM Shop <a@b.example> wrote:\n> Hi Ana",
        "Friday works.\r\n\r\nOn Tue, Nov 24, 2026 at 9:00 AM Sample Tint\r\n<a@b.example> wrote:\r\n\r\n> Hi Ana",
        "Friday works.\n> Hi Ana\n> more",
        "Friday works.\n\n-----Original Message-----\nFrom: Shop",
        "Friday works.\n\n-- \nAna Sample",
        "Friday works.\n\nSent from my phone",
    ],
)
def test_only_the_new_words_of_a_reply_are_kept(mail: str) -> None:
    assert new_words(mail) == "Friday works."
