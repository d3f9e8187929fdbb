"""The internal messages that the shop reads on the order, and how we know them again."""

import re
from collections.abc import Iterator
from uuid import UUID

from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentNoShow,
    AppointmentRescheduled,
    CallBackRequested,
    ContactOptedOut,
    HandoffEnded,
    HandoffRequested,
    MessageSent,
    Vehicle,
)
from shared.prices import price_text
from shared.words import unlinked

from crm_sync.domain.crm import CrmMessage

_CHANNELS = {"web": "web chat", "sms": "SMS", "email": "e-mail"}
_AUTHORS = {"customer": "Customer", "assistant": "Assistant", "staff": "Staff"}
_MARKER = re.compile(r"\[ref ([0-9a-f]{12})\]$")


def note_of_message(message: MessageSent) -> str | None:
    """None for what the shop does not need: our greeting, the system's own lines, and what came from the CRM."""
    greeting = message.author == "assistant" and message.seq == 1
    if greeting or message.author not in _AUTHORS or message.channel not in _CHANNELS:
        return None
    author = _AUTHORS[message.author]
    speaker = author if message.author == "assistant" else f"{author} ({_CHANNELS[message.channel]})"
    text = unlinked(message.text) if message.author == "customer" else message.text
    return f"{speaker}: {text}"


def note_of_appointment(fact: AppointmentFact) -> str:
    car = car_as_typed(fact.vehicle)
    job = f"{fact.service.job()} for {car}" if car else fact.service.job()
    what = f"{job}, {_moment(fact)} (no. {fact.number})"
    if fact.changed_by == "shop":
        return _note_of_staff_s_change(fact, what)
    by = " by staff" if fact.staff_id else ""
    match fact:
        case AppointmentBooked():
            return f"Appointment booked{by}: {what}, {_price(fact)}"
        case AppointmentRescheduled():
            return f"Appointment moved{by}: {what}"
        case AppointmentCancelled():
            return f"Appointment cancelled{by}: {what}" + (f". Reason: {fact.reason}" if fact.reason else "")
        case AppointmentNoShow():
            return f"The customer did not come: {what}"
        case _:
            return f"Appointment: {what}"


def _note_of_staff_s_change(fact: AppointmentFact, what: str) -> str:
    if isinstance(fact, AppointmentCancelled):
        return f"Cancelled here, the customer is told: {what}"
    told = f"Changed here, the customer is told: {what}"
    if not fact.alternatives:
        return told
    offered = "; ".join(slot.label for slot in fact.alternatives)
    return f"{told}. THIS HOUR IS TAKEN by another appointment. The customer was offered: {offered}"


def car_as_typed(vehicle: Vehicle | None) -> str | None:
    """For the shop to read, with its class: `2019 Ford F-150 (truck)`."""
    if vehicle is None or not vehicle.typed:
        return vehicle.called if vehicle else None
    placed = f" ({vehicle.vehicle_class})" if vehicle.vehicle_class else ""
    return unlinked(vehicle.typed) + placed


def note_of_handoff(handoff: HandoffRequested) -> str:
    question = _open_question(handoff.open_question)
    return f"A person is needed ({unlinked(handoff.reason)}): {unlinked(handoff.summary)}{question}"


def note_of_call_back(asked: CallBackRequested) -> str:
    question = _open_question(asked.open_question)
    return f"Please call the customer at {asked.phone} ({unlinked(asked.reason)}): {unlinked(asked.summary)}{question}"


def _open_question(typed: str | None) -> str:
    return f"\nOpen question, as typed: {unlinked(typed)}" if typed else ""


def note_of_handoff_end(ended: HandoffEnded) -> str:
    how = "given back by staff" if ended.how == "given_back" else "nobody wrote for a while"
    return f"The assistant answers again ({how})."


def note_of_opt_out(opt_out: ContactOptedOut) -> str:
    """Without the address: the order names the customer."""
    return f"The customer does not want messages by {_CHANNELS[opt_out.channel]} any more."


def marked(text: str, our_id: UUID) -> str:
    """The text as written: its last line finds it again, since the API has no idempotency key."""
    return f"{text}\n[ref {our_id.hex[:12]}]"


def why_no_speech(message: CrmMessage) -> str | None:
    """Why a message in the CRM is nothing that customer or staff said to each other; None: it is.

    A note that staff wrote for themselves must never reach the customer's page, so it goes no further.
    """
    return next((reason for reason, objection in _objections(message) if objection), None)


def _objections(message: CrmMessage) -> Iterator[tuple[str, bool]]:
    yield "ours", is_ours(message)
    yield "written_by_the_system", message.author_type not in {"Customer", "User"}
    yield "automatic", bool(message.automated_campaign_id or message.appointment_event)
    yield "internal_note", bool(message.internal) and message.author_type == "User"
    yield "deleted", bool(message.deleted)
    yield "no_text", not (message.text or "").strip()


def is_ours(message: CrmMessage) -> bool:
    return marker_of(message) is not None


def marker_of(message: CrmMessage) -> str | None:
    """The first twelve digits of our id. Only internal notes have one: a customer who types a marker stays a customer."""
    if not message.internal or message.author_type == "Customer":
        return None
    found = _MARKER.search((message.text or "").rstrip())
    return found.group(1) if found else None


def _moment(fact: AppointmentFact) -> str:
    """`fact.start` carries the shop's own offset."""
    start = fact.start
    return (
        f"{start:%a, %b} {start.day}, {start.year}, {start.hour % 12 or 12}:{start:%M %p} ({fact.timezone})"
    )


def _price(fact: AppointmentFact) -> str:
    """`total $899.00`, or an estimate as one: the shop must not take it for what was agreed."""
    price = fact.agreed_price
    return f"total {price_text(price)}" if price.kind == "exact" else price_text(price)
