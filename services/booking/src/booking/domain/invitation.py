"""An appointment as a calendar file."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

PRODUCT = "-//Lead Orchestrator//Booking//EN"
ALARM_BEFORE = timedelta(hours=2)


@dataclass(frozen=True)
class Invitation:
    """`start` and `end` are in the shop's zone; `host` makes the UID ours and stays the same over every change."""

    appointment_id: UUID
    host: str
    sequence: int
    cancelled: bool
    changed_at: datetime
    start: datetime
    end: datetime
    service: str
    vehicle: str | None
    price: str
    number: str
    shop: str
    shop_email: str
    address: str
    manage_url: str


def calendar_file(invitation: Invitation) -> bytes:
    """With the zone's rules of those years in it, so that every calendar shows the shop's time.

    It names no attendee, and so is no request but a publication (RFC 5546): whoever has the manage link may fetch it, and
    the customer's address is masked for them.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(_event(invitation))
    year = invitation.start.year
    calendar.add_missing_timezones(first_date=date(year - 1, 1, 1), last_date=date(year + 2, 1, 1))
    return bytes(calendar.to_ical())


def _event(invitation: Invitation) -> Event:
    event = Event()
    event.add("uid", f"{invitation.appointment_id}@{invitation.host}")
    event.add("sequence", invitation.sequence)
    event.add("dtstamp", invitation.changed_at)
    event.add("dtstart", invitation.start)
    event.add("dtend", invitation.end)
    event.add("summary", f"{invitation.service} at {invitation.shop}")
    event.add("location", f"{invitation.shop}, {invitation.address}")
    event.add("description", _description(invitation))
    event.add("url", invitation.manage_url)
    event.add("status", "CANCELLED" if invitation.cancelled else "CONFIRMED")
    event.add("organizer", _organizer(invitation))
    if not invitation.cancelled:
        event.add_component(_alarm(invitation))
    return event


def _alarm(invitation: Invitation) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -ALARM_BEFORE)
    alarm.add("description", f"{invitation.service} at {invitation.shop}")
    return alarm


def _description(invitation: Invitation) -> str:
    car = f" for {invitation.vehicle}" if invitation.vehicle else ""
    booked = f"Appointment {invitation.number}: {invitation.service}{car}, {invitation.price}."
    return f"{booked} Reschedule or cancel: {invitation.manage_url}"


def _organizer(invitation: Invitation) -> vCalAddress:
    address = vCalAddress(f"mailto:{invitation.shop_email}")
    address.params["cn"] = vText(invitation.shop)
    return address
