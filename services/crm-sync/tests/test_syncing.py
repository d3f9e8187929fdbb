"""What the CRM is owed arrives there, exactly once and in order, whatever the network does."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from crm_sync.actions import planning
from crm_sync.actions.syncing import TASKS_AT_ONCE, work_off_due_tasks
from shared.availability import AWAY_AFTER, LONG_AWAY_SECONDS, LONGEST_PROBE_SECONDS
from shared.events import (
    AppointmentCancelled,
    AppointmentRescheduled,
    ContactOptedOut,
    HandoffRequested,
    LeadStatusChanged,
    MessageSent,
    Price,
    Vehicle,
)
from shared.messaging.inbox import once

from .conftest import CIVIC

SYNCED, FAILED = "crm.synced.v1", "crm.sync.failed.v1"
A_MINUTE = 120
"""Seconds after which whatever was put off is due again."""


def message(lead_id: UUID, words: str = "What does it cost?") -> MessageSent:
    return MessageSent(
        message_id=uuid4(),
        conversation_id=uuid4(),
        lead_id=lead_id,
        seq=1,
        author="customer",
        channel="web",
        text=words,
    )


def moved(booked: Any, *, sequence: int = 1) -> AppointmentRescheduled:
    later = timedelta(days=1)
    fact = booked.model_dump(exclude={"request_id"})
    return AppointmentRescheduled.model_validate(
        fact
        | {
            "sequence": sequence,
            "start": booked.start + later,
            "end": booked.end + later,
            "old_start": booked.start,
        }
    )


def cancelled(booked: Any, *, sequence: int = 1) -> AppointmentCancelled:
    fact = booked.model_dump(exclude={"request_id"})
    return AppointmentCancelled.model_validate(fact | {"sequence": sequence, "reason": "changed my mind"})


def notes(shop: Any) -> list[str]:
    return [row["text"].splitlines()[0] for row in shop.rows("message")]


async def states(shop: Any, kind: str) -> list[tuple[str, str | None]]:
    return [
        tuple(row)
        for row in await shop.select(
            f"SELECT state, last_error FROM sync_tasks WHERE kind = '{kind}' ORDER BY position"  # noqa: S608
        )
    ]


async def test_a_booking_stands_in_shopmonkey_linked_and_silent(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    booked = shop.booking(lead_id)

    await shop.apply(planning.plan_booking, booked)
    await shop.work()

    [standing] = shop.rows("appointment")
    links = {name: standing[name] for name in ("customerId", "vehicleId", "orderId", "locationId")}
    assert links == {
        "customerId": order["customer_id"],
        "vehicleId": order["vehicle_id"],
        "orderId": order["order_id"],
        "locationId": "sample-sm-094",
    }
    assert standing["startDate"] == booked.start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    flags = ("sendConfirmation", "sendReminder", "useSMS", "useEmail")
    assert [standing[flag] for flag in flags] == [False] * 4
    assert "A-1001" in standing["note"]


@pytest.mark.parametrize(
    ("vehicle", "linked", "line"),
    [
        (CIVIC, True, "Vehicle: 2021 Honda Civic (sedan)"),
        (
            Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck"),
            False,
            "Vehicle: 2019 Ford F-150 (truck)",
        ),
        (Vehicle(vehicle_class="suv"), False, "Vehicle: SUV"),
    ],
)
async def test_shopmonkey_has_the_car_and_the_estimate_that_were_booked_not_the_lead_s_other_car(
    shop: Any, vehicle: Vehicle, linked: bool, line: str
) -> None:
    lead_id, order = await shop.new_lead()
    price = Price(kind="range", amount_cents=79900, max_cents=129900)
    booked = shop.booking(lead_id, vehicle=vehicle, price=price)

    await shop.apply(planning.plan_booking, booked)
    await shop.work()
    await shop.apply(planning.plan_move, moved(booked))
    await shop.work()

    [standing] = shop.rows("appointment")
    assert standing.get("vehicleId") == (order["vehicle_id"] if linked else None)
    assert standing["note"].splitlines() == [
        "Booked online, no. A-1001",
        line,
        "Price: $799.00 to $1,299.00, final price after inspection",
    ]
    car = line.removeprefix("Vehicle: ")
    assert [f"Ceramic tint for {car}, " in note for note in notes(shop)] == [True, True]
    assert notes(shop)[0].endswith("(no. A-1001), $799.00 to $1,299.00, final price after inspection")


async def test_a_booking_is_announced_with_their_id(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)

    await shop.apply(planning.plan_booking, booked)
    await shop.work()

    [synced] = [fact for fact in await shop.published(SYNCED) if fact["what"] == "appointment"]
    assert synced["our_id"] == str(booked.appointment_id)
    assert synced["crm_id"] == shop.rows("appointment")[0]["id"]
    assert notes(shop)[0].startswith("Appointment booked: Ceramic tint")


async def test_the_same_event_twice_is_one_appointment(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)

    await shop.apply(planning.plan_booking, booked)
    await shop.apply(planning.plan_booking, booked)
    await shop.work()

    assert len(shop.rows("appointment")) == 1


async def test_a_lost_answer_makes_no_second_appointment(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()
    assert await states(shop, "appointment") == [("unknown", "no answer: ReadTimeout")]

    await shop.fault("none")
    await shop.work(later_seconds=A_MINUTE)

    assert await states(shop, "appointment") == [("done", None)]
    assert len(shop.rows("appointment")) == 1
    assert shop.calls("POST", "/appointment") == 1


async def test_a_lost_answer_to_a_note_makes_no_second_note(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_message_note, message(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()

    await shop.fault("none")
    await shop.work(later_seconds=A_MINUTE)

    assert notes(shop) == ["Customer (web chat): What does it cost?"]
    assert await states(shop, "message") == [("done", None)]


async def test_a_note_that_lists_may_hide_is_not_written_again(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_message_note, message(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()

    await shop.fault("drop_rows")
    for minutes in range(1, 6):
        await shop.work(later_seconds=minutes * 1000)

    assert len(shop.rows("message")) == 1


async def test_while_the_look_up_fails_nothing_is_written(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()

    await shop.fault("status", status=500)
    await shop.work(later_seconds=A_MINUTE)

    [(state, _)] = await states(shop, "appointment")
    assert (state, shop.calls("POST", "/appointment")) == ("unknown", 1)


async def test_a_write_that_never_arrived_is_written_after_the_look_up(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("timeout")
    await shop.work()
    assert shop.rows("appointment") == []

    await shop.fault("none")
    await shop.work(later_seconds=A_MINUTE)

    assert len(shop.rows("appointment")) == 1
    assert shop.calls("POST", "/appointment/search") >= 1


async def test_while_the_crm_is_away_one_task_at_a_time_tries_it_and_its_return_lets_all_go(
    shop: Any,
) -> None:
    leads = [(await shop.new_lead())[0] for _ in range(12)]
    for lead_id in leads:
        await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("html_403")
    for _ in range(5):
        await shop.work()
    assert shop.calls("POST", "/appointment") <= TASKS_AT_ONCE + 1

    await shop.fault("none")
    shop.deps.crms[shop.tenant_id].probe_at = 0
    await shop.work(later_seconds=LONGEST_PROBE_SECONDS)

    assert len(shop.rows("appointment")) == len(leads)


async def test_after_a_long_outage_what_had_waited_ever_longer_goes_at_once(shop: Any) -> None:
    for _ in range(4):
        await shop.apply(planning.plan_booking, shop.booking((await shop.new_lead())[0]))
    await shop.fault("html_403")
    for _ in range(3):
        await shop.work(later_seconds=A_MINUTE)
    await shop.select(
        "UPDATE sync_tasks SET due_at = due_at + interval '1 hour' WHERE attempts > 0 RETURNING id"
    )
    crm = shop.deps.crms[shop.tenant_id]
    crm.probe_at, crm.away_since = 0, crm.away_since - LONG_AWAY_SECONDS

    await shop.fault("none")
    await shop.apply(planning.plan_booking, shop.booking((await shop.new_lead())[0]))
    await shop.work(later_seconds=A_MINUTE)

    assert len(shop.rows("appointment")) == 5


async def test_a_look_up_that_nobody_answers_is_no_sign_of_the_crm_s_return(shop: Any) -> None:
    for _ in range(AWAY_AFTER):
        await shop.apply(planning.plan_booking, shop.booking((await shop.new_lead())[0]))
    await shop.fault("status", status=503)
    for hours in range(4):
        shop.deps.crms[shop.tenant_id].probe_at = 0
        await shop.work(later_seconds=hours * 3600)
    assert shop.deps.crms[shop.tenant_id].failures > AWAY_AFTER
    states = await shop.select("SELECT DISTINCT state FROM sync_tasks WHERE kind = 'appointment'")
    assert states == [("unknown",)]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"mode": "status", "status": 429, "retry_after": 0}, "planned"),
        ({"mode": "html_403"}, "planned"),
        ({"mode": "status", "status": 401}, "planned"),
        ({"mode": "status", "status": 500}, "unknown"),
        ({"mode": "malformed"}, "unknown"),
        ({"mode": "disconnect"}, "unknown"),
        ({"mode": "slow", "seconds": 30}, "unknown"),
    ],
    ids=lambda value: f"{value['mode']}-{value.get('status', '')}" if isinstance(value, dict) else None,
)
async def test_a_booking_survives_a_bad_answer(shop: Any, fault: dict[str, Any], state: str) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault(**fault)
    await work_off_due_tasks(shop.deps)
    assert [one for one, _ in await states(shop, "appointment")] == [state]

    await shop.fault("none")
    await shop.work(later_seconds=A_MINUTE)

    assert await states(shop, "appointment") == [("done", None)]
    assert len(shop.rows("appointment")) == 1


async def test_retry_after_is_respected(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("status", status=429, retry_after=30)
    await work_off_due_tasks(shop.deps)
    await shop.fault("none")

    await shop.work(later_seconds=20)

    assert [one for one, _ in await states(shop, "appointment")] == ["planned"]
    assert shop.rows("appointment") == []


async def test_a_refusal_is_final_and_told(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("status", status=422)

    await shop.work()
    await shop.work(later_seconds=A_MINUTE)

    [failed] = [fact for fact in await shop.published(FAILED) if fact["what"] == "appointment"]
    assert (failed["attempts"], failed["code"].split()[0]) == (1, "422")
    assert shop.calls("POST", "/appointment") == 1


async def test_a_move_changes_the_same_appointment(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.apply(planning.plan_booking, booked)
    await shop.apply(planning.plan_move, moved(booked))

    await shop.work()

    [standing] = shop.rows("appointment")
    new_start = booked.start + timedelta(days=1)
    assert standing["startDate"] == new_start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert standing["metadata"]["sequence"] == 1


async def test_a_cancelled_appointment_is_cancelled_there(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.apply(planning.plan_booking, booked)
    await shop.apply(planning.plan_cancellation, cancelled(booked))

    await shop.work()

    [standing] = shop.rows("appointment")
    assert (standing["confirmationStatus"], standing["cancellationNote"]) == ("Declined", "changed my mind")


async def test_a_booking_that_comes_after_its_cancellation_is_not_written(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.apply(planning.plan_cancellation, cancelled(booked))
    await shop.work()

    await shop.apply(planning.plan_booking, booked)
    await shop.work()

    assert shop.rows("appointment") == []
    assert await states(shop, "appointment") == [("skipped", "not_in_crm"), ("skipped", "superseded")]


async def test_a_move_waits_for_the_booking_before_it(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.apply(planning.plan_booking, booked)
    await shop.apply(planning.plan_move, moved(booked))
    await shop.fault("status", status=500)

    await work_off_due_tasks(shop.deps)
    await work_off_due_tasks(shop.deps)

    assert [one for one, _ in await states(shop, "appointment")] == ["unknown", "planned"]
    assert shop.calls("POST", "/appointment") == 1


async def test_a_worker_that_died_while_sending_leaves_no_second_appointment(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.apply(planning.plan_booking, booked)
    await shop.work()
    await shop.select(
        "UPDATE sync_tasks SET state = 'sending', claimed_at = now() - interval '2 minutes'"
        " WHERE kind = 'appointment' RETURNING 1"
    )
    await shop.select("DELETE FROM external_refs RETURNING 1")

    await shop.work(later_seconds=1)

    assert await states(shop, "appointment") == [("done", None)]
    assert len(shop.rows("appointment")) == 1


async def test_an_appointment_of_a_lead_without_an_order_still_stands_there(shop: Any) -> None:
    lead_id = uuid4()
    await shop.keep_lead(lead_id, None)

    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()

    assert [row["orderId"] for row in shop.rows("appointment")] == [None]
    assert await states(shop, "message") == [("skipped", "lead_without_order")]


async def test_a_write_that_overtakes_its_lead_waits_for_it(shop: Any) -> None:
    lead_id = uuid4()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    assert shop.rows("appointment") == []

    await shop.keep_lead(lead_id, None)
    await shop.work()

    assert len(shop.rows("appointment")) == 1


async def test_notes_stand_in_the_order_of_the_conversation_and_never_reach_the_customer(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    for words in ("one", "two", "three"):
        await shop.apply(planning.plan_message_note, message(lead_id, words))

    await shop.work()

    assert notes(shop) == [f"Customer (web chat): {words}" for words in ("one", "two", "three")]
    written = [
        (row["internal"], row["sendSms"], row["sendEmail"], row["orderId"]) for row in shop.rows("message")
    ]
    assert written == [(True, False, False, order["order_id"])] * 3
    assert shop.sandbox.world.inbox == []


async def test_a_handoff_and_an_opt_out_are_noted(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    handoff = HandoffRequested(
        conversation_id=uuid4(),
        lead_id=lead_id,
        kind="hard",
        reason="complaint",
        summary="Bubbles in the film",
    )
    opt_out = ContactOptedOut(lead_id=lead_id, address="+16195550123", channel="sms", how="keyword")

    await shop.apply(planning.plan_handoff_note, handoff)
    await shop.apply(planning.plan_opt_out_note, opt_out)
    await shop.work()

    assert notes(shop) == [
        "A person is needed (complaint): Bubbles in the film",
        "The customer does not want messages by SMS any more.",
    ]


async def test_our_own_writes_come_back_and_stop(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    booked = shop.booking(lead_id)
    await shop.webhook("order", order["order_id"])
    await shop.apply(planning.plan_booking, booked)
    await shop.apply(planning.plan_message_note, message(lead_id))
    await shop.work()
    planned = len(await shop.select("SELECT 1 FROM sync_tasks"))

    for row in shop.rows("message"):
        await shop.webhook("message", row["id"])
    for row in shop.rows("appointment"):
        await shop.webhook("appointment", row["id"])
        await shop.webhook("appointment", row["id"], "UPDATE")
    await shop.webhook("order", order["order_id"], "UPDATE")
    await shop.work()

    assert await shop.published("crm.message.observed.v1") == []
    assert [seen["our_id"] for seen in await shop.published("crm.appointment.observed.v1")] == [
        str(booked.appointment_id)
    ]
    assert len(await shop.published("crm.lead.observed.v1")) == 1
    assert len(await shop.select("SELECT 1 FROM sync_tasks")) == planned


async def test_an_echo_before_the_answer_settles_what_was_unknown(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()
    await shop.fault("none")
    await shop.webhook("appointment", shop.rows("appointment")[0]["id"])

    await shop.work(later_seconds=A_MINUTE)

    assert await states(shop, "appointment") == [("done", None)]
    assert shop.calls("POST", "/appointment/search") == 0


def status(lead_id: UUID, new: str) -> LeadStatusChanged:
    return LeadStatusChanged.model_validate(
        {"lead_id": lead_id, "old": "new", "new": new, "reason": "sample"}
    )


def column_of(shop: Any, order: dict[str, Any]) -> str:
    column_id = shop.row("order", order["order_id"])["workflowStatusId"]
    return str(shop.row("workflow_status", column_id)["name"])


async def test_the_order_moves_to_the_column_of_the_status(shop: Any) -> None:
    lead_id, order = await shop.new_lead()

    await shop.apply(planning.plan_status, status(lead_id, "appointment_scheduled"), version=2)
    await shop.work()

    assert column_of(shop, order) == "Appointments"
    assert [fact["what"] for fact in await shop.published(SYNCED)] == ["status"]


async def test_a_status_without_a_column_moves_nothing(shop: Any) -> None:
    lead_id, order = await shop.new_lead()

    await shop.apply(planning.plan_status, status(lead_id, "engaged"), version=2)
    await shop.work()

    assert column_of(shop, order) == "Website Leads"
    assert await states(shop, "status") == []


async def test_a_late_status_does_not_move_the_order_back(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    await shop.apply(planning.plan_status, status(lead_id, "appointment_scheduled"), version=3)
    await shop.work()

    await shop.apply(planning.plan_status, status(lead_id, "contacted"), version=2)
    await shop.work()

    assert column_of(shop, order) == "Appointments"


async def test_an_order_that_staff_took_into_another_column_stays_there(shop: Any) -> None:
    lead_id, order = await shop.new_lead()
    columns = shop.rows("workflow_status")
    theirs = next(
        row for row in columns if row["name"] == "In Progress" and row["locationId"] == "sample-sm-094"
    )
    shop.sandbox.world.tables["order"][order["order_id"]]["workflowStatusId"] = theirs["id"]

    await shop.apply(planning.plan_status, status(lead_id, "contacted"), version=2)
    await shop.work()

    assert column_of(shop, order) == "In Progress"


async def test_notes_of_events_that_came_in_the_wrong_order_stand_in_the_right_one(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    first = shop.event(message(lead_id, "one"))
    second = shop.event(message(lead_id, "two"))

    for event in (second, first):
        await once(shop.deps.sessions, event, planning.plan_message_note)
    await shop.work()

    assert notes(shop) == ["Customer (web chat): one", "Customer (web chat): two"]


async def test_an_echo_of_our_note_settles_what_was_unknown(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_message_note, message(lead_id))
    await shop.fault("timeout_after_commit")
    await shop.work()
    await shop.fault("none")
    await shop.webhook("message", shop.rows("message")[0]["id"])

    await shop.work(later_seconds=A_MINUTE)

    assert await states(shop, "message") == [("done", None)]
    assert shop.calls("GET", "/message") == 0


async def test_what_cannot_be_found_out_ends_with_a_person_and_holds_up_nothing(shop: Any) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_message_note, message(lead_id, "one"))
    await shop.apply(planning.plan_message_note, message(lead_id, "two"))
    await shop.select(
        "UPDATE sync_tasks SET state = 'unknown', attempts = 12, unknown_since = now() - interval '25 hours'"
        " WHERE payload->>'text' LIKE '%one' RETURNING 1"
    )
    await shop.fault("disconnect")
    await work_off_due_tasks(shop.deps)
    await shop.fault("none")

    await shop.work()

    assert [fact["code"] for fact in await shop.published(FAILED)] == ["outcome_unknown"]
    assert notes(shop) == ["Customer (web chat): two"]
