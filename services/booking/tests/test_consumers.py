"""Events in: each works once, in any order."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from booking.actions import crm_calendar, replicating, requests
from booking.consumers import build_consumers
from booking.deps import Deps
from shared.events import (
    CONSUMES,
    BookingRequested,
    Contact,
    CrmAppointmentObserved,
    LeadReceived,
    Switches,
    Vehicle,
)
from shared.messaging.failures import RetryLater
from shared.messaging.topology import queue_for

TEN = "2026-11-24T10:00:00-08:00"


def test_every_event_of_the_contract_has_one_consumer(world_less_deps):
    queues = sorted(subscriber.queue.name for subscriber in build_consumers(world_less_deps).subscribers)
    assert queues == sorted(queue_for("booking", event) for event in CONSUMES["booking"])


@pytest.fixture
def world_less_deps():
    return Deps(None, "https://leads.example", ("key",))


def answering(shop):
    async def answer_request(session, event):
        await requests.answer_request(shop.deps, session, event)

    return answer_request


def wish_of(shop, lead, **changes):
    wish = {"request_id": uuid4(), "lead_id": lead.lead_id, "service": "ceramic-full", "wished_start": TEN}
    return shop.event(BookingRequested(**wish | changes), lead.lead_id)


def seen_in_crm(shop, **changes):
    seen = {
        "crm_appointment_id": "sample-a1",
        "location_id": shop.location_id,
        "start": TEN,
        "end": "2026-11-24T12:00:00-08:00",
    }
    return shop.event(CrmAppointmentObserved(**seen | changes), shop.location_id)


async def observe(shop, event):
    return await shop.consume(event, crm_calendar.keep_theirs)


async def taken(shop):
    rows = await shop.rows("SELECT kind, starts_at, ends_at FROM occupancies ORDER BY starts_at, bay_id")
    return [(row.kind, row.starts_at.isoformat(), row.ends_at.isoformat()) for row in rows]


@pytest.mark.postgres
async def test_a_location_is_kept_once_and_never_goes_back(shop):
    event = shop.location_event(version=3, name="New name")
    assert await shop.consume(event, replicating.keep_location)
    assert not await shop.consume(event, replicating.keep_location)
    await shop.location_changed(version=2, name="Old name")
    [row] = await shop.rows("SELECT name, version FROM locations")
    assert (row.name, row.version) == ("New name", 3)


@pytest.mark.postgres
async def test_a_location_that_arrives_late_gets_the_tenants_catalogue(shop):
    phoenix = uuid4()
    await shop.location_changed(location_id=phoenix, code="Store201", timezone="America/Phoenix")
    await shop.location_changed(
        location_id=phoenix, code="Store201", timezone="America/Phoenix", version=2, switches=Switches()
    )
    events = [e for e in await shop.published("catalog.changed.v1") if e["subject"] == str(phoenix)]
    assert [event["data"]["version"] for event in events] == [1]
    assert [service["code"] for service in events[0]["data"]["services"]] == ["ceramic-full"]


@pytest.mark.postgres
async def test_an_older_version_of_a_lead_changes_nothing(shop):
    lead = await shop.new_lead()
    [known] = await shop.rows("SELECT contact, correlation_id FROM leads")
    fact = LeadReceived(
        lead_id=lead.lead_id,
        contact=Contact(name="Somebody Older"),
        vehicle=Vehicle(),
        source="web_form",
        consent={"sms": True, "email": True},
        received_at=TEN,
    )
    await shop.consume(shop.event(fact, lead.lead_id, version=0), replicating.keep_lead)
    assert await shop.rows("SELECT contact, correlation_id FROM leads") == [known]


@pytest.mark.postgres
async def test_a_wish_is_booked_with_a_fresh_quote_once(shop):
    lead = await shop.new_lead("suv")
    event = wish_of(shop, lead)
    assert await shop.consume(event, answering(shop))
    assert not await shop.consume(event, answering(shop))
    await shop.consume(event.model_copy(update={"id": uuid4()}), answering(shop))
    [booked] = await shop.published("appointment.booked.v1")
    assert booked["data"]["request_id"] == str(event.data.request_id)
    assert (booked["data"]["start"], booked["data"]["total_cents"]) == (TEN, 44900)
    assert len(await taken(shop)) == 1
    assert await shop.published("booking.declined.v1") == []


@pytest.mark.postgres
async def test_the_same_wish_delivered_twice_at_once_is_booked_once(shop):
    lead = await shop.new_lead()
    event = wish_of(shop, lead)
    copies = (event, event, event.model_copy(update={"id": uuid4()}))
    await asyncio.gather(*(shop.consume(copy, answering(shop)) for copy in copies))
    assert len(await shop.published("appointment.booked.v1")) == 1


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("changes", "expected", "alternatives"),
    [
        ({"wished_start": "2026-11-26T10:00:00-08:00"}, "closed", 3),
        ({"wished_start": "2026-11-20T10:00:00-08:00"}, "in_past", 3),
        ({"wished_start": "2028-11-20T10:00:00-08:00"}, "too_far", 3),
        ({"service": "paint"}, "unknown_service", 0),
    ],
)
async def test_a_wish_that_cannot_be_is_declined_with_other_times(shop, changes, expected, alternatives):
    lead = await shop.new_lead()
    event = wish_of(shop, lead, **changes)
    await shop.consume(event, answering(shop))
    await shop.consume(event.model_copy(update={"id": uuid4()}), answering(shop))
    [declined] = await shop.published("booking.declined.v1")
    assert declined["data"]["code"] == expected
    assert declined["data"]["request_id"] == str(event.data.request_id)
    assert len(declined["data"]["alternatives"]) == alternatives
    assert await taken(shop) == []


@pytest.mark.postgres
async def test_a_wish_for_a_taken_slot_is_declined_and_the_leads_hold_stays(shop):
    for _ in range(2):
        await (await shop.new_lead()).books(TEN)
    lead = await shop.new_lead()
    quote = await lead.quote()
    await lead.post("holds", {"quote_id": quote["id"], "start": "2026-11-25T10:00:00-08:00"})
    await shop.consume(wish_of(shop, lead), answering(shop))
    [declined] = await shop.published("booking.declined.v1")
    assert declined["data"]["code"] == "slot_taken"
    assert [kind for kind, *_ in await taken(shop)] == ["appointment", "appointment", "hold"]


@pytest.mark.postgres
async def test_a_wish_before_its_lead_waits_for_it(shop):
    lead = shop.visitor(uuid4())
    event = wish_of(shop, lead)
    with pytest.raises(RetryLater):
        await shop.consume(event, answering(shop))
    await shop.lead_received(lead.lead_id)
    assert await shop.consume(event, answering(shop))
    assert len(await shop.published("appointment.booked.v1")) == 1


@pytest.mark.postgres
async def test_an_appointment_of_the_crm_takes_one_bay_once(shop):
    event = seen_in_crm(shop)
    await observe(shop, event)
    await observe(shop, event)
    await observe(shop, event.model_copy(update={"id": uuid4()}))
    assert await taken(shop) == [("external", "2026-11-24T18:00:00+00:00", "2026-11-24T20:00:00+00:00")]


@pytest.mark.postgres
async def test_our_own_appointment_is_no_block_unless_it_is_lost_here(shop):
    booked = await (await shop.new_lead()).books(TEN)
    await observe(shop, seen_in_crm(shop, our_id=booked["id"]))
    assert [kind for kind, *_ in await taken(shop)] == ["appointment"]
    lost = seen_in_crm(shop, our_id=uuid4())
    await observe(shop, lost)
    assert sorted(kind for kind, *_ in await taken(shop)) == ["appointment", "external"]


@pytest.mark.postgres
async def test_a_repeating_one_takes_every_time_and_frees_only_what_it_gives_up(shop):
    def on(*days):
        spans = [(f"2026-12-{day:02}T10:00:00-08:00", f"2026-12-{day:02}T11:00:00-08:00") for day in days]
        return {"occurrences": [{"start": start, "end": end} for start, end in spans]}

    first = seen_in_crm(shop, **on(1, 2, 3))
    await observe(shop, first)
    assert [start[8:10] for _, start, _ in await taken(shop)] == ["01", "02", "03"]
    ids = {row.id for row in await shop.rows("SELECT id FROM occupancies")}
    changed = seen_in_crm(shop, **on(2, 3, 4))
    await observe(shop, changed.model_copy(update={"time": first.time + timedelta(minutes=1)}))
    assert [start[8:10] for _, start, _ in await taken(shop)] == ["02", "03", "04"]
    assert len(ids & {row.id for row in await shop.rows("SELECT id FROM occupancies")}) == 2
    gone = seen_in_crm(shop, deleted=True, **on(2, 3, 4))
    await observe(shop, gone.model_copy(update={"time": first.time + timedelta(minutes=2)}))
    assert await taken(shop) == []


@pytest.mark.postgres
async def test_a_moved_one_frees_its_old_time_and_an_older_sight_changes_nothing(shop):
    first = seen_in_crm(shop)
    moved = seen_in_crm(shop, start="2026-11-24T11:00:00-08:00", end="2026-11-24T13:00:00-08:00")
    moved = moved.model_copy(update={"time": first.time + timedelta(minutes=1)})
    await observe(shop, moved)
    await observe(shop, first)
    assert await taken(shop) == [("external", "2026-11-24T19:00:00+00:00", "2026-11-24T21:00:00+00:00")]


@pytest.mark.postgres
async def test_a_deleted_one_frees_its_time_for_good(shop):
    first = seen_in_crm(shop)
    gone = seen_in_crm(shop, deleted=True)
    gone = gone.model_copy(update={"time": first.time + timedelta(minutes=1)})
    for event in (first, gone, first.model_copy(update={"id": uuid4()})):
        await observe(shop, event)
    assert await taken(shop) == []


@pytest.mark.postgres
async def test_an_all_day_block_closes_every_bay_for_the_local_day(shop):
    await observe(shop, seen_in_crm(shop, all_day=True, start=TEN, end=TEN))
    assert await taken(shop) == [("external", "2026-11-24T08:00:00+00:00", "2026-11-25T08:00:00+00:00")] * 2
    lead = await shop.new_lead()
    slots = await lead.slots((await lead.quote())["id"])
    assert not any("Nov 24" in slot["label"] for slot in slots)
    assert any("Nov 25" in slot["label"] for slot in slots)


@pytest.mark.postgres
async def test_an_all_day_block_takes_the_rest_of_a_day_with_an_appointment_and_its_time_when_that_goes(shop):
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    await observe(shop, seen_in_crm(shop, all_day=True, start=TEN, end=TEN))
    assert [kind for kind, *_ in await taken(shop)].count("external") == 3
    await lead.post(f"appointments/{booked['id']}/cancel", {})
    other = await shop.new_lead()
    answer = await other.tries((await other.quote())["id"], TEN)
    assert answer.json()["code"] == "slot_taken"


@pytest.mark.postgres
async def test_a_cancelled_time_goes_first_to_what_stands_in_the_crm(shop):
    leads = [await shop.new_lead() for _ in range(2)]
    booked = [await lead.books(TEN) for lead in leads]
    await observe(shop, seen_in_crm(shop))
    assert [kind for kind, *_ in await taken(shop)] == ["appointment", "appointment"]
    await leads[0].post(f"appointments/{booked[0]['id']}/cancel", {})
    assert sorted(kind for kind, *_ in await taken(shop)) == ["appointment", "external"]


@pytest.mark.postgres
async def test_a_new_bay_is_closed_by_an_all_day_block_too(shop):
    await observe(shop, seen_in_crm(shop, all_day=True, start=TEN, end=TEN))
    await shop.put_hours({"hours": {"tue": [["09:00", "18:00"]]}, "bays": ["Bay 1", "Bay 2", "Bay 3"]})
    assert len(await taken(shop)) == 3


@pytest.mark.postgres
async def test_no_row_is_seen_for_another_tenant(shop):
    await (await shop.new_lead()).books(TEN)
    shop.tenant_id = uuid4()
    for table in ("appointments", "occupancies", "leads", "locations", "quotes", "service_catalog"):
        assert await shop.rows(f"SELECT 1 FROM {table}") == []  # noqa: S608
