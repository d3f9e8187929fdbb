"""What is too old leaves: a lead as if its person had asked for it, and whatever belongs to no lead."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ingest import actions
from shared.events import AppointmentBooked, Contact, ContactOptedOut, CrmRef, MessageSent
from shared.messaging.inbox import once

from .conftest import OPS, Happened, Rows
from .test_form_endpoint import form, submit
from .test_lead_events import appointment, observed
from .test_persons import TOM, everything
from .test_webhook_endpoint import deliver, order

pytestmark = pytest.mark.postgres

DOOR = "/api/admin/retention"
AGE = "now() - make_interval(days => :days)"


async def remove(client, kind: str) -> int:
    """Until none is left."""
    removed, more = 0, True
    while more:
        answer = await client.post(f"{DOOR}/{kind}", headers=OPS)
        assert answer.status_code == 200, answer.text
        removed, more = removed + answer.json()["removed"], answer.json()["more"]
    return removed


async def due(client, kind: str) -> dict[str, object]:
    kinds = (await client.get(DOOR, headers=OPS)).json()["kinds"]
    return next(one for one in kinds if one["kind"] == kind)


async def set_back(rows: Rows, table: str, moment: str, days: int, which: str = "true") -> None:
    await rows(f"UPDATE {table} SET {moment} = {AGE} WHERE {which} RETURNING 1", days=days)  # noqa: S608


@pytest.fixture
def grow_old(rows: Rows):
    async def age(lead_id: UUID | str) -> None:
        """The lead, by itself: what was heard of it stays as it is."""
        await set_back(rows, "leads", "active_at", 731, f"id = '{lead_id}'")

    return age


async def lead_of(client, **contact: object) -> str:
    answer = await submit(client, form(contact=contact, message="My aardwolf rides along"))
    return answer.json()["lead_id"]


async def test_an_old_lead_is_erased_everywhere_and_a_young_one_stays(
    client, tenant_id, sessions, published, grow_old
):
    old = await lead_of(client, **TOM)
    await lead_of(client, name="Olga Other", phone="619-555-0188")
    await grow_old(old)
    shown = await due(client, "leads")
    assert (shown["days"], shown["rows"]) == (730, 1)
    assert await remove(client, "leads") == 1
    left = await everything(sessions, tenant_id)
    for word in ("tom trace", "tom.trace", "6195550177"):
        assert word not in left
    assert "olga other" in left
    assert [e["subject"] for e in await published("person.erasure.requested.v1")] == [old]
    assert (await due(client, "leads"))["rows"] == 0
    assert (await client.get(f"{DOOR}/erased", headers=OPS)).json()["leads"] == [old]


async def test_done_twice_or_side_by_side_each_lead_is_erased_once(client, tenant_id, published, grow_old):
    leads = [await lead_of(client, name="Pat Sample", phone=f"619-555-01{n}") for n in range(10, 35)]
    for lead_id in leads:
        await grow_old(lead_id)
    counts = await asyncio.gather(remove(client, "leads"), remove(client, "leads"))
    assert sum(counts) == len(leads)
    assert await remove(client, "leads") == 0
    assert sorted(e["subject"] for e in await published("person.erasure.requested.v1")) == sorted(leads)


@pytest.mark.parametrize("shared", ["email", "phone"])
async def test_a_person_with_a_younger_lead_is_left_alone(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows, *, grow_old, shared
):
    for order_id, other in (
        ("order-1", {}),
        ("order-2", {"email": "new@sample.test", "phone": "+16195550123"}),
    ):
        contact = Contact(**{**TOM, **other, shared: TOM[shared]})
        seen = observed(location_id, ref=CrmRef(order_id=order_id), contact=contact)
        await once(sessions, event(seen), actions.receive_lead)
    old, young = await rows("SELECT id FROM leads ORDER BY order_id")
    await grow_old(old["id"])
    assert await remove(client, "leads") == 0
    await grow_old(young["id"])
    assert await remove(client, "leads") == 2


@pytest.mark.parametrize("heard", ["word", "appointment", "trace"])
async def test_what_is_heard_of_a_lead_makes_it_young(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows, *, grow_old, heard
):
    seen = observed(location_id, contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    lead_id = (await rows("SELECT id FROM leads"))[0]["id"]
    await grow_old(lead_id)
    match heard:
        case "word":
            said = MessageSent(
                message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=1, author="customer", channel="web",
                text="Still there?",
            )  # fmt: skip
            await once(sessions, event(said), actions.mark_engaged)
        case "appointment":
            await once(sessions, event(appointment(AppointmentBooked, lead_id)), actions.mark_scheduled)
        case "trace":
            await once(sessions, event(seen), actions.receive_lead)
    assert await remove(client, "leads") == 0


async def test_a_lead_with_an_appointment_to_come_is_active_until_its_end(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    await once(sessions, event(observed(location_id)), actions.receive_lead)
    lead_id = (await rows("SELECT id FROM leads"))[0]["id"]
    end = datetime.now(UTC) + timedelta(days=400)
    booked = appointment(AppointmentBooked, lead_id).model_copy(update={"end": end})
    await once(sessions, event(booked), actions.mark_scheduled)
    assert (await rows("SELECT active_at FROM leads"))[0]["active_at"] == end


async def test_who_opted_out_is_asked_nothing_of_here_and_notifier_keeps_the_wish(
    client, tenant_id, sessions, event: Happened, rows: Rows, grow_old
):
    old = await lead_of(client, **TOM)
    stop = ContactOptedOut(address="+16195550177", channel="sms", how="keyword", text="STOP")
    await once(sessions, event(stop), actions.withdraw_consent)
    await grow_old(old)
    await remove(client, "leads")
    assert await rows("SELECT * FROM opt_outs") == []
    stranger = ContactOptedOut(address="+16195550199", channel="sms", how="keyword", text="STOP")
    await once(sessions, event(stranger), actions.withdraw_consent)
    await remove(client, "leads")
    assert [row["address"] for row in await rows("SELECT address FROM opt_outs")] == ["+16195550199"]


async def test_raw_deliveries_lose_their_bodies_and_a_repeat_is_still_known(client, tenant_id, rows: Rows):
    for webhook_id in ("msg_1", "msg_2"):
        await deliver(client, order(name="Tom Trace's Honda", id=webhook_id), webhook_id=webhook_id)
    await set_back(rows, "webhook_deliveries", "received_at", 91, "webhook_id = 'msg_1'")
    assert (await due(client, "raw_deliveries"))["rows"] == 1
    assert await remove(client, "raw_deliveries") == 1
    kept = {row["webhook_id"]: bytes(row["body"]) for row in await rows("SELECT * FROM webhook_deliveries")}
    assert kept["msg_1"] == b""
    assert b"Tom Trace" in kept["msg_2"]
    again = await deliver(client, order(name="Tom Trace's Honda", id="msg_1"), webhook_id="msg_1")
    assert again.json()["duplicate"]
    assert await remove(client, "raw_deliveries") == 0


async def test_forms_of_machines_and_keys_go_and_those_of_leads_stay(client, tenant_id, rows: Rows):
    await submit(client, form())
    await submit(client, form(website="http://machine.test"))
    await set_back(rows, "lead_sources", "seen_at", 91)
    await set_back(rows, "idempotency_keys", "created_at", 31)
    assert await remove(client, "suspected_forms") == 1
    assert [row["suspicion"] for row in await rows("SELECT suspicion FROM lead_sources")] == [None]
    assert await remove(client, "idempotency_keys") == 2


async def test_expired_log_ins_and_sessions_go_and_an_ended_one_is_told_until_it_expires(
    client, tenant_id, rows: Rows
):
    member = {"name": "Sam Sample", "role": "owner", "locations": []}
    door = "/api/admin/tenants/sample-tint/staff/sam@sample.test"
    staff_id = UUID((await client.put(door, json=member, headers=OPS)).json()["id"])
    for table in ("staff_logins", "staff_sessions"):
        moment = "requested_at" if table == "staff_logins" else "created_at"
        for days in (31, 29, -100):
            await rows(
                f"INSERT INTO {table} (tenant_id, id, staff_id, {moment}, expires_at) "  # noqa: S608
                f"VALUES (:tenant, :id, :staff, now() - interval '1 year', {AGE}) RETURNING 1",
                tenant=tenant_id, id=uuid4(), staff=staff_id, days=days,
            )  # fmt: skip
    await rows("UPDATE staff_sessions SET ended_at = now() - interval '90 days' RETURNING 1")
    assert await remove(client, "staff_logins") == 1
    assert await remove(client, "staff_sessions") == 1


async def test_the_door_is_the_operators_and_knows_its_kinds(client, tenant_id):
    assert (await client.get(DOOR)).status_code == 401
    assert (await client.post(f"{DOOR}/leads")).status_code == 401
    assert (await client.post(f"{DOOR}/everything", headers=OPS)).status_code == 404
