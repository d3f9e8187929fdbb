"""An appointment as a calendar file."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from icalendar import Calendar, Event, vCalAddress

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
    number: str
    shop: str
    shop_email: str
    address: str
    manage_url: str


def calendar_file(invitation: Invitation) -> bytes:
    """With the zone's rules in it, so that every calendar shows the shop's time."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if invitation.cancelled else "REQUEST")
    calendar.add_component(_event(invitation))
    calendar.add_missing_timezones()
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
    event.add("description", f"Appointment {invitation.number}. Move or cancel: {invitation.manage_url}")
    event.add("url", invitation.manage_url)
    event.add("status", "CANCELLED" if invitation.cancelled else "CONFIRMED")
    event.add("organizer", vCalAddress(f"mailto:{invitation.shop_email}"))
    return event
