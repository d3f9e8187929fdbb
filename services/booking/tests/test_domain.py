"""Hours as operators write them, masked contacts, calendar files."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from booking.domain.hours import BadHours, read_hours, write_hours
from booking.domain.invitation import Invitation, calendar_file
from booking.domain.masking import mask_name
from icalendar import Calendar

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
INVITATION = Invitation(
    appointment_id=UUID(int=7),
    host="leads.example",
    sequence=2,
    cancelled=False,
    changed_at=datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
    start=datetime(2026, 11, 24, 10, 0, tzinfo=LOS_ANGELES),
    end=datetime(2026, 11, 24, 12, 0, tzinfo=LOS_ANGELES),
    service="Full car ceramic tint",
    vehicle="2019 Ford F-150",
    price="$399.00",
    number="ABC234",
    shop="Sample Tint San Diego",
    shop_email="store094@sample-tint.example",
    address="1 Sample St, San Diego, CA 92101",
    manage_url="https://leads.example/m/token",
)


def test_hours_read_and_write_alike():
    hours = {"mon": [["09:00", "12:00"], ["13:00", "24:00"]], "sun": [["00:00", "06:30"]]}
    assert write_hours(read_hours(hours)) == hours


@pytest.mark.parametrize(
    "hours",
    [
        {"monday": []},
        {"mon": [["9", "18:00"]]},
        {"mon": [["18:00", "09:00"]]},
        {"mon": [["09:00", "09:00"]]},
        {"mon": [["09:00", "24:30"]]},
        {"mon": [["09:61", "18:00"]]},
        {"mon": [["09:00", "13:00"], ["12:00", "18:00"]]},
    ],
)
def test_impossible_hours_are_refused(hours):
    with pytest.raises(BadHours):
        read_hours(hours)


def test_a_masked_name_tells_the_owner_and_nobody_else():
    assert mask_name("Jane  Sample") == "J*** S***"
    assert mask_name("") == ""


def test_a_calendar_reads_the_invitation_back():
    calendar = Calendar.from_ical(calendar_file(INVITATION))
    [event] = calendar.walk("VEVENT")
    assert calendar["method"] == "PUBLISH"
    assert event["uid"] == f"{UUID(int=7)}@leads.example"
    assert event["sequence"] == 2
    assert event.decoded("dtstart") == INVITATION.start
    assert event["dtstart"].params["TZID"] == "America/Los_Angeles"
    assert event.decoded("dtend") == INVITATION.end
    assert event["location"] == "Sample Tint San Diego, 1 Sample St, San Diego, CA 92101"
    assert "for 2019 Ford F-150, $399.00" in event["description"]
    assert "https://leads.example/m/token" in event["description"]


def test_the_zone_in_the_file_is_right_in_winter_and_summer():
    calendar = Calendar.from_ical(calendar_file(INVITATION))
    [zone] = calendar.walk("VTIMEZONE")
    rules = zone.to_tz(lookup_tzid=False)
    for day in (date(2026, 11, 24), date(2027, 7, 1)):
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=LOS_ANGELES)
        assert noon.replace(tzinfo=rules).utcoffset() == noon.utcoffset()


def test_a_cancelled_appointment_leaves_the_calendar():
    calendar = Calendar.from_ical(calendar_file(replace(INVITATION, cancelled=True, sequence=3)))
    [event] = calendar.walk("VEVENT")
    assert (calendar["method"], event["status"], event["sequence"]) == ("PUBLISH", "CANCELLED", 3)
