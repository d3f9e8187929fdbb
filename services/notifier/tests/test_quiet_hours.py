"""9:00 to 20:00 where the shop is and where the number is, on both daylight-saving days too."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from notifier.domain.quiet_hours import next_allowed, zones_of

LA, NY = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = LA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24T08:59:59", "2026-11-24T09:00"),
        ("2026-11-24T09:00", "2026-11-24T09:00"),
        ("2026-11-24T19:59:59", "2026-11-24T19:59:59"),
        ("2026-11-24T20:00", "2026-11-25T09:00"),
        ("2026-11-24T23:30", "2026-11-25T09:00"),
        ("2026-11-25T00:30", "2026-11-25T09:00"),
        ("2026-12-31T21:00", "2027-01-01T09:00"),
        ("2026-03-07T22:00", "2026-03-08T09:00"),
        ("2026-10-31T22:00", "2026-11-01T09:00"),
    ],
)
def test_a_moment_in_quiet_hours_moves_to_their_end(moment: str, expected: str) -> None:
    assert next_allowed(at(moment), [LA]) == at(expected)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24T12:00", "2026-11-24T12:00"),
        ("2026-11-24T17:30", "2026-11-25T09:00"),
        ("2026-11-24T07:00", "2026-11-24T09:00"),
    ],
)
def test_the_stricter_of_shop_and_number_counts(moment: str, expected: str) -> None:
    assert next_allowed(at(moment), [LA, NY]) == at(expected)


def test_the_area_code_adds_its_zone() -> None:
    assert [zone.key for zone in zones_of("America/Los_Angeles", "+12125550123")] == [
        "America/Los_Angeles",
        "America/New_York",
    ]


@pytest.mark.parametrize("phone", [None, "+18005550123", "nonsense"])
def test_a_number_without_a_place_leaves_the_shops_zone(phone: str | None) -> None:
    assert [zone.key for zone in zones_of("America/Phoenix", phone)] == ["America/Phoenix"]


def test_zones_that_never_share_a_day_leave_the_recipients() -> None:
    bangkok = ZoneInfo("Asia/Bangkok")
    assert next_allowed(at("2026-11-24T12:00", NY), [NY, bangkok]) == at("2026-11-25T09:00", bangkok)
