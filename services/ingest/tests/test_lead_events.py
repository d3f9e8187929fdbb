import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ingest import actions
from ingest.consumers import build_consumers
from ingest.deps import Deps
from shared.db.engine import Sessions, transaction
from shared.events import (
    CONSUMES,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    Consent,
    Contact,
    ContactOptedOut,
    CrmLeadEntered,
    CrmLeadObserved,
    CrmOrderObserved,
    CrmRef,
    EventData,
    MessageSent,
    NotificationSent,
    Service,
    Vehicle,
)
from shared.messaging.failures import DeadLetter, RetryLater
from shared.messaging.inbox import once
from shared.messaging.topology import queue_for
from sqlalchemy import text

from .conftest import RECEIVED_AT, Happened, Rows
from .test_form_endpoint import form, submit

PAT = Contact(name="Pat Sample", email="Pat@sample.test", phone="619-555-0142")


def observed(location_id: UUID, **changed: object) -> CrmLeadObserved:
    fields = {
        "ref": CrmRef(order_id="order-1", customer_id="c-1"),
        "location_id": location_id,
        "contact": PAT,
        "vehicle": Vehicle(make="Honda", model="Civic"),
        "interest": "tint",
        "consent": Consent(sms=True, email=True),
        "seen_by": "webhook",
        "received_at": RECEIVED_AT,
    }
    return CrmLeadObserved(**{**fields, **changed})


@pytest.fixture
async def lead_id(sessions: Sessions, event: Happened, location_id: UUID, rows: Rows) -> UUID:
    await once(sessions, event(observed(location_id)), actions.receive_lead)
    return (await rows("SELECT id FROM leads"))[0]["id"]


def appointment(kind: type, lead_id: UUID, which: int = 1, sequence: int = 1, **more: object) -> EventData:
    return kind(
        appointment_id=UUID(int=which),
        number="A-1",
        lead_id=lead_id,
        contact=PAT,
        service=Service(code="full", name="Full tint"),
        start=RECEIVED_AT,
        end=RECEIVED_AT + timedelta(hours=2),
        timezone="America/Los_Angeles",
        total_cents=29900,
        sequence=sequence,
        manage_url="http://sample.test/m/x",
        **more,
    )


def message(lead_id: UUID, author: str = "customer") -> MessageSent:
    return MessageSent(
        message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=1, author=author, channel="web", text="hi"
    )  # fmt: skip


def notification(lead_id: UUID) -> NotificationSent:
    return NotificationSent(
        delivery_id=uuid4(), lead_id=lead_id, channel="email", template="first", touch=0, provider_id="p"
    )


def test_every_event_that_ingest_consumes_has_one_consumer():
    queues = [
        subscriber.queue.name
        for subscriber in build_consumers(Deps(sessions=None, sealer=None, person_key=None)).subscribers
    ]
    assert sorted(queues) == sorted(queue_for("ingest", event) for event in CONSUMES["ingest"])


async def test_an_observed_order_becomes_a_lead_with_its_event(
    sessions, event, location_id, tenant_id, rows: Rows, published
):
    await once(sessions, event(observed(location_id)), actions.receive_lead)
    [lead] = await rows("SELECT * FROM leads")
    assert (lead["email"], lead["phone"], lead["order_id"]) == ("pat@sample.test", "+16195550142", "order-1")
    [received] = await published("lead.received.v1")
    assert (received["subject"], received["leadversion"]) == (str(lead["id"]), 1)
    assert (received["correlationid"], received["locationid"]) == ("first-event", str(location_id))
    assert datetime.fromisoformat(received["data"]["received_at"]) == RECEIVED_AT
    assert received["data"]["external_ref"] == {
        "order_id": "order-1",
        "customer_id": "c-1",
        "by_us": False,
    }
    assert received["data"]["source"] == "shopmonkey"
    assert received["data"]["vehicle"]["vehicle_class"] == "sedan"


async def test_the_same_event_twice_is_one_lead_one_event_one_trace(
    sessions, event, location_id, rows, published
):
    seen = event(observed(location_id))
    assert [await once(sessions, seen, actions.receive_lead) for _ in range(2)] == [True, False]
    assert len(await rows("SELECT id FROM leads")) == 1
    assert len(await rows("SELECT id FROM lead_sources")) == 1
    assert len(await published("lead.received.v1")) == 1


async def test_webhook_and_poll_at_once_are_one_lead_with_both_traces(
    sessions, event, location_id, rows, published
):
    seen = [event(observed(location_id, seen_by=by)) for by in ("webhook", "poll") * 5]
    await asyncio.gather(*(once(sessions, one, actions.receive_lead) for one in seen))
    [lead] = await rows("SELECT id FROM leads")
    traces = await rows("SELECT trace, lead_id FROM lead_sources")
    assert sorted(trace["trace"] for trace in traces) == ["poll"] * 5 + ["webhook"] * 5
    assert {trace["lead_id"] for trace in traces} == {lead["id"]}
    assert len(await published("lead.received.v1")) == 1


async def test_form_and_order_of_one_person_are_one_lead_with_the_gaps_filled(
    client, sessions, event, location_id, rows, published
):
    sent = await submit(client, form(contact={"name": "Pat", "phone": "6195550142"}, message=None))
    seen = observed(location_id, message="call me", received_at=datetime.now(UTC))
    await once(sessions, event(seen), actions.receive_lead)
    [lead] = await rows("SELECT * FROM leads")
    assert str(lead["id"]) == sent.json()["lead_id"]
    assert (lead["name"], lead["email"]) == ("Pat Sample", "pat@sample.test")
    assert (lead["interest"], lead["message"]) == ("tint", "call me")
    assert (lead["order_id"], lead["source"], lead["version"]) == ("order-1", "web_form", 2)
    first, second = await published("lead.received.v1")
    assert (first["leadversion"], second["leadversion"]) == (1, 2)
    assert "external_ref" not in first["data"]
    assert second["data"]["external_ref"]["order_id"] == "order-1"
    assert {row["trace"] for row in await rows("SELECT trace FROM lead_sources")} == {"form", "webhook"}


async def test_form_and_order_at_the_same_moment_are_one_lead(client, sessions, event, location_id, rows):
    seen = event(observed(location_id, received_at=datetime.now(UTC)))
    await asyncio.gather(once(sessions, seen, actions.receive_lead), submit(client, form()))
    assert len(await rows("SELECT id FROM leads")) == 1


async def test_two_orders_of_one_person_are_two_leads(sessions, event, location_id, rows):
    for order_id in ("order-1", "order-2"):
        seen = observed(location_id, ref=CrmRef(order_id=order_id))
        await once(sessions, event(seen), actions.receive_lead)
    assert len(await rows("SELECT id FROM leads")) == 2


@pytest.mark.parametrize("code", ["Store201", None], ids=["switched off", "unknown"])
async def test_an_order_at_a_location_that_takes_no_leads_is_put_aside(
    sessions, event, rows, tenant_id, code
):
    found = await rows("SELECT id FROM locations WHERE code = :code", code=code)
    seen = event(observed(found[0]["id"] if found else uuid4()))
    with pytest.raises(DeadLetter):
        await once(sessions, seen, actions.receive_lead)
    assert await rows("SELECT id FROM leads") == []
    assert await rows("SELECT event_id FROM inbox") == []


async def test_a_crm_row_with_control_characters_becomes_a_lead(sessions, event, location_id, rows):
    seen = observed(
        location_id,
        contact=Contact(name="Pat\0", phone="6195550142"),
        vehicle=Vehicle(make="Hon\0da", model="\0"),
        message="\0",
    )
    await once(sessions, event(seen), actions.receive_lead)
    [lead] = await rows("SELECT name, vehicle, message FROM leads")
    assert (lead["name"], lead["vehicle"]["make"], lead["message"]) == ("Pat", "Honda", None)


async def test_who_did_not_come_is_no_longer_expected(sessions, event, lead_id, published):
    await once(sessions, event(appointment(AppointmentBooked, lead_id)), actions.mark_scheduled)
    await once(sessions, event(appointment(AppointmentNoShow, lead_id, sequence=2)), actions.mark_no_show)
    change = (await published("lead.status.changed.v1"))[-1]["data"]
    assert (change["old"], change["new"], change["reason"]) == (
        "appointment_scheduled",
        "engaged",
        "appointment_no_show",
    )


async def test_status_follows_the_lead_and_each_change_is_published_with_its_version(
    sessions, event, lead_id, location_id, rows, published
):
    for data, action in (
        (notification(lead_id), actions.mark_contacted),
        (notification(lead_id), actions.mark_contacted),
        (message(lead_id), actions.mark_engaged),
        (appointment(AppointmentBooked, lead_id), actions.mark_scheduled),
        (message(lead_id), actions.mark_engaged),
        (appointment(AppointmentRescheduled, lead_id, sequence=2, old_start=RECEIVED_AT), actions.mark_rescheduled),
        (appointment(AppointmentCancelled, lead_id, sequence=3), actions.mark_cancelled),
    ):  # fmt: skip
        await once(sessions, event(data), action)
    changes = await published("lead.status.changed.v1")
    assert [(c["data"]["old"], c["data"]["new"], c["data"]["reason"], c["leadversion"]) for c in changes] == [
        ("new", "contacted", "message_sent", 2),
        ("contacted", "engaged", "customer_wrote", 3),
        ("engaged", "appointment_scheduled", "appointment_booked", 4),
        ("appointment_scheduled", "engaged", "appointment_cancelled", 6),
    ]
    assert {(c["subject"], c["locationid"], c["correlationid"]) for c in changes} == {
        (str(lead_id), str(location_id), "first-event")
    }
    kept = await rows("SELECT new, cause_event_id FROM lead_status_changes ORDER BY lead_version")
    assert [row["new"] for row in kept] == ["contacted", "engaged", "appointment_scheduled", "engaged"]
    assert [row["status"] for row in await rows("SELECT status FROM leads")] == ["engaged"]


async def test_the_same_happening_twice_changes_the_status_once(sessions, event, lead_id, rows, published):
    wrote = event(message(lead_id))
    for _ in range(2):
        await once(sessions, wrote, actions.mark_engaged)
    assert len(await published("lead.status.changed.v1")) == 1
    [change] = await rows("SELECT cause_event_id FROM lead_status_changes")
    assert change["cause_event_id"] == wrote.id


async def test_happenings_at_once_get_rising_versions(sessions, event, lead_id, published):
    await asyncio.gather(
        once(sessions, event(notification(lead_id)), actions.mark_contacted),
        once(sessions, event(message(lead_id)), actions.mark_engaged),
        once(sessions, event(appointment(AppointmentBooked, lead_id)), actions.mark_scheduled),
    )
    changes = await published("lead.status.changed.v1")
    assert changes[-1]["data"]["new"] == "appointment_scheduled"
    versions = [change["leadversion"] for change in changes]
    assert versions == list(range(2, 2 + len(changes)))


@pytest.mark.parametrize(
    ("make", "action"),
    [
        (message, actions.mark_engaged),
        (notification, actions.mark_contacted),
        (lambda lead_id: appointment(AppointmentBooked, lead_id), actions.mark_scheduled),
        (
            lambda lead_id: ContactOptedOut(
                lead_id=lead_id, address="+16195550142", channel="sms", how="keyword"
            ),
            actions.withdraw_consent,
        ),
    ],
    ids=["message", "notification", "appointment", "opt-out"],
)
async def test_a_lead_that_is_not_here_yet_is_waited_for(sessions, event, rows, make, action):
    with pytest.raises(RetryLater):
        await once(sessions, event(make(uuid4())), action)
    assert await rows("SELECT event_id FROM inbox") == []


async def test_an_opt_out_withdraws_one_channel_for_every_lead_of_the_person(
    sessions, event, lead_id, location_id, rows
):
    await once(sessions, event(observed(location_id, ref=CrmRef(order_id="order-2"))), actions.receive_lead)
    other = observed(location_id, ref=CrmRef(order_id="3"), contact=Contact(name="Lee", phone="6195550177"))
    await once(sessions, event(other), actions.receive_lead)
    stop = ContactOptedOut(lead_id=lead_id, address="+16195550142", channel="sms", how="keyword", text="STOP")
    await once(sessions, event(stop), actions.withdraw_consent)
    flags = await rows("SELECT name, consent_sms, consent_email FROM leads")
    assert {(row["name"], row["consent_sms"], row["consent_email"]) for row in flags} == {
        ("Pat Sample", False, True),
        ("Lee", True, True),
    }


async def test_an_email_opt_out_leaves_sms_on(sessions, event, lead_id, rows):
    stop = ContactOptedOut(address="PAT@sample.test", channel="email", how="link")
    await once(sessions, event(stop), actions.withdraw_consent)
    [lead] = await rows("SELECT consent_sms, consent_email FROM leads")
    assert (lead["consent_sms"], lead["consent_email"]) == (True, False)


async def test_no_row_is_seen_without_a_tenant_or_by_another(sessions, lead_id, client, rows):
    for tenant in (None, uuid4()):
        async with transaction(sessions, tenant) as session:
            for table in ("leads", "locations", "lead_sources"):
                assert (await session.execute(text(f"SELECT 1 FROM {table}"))).first() is None  # noqa: S608


@pytest.fixture
async def form_lead_id(client, tenant_id) -> UUID:
    return UUID((await submit(client, form())).json()["lead_id"])


def entered(lead_id: UUID, order_id: str = "ours-1") -> CrmLeadEntered:
    ref = CrmRef(order_id=order_id, customer_id="c-9", vehicle_id="v-9", by_us=True)
    return CrmLeadEntered(lead_id=lead_id, ref=ref)


async def test_a_lead_whose_order_we_wrote_keeps_its_id_and_gets_the_reference(
    sessions, event, location_id, form_lead_id, rows, published
):
    for _ in range(2):
        await once(sessions, event(entered(form_lead_id)), actions.enter_lead)

    [lead] = await rows("SELECT id, order_id, customer_id, vehicle_id, version FROM leads")
    assert (lead["id"], lead["order_id"], lead["customer_id"]) == (form_lead_id, "ours-1", "c-9")
    first, second = await published("lead.received.v1")
    assert second["data"]["external_ref"] == {
        "order_id": "ours-1",
        "customer_id": "c-9",
        "vehicle_id": "v-9",
        "by_us": True,
    }
    told = {name: value for name, value in second["data"].items() if name != "external_ref"}
    assert told == {name: value for name, value in first["data"].items() if name != "external_ref"}
    assert lead["version"] == 2


async def test_the_webhook_of_the_order_that_we_wrote_makes_no_second_lead(
    sessions, event, location_id, form_lead_id, rows
):
    await once(sessions, event(entered(form_lead_id, "order-1")), actions.enter_lead)

    await once(sessions, event(observed(location_id)), actions.receive_lead)

    assert [lead["id"] for lead in await rows("SELECT id FROM leads")] == [form_lead_id]


async def test_a_form_gains_no_trust_by_our_having_written_its_order(
    sessions, event, client, form_lead_id, rows
):
    await once(sessions, event(entered(form_lead_id)), actions.enter_lead)

    await submit(client, form(message="me again"), key="another")

    assert len(await rows("SELECT id FROM leads")) == 2


async def test_an_order_that_the_crm_named_first_stays_the_lead_s(
    sessions, event, location_id, lead_id, client, rows
):
    await once(sessions, event(entered(lead_id)), actions.enter_lead)

    [lead] = await rows("SELECT order_id, order_by_us FROM leads")
    assert (lead["order_id"], lead["order_by_us"]) == ("order-1", False)


async def test_an_entered_lead_that_is_not_here_yet_comes_again(sessions, event, location_id):
    with pytest.raises(RetryLater):
        await once(sessions, event(entered(uuid4())), actions.enter_lead)


def order(outcome: str, cause: str | None = None, minutes: int = 0) -> CrmOrderObserved:
    at = RECEIVED_AT + timedelta(minutes=minutes)
    return CrmOrderObserved(order_id="order-1", outcome=outcome, cause=cause, at=at, seen_by="webhook")


async def test_a_paid_order_wins_its_lead_with_its_cause(sessions, event, lead_id, rows, published):
    await once(sessions, event(order("won", "paid", 2)), actions.follow_order)
    await once(sessions, event(order("lost", "archived", 1)), actions.follow_order)

    [lead] = await rows("SELECT status FROM leads")
    [change] = await rows("SELECT old, new, reason FROM lead_status_changes")
    assert (lead["status"], change) == ("won", {"old": "new", "new": "won", "reason": "order_paid"})
    [told] = await published("lead.status.changed.v1")
    assert (told["data"]["new"], told["data"]["reason"]) == ("won", "order_paid")


async def test_a_lost_order_that_is_opened_again_opens_its_lead(sessions, event, lead_id, rows):
    await once(sessions, event(order("lost", "column", 1)), actions.follow_order)
    await once(sessions, event(order("open", None, 2)), actions.follow_order)

    changes = await rows("SELECT new, reason FROM lead_status_changes ORDER BY lead_version")
    assert [tuple(change.values()) for change in changes] == [
        ("lost", "order_column"),
        ("engaged", "order_open_again"),
    ]


async def test_an_order_whose_lead_is_not_here_yet_comes_again(sessions, event, location_id):
    with pytest.raises(RetryLater):
        await once(sessions, event(order("won", "paid")), actions.follow_order)
