"""What the shop reads on the order, and what counts as speech there."""

from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from crm_sync.domain.appointment import new_body
from crm_sync.domain.crm import CrmMessage
from crm_sync.domain.notes import marked, note_of_appointment, note_of_message, why_no_speech
from shared.events import AppointmentBooked, BookedAddon, Contact, MessageSent, Price, Service, Vehicle


def message(author: str, channel: str, seq: int = 2) -> MessageSent:
    return MessageSent.model_validate(
        {
            "message_id": uuid4(),
            "conversation_id": uuid4(),
            "lead_id": uuid4(),
            "seq": seq,
            "author": author,
            "channel": channel,
            "text": "Hello",
        }
    )


def test_our_greeting_is_no_note_for_the_shop() -> None:
    assert note_of_message(message("assistant", "web", seq=1)) is None


@pytest.mark.parametrize(
    ("author", "channel", "expected"),
    [
        ("customer", "web", "Customer (web chat): Hello"),
        ("customer", "sms", "Customer (SMS): Hello"),
        ("assistant", "web", "Assistant: Hello"),
        ("staff", "email", "Staff (e-mail): Hello"),
        ("system", "web", None),
        ("customer", "crm", None),
        ("staff", "crm", None),
    ],
)
def test_a_note_names_its_speaker(author: str, channel: str, expected: str | None) -> None:
    assert note_of_message(message(author, channel)) == expected


@pytest.mark.parametrize(
    ("vehicle", "price", "job", "costs"),
    [
        (None, None, "Ceramic tint", "total $1,499.05"),
        (
            Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck"),
            Price(kind="exact", amount_cents=149905),
            "Ceramic tint for 2019 Ford F-150 (truck)",
            "total $1,499.05",
        ),
        (
            Vehicle(vehicle_class="suv"),
            Price(kind="from", amount_cents=149905),
            "Ceramic tint for SUV",
            "from $1,499.05, final price after inspection",
        ),
        (
            Vehicle(make="see evil.example/x"),
            Price(kind="on_request"),
            "Ceramic tint for see evil[.]example/x",
            "price on request",
        ),
    ],
)
def test_an_appointment_note_shows_car_and_price_and_the_shop_s_own_time(
    vehicle: Vehicle | None, price: Price | None, job: str, costs: str
) -> None:
    start = datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    fact = AppointmentBooked(
        appointment_id=uuid4(),
        number="A-1001",
        lead_id=uuid4(),
        contact=Contact(name="Avery Sample"),
        service=Service(code="ceramic", name="Ceramic tint"),
        start=start,
        end=start,
        timezone="America/Los_Angeles",
        total_cents=149905,
        vehicle=vehicle,
        price=price,
        sequence=0,
        manage_url="http://127.0.0.1/m/sample",
    )

    assert note_of_appointment(fact) == (
        f"Appointment booked: {job}, Tue, Nov 24, 2026, 2:30 PM (America/Los_Angeles) (no. A-1001), {costs}"
    )
    both = fact.service.model_copy(update={"addons": (BookedAddon(name="Old film removal"),)})
    fact = fact.model_copy(update={"service": both})
    assert "Appointment booked: Ceramic tint + Old film removal" in (note_of_appointment(fact) or "")
    links = dict.fromkeys(("customer_id", "vehicle_id", "order_id"))
    assert (
        new_body(fact, crm_location_id="sm", **links)["name"]
        == "Ceramic tint + Old film removal: Avery Sample"
    )


OURS = marked("Assistant: Hello", UUID(int=7))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"authorType": "Customer", "text": "Hello"}, None),
        ({"authorType": "User", "text": "Hello"}, None),
        ({"authorType": "User", "text": OURS, "internal": True}, "ours"),
        ({"authorType": "Customer", "text": OURS}, None),
        ({"authorType": "User", "text": "Check the film first", "internal": True}, "internal_note"),
        ({"authorType": "System", "text": "Hello"}, "written_by_the_system"),
        ({"authorType": "Robot", "text": "Hello"}, "written_by_the_system"),
        ({"authorType": "User", "text": "See you", "appointmentEvent": "Reminder"}, "automatic"),
        ({"authorType": "Customer", "text": " "}, "no_text"),
    ],
)
def test_only_what_people_said_to_each_other_is_speech(row: dict[str, object], expected: str | None) -> None:
    assert why_no_speech(CrmMessage.model_validate({"id": "m", **row})) == expected
