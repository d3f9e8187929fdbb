"""A lead that came from elsewhere stands in ShopMonkey once, whatever happens on the way, and everything hangs on its order."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from crm_sync import store
from crm_sync.actions import planning
from crm_sync.actions.settling import settle_in_doubt
from crm_sync.actions.syncing import work_off_due_tasks
from shared.db.engine import transaction
from shared.events import Consent, Contact, CrmRef, LeadStatusChanged, MessageSent, Vehicle
from sqlalchemy import text
from testkit.patience import eventually
from testkit.process import kill, service_process

from sandbox import shop as books

from .conftest import RULE
from .test_erasing import erasing
from .test_written_once import TWO_MINUTES

STEPS = ("customer", "vehicle", "order")
ENTERED, REFUSED, LEAD = "crm.lead.entered.v1", "crm.lead.refused.v1", "crm.lead.observed.v1"
PAT = Contact(name="Pat Sample", email="pat@example.com", phone="+16195550142")
DAY_LATER = 86_400


async def states(shop: Any) -> dict[str, str]:
    return dict(await shop.select("SELECT kind, state FROM sync_tasks ORDER BY position"))


def standing(shop: Any) -> list[int]:
    return [len(shop.rows(step)) for step in STEPS]


def wrote(lead_id: UUID) -> MessageSent:
    return MessageSent(
        message_id=uuid4(),
        conversation_id=uuid4(),
        lead_id=lead_id,
        seq=2,
        author="customer",
        channel="web",
        text="When can I come?",
    )


async def test_a_form_s_lead_gets_customer_vehicle_and_order(shop: Any) -> None:
    lead_id = await shop.form_lead(contact=PAT, message="How much for ceramic? see evil.example/x")
    await shop.work()

    [customer], [vehicle], [order] = (shop.rows(step) for step in STEPS)
    assert (customer["firstName"], customer["lastName"]) == ("Pat", "Sample")
    assert [row["email"] for row in customer["emails"]] == ["pat@example.com"]
    assert [row["number"] for row in customer["phoneNumbers"]] == ["+16195550142"]
    assert (vehicle["customerId"], vehicle["make"], vehicle["size"]) == (customer["id"], "Honda", "LightDuty")
    assert (order["customerId"], order["vehicleId"]) == (customer["id"], vehicle["id"])
    assert (order["name"], order["status"]) == ("New Quote - ceramic tint - 2021 Honda Civic", "Estimate")
    assert order["complaint"] == "How much for ceramic? see evil[.]example/x"
    assert order["note"].startswith("Asked by web form: Pat Sample, +16195550142, pat@example")
    columns = shop.sandbox.world.tables["workflow_status"]
    assert columns[order["workflowStatusId"]]["name"] == "Website Leads"
    [entered] = await shop.published(ENTERED)
    assert entered["lead_id"] == str(lead_id)
    assert entered["ref"] == {
        "order_id": order["id"],
        "customer_id": customer["id"],
        "vehicle_id": vehicle["id"],
        "by_us": True,
    }


async def test_what_is_told_of_the_lead_and_what_was_booked_hang_on_its_order(shop: Any) -> None:
    """Booked, written and moved before the order stands there."""
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_message_note, wrote(lead_id))
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    moved = LeadStatusChanged(lead_id=lead_id, old="new", new="appointment_scheduled", reason="booked")
    await shop.apply(planning.plan_status, moved, version=2)

    await shop.work()

    [order], [appointment] = shop.rows("order"), shop.rows("appointment")
    names = ("orderId", "customerId", "vehicleId")
    assert [appointment[name] for name in names] == [order["id"], order["customerId"], order["vehicleId"]]
    assert {row["orderId"] for row in shop.rows("message")} == {order["id"]}
    assert len(shop.rows("message")) == 2
    columns = shop.sandbox.world.tables["workflow_status"]
    assert columns[order["workflowStatusId"]]["name"] == "Appointments"
    assert set((await states(shop)).values()) == {"done"}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({"phone": "+16195550142", "email": "old@example.com"}, True),
        ({"phone": "+16195550100", "email": "Pat@Example.com"}, True),
        ({"phone": None, "email": "pat@example.com"}, True),
        ({"phone": "+16195550100", "email": "other@example.com"}, False),
    ],
)
async def test_a_customer_who_is_there_is_found_by_number_then_by_address(
    shop: Any, known: dict[str, Any], found: bool
) -> None:
    before = await shop.new_order(**known)

    await shop.form_lead(contact=PAT)
    await shop.work()

    [*_, order] = shop.rows("order")
    assert (order["customerId"] == before["customer_id"]) is found
    assert (order["vehicleId"] == before["vehicle_id"]) is found
    assert standing(shop) == ([1, 1, 2] if found else [2, 2, 2])


async def test_the_number_counts_before_the_address(shop: Any) -> None:
    await shop.new_order(phone="+16195550100", email="pat@example.com")
    by_number = await shop.new_order(phone="+16195550142", email="other@example.com")

    await shop.form_lead(contact=PAT)
    await shop.work()

    [*_, order] = shop.rows("order")
    assert order["customerId"] == by_number["customer_id"]


async def test_another_car_is_another_vehicle(shop: Any) -> None:
    before = await shop.new_order(phone=PAT.phone)

    await shop.form_lead(contact=PAT, vehicle=Vehicle(year=2019, make="Ford", model="F-150"))
    await shop.work()

    assert standing(shop) == [1, 2, 2]
    assert shop.rows("order")[1]["vehicleId"] != before["vehicle_id"]


async def test_two_leads_of_one_new_customer_are_one_customer(shop: Any) -> None:
    await shop.form_lead(contact=PAT)
    await shop.form_lead(contact=PAT.model_copy(update={"email": None}), vehicle=None)

    await shop.work()

    assert standing(shop) == [1, 1, 2]


@pytest.mark.parametrize(
    ("consent", "flags"),
    [
        (Consent(sms=True, email=False), (True, True, False)),
        (Consent(sms=False, email=True), (True, False, True)),
        (Consent(sms=False, email=False), (False, False, False)),
    ],
)
async def test_the_flags_of_a_new_customer_are_what_the_form_said_and_come_back_as_no_news(
    shop: Any, consent: Consent, flags: tuple[bool, bool, bool]
) -> None:
    await shop.form_lead(contact=PAT, consent=consent)
    await shop.work()
    [customer] = shop.rows("customer")
    [email], [number] = customer["emails"], customer["phoneNumbers"]
    assert (customer["marketingOptIn"], number["optIn"], email["subscribed"]) == flags

    await shop.webhook("customer", customer["id"])

    assert await shop.published("crm.consent.observed.v1") == []


async def test_what_a_found_customer_refused_is_told_at_once(shop: Any) -> None:
    await shop.new_order(phone=PAT.phone, sms_opt_in=False)

    await shop.form_lead(contact=PAT)
    await shop.work()

    [told] = await shop.published("crm.consent.observed.v1")
    assert {(said["channel"], said["granted"]) for said in told["consents"]} >= {("sms", False)}


FAULTS = [
    ({"mode": "status", "status": 429, "retry_after": 0}, "planned"),
    ({"mode": "status", "status": 503}, "unknown"),
    ({"mode": "status", "status": 500, "after_commit": True}, "unknown"),
    ({"mode": "disconnect"}, "unknown"),
    ({"mode": "timeout"}, "unknown"),
    ({"mode": "timeout_after_commit"}, "unknown"),
    ({"mode": "malformed"}, "unknown"),
    ({"mode": "html_200"}, "unknown"),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("fault", "before"), FAULTS, ids=["-".join(str(part) for part in fault.values()) for fault, _ in FAULTS]
)
async def test_it_stands_there_once(shop: Any, step: str, fault: dict[str, Any], before: str) -> None:
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault(only=f"POST /{step}", **fault)
    for _ in STEPS:
        await work_off_due_tasks(shop.deps)
    assert (await states(shop))[step] == before
    assert shop.rows("appointment") == []

    await shop.fault("none")
    for seconds in (15, TWO_MINUTES, TWO_MINUTES + 60, TWO_MINUTES + 120):
        await shop.work(later_seconds=seconds)

    assert set((await states(shop)).values()) == {"done"}
    assert (standing(shop), len(shop.rows("appointment"))) == ([1, 1, 1], 1)
    assert shop.rows("appointment")[0]["orderId"] == shop.rows("order")[0]["id"]
    assert len(await shop.published(ENTERED)) == 1


@pytest.mark.rabbit
@pytest.mark.timeout(180)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moment", ["timeout", "timeout_after_commit"])
async def test_a_worker_killed_in_the_middle_of_a_step(
    shop: Any, database_url: str, rabbitmq_url: str, unused_tcp_port: int, step: str, moment: str
) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault(moment, only=f"POST /{step}")
    account = {
        "base_url": f"{shop.sandbox.url}/shopmonkey",
        "api_key": shop.sandbox.world.settings.shopmonkey_api_key,
    }
    settings = {
        "database_url": database_url,
        "rabbitmq_url": rabbitmq_url,
        "port": str(unused_tcp_port),
        "shopmonkey_accounts": json.dumps({"default": account}),
    }

    async def asked() -> bool:
        taken = moment == "timeout_after_commit"
        return shop.calls("POST", f"/{step}") == 1 and len(shop.rows(step)) == int(taken)

    async with service_process("crm-sync", **settings) as process:
        await eventually(asked, within_seconds=60)
        await kill(process)
    assert (await states(shop))[step] == "sending"

    await shop.fault("none")
    for seconds in (61, TWO_MINUTES, TWO_MINUTES + 60):
        await shop.work(later_seconds=seconds)

    assert set((await states(shop)).values()) == {"done"}
    assert standing(shop) == [1, 1, 1]


@pytest.mark.parametrize("step", STEPS)
async def test_lists_with_holes_double_nothing(shop: Any, step: str) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault("timeout_after_commit", only=f"POST /{step}")
    await shop.work()

    await shop.fault("drop_rows")
    for minutes in range(1, 6):
        await shop.work(later_seconds=minutes * 1000)

    assert max(standing(shop)) == 1


async def test_a_vehicle_that_is_refused_does_not_keep_the_order_away(shop: Any) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault("status", status=400, only="POST /vehicle")
    await shop.work()

    assert standing(shop) == [1, 0, 1]
    [refused] = await shop.published(REFUSED)
    assert (refused["step"], len(await shop.published(ENTERED))) == ("vehicle", 1)


async def test_where_the_order_is_refused_the_appointment_is_written_all_the_same(shop: Any) -> None:
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("status", status=400, only="POST /customer")
    await shop.work()

    assert [row["orderId"] for row in shop.rows("appointment")] == [None]
    assert [fact["step"] for fact in await shop.published(REFUSED)] == ["customer"]


async def test_our_order_s_webhook_makes_no_lead_and_its_messages_are_the_lead_s(shop: Any) -> None:
    lead_id = await shop.form_lead(contact=PAT)
    await shop.work()
    [order] = shop.rows("order")

    await shop.webhook("order", order["id"])
    said = books.insert(
        shop.sandbox.world, "message", {"orderId": order["id"], "text": "Hi Pat", "authorType": "User"}
    )
    await shop.webhook("message", said["id"])

    assert await shop.published(LEAD) == []
    [heard] = await shop.published("crm.message.observed.v1")
    assert heard["lead_id"] == str(lead_id)


@pytest.mark.parametrize("marker", ["metadata", "note"])
async def test_the_webhook_that_overtakes_the_answer_is_known_by_our_marker(shop: Any, marker: str) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault("timeout_after_commit", only="POST /order")
    await shop.work()
    await shop.fault("none")
    [order] = shop.rows("order")
    other = "note" if marker == "metadata" else "metadata"
    shop.sandbox.world.tables["order"][order["id"]][other] = None

    await shop.webhook("order", order["id"])
    said = {"orderId": order["id"], "text": "Hi", "authorType": "User"}
    message = books.insert(shop.sandbox.world, "message", said)
    await shop.webhook("message", message["id"])
    await shop.work(later_seconds=15)

    assert await shop.published(LEAD) == []
    assert standing(shop) == [1, 1, 1]
    assert (await states(shop))["order"] == "done"
    assert len(await shop.published("crm.message.observed.v1")) == 1


async def test_a_copy_of_our_order_is_not_taken_for_it(shop: Any) -> None:
    await shop.form_lead(contact=PAT)
    await shop.work()
    [order] = shop.rows("order")
    copied = books.insert(shop.sandbox.world, "order", order)

    await shop.webhook("order", copied["id"])
    await shop.webhook("order", order["id"])

    assert await shop.published(LEAD) == []
    [[kept]] = await shop.select("SELECT crm_id FROM external_refs WHERE kind = 'order'")
    assert kept == order["id"]


async def test_the_shop_s_own_order_for_the_lead_comes_first(shop: Any) -> None:
    await shop.open(version=2, crm_lead_rule=RULE | {"order_after_seconds": 60})
    lead_id = await shop.form_lead(contact=PAT)
    order = await shop.new_order(phone=PAT.phone)
    ref = CrmRef(order_id=order["order_id"], customer_id=order["customer_id"])
    await shop.told_of(shop.lead(lead_id, ref), version=2)

    await shop.work(later_seconds=61)

    assert await states(shop) == {"customer": "skipped"}
    assert standing(shop) == [1, 1, 1]


async def test_a_location_may_want_no_orders_of_ours(shop: Any) -> None:
    await shop.open(version=2, crm_lead_rule=RULE | {"order_after_seconds": None})
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))

    await shop.work(later_seconds=DAY_LATER)

    assert standing(shop) == [0, 0, 0]
    assert len(shop.rows("appointment")) == 1


async def test_who_cannot_be_told_apart_is_not_entered(shop: Any) -> None:
    await shop.form_lead(contact=Contact(name="Pat"))

    await shop.work()

    assert await states(shop) == {}


async def test_a_later_version_without_the_order_does_not_take_it_away(shop: Any) -> None:
    lead_id = await shop.form_lead(contact=PAT)
    await shop.work()

    await shop.form_lead(lead_id=lead_id, contact=PAT, version=2)
    await shop.apply(planning.plan_message_note, wrote(lead_id))
    await shop.work()

    assert standing(shop) == [1, 1, 1]
    assert [row["orderId"] for row in shop.rows("message")] == [shop.rows("order")[0]["id"]]


async def test_the_time_from_lead_to_order_is_one_round(shop: Any) -> None:
    """Each step is due at once when the one before is done."""
    await shop.form_lead(contact=PAT)
    while await work_off_due_tasks(shop.deps, shop.now + timedelta(seconds=5)):
        pass

    assert standing(shop) == [1, 1, 1]


async def test_an_order_of_ours_hears_no_messages_that_name_the_customer_only(shop: Any) -> None:
    """Whoever typed the number into a form would read what staff write to that customer."""
    before = await shop.new_order(phone=PAT.phone)
    await shop.form_lead(contact=PAT)
    await shop.work()
    said = {"customerId": before["customer_id"], "text": "Your car is ready", "authorType": "User"}

    message = books.insert(shop.sandbox.world, "message", said)
    await shop.webhook("message", message["id"])

    assert await shop.published("crm.message.observed.v1") == []


async def test_nothing_of_the_customer_stays_of_a_lead_erased_before_its_order_stands(shop: Any) -> None:
    await shop.new_order(phone=PAT.phone, sms_opt_in=False)
    lead_id = await shop.form_lead(contact=PAT)
    await shop.fault("status", status=400, only="POST /order")
    await shop.work()
    assert len(await shop.published("crm.consent.observed.v1")) == 1

    await erasing(shop, lead_id)()

    assert await shop.select("SELECT * FROM observations WHERE kind = 'customer'") == []
    assert await shop.published("crm.consent.observed.v1") == []


async def test_a_look_up_that_nobody_answers_counts_as_their_silence(shop: Any) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault("timeout_after_commit", only="POST /customer")
    await shop.work()
    await shop.fault("status", status=503)

    await work_off_due_tasks(shop.deps, shop.now + timedelta(seconds=30))

    assert (await states(shop))["customer"] == "unknown"
    assert shop.deps.crms[shop.tenant_id].failures == 2


@pytest.mark.parametrize("state", ["unknown", "sending"])
async def test_of_two_customer_steps_of_one_person_one_always_goes_on(shop: Any, state: str) -> None:
    """The later one was claimed before the earlier one was planned."""
    for _ in range(2):
        await shop.form_lead(contact=PAT)
    later = text(
        "UPDATE sync_tasks SET state = :state, claimed_at = now() - interval '2 minutes', attempts = 1 "
        "WHERE position = (SELECT max(position) FROM sync_tasks)"
    )
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(later, {"state": state})

    await shop.work(later_seconds=TWO_MINUTES)

    assert standing(shop) == [1, 1, 2]


async def test_an_appointment_waits_five_minutes_at_most(shop: Any) -> None:
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("status", status=503, only="POST /order")
    await shop.work(later_seconds=60)
    assert shop.rows("appointment") == []

    await shop.work(later_seconds=301)

    [appointment] = shop.rows("appointment")
    assert (appointment["customerId"], appointment["orderId"]) == (shop.rows("customer")[0]["id"], None)


async def test_an_appointment_does_not_wait_for_an_order_that_is_due_later(shop: Any) -> None:
    await shop.open(version=2, crm_lead_rule=RULE | {"order_after_seconds": 3600})
    lead_id = await shop.form_lead(contact=PAT)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))

    await shop.work()

    assert len(shop.rows("appointment")) == 1


async def test_a_search_that_never_answers_ends(shop: Any) -> None:
    """Empty without `meta` reads as throttled, too."""
    await shop.form_lead(contact=PAT)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE sync_tasks SET attempts = 14"))
    await shop.fault("status", status=429, only="POST /customer/phone_number/search")

    await shop.work(later_seconds=3 * 3600)

    assert (await states(shop)) == {"customer": "failed"}
    assert [fact["code"] for fact in await shop.published(REFUSED)] == ["search_unanswered"]


async def test_an_old_lead_told_again_is_not_entered(shop: Any) -> None:
    await shop.form_lead(contact=PAT, received_at=shop.now - timedelta(hours=25))

    await shop.work()

    assert standing(shop) == [0, 0, 0]


async def test_without_a_word_of_the_tenant_no_order_is_written(shop: Any) -> None:
    rule = {name: value for name, value in RULE.items() if name != "order_after_seconds"}
    await shop.open(version=2, crm_lead_rule=rule)
    await shop.form_lead(contact=PAT)

    await shop.work()

    assert standing(shop) == [0, 0, 0]


@pytest.mark.parametrize("step", STEPS)
async def test_what_is_settled_as_written_is_never_written_again(shop: Any, step: str) -> None:
    await shop.form_lead(contact=PAT)
    await shop.fault("status", status=503, only=f"POST /{step}")
    await shop.work()
    await shop.fault("none")
    [[task_id]] = await shop.select(f"SELECT id FROM sync_tasks WHERE kind = '{step}'")  # noqa: S608

    await settle_in_doubt(shop.deps, shop.tenant_id, task_id, written=True)
    await shop.work(later_seconds=TWO_MINUTES)

    assert (await states(shop))[step] == "failed"
    assert shop.rows(step) == []

    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        assert await store.plan_again(session, shop.tenant_id, task_id, now=shop.now)
    await shop.work(later_seconds=TWO_MINUTES)
    # An order that stands without its vehicle gets none later.
    assert len(shop.rows(step)) == int(step != "vehicle"), "an operator's retry looks and writes"
