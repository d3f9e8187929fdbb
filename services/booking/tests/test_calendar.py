"""The calendar file, read by other libraries than the one that writes it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from booking.domain.invitation import Invitation, calendar_file
from dateutil.tz import tzical
from ical.calendar_stream import CalendarStream

ZONES = ("America/Los_Angeles", "America/Denver", "America/Phoenix", "America/Chicago", "America/New_York")
HARD = 'Tint, "full"; 100 % \\ sun\nproof 🚗 Señor'


def invitation(**changes) -> Invitation:
    start = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("America/Los_Angeles"))
    known = Invitation(
        appointment_id=UUID(int=7),
        host="leads.example",
        sequence=2,
        cancelled=False,
        changed_at=datetime(2026, 11, 23, 17, tzinfo=UTC),
        start=start,
        end=start + timedelta(hours=2),
        service="Ceramic tint",
        vehicle="2019 Ford F-150",
        price="$399.00",
        number="Q2W3E4",
        shop="Sample Tint San Diego",
        shop_email="store094@sample-tint.example",
        address="1 Sample St, San Diego, CA 92101",
        manage_url="https://leads.example/m/" + "token" * 30,
    )
    return replace(known, **changes)


def read(sent: Invitation):
    [calendar] = CalendarStream.from_ics(calendar_file(sent).decode()).calendars
    [event] = calendar.events
    return calendar, event


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["2026-11-24", "2027-03-14", "2027-07-01", "2026-11-01"])
def test_the_time_and_the_rules_of_the_zone_are_right_in_both_seasons(zone, day):
    start = datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=ZoneInfo(zone))
    calendar, event = read(invitation(start=start, end=start + timedelta(hours=2)))
    assert (event.dtstart, event.dtend) == (start, start + timedelta(hours=2))
    assert f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}" in calendar_file(invitation(start=start)).decode()
    [rules] = calendar.timezones
    assert rules.tz_id == zone
    inside = tzical(StringIO(calendar_file(invitation(start=start)).decode())).get(zone)
    # From the start of that year to the end of the next, over every change of the clock, doubled and skipped hours apart.
    for n in range(2 * 365):
        noon = datetime(start.year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n)
        assert noon.replace(tzinfo=inside).utcoffset() == noon.replace(tzinfo=ZoneInfo(zone)).utcoffset()


def test_a_change_keeps_the_uid_and_raises_the_sequence_and_a_cancellation_says_so():
    shown = [read(invitation(sequence=n, cancelled=n == 3)) for n in range(4)]
    assert {event.uid for _, event in shown} == {f"{UUID(int=7)}@leads.example"}
    assert [event.sequence for _, event in shown] == [0, 1, 2, 3]
    assert [calendar.method for calendar, _ in shown] == ["PUBLISH"] * 4
    alarms = [[alarm.trigger for alarm in event.alarm] for _, event in shown]
    assert alarms == [[timedelta(hours=-2)]] * 3 + [[]]
    assert [event.status.value for _, event in shown] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert {event.dtstamp for _, event in shown} == {datetime(2026, 11, 23, 17, tzinfo=UTC)}


def test_whatever_a_name_holds_comes_back_as_it_was():
    _, event = read(invitation(service=HARD, shop=f"Shop {HARD}", address=HARD))
    assert event.summary == f"{HARD} at Shop {HARD}"
    assert event.location == f"Shop {HARD}, {HARD}"
    assert event.description.endswith("token" * 30)
    assert str(event.organizer.uri) == "mailto:store094@sample-tint.example"


def test_lines_are_folded_at_75_octets_and_end_as_the_standard_wants():
    lines = calendar_file(invitation(service="🚗é" * 60, shop=HARD)).split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert lines[-1] == b""
