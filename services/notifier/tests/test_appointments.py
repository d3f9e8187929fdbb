"""Confirmations with an invitation that calendars understand, in the order of the changes."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from notifier.actions.appointments import _reminder_at
from notifier.domain.quiet_hours import zones_of
from shared.events import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookedAddon,
    BookingDeclined,
    ChatLinkRequested,
    Contact,
    Price,
    Service,
    SlotOffer,
    Vehicle,
)

APPOINTMENT = uuid4()
START = datetime(2027, 3, 16, 17, 0, tzinfo=UTC)


def values(lead, sequence, start=START, **changes):
    return {
        "appointment_id": APPOINTMENT,
        "number": "ST-1042",
        "lead_id": lead.lead_id,
        "contact": lead.contact,
        "vehicle": Vehicle(year=2021, make="Honda", model="Civic"),
        "service": Service(code="ceramic", name="Ceramic tint, full car"),
        "start": start,
        "end": start + timedelta(hours=3),
        "timezone": "America/Los_Angeles",
        "total_cents": 49900,
        "sequence": sequence,
        "manage_url": "https://leads.sample-tint.example/m/sample",
    } | changes


def booked(lead, sequence=0, **changes):
    return AppointmentBooked(**values(lead, sequence, **changes))


def moved(lead, sequence=1, **changes):
    told = values(lead, sequence, START + timedelta(days=1), **changes)
    return AppointmentRescheduled(**told, old_start=START)


def cancelled(lead, sequence=2, **changes):
    return AppointmentCancelled(**values(lead, sequence, **changes), reason="sample")


def invite(mail):
    (attached,) = mail["attachments"]
    assert attached["filename"] == "invite.ics"
    assert attached["content_type"] == "text/calendar"
    calendar = Calendar.from_ical(attached["text"])
    return calendar, next(iter(calendar.walk("VEVENT")))


async def test_a_booking_is_confirmed_by_mail_with_invitation_and_by_text(shop):
    lead = await shop.greet()
    event = await shop.tell(booked(lead))
    await shop.publish(event)
    await shop.send_due()

    (mail,) = shop.inbox("email")
    (sms,) = shop.inbox("sms")
    assert mail["subject"] == (
        "Booked: Ceramic tint, full car on Tue, Mar 16, 10:00 AM PDT, Sample Tint San Diego"
    )
    assert "Price: $499.00" in mail["text"]
    assert "https://leads.sample-tint.example/m/sample" in mail["html"]
    assert "List-Unsubscribe" not in mail["headers"]
    assert "Tue, Mar 16, 10:00 AM PDT" in sms["text"]
    calendar, event = invite(mail)
    assert calendar["METHOD"] == "REQUEST"
    assert event["UID"] == f"{APPOINTMENT}@leads.sample-tint.example"
    assert event["SEQUENCE"] == 0
    assert event["DTSTART"].params["TZID"] == "America/Los_Angeles"
    assert event["DTSTART"].dt == START
    assert event["DTEND"].dt == START + timedelta(hours=3)
    assert event["ORGANIZER"] == "mailto:store094@sample-tint.example"
    assert event["ATTENDEE"] == f"mailto:{lead.contact.email}"
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["America/Los_Angeles"]


@pytest.mark.parametrize(
    ("vehicle", "called"),
    [
        (Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck"), "2019 Ford F-150"),
        (Vehicle(vehicle_class="suv"), "SUV"),
    ],
)
async def test_every_message_is_about_the_car_and_price_that_were_booked_whatever_the_lead_drives(
    shop, vehicle, called
):
    lead = await shop.greet()
    said = {"vehicle": vehicle, "price": Price(kind="from", amount_cents=49900)}
    removal = BookedAddon(name="Old film removal")
    said["service"] = Service(code="ceramic", name="Ceramic tint, full car", addons=(removal,))
    shop.neighbours.starts[APPOINTMENT] = (START + timedelta(days=1)).isoformat()
    for fact in (booked(lead, **said), moved(lead, **said), cancelled(lead, **said)):
        await shop.tell(fact)
        await shop.send_due(START if fact.sequence == 1 else None)
    mails = [mail for mail in shop.inbox("email") if "Ceramic tint" in mail["subject"]]
    assert [mail["subject"].split(":")[0] for mail in mails] == [
        "Booked",
        "Rescheduled",
        "Reminder",
        "Canceled",
    ]
    for mail in mails:
        assert f"Vehicle: {called}" in mail["text"]
        assert "Service: Ceramic tint, full car + Old film removal" in mail["text"]
        assert "Price: from $499.00, final price after inspection" in mail["text"]
    texts = [sms["text"] for sms in shop.inbox("sms") if "Ceramic tint" in sms["text"]]
    assert len(texts) == 4
    assert all("full car + Old film removal" in sms for sms in texts)
    assert all(f"for your {called}" in sms for sms in texts)


async def test_move_and_cancellation_update_the_same_event(shop):
    lead = await shop.greet()
    for fact in (booked(lead), moved(lead), cancelled(lead)):
        await shop.tell(fact)
        await shop.send_due()
    mails = shop.inbox("email")
    invites = [invite(mail) for mail in mails]
    assert [mail["subject"].split(":")[0] for mail in mails] == ["Booked", "Rescheduled", "Canceled"]
    assert [str(calendar["METHOD"]) for calendar, _ in invites] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [event["SEQUENCE"] for _, event in invites] == [0, 1, 2]
    assert len({str(event["UID"]) for _, event in invites}) == 1
    assert str(invites[2][1]["STATUS"]) == "CANCELLED"
    assert "It was on Tue, Mar 16, 10:00 AM PDT." in mails[1]["text"]


async def test_a_change_that_comes_late_is_not_told(shop):
    lead = await shop.greet()
    await shop.tell(moved(lead))
    await shop.tell(booked(lead))
    await shop.send_due()
    assert [mail["subject"].split(":")[0] for mail in shop.inbox("email")] == ["Rescheduled"]


async def test_an_unsent_confirmation_is_dropped_by_a_newer_change(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead))
    await shop.tell(cancelled(lead, sequence=1))
    await shop.send_due()
    assert [mail["subject"].split(":")[0] for mail in shop.inbox("email")] == ["Canceled"]
    assert (await shop.delivery("email", "confirmation")).reason == "superseded"


async def test_a_booking_ends_the_sequence(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead))
    assert (await shop.lead(lead.lead_id)).stopped_reason == "appointment"
    assert {touch.state for touch in (await shop.touches(lead.lead_id))[1:]} == {"cancelled"}


async def test_the_confirmation_goes_to_the_address_given_at_the_booking(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead, contact=Contact(name="Ana", email="other@example.com")))
    await shop.send_due()
    assert [mail["to"] for mail in shop.inbox("email")] == ["other@example.com"]


async def test_reminders_come_a_day_and_two_hours_before_and_move_with_the_appointment(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead))
    await shop.tell(moved(lead))
    due = {
        (d.sequence, d.channel, d.due_at, d.state)
        for d in await shop.deliveries()
        if d.template == "reminder"
    }
    nine = datetime(2027, 3, 17, 16, 0, tzinfo=UTC)
    assert due == {
        (0, "email", START - timedelta(days=1), "suppressed"),
        (0, "sms", START - timedelta(days=1), "suppressed"),
        (0, "sms", nine - timedelta(days=1), "suppressed"),
        (1, "email", START, "planned"),
        (1, "sms", START, "planned"),
        (1, "sms", nine, "planned"),
    }
    [reminder] = {d.appointment_id for d in await shop.deliveries() if d.template == "reminder"}
    shop.neighbours.starts[reminder] = (START + timedelta(days=1)).isoformat()
    await shop.send_due(START)
    assert [mail["subject"].split(":")[0] for mail in shop.inbox("email")] == ["Rescheduled", "Reminder"]


@pytest.mark.parametrize("how", ["cancelled", "moved"])
async def test_no_reminder_of_what_booking_knows_to_be_over(shop, how):
    lead = await shop.greet()
    event = await shop.tell(booked(lead))
    appointment_id = event.data.appointment_id
    shop.neighbours.starts[appointment_id] = (START + timedelta(hours=how == "moved")).isoformat()
    shop.neighbours.moved = {appointment_id} if how == "cancelled" else set()
    await shop.send_due(START - timedelta(days=1))
    assert [mail["subject"].split(":")[0] for mail in shop.inbox("email")] == ["Booked"]
    assert ("suppressed", "superseded") in {(d.state, d.reason) for d in await shop.deliveries()}


@pytest.mark.parametrize(("minutes", "texts"), [(1, 0), (-60, 1)], ids=["not heard of yet", "before a START"])
async def test_no_text_of_reminder_after_an_opt_out_that_only_chat_knows(shop, minutes, texts):
    lead = await shop.greet()
    event = await shop.tell(booked(lead))
    shop.neighbours.starts[event.data.appointment_id] = START.isoformat()
    await shop.send_due()
    said_at = datetime.now(UTC) + timedelta(minutes=minutes)
    shop.neighbours.opted_out[lead.lead_id] = {"sms": said_at}
    before = len(shop.inbox("sms"))
    await shop.send_due(START - timedelta(days=1))
    assert len(shop.inbox("sms")) - before == texts
    reminder = next(d for d in await shop.deliveries() if d.dedupe_key.endswith(":24h:sms"))
    assert reminder.reason == (None if texts else "opted_out")


LOCAL = ZoneInfo("America/Los_Angeles")


def at(day: int, hour: float) -> datetime:
    return datetime(2027, 3, day, int(hour), int(hour % 1 * 60), tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("start", "before", "booked_at", "due_at"),
    [
        (at(16, 8), 2, at(10, 12), at(15, 19)),
        (at(16, 9), 2, at(10, 12), at(15, 19)),
        (at(16, 9), 2, at(15, 15), at(15, 19)),
        (at(16, 8), 2, at(15, 19.5), at(15, 19.5)),
        (at(16, 8), 2, at(15, 22), None),
        (at(16, 9), 2, at(16, 7), None),
        (at(16, 10), 2, at(15, 22), at(16, 9)),
        (at(16, 9.5), 2, at(10, 12), at(16, 9)),
        (at(16, 12), 2, at(16, 11), None),
        (at(16, 8), 24, at(10, 12), at(15, 9)),
        (at(16, 8), 24, at(15, 12), None),
        (at(16, 12), 24, at(15, 13), None),
    ],
)
def test_a_reminder_has_its_time_before_the_first_hour_too(start, before, booked_at, due_at):
    zones = zones_of("America/Los_Angeles", None)
    assert _reminder_at(start, timedelta(hours=before), zones, booked_at) == due_at


def test_the_evening_before_is_evening_wherever_the_person_may_be():
    zones = zones_of("America/Los_Angeles", "+12125550123")
    assert _reminder_at(at(16, 8), timedelta(hours=2), zones, at(10, 12)) == at(15, 16)


async def test_a_reminder_that_an_outage_has_delayed_waits_for_the_morning_or_is_dropped(shop):
    lead = await shop.greet()
    event = await shop.tell(booked(lead))
    shop.neighbours.starts[event.data.appointment_id] = START.isoformat()
    await shop.send_due()
    texts = len(shop.inbox("sms"))
    night = at(15, 23)
    await shop.send_due(night)
    assert len(shop.inbox("sms")) == texts
    waiting = [d for d in await shop.deliveries() if d.template == "reminder" and d.reason == "quiet_hours"]
    assert {d.due_at for d in waiting} == {at(16, 9)}
    await shop.send_due(at(16, 9))
    assert len(shop.inbox("sms")) > texts


async def test_a_reminder_that_the_night_would_make_too_late_is_dropped(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead, start=at(16, 9), end=at(16, 12)))
    await shop.send_due()
    await shop.send_due(at(16, 3))
    dropped = {(d.state, d.reason) for d in await shop.deliveries() if d.template == "reminder"}
    assert dropped == {("suppressed", "too_late")}


async def test_a_reminder_after_the_start_is_not_sent(shop):
    lead = await shop.greet()
    await shop.tell(booked(lead))
    await shop.send_due(START + timedelta(minutes=1))
    assert [mail["subject"].split(":")[0] for mail in shop.inbox("email")] == ["Booked"]


@pytest.mark.parametrize("count", [0, 2])
async def test_a_declined_wish_offers_other_times_and_the_chat(shop, count):
    lead = await shop.greet()
    slots = [
        SlotOffer(start=START, end=START, label=f"Tue, Mar 16, {10 + n}:00 AM PDT") for n in range(count)
    ]
    await shop.tell(
        BookingDeclined(
            request_id=uuid4(), lead_id=lead.lead_id, code="slot_taken", alternatives=tuple(slots)
        )
    )
    await shop.send_due()
    mail = next(mail for mail in shop.inbox("email") if mail["subject"].startswith("About the time"))
    sms = next(item for item in shop.inbox("sms") if "not available" in item["text"])
    for label in [slot.label for slot in slots]:
        assert label in mail["text"]
        assert label in sms["text"]
    assert "/c/" in mail["text"]
    assert "/c/" in sms["text"]


async def test_a_chat_link_goes_to_the_lead_s_own_addresses_once_an_hour(shop):
    lead = await shop.greet()
    await shop.send_due()
    before = len(shop.inbox("email")) + len(shop.inbox("sms"))
    for _ in range(3):
        await shop.tell(ChatLinkRequested(lead_id=lead.lead_id, appointment_id=uuid4()))
    await shop.send_due()
    asked = shop.inbox("email", lead.contact.email)[1:]
    assert [mail["subject"] for mail in asked] == ["Your chat with Sample Tint San Diego"]
    assert "/c/" in asked[0]["text"]
    assert len(shop.inbox("email")) + len(shop.inbox("sms")) == before + 2


def by_shop(lead, **changes):
    return moved(lead, changed_by="shop", **changes)


async def test_a_move_by_staff_is_told_once_as_theirs_with_reminders_for_the_new_hour(shop):
    lead = await shop.greet()
    await shop.publish(await shop.tell(booked(lead)))
    event = await shop.tell(by_shop(lead))
    await shop.publish(event)
    await shop.publish(event)
    await shop.send_due()

    mail = shop.inbox("email")[-1]
    assert mail["subject"].startswith("Changed by the shop: Ceramic tint, full car is now on Wed, Mar 17")
    assert [one["subject"].split(":")[0] for one in shop.inbox("email")].count("Changed by the shop") == 1
    assert "the shop changed your appointment" in shop.inbox("sms")[-1]["text"]
    calendar, invitation = invite(mail)
    assert (calendar["METHOD"], invitation["SEQUENCE"]) == ("REQUEST", 1)


async def test_what_staff_do_in_the_console_is_told_once_as_theirs(shop):
    lead, staff = await shop.greet(), {"staff_id": uuid4()}
    for fact, subject in (
        (booked(lead, **staff), "Booked"),
        (moved(lead, **staff), "Changed by the shop"),
        (cancelled(lead, **staff), "Canceled by the shop"),
    ):
        before = len(shop.inbox("email"))
        event = await shop.tell(fact)
        await shop.publish(event)
        await shop.publish(event)
        await shop.send_due()
        [mail] = shop.inbox("email")[before:]
        assert mail["subject"].startswith(subject), mail["subject"]


async def test_nothing_goes_out_about_an_appointment_to_which_nobody_came(shop):
    lead = await shop.greet()
    await shop.publish(await shop.tell(booked(lead)))
    await shop.send_due()
    sent = len(shop.inbox("email")) + len(shop.inbox("sms"))
    assert "planned" in {one.state for one in await shop.deliveries() if one.template == "reminder"}
    await shop.publish(await shop.tell(AppointmentNoShow(**values(lead, 1))))
    await shop.send_due()
    assert "planned" not in {one.state for one in await shop.deliveries() if one.template == "reminder"}
    assert len(shop.inbox("email")) + len(shop.inbox("sms")) == sent


async def test_at_an_hour_that_is_taken_the_customer_gets_the_other_times(shop):
    lead = await shop.greet()
    await shop.publish(await shop.tell(booked(lead)))
    labels = [f"Thu, Mar 18, {hour}:00 AM PDT" for hour in (9, 10, 11)]
    offers = tuple(SlotOffer(start=START, end=START, label=label) for label in labels)
    await shop.publish(await shop.tell(by_shop(lead, alternatives=offers)))
    await shop.send_due()
    for text in (shop.inbox("email")[-1]["text"], shop.inbox("sms")[-1]["text"]):
        assert all(label in text for label in labels)
        assert "busy" in text


async def test_what_staff_put_right_afterwards_is_told_to_nobody(shop):
    lead = await shop.greet()
    past = datetime.now(UTC) - timedelta(days=1)
    told = values(lead, 1, past, changed_by="shop")
    await shop.publish(await shop.tell(AppointmentRescheduled(**told, old_start=START)))
    await shop.send_due()
    assert not any("Changed by the shop" in (one["subject"] or "") for one in shop.inbox("email"))
