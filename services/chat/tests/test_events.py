from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from chat.actions.answering import answer_owed, claim_owed
from chat.actions.conversations import (
    keep_catalog,
    keep_knowledge,
    observe_crm_message,
    open_conversation,
    receive_inbound,
    show_appointment,
    tell_declined,
)
from chat.actions.offline import OfflineAssistant
from chat.actions.records import scene_of
from chat.actions.timeline import keep_in_timeline, read_timeline_of_tenant, summary
from chat.consumers import build_consumers
from chat.domain.conversation import State
from chat.domain.reply.render import moment
from chat.tables import Catalog, TimelineEntry
from shared.db.engine import transaction
from shared.events import (
    CONSUMES,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookingDeclined,
    CatalogChanged,
    Contact,
    CrmMessageObserved,
    Event,
    InboundMessageReceived,
    KnowledgeChanged,
    KnowledgeEntry,
    NotificationFailed,
    NotificationSent,
    Price,
    Service,
    SlotOffer,
    Vehicle,
)
from shared.events.notification import Media
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import once
from sqlalchemy import select

pytestmark = pytest.mark.postgres
START = datetime(2026, 12, 1, 18, tzinfo=UTC)


def event_like(sample: Event, data) -> Event:
    return sample.model_copy(update={"id": uuid4(), "type": data.type, "data": data})


async def held(chat) -> str:
    """A time is read back, a yes is waited for; the time's start."""
    offer = await chat.answer_to_press("pick_time")
    [slots] = [part for part in offer.parts if part["kind"] == "slots"]
    slot = slots["slots"][0]
    await chat.answer_to_press(slot["action"])
    return slot["start"]


CAR_B = Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "You're booked: Ceramic Window Tint, $449.00, "),
        ({"vehicle": CAR_B}, "Ceramic Window Tint for your 2019 Ford F-150, $449.00, "),
        (
            {"vehicle": CAR_B, "price": Price(kind="from", amount_cents=44900)},
            "for your 2019 Ford F-150, from $449.00, final price after inspection, ",
        ),
        (
            {"vehicle": Vehicle(vehicle_class="suv"), "price": Price(kind="on_request")},
            "for an SUV, price on",
        ),
    ],
)
async def test_a_booking_told_by_event_is_shown_with_its_own_car_and_price(chat, sample, more, words):
    told = fact(AppointmentBooked, chat.lead.subject_id, uuid4(), **more)
    await chat.consume(event_like(sample, told), show_appointment)
    message = (await chat.messages())[-1]
    assert words in message.text
    [card] = [part["appointment"] for part in message.parts if part["kind"] == "appointment"]
    assert card["vehicle"] == (told.vehicle.model_dump() if told.vehicle else None)
    assert card["price"] == told.agreed_price.model_dump()


@pytest.fixture
def sample(lead_received, chat):
    return Event.model_validate(
        {
            "id": uuid4(),
            "type": "x",
            "source": "x",
            "subject": str(uuid4()),
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
        end=START + timedelta(hours=3),
        timezone="America/Los_Angeles",
        total_cents=44900,
        manage_url="http://127.0.0.1/m/sample",
        **{"start": START, "sequence": 0, **more},
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


async def test_what_a_location_says_is_replaced_by_newer_versions_only(chat, sample, deps):
    location_id = (await chat.row()).location_id
    for version, said in ((1, "first"), (3, "third"), (2, "second"), (3, "again")):
        entry = KnowledgeEntry(code="tax", en=said)
        told = KnowledgeChanged(location_id=location_id, version=version, entries=(entry,))
        await once(deps.sessions, event_like(sample, told), keep_knowledge)
    async with transaction(deps.sessions, chat.lead.tenant_id) as session:
        scene = await scene_of(session, chat.lead.tenant_id, chat.lead.subject_id)
    assert [entry.en for entry in scene.shop.knowledge] == ["third"]


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


async def test_what_staff_did_in_the_console_is_said_as_theirs_but_a_booking(chat, sample):
    appointment_id, lead_id, staff = uuid4(), chat.lead.subject_id, {"staff_id": uuid4()}
    later = {"start": START + timedelta(hours=1), "old_start": START}
    for change in (
        fact(AppointmentBooked, lead_id, appointment_id, **staff),
        fact(AppointmentRescheduled, lead_id, appointment_id, sequence=1, **later, **staff),
        fact(AppointmentCancelled, lead_id, appointment_id, sequence=2, **staff),
    ):
        await chat.consume(event_like(sample, change), show_appointment)
    _, booked, moved, cancelled = [message.text for message in await chat.messages()]
    assert booked.startswith("You're booked")
    assert moved.startswith("The shop has changed your appointment")
    assert cancelled.startswith("The shop has canceled")


def test_a_no_show_has_a_line_in_the_timeline():
    did_not_come = fact(AppointmentNoShow, uuid4(), uuid4(), sequence=1)
    assert summary(did_not_come).startswith(f"Did not come: {did_not_come.number}, ")
    moved = fact(AppointmentRescheduled, uuid4(), uuid4(), old_start=START, staff_id=uuid4())
    assert summary(moved).endswith(" by the shop")


async def test_what_staff_changed_is_said_as_theirs_and_a_restored_one_is_shown_again(chat, sample):
    appointment_id, lead_id = uuid4(), chat.lead.subject_id
    slots = (SlotOffer(start=START + timedelta(days=1), end=START, label="label"),)
    by_shop = {"changed_by": "shop"}
    for change in (
        fact(AppointmentBooked, lead_id, appointment_id),
        fact(
            AppointmentRescheduled,
            lead_id,
            appointment_id,
            sequence=1,
            start=START + timedelta(hours=1),
            old_start=START,
            alternatives=slots,
            **by_shop,
        ),
        fact(AppointmentCancelled, lead_id, appointment_id, sequence=2, **by_shop),
        fact(AppointmentBooked, lead_id, appointment_id, sequence=3, **by_shop),
    ):
        await chat.consume(event_like(sample, change), show_appointment)
    _, _, moved, cancelled, restored = [message.text for message in await chat.messages()]
    assert moved.startswith("The shop has changed your appointment")
    assert "already busy at that time" in moved
    assert cancelled.startswith("The shop has canceled")
    assert restored.startswith("The shop has put your appointment back")
    assert (await chat.row()).state == State.BOOKED


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
    assert all(moment(one.start, "America/Los_Angeles") in message.text for one in alternatives)


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


LONG = "Hello. " + "My car is red and it is quite old. " * 250


async def test_every_word_of_a_long_mail_is_in_the_conversation_and_answered_as_one(chat, sample):
    words = f"{LONG}\nHow much is ceramic tint?"
    inbound = InboundMessageReceived(
        lead_id=chat.lead.subject_id, channel="email", sender="a@example.com", text=words, provider_id="M1"
    )
    for _ in range(2):
        await chat.consume(event_like(sample, inbound), receive_inbound)
    assert (await chat.answered()).channel == "email"
    theirs = [message for message in await chat.messages() if message.author == "customer"]
    assert " ".join(message.text for message in theirs).split() == words.split()
    assert max(len(message.text) for message in theirs) <= 4000
    assert len([message for message in await chat.messages() if message.author == "assistant"]) == 2


async def test_a_refusal_at_the_end_of_a_long_mail_is_heard_and_confirmed_once(chat, sample):
    words = f"{LONG}\nPlease stop mailing me."
    inbound = InboundMessageReceived(
        lead_id=chat.lead.subject_id, channel="email", sender="a@example.com", text=words, provider_id="M1"
    )
    await chat.consume(event_like(sample, inbound), receive_inbound)
    sent = await chat.published("message.sent.v1")
    assert [(m["author"], m["opt_out"]) for m in sent[-2:]] == [
        ("customer", ["email"]),
        ("assistant", ["email"]),
    ]


async def test_every_word_of_a_long_message_in_the_crm_is_kept(chat, sample):
    words = LONG.strip()
    observed = CrmMessageObserved(
        crm_message_id="m1", order_id="o1", lead_id=chat.lead.subject_id, author="customer", text=words
    )
    for _ in range(2):
        await chat.consume(event_like(sample, observed), observe_crm_message)
    theirs = [message for message in await chat.messages() if message.channel == "crm"]
    assert " ".join(message.text for message in theirs) == words


@pytest.mark.parametrize(
    ("channel", "media", "shown", "said"),
    [
        (
            "sms",
            Media(content_type="image/jpeg", url="https://api.twilio.com/x"),
            "[Photo]",
            "your photo arrived",
        ),
        ("email", Media(content_type="application/pdf", name="a.pdf"), "[File]", "they are not kept"),
    ],
)
async def test_a_picture_without_words_is_shown_and_the_customer_hears_what_becomes_of_it(
    chat, sample, channel, media, shown, said
):
    inbound = InboundMessageReceived(
        lead_id=chat.lead.subject_id, channel=channel, sender="a", text="", provider_id="M1", media=(media,)
    )
    for _ in range(2):
        await chat.consume(event_like(sample, inbound), receive_inbound)
    assert await chat.clock.drain() == 0
    _, picture, answer = await chat.messages()
    assert (picture.author, picture.text, answer.author, answer.channel) == (
        "customer",
        shown,
        "assistant",
        channel,
    )
    assert said in answer.text


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


@pytest.mark.parametrize(
    ("code", "summary"),
    [
        ("smtp_550", "email not sent: first_touch, smtp_550"),
        ("unknown:sender_died", "email perhaps sent: first_touch, unknown:sender_died"),
    ],
)
async def test_the_timeline_tells_what_did_not_go_from_what_nobody_knows(chat, sample, deps, code, summary):
    lead = {"lead_id": chat.lead.subject_id, "channel": "email", "template": "first_touch"}
    told = NotificationFailed(delivery_id=uuid4(), code=code, **lead)
    await once(deps.sessions, event_like(sample, told), keep_in_timeline)
    [entry] = await read_timeline_of_tenant(deps, "sample-tint", chat.lead.subject_id)
    assert entry.summary == summary


async def test_without_a_tenant_no_row_is_seen(chat, deps):
    async with transaction(deps.sessions, None) as session:
        assert (await session.scalars(select(TimelineEntry))).all() == []


async def test_a_yes_without_an_answer_keeps_the_wish_under_the_key_of_the_call(chat):
    await held(chat)
    chat.desk.slow = True
    await chat.answer_to("yes")
    tried = {key for method, path, _, key in chat.desk.calls if (method, path) == ("POST", "/appointments")}
    [wish] = await chat.published("booking.requested.v1")
    assert tried == {wish["request_id"]}


class ToldMeanwhile(OfflineAssistant):
    """Before its answer is stored, `arrives` has happened."""

    def __init__(self, arrives) -> None:
        self._arrives = arrives

    async def answer(self, turn, tools):
        async for step in super().answer(turn, tools):
            yield step
        await self._arrives()


async def test_a_booking_told_while_booking_was_slow_is_said_and_not_wished_again(chat, sample):
    start = datetime.fromisoformat(await held(chat))
    chat.desk.slow = True
    booked = fact(AppointmentBooked, chat.lead.subject_id, uuid4()).model_copy(update={"start": start})
    told = event_like(sample, booked)
    await chat.write("yes")
    owed = await claim_owed(chat.deps)
    assistant = ToldMeanwhile(lambda: chat.consume(told, show_appointment))
    assert await answer_owed(chat.deps, [assistant], owed)
    reply = (await chat.messages())[-1]
    assert "You're booked" in reply.text
    assert reply.reply_to is not None
    assert sum("You're booked" in message.text for message in await chat.messages()) == 1
    assert await chat.published("booking.requested.v1") == []
    assert (await chat.row()).state == State.BOOKED


@pytest.mark.parametrize("change", ["cancel", "move"])
async def test_a_change_without_an_answer_is_neither_told_nor_denied(chat, change):
    await held(chat)
    await chat.answer_to("yes")
    await chat.answer_to_press(change)
    if change == "move":
        [slots] = [part for part in (await chat.messages())[-1].parts if part["kind"] == "slots"]
        await chat.answer_to_press(slots["slots"][1]["action"])
    chat.desk.slow = True
    reply = await chat.answer_to_press(f"{change}:yes")
    assert "can't tell yet whether that went through" in reply.text
    chat.desk.slow = False
    again = await chat.answer_to_press(f"{change}:yes")
    assert {"cancel": "was canceled", "move": "moved"}[change] in again.text


@pytest.mark.parametrize("phone", ["+16195550123", None], ids=["its own", "held for another lead"])
async def test_nobody_is_told_whether_the_number_of_a_form_is_known(open_chat, lead_received, phone):
    contact = Contact(name="Sample Person", email="sample@example.com", phone=phone)
    form = lead_received.model_copy(update={"contact": contact, "source": "web_form"})
    reply = await (await open_chat(form)).answer_to("can somebody call me back?")
    assert "number" in reply.text
    assert "0123" not in reply.text
