"""The calendar invitation of an appointment (iMIP, RFC 6047)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

Method = Literal["REQUEST", "CANCEL"]

ALARM_BEFORE = timedelta(hours=2)


@dataclass(frozen=True)
class Invite:
    """`sequence` rises with every change of the appointment; `uid` never changes."""

    uid: str
    sequence: int
    method: Method
    summary: str
    description: str
    place: str
    start: datetime
    end: datetime
    timezone: str
    organizer: tuple[str, str]
    attendee: tuple[str, str]
    stamp: datetime


def uid_of(appointment_id: UUID, host: str) -> str:
    return f"{appointment_id}@{host}"


def to_ics(invite: Invite) -> str:
    calendar = Calendar()
    calendar.add("prodid", "-//Lead Orchestrator//notifier//EN")
    calendar.add("version", "2.0")
    calendar.add("method", invite.method)
    calendar.add_component(_event(invite))
    year = invite.start.year
    calendar.add_missing_timezones(first_date=date(year - 1, 1, 1), last_date=date(year + 2, 1, 1))
    return str(calendar.to_ical().decode())


def _event(invite: Invite) -> Event:
    zone = ZoneInfo(invite.timezone)
    event = Event()
    event.add("uid", invite.uid)
    event.add("sequence", invite.sequence)
    event.add("dtstamp", invite.stamp)
    event.add("dtstart", invite.start.astimezone(zone))
    event.add("dtend", invite.end.astimezone(zone))
    event.add("summary", invite.summary)
    event.add("description", invite.description)
    event.add("location", invite.place)
    event.add("status", "CANCELLED" if invite.method == "CANCEL" else "CONFIRMED")
    event.add("organizer", _person(invite.organizer))
    event.add("attendee", _attendee(invite.attendee), encode=False)
    if invite.method == "REQUEST":
        event.add_component(_alarm(invite))
    return event


def _alarm(invite: Invite) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -ALARM_BEFORE)
    alarm.add("description", invite.summary)
    return alarm


def _person(person: tuple[str, str]) -> vCalAddress:
    name, address = person
    value = vCalAddress(f"mailto:{address}")
    value.params["cn"] = vText(name)
    return value


def _attendee(person: tuple[str, str]) -> vCalAddress:
    value = _person(person)
    value.params["partstat"] = vText("NEEDS-ACTION")
    value.params["rsvp"] = vText("FALSE")
    value.params["role"] = vText("REQ-PARTICIPANT")
    return value
