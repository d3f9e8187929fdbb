"""A public form is unproven: it makes nobody a reader of somebody else's conversation."""

from datetime import UTC, datetime

import pytest
from ingest import actions
from shared.events import Contact, CrmRef
from shared.messaging.inbox import once

from .conftest import OPS, Rows
from .test_form_endpoint import form, submit
from .test_lead_events import observed

VICTIM = "+16195550142"
HOSTILE = "mallory@evil.test"
TAKEOVER = form(contact={"name": "Mallory", "email": HOSTILE, "phone": VICTIM})


@pytest.fixture
async def crm_lead(sessions, event, location_id, rows: Rows):
    """Known by phone only, as the shop typed it."""
    seen = observed(location_id, contact=Contact(name="Victim", phone=VICTIM), vehicle=None, interest=None)
    await once(sessions, event(seen), actions.receive_lead)
    return (await rows("SELECT * FROM leads"))[0]


async def crm(sessions, event, location_id, order_id: str, **contact: str) -> None:
    seen = observed(
        location_id,
        ref=CrmRef(order_id=order_id),
        contact=Contact(name="Victim", **contact),
        received_at=datetime.now(UTC),
    )
    await once(sessions, event(seen), actions.receive_lead)


async def test_a_form_with_somebody_s_phone_adds_no_address_to_their_lead(
    client, crm_lead, rows: Rows, published
):
    answer = await submit(client, TAKEOVER)
    assert answer.status_code == 201
    assert (await rows("SELECT * FROM leads WHERE id = :id", id=crm_lead["id"])) == [crm_lead]
    [own] = await rows("SELECT * FROM leads WHERE id <> :id", id=crm_lead["id"])
    assert answer.json() == {"lead_id": str(own["id"])}
    assert (own["email"], own["phone"]) == (HOSTILE, None)
    first, second = await published("lead.received.v1")
    assert first["data"]["contact"].get("email") is None
    assert (second["data"]["contact"]["email"], second["data"]["contact"].get("phone")) == (HOSTILE, None)


async def test_what_is_held_is_kept_and_shown_to_operators(client, crm_lead, rows: Rows):
    answer = await submit(client, TAKEOVER)
    url = "/api/admin/tenants/sample-tint/lead-sources"
    [source] = (await client.get(url, params={"held": "true"}, headers=OPS)).json()["sources"]
    assert source["held"] == {"phone": "another_lead"}
    assert source["seen"]["contact"]["phone"] == VICTIM
    assert source["lead_id"] == answer.json()["lead_id"]
    everything = (await client.get(url, headers=OPS)).json()["sources"]
    assert [one["trace"] for one in everything] == ["form", "webhook"]
    assert (await client.get(url)).status_code == 401


async def test_a_form_with_what_the_shop_knows_is_its_trace_and_says_nothing_new(
    client, crm_lead, rows: Rows, published
):
    answer = await submit(client, form(contact={"name": "Cash prize", "phone": VICTIM}))
    [lead] = await rows("SELECT * FROM leads")
    assert lead == {**crm_lead, "active_at": lead["active_at"]}
    assert answer.json()["lead_id"] != str(crm_lead["id"])
    assert len(await published("lead.received.v1")) == 1
    traces = await rows("SELECT trace, lead_id FROM lead_sources WHERE trace = 'form'")
    assert traces == [{"trace": "form", "lead_id": crm_lead["id"]}]


SECOND = "+16195550149"


async def test_a_second_number_that_the_crm_has_is_told_and_found(
    client, sessions, event, location_id, published, rows: Rows
):
    order = observed(location_id, contact=Contact(name="Victim", phone=VICTIM))
    with_second = order.model_copy(update={"other_addresses": (SECOND, "no number", VICTIM)})
    later = with_second.model_copy(update={"received_at": datetime.now(UTC)})
    for seen in (order, later):
        await once(sessions, event(seen), actions.receive_lead)
    first, second = await published("lead.received.v1")
    assert first["data"].get("other_addresses", []) == []
    assert second["data"]["other_addresses"] == [SECOND]
    found = await client.post("/api/admin/persons/sample-tint/find", json={"address": SECOND}, headers=OPS)
    assert [lead["phone"] for lead in found.json()["leads"]] == [VICTIM]


async def test_of_orders_that_come_out_of_turn_the_last_word_on_further_numbers_stands(
    sessions, event, location_id, rows: Rows
):
    early, late = (
        observed(location_id, received_at=datetime(2026, 3, day, tzinfo=UTC), other_addresses=others)
        for day, others in ((1, (SECOND,)), (2, ()))
    )
    for seen in (late, early):
        await once(sessions, event(seen), actions.receive_lead)
    assert (await rows("SELECT other_addresses FROM leads")) == [{"other_addresses": []}]


@pytest.fixture
async def shop_knows_two_numbers(sessions, event, location_id) -> None:
    seen = observed(location_id, contact=Contact(name="Victim", phone=VICTIM), other_addresses=(SECOND,))
    await once(sessions, event(seen), actions.receive_lead)


@pytest.mark.parametrize(
    ("named", "phones"),
    [({"phone": SECOND}, [VICTIM]), ({"phone": SECOND, "email": HOSTILE}, [VICTIM, None])],
    ids=["their own", "a stranger's address beside it"],
)
async def test_a_second_number_is_as_proven_as_the_first(
    client, shop_knows_two_numbers, rows: Rows, named, phones
):
    await submit(client, form(contact={"name": "Mallory", **named}))
    found = await rows("SELECT * FROM leads ORDER BY order_id NULLS LAST")
    assert [row["phone"] for row in found] == phones


async def test_a_second_number_is_taken_back_from_a_stranger_s_form(
    client, sessions, event, location_id, rows: Rows
):
    await submit(client, form(contact={"name": "Mallory", "phone": SECOND, "email": HOSTILE}))
    seen = observed(location_id, contact=Contact(name="Victim", phone=VICTIM), other_addresses=(SECOND,))
    await once(sessions, event(seen), actions.receive_lead)
    assert [row["phone"] for row in await rows("SELECT * FROM leads WHERE order_id IS NULL")] == [None]


async def test_a_key_answers_the_same_for_a_lead_that_is_known_and_for_a_new_one(client, crm_lead):
    known = form(contact={"name": "P", "phone": VICTIM})
    answers = [await submit(client, known, "key-1") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    new = await submit(client, form(contact={"name": "P", "phone": "+16195550143"}))
    assert (new.status_code, set(new.json())) == (answers[0].status_code, set(answers[0].json()))


async def test_the_hostile_form_sent_twice_is_one_lead_still_without_the_phone(client, crm_lead, rows: Rows):
    for _ in range(2):
        await submit(client, TAKEOVER)
    [own] = await rows("SELECT email, phone, version FROM leads WHERE id <> :id", id=crm_lead["id"])
    assert own == {"email": HOSTILE, "phone": None, "version": 1}
    held = await rows("SELECT held FROM lead_sources WHERE trace = 'form'")
    assert [row["held"] for row in held] == [{"phone": "another_lead"}] * 2


async def test_a_form_that_names_two_people_is_a_lead_that_writes_to_neither(
    client, sessions, event, crm_lead, location_id, rows: Rows
):
    await crm(sessions, event, location_id, "order-2", email="lee@sample.test")
    before = await rows("SELECT * FROM leads ORDER BY id")
    both = form(contact={"name": "M", "email": "lee@sample.test", "phone": VICTIM})
    for _ in range(2):
        await submit(client, both)
    own = await rows("SELECT email, phone FROM leads WHERE order_id IS NULL")
    assert own == [{"email": None, "phone": None}]
    assert await rows("SELECT * FROM leads WHERE order_id IS NOT NULL ORDER BY id") == before


async def test_the_order_of_a_person_whom_a_form_named_before_is_a_lead_of_its_own(
    client, sessions, event, location_id, rows: Rows, published
):
    await submit(client, TAKEOVER)
    await crm(sessions, event, location_id, "order-1", phone=VICTIM)
    leads = await rows("SELECT email, phone, order_id, version FROM leads ORDER BY received_at")
    assert leads == [
        {"email": HOSTILE, "phone": None, "order_id": None, "version": 2},
        {"email": None, "phone": VICTIM, "order_id": "order-1", "version": 1},
    ]
    told = await published("lead.received.v1")
    lost = [one["data"]["contact"].get("phone") for one in told if one["data"]["source"] == "web_form"]
    assert lost == [VICTIM, None]
    [source] = await rows("SELECT held FROM lead_sources WHERE trace = 'form'")
    assert source["held"] == {"phone": "crm"}


async def test_what_the_crm_took_never_comes_back(client, sessions, event, location_id, rows: Rows):
    await submit(client, TAKEOVER)
    await crm(sessions, event, location_id, "order-1", phone=VICTIM)
    await submit(client, TAKEOVER)
    await crm(sessions, event, location_id, "order-2", email=HOSTILE)
    leads = await rows(
        "SELECT order_id, email, phone FROM leads WHERE phone IS NOT NULL OR email IS NOT NULL"
    )
    assert {(lead["order_id"], lead["email"], lead["phone"]) for lead in leads} == {
        ("order-1", None, VICTIM),
        ("order-2", HOSTILE, None),
    }


async def test_the_crm_s_own_record_proves_a_form(client, sessions, event, crm_lead, location_id, rows: Rows):
    await submit(client, form(contact={"name": "Pat", "email": "pat@sample.test", "phone": VICTIM}))
    await crm(sessions, event, location_id, "order-2", email="pat@sample.test", phone=VICTIM)
    [proved] = await rows("SELECT email, phone, version FROM leads WHERE order_id = 'order-2'")
    assert proved == {"email": "pat@sample.test", "phone": VICTIM, "version": 2}
    assert len(await rows("SELECT id FROM leads")) == 2


async def test_a_second_form_takes_nothing_from_the_first(client, tenant_id, rows: Rows):
    await submit(client, form(contact={"name": "Pat", "phone": VICTIM}))
    await submit(client, TAKEOVER)
    leads = await rows("SELECT name, email, phone FROM leads ORDER BY received_at")
    assert leads == [
        {"name": "Pat", "email": None, "phone": VICTIM},
        {"name": "Mallory", "email": HOSTILE, "phone": None},
    ]
