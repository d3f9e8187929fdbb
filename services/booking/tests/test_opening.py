"""When a shop is open, as a customer asks for it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from booking.domain.opening import Hours, is_open_at, open_days, opens_next
from booking.domain.slots import Opening

PACIFIC = ZoneInfo("America/Los_Angeles")
WEEK = (*(Opening(day, 9 * 60, 18 * 60) for day in range(5)), Opening(6, 60, 3 * 60))


def hours(closures=None, openings=WEEK):
    return Hours(PACIFIC, openings, closures or {})


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T08:59:59-08:00", False),
        ("2026-11-23T09:00:00-08:00", True),
        ("2026-11-23T17:00:00+00:00", True),
        ("2026-11-23T17:59:59-08:00", True),
        ("2026-11-23T18:00:00-08:00", False),
        ("2026-11-21T12:00:00-08:00", False),
        ("2026-11-26T12:00:00-08:00", False),
        # The clock goes back at 2 on that Sunday: from 1 to 3 are three hours.
        ("2026-11-01T01:00:00-07:00", True),
        ("2026-11-01T01:30:00-08:00", True),
        ("2026-11-01T02:59:00-08:00", True),
        # It goes forward at 2 here: from 1 to 3 is one hour.
        ("2026-03-08T01:59:00-08:00", True),
        ("2026-03-08T03:00:00-07:00", False),
    ],
)
def test_open_is_between_opening_and_closing_by_the_shops_clock(moment, expected):
    assert is_open_at(hours({date(2026, 11, 26): "Thanksgiving"}), at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T08:00:00-08:00", "2026-11-23T09:00:00-08:00"),
        ("2026-11-23T12:00:00-08:00", "2026-11-24T09:00:00-08:00"),
        ("2026-11-25T19:00:00-08:00", "2026-11-27T09:00:00-08:00"),
        ("2026-10-30T19:00:00-07:00", "2026-11-01T01:00:00-07:00"),
    ],
)
def test_the_next_opening_skips_closures_and_keeps_the_wall_clock(moment, expected):
    found = opens_next(hours({date(2026, 11, 26): ""}), at(moment).astimezone(UTC))
    assert found is not None
    assert found.isoformat() == expected


def test_unknown_hours_are_not_told_as_closed():
    unknown = hours(openings=())
    assert open_days(unknown, date(2026, 11, 23), 7) == []
    assert opens_next(unknown, at("2026-11-23T08:00:00-08:00")) is None


@pytest.mark.postgres
async def test_the_door_answers_hours_from_today_on(shop):
    lead = await shop.new_lead()
    answer = (await lead.get("hours")).json()
    assert (answer["timezone"], answer["open_now"], answer["opens_next"]) == (
        "America/Los_Angeles",
        True,
        None,
    )
    assert len(answer["days"]) == 7
    assert answer["days"][0] == {
        "date": "2026-11-23",
        "spans": [{"opens": "09:00", "closes": "18:00"}],
        "note": None,
    }
    assert answer["days"][3] == {"date": "2026-11-26", "spans": [], "note": "Thanksgiving"}


@pytest.mark.postgres
async def test_the_door_answers_the_days_asked_for_and_when_it_opens_next(shop):
    lead = await shop.new_lead()
    async with shop.at(at("2026-11-25T20:00:00-08:00")) as evening:
        answer = (await evening.visitor(lead.lead_id).get("hours", **{"from": "2026-12-05"}, days=2)).json()
    assert answer["open_now"] is False
    assert answer["opens_next"] == "2026-11-27T09:00:00-08:00"
    assert [(day["date"], day["spans"]) for day in answer["days"]] == [("2026-12-05", []), ("2026-12-06", [])]


@pytest.mark.postgres
@pytest.mark.parametrize("params", [{"days": 0}, {"days": 63}, {"from": "9999-12-31"}])
async def test_the_door_refuses_more_than_two_months(shop, params):
    answer = await (await shop.new_lead()).get("hours", **params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
