from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from chat.actions.conversations import (
    keep_catalog,
    observe_crm_message,
    open_conversation,
    receive_inbound,
    show_appointment,
    tell_declined,
)
from chat.actions.timeline import keep_in_timeline, read_timeline_of_tenant
from chat.consumers import build_consumers
from chat.domain.conversation import State
from chat.tables import Catalog, TimelineEntry
from shared.db.engine import transaction
from shared.events import (
    CONSUMES,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    BookingDeclined,
    CatalogChanged,
    Contact,
    CrmMessageObserved,
    Event,
    InboundMessageReceived,
    NotificationSent,
    Service,
    SlotOffer,
)
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import once
from sqlalchemy import select

pytestmark = pytest.mark.postgres
START = datetime(2026, 12, 1, 18, tzinfo=UTC)


def event_like(sample: Event, data) -> Event:
    return sample.model_copy(update={"id": uuid4(), "type": data.type, "data": data})


@pytest.fixture
def sample(lead_received, chat):
    return Event.model_validate(
        {
            "id": uuid4(),
            "type": "x",
            "source": "x",
            "subject": "x",
            "time": datetime.now(UTC),
            "tenant_id": chat.lead.tenant_id,
            "location_id": uuid4(),
            "correlation_id": "c",
            "lead_version": 5,
            "data": lead_received,
        }
    )


def fact(kind, lead_id, appointment_id, **more):
    return kind(
        appointment_id=appointment_id,
        number="S-7",
        lead_id=lead_id,
        contact=Contact(name="Sample Person"),
        service=Service(code="ceramic-full", name="Ceramic Window Tint"),
        start=START,
        end=START + timedelta(hours=3),
        timezone="America/Los_Angeles",
        total_cents=44900,
        manage_url="http://127.0.0.1/m/sample",
        **{"sequence": 0, **more},
    )


def test_every_event_that_chat_consumes_has_one_subscriber(deps):
    queues = [subscriber.queue.name for subscriber in build_consumers(deps).subscribers]
    assert sorted(queues) == sorted(f"chat.{event.type}" for event in CONSUMES["chat"])


async def test_a_lead_received_twice_is_greeted_once(chat, sample, lead_received):
    again = event_like(sample, lead_received).model_copy(
        update={"location_id": (await chat.row()).location_id}
    )
    await chat.greet(again)
    assert len(await chat.messages()) == 1


async def test_a_lead_before_its_location_is_tried_again_later(chat, sample, lead_received):
    with pytest.raises(RetryLater):
        await chat.consume(event_like(sample, lead_received), open_conversation)


async def test_an_older_catalogue_does_not_replace_a_newer_one(chat, sample, deps):
    location_id = (await chat.row()).location_id
    old = CatalogChanged(location_id=location_id, version=2, services=(), vehicle_classes=())
    await once(deps.sessions, event_like(sample, old), keep_catalog)
    async with transaction(deps.sessions, chat.lead.tenant_id) as session:
        assert (await session.scalars(select(Catalog.version))).one() == 3


async def test_an_appointment_booked_elsewhere_is_shown_once(chat, sample):
    booked = event_like(sample, fact(AppointmentBooked, chat.lead.subject_id, uuid4()))
    await chat.consume(booked, show_appointment)
    await chat.consume(booked, show_appointment)
    messages = await chat.messages()
    assert len(messages) == 2
    assert "S-7" in messages[-1].text
    assert (await chat.row()).state == State.BOOKED


async def test_an_appointment_that_the_chat_booked_is_not_told_twice(chat, sample):
    reply = await chat.answer_to_press("pick_time")
    slot = next(p for p in reply.parts if p["kind"] == "slots")["slots"][0]
    await chat.answer_to_press(slot["action"])
    await chat.answer_to("yes")
    before = len(await chat.messages())
    appointment = (await chat.row()).appointment
    booked = fact(AppointmentBooked, chat.lead.subject_id, appointment["id"])
    await chat.consume(event_like(sample, booked), show_appointment)
    assert len(await chat.messages()) == before


async def test_the_event_may_overtake_the_answer_that_tells_the_same(chat, sample):
    reply = await chat.answer_to_press("pick_time")
    slot = next(p for p in reply.parts if p["kind"] == "slots")["slots"][0]
    await chat.answer_to_press(slot["action"])
    await chat.write("yes")
    booked = fact(AppointmentBooked, chat.lead.subject_id, uuid4()).model_copy(
        update={"start": datetime.fromisoformat(slot["start"])}
    )
    before = len(await chat.messages())
    await chat.consume(event_like(sample, booked), show_appointment)
    assert len(await chat.messages()) == before


async def test_a_late_older_change_of_an_appointment_is_skipped(chat, sample):
    appointment_id, lead_id = uuid4(), chat.lead.subject_id
    cancelled = fact(AppointmentCancelled, lead_id, appointment_id, sequence=2)
    moved = fact(AppointmentRescheduled, lead_id, appointment_id, sequence=1, old_start=START)
    await chat.consume(event_like(sample, cancelled), show_appointment)
    await chat.consume(event_like(sample, moved), show_appointment)
    row = await chat.row()
    assert (row.state, row.appointment["status"]) == (State.NEED, "cancelled")


async def test_a_declined_wish_is_told_with_other_times(chat, sample):
    alternatives = tuple(
        SlotOffer(start=START + timedelta(days=n), end=START + timedelta(days=n, hours=3), label=f"label {n}")
        for n in range(3)
    )
    declined = BookingDeclined(
        request_id=uuid4(), lead_id=chat.lead.subject_id, code="slot_taken", alternatives=alternatives
    )
    await chat.consume(event_like(sample, declined), tell_declined)
    message = (await chat.messages())[-1]
    assert all(f"label {n}" in message.text for n in range(3))


async def test_a_text_message_is_answered_by_text_message_once(chat, sample):
    inbound = InboundMessageReceived(
        lead_id=chat.lead.subject_id,
        channel="sms",
        sender="+16195550111",
        text="how much?",
        provider_id="SM1",
    )
    await chat.consume(event_like(sample, inbound), receive_inbound)
    await chat.consume(event_like(sample, inbound), receive_inbound)
    reply = await chat.answered()
    assert (reply.channel, "$449.00" in reply.text) == ("sms", True)
    sent = await chat.published("message.sent.v1")
    assert [(m["author"], m["channel"]) for m in sent[1:]] == [("customer", "sms"), ("assistant", "sms")]


async def test_a_colleague_writing_in_the_crm_takes_over(chat, sample):
    await chat.write("how much?")
    observed = CrmMessageObserved(
        crm_message_id="m1", order_id="o1", lead_id=chat.lead.subject_id, author="staff", text="I'm on it"
    )
    await chat.consume(event_like(sample, observed), observe_crm_message)
    await chat.consume(event_like(sample, observed), observe_crm_message)
    assert (await chat.row()).owner == "human"
    assert await chat.clock.drain() == 0
    assert [m.author for m in await chat.messages()] == ["assistant", "customer", "staff"]


async def test_the_timeline_has_one_row_for_each_event(chat, sample, deps):
    told = NotificationSent(
        delivery_id=uuid4(),
        lead_id=chat.lead.subject_id,
        channel="sms",
        template="first_touch",
        provider_id="SM1",
    )
    event = event_like(sample, told)
    await once(deps.sessions, event, keep_in_timeline)
    await once(deps.sessions, event, keep_in_timeline)
    entries = await read_timeline_of_tenant(deps, "sample-tint", chat.lead.subject_id)
    assert [(e.type, e.summary) for e in entries] == [("notification.sent.v1", "sms sent: first_touch")]


async def test_without_a_tenant_no_row_is_seen(chat, deps):
    async with transaction(deps.sessions, None) as session:
        assert (await session.scalars(select(TimelineEntry))).all() == []
