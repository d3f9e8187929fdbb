"""An appointment as a calendar file."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from icalendar import Calendar, Event, vCalAddress, vText

PRODUCT = "-//Lead Orchestrator//Booking//EN"


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

    It names no attendee: whoever has the manage link may fetch it, and the customer's address is masked for them.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if invitation.cancelled else "REQUEST")
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
    return event


def _description(invitation: Invitation) -> str:
    car = f" for {invitation.vehicle}" if invitation.vehicle else ""
    booked = f"Appointment {invitation.number}: {invitation.service}{car}, {invitation.price}."
    return f"{booked} Move or cancel: {invitation.manage_url}"


def _organizer(invitation: Invitation) -> vCalAddress:
    address = vCalAddress(f"mailto:{invitation.shop_email}")
    address.params["cn"] = vText(invitation.shop)
    return address
