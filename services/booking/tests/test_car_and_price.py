"""The booking is for the car that the quote was made for, at the kind of price that it was."""

import asyncio
from uuid import uuid4

import pytest
from alembic import command
from booking.actions import replicating, requests
from booking.holdings import HOLDINGS
from icalendar import Calendar
from shared.db.migrate import config
from shared.events import BookingRequested, Contact, LeadReceived, PersonErasureRequested, Vehicle
from shared.persons import erase_once

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"
NOON = "2026-11-24T12:00:00-08:00"
CIVIC = Vehicle(year=2021, make="Honda", model="Civic", vehicle_class="sedan")
F150 = {"year": 2019, "make": "Ford", "model": "F-150"}
TRUCK = F150 | {"vehicle_class": "truck"}


async def lead_with_a_civic(shop):
    return await shop.new_lead(vehicle=CIVIC)


async def booked_for(lead, **wish):
    quote = await lead.quote(**wish)
    answer = await lead.tries(quote["id"], TEN)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def description_of(lead, booked):
    file = await lead.get(f"appointments/{booked['id']}/calendar.ics")
    [event] = Calendar.from_ical(file.text).walk("VEVENT")
    return str(event["description"])


async def told(shop, *types):
    return [event["data"] for type_ in types for event in await shop.published(type_)]


async def test_of_two_cars_of_one_lead_the_one_that_was_quoted_is_booked_and_told(shop, sample_row):
    await shop.put_catalog([sample_row | {"class_prices": {"truck": 42900}}])
    lead = await lead_with_a_civic(shop)
    own, other = await lead.quote(), await lead.quote(vehicle=F150)
    assert (own["vehicle"], own["total_cents"]) == (CIVIC.model_dump(), 39900)
    assert (other["vehicle"], other["vehicle_class"], other["total_cents"]) == (TRUCK, "truck", 42900)

    held = (await lead.post("holds", {"quote_id": other["id"], "start": TEN})).json()
    answer = await lead.post("appointments", {"hold_id": held["id"]}, **{"Idempotency-Key": "one"})
    booked = answer.json()
    assert booked["vehicle"] == TRUCK
    assert (await lead.with_link_of(booked).get("manage")).json()["appointment"]["vehicle"] == TRUCK
    assert "Full car ceramic tint for 2019 Ford F-150, $429.00." in await description_of(lead, booked)
    [fact] = await told(shop, "appointment.booked.v1")
    assert fact["vehicle"] == TRUCK


async def test_a_class_that_is_not_the_leads_own_car_s_names_no_car_of_the_lead(shop):
    lead = await lead_with_a_civic(shop)
    booked = await booked_for(lead, vehicle_class="suv")
    assert booked["vehicle"] == Vehicle(vehicle_class="suv").model_dump()
    assert " for SUV, $449.00." in await description_of(lead, booked)


async def test_a_later_car_of_the_lead_is_not_that_of_a_quote_or_a_booking(shop):
    lead = await lead_with_a_civic(shop)
    quote = await lead.quote()
    fact = LeadReceived(
        lead_id=lead.lead_id,
        contact=Contact(name="Jane Sample"),
        vehicle=Vehicle(**F150),
        source="web_form",
        consent={"sms": True, "email": True},
        received_at=TEN,
    )
    await shop.consume(shop.event(fact, lead.lead_id, version=2), replicating.keep_lead)
    booked = (await lead.tries(quote["id"], TEN)).json()
    await lead.post(f"appointments/{booked['id']}/move", {"start": NOON})
    await lead.post(f"appointments/{booked['id']}/cancel", {})
    kinds = [f"appointment.{what}.v1" for what in ("booked", "rescheduled", "cancelled")]
    assert [fact["vehicle"]["model"] for fact in await told(shop, *kinds)] == ["Civic"] * 3
    assert (await lead.quote())["vehicle"]["model"] == "F-150"


@pytest.mark.parametrize(
    ("row", "price", "words"),
    [
        ({}, {"kind": "exact", "amount_cents": 44800, "max_cents": None}, "$448.00"),
        (
            {"price_kind": "from"},
            {"kind": "from", "amount_cents": 44800, "max_cents": None},
            "from $448.00, final price after inspection",
        ),
        (
            {"price_kind": "range", "max_cents": 79900},
            {"kind": "range", "amount_cents": 44800, "max_cents": 84800},
            "$448.00 to $848.00, final price after inspection",
        ),
    ],
)
async def test_a_price_stays_of_its_kind_from_quote_to_every_event(shop, sample_row, row, price, words):
    await shop.put_catalog([sample_row | row])
    lead = await lead_with_a_civic(shop)
    quote = await lead.quote(addons=["visor"])
    shown = {"kind": quote["kind"], "amount_cents": quote["total_cents"], "max_cents": quote["max_cents"]}
    assert shown == price
    await shop.put_catalog([sample_row | {"price_cents": 99900}])
    booked = (await lead.tries(quote["id"], TEN)).json()
    assert (booked["price"], booked["total_cents"]) == (price, 44800)
    assert f", {words}. Reschedule or cancel" in await description_of(lead, booked)
    moved = (await lead.post(f"appointments/{booked['id']}/move", {"start": NOON})).json()
    cancelled = (await lead.post(f"appointments/{booked['id']}/cancel", {})).json()
    assert moved["price"] == cancelled["price"] == price
    kinds = [f"appointment.{what}.v1" for what in ("booked", "rescheduled", "cancelled")]
    facts = await told(shop, *kinds)
    without_none = {name: value for name, value in price.items() if value is not None}
    assert [fact["price"] for fact in facts] == [without_none] * 3
    assert {fact["total_cents"] for fact in facts} == {44800}


async def test_what_is_booked_beside_the_service_is_told_wherever_the_appointment_is(shop):
    lead = await lead_with_a_civic(shop)
    quote = await lead.quote(addons=["visor"])
    booked = (await lead.tries(quote["id"], TEN)).json()
    beside = [{"name": "Visor strip", "name_es": ""}]
    assert booked["service"]["addons"] == beside
    assert f"{booked['service']['name']} + Visor strip" in await description_of(lead, booked)
    moved = (await lead.post(f"appointments/{booked['id']}/move", {"start": NOON})).json()
    assert moved["service"] == booked["service"]
    facts = await told(shop, "appointment.booked.v1", "appointment.rescheduled.v1")
    assert [[addon["name"] for addon in fact["service"]["addons"]] for fact in facts] == [["Visor strip"]] * 2


async def test_a_wish_that_came_as_an_event_is_booked_for_its_car(shop):
    lead = await lead_with_a_civic(shop)
    wish = BookingRequested(
        request_id=uuid4(),
        lead_id=lead.lead_id,
        service="ceramic-full",
        vehicle=Vehicle(**F150),
        wished_start=TEN,
    )

    async def answer(session, event):
        await requests.answer_request(shop.deps, session, event)

    await shop.consume(shop.event(wish, lead.lead_id), answer)
    assert [fact["vehicle"]["model"] for fact in await told(shop, "appointment.booked.v1")] == ["F-150"]


async def test_quotes_and_bookings_of_before_get_the_car_the_add_ons_and_the_kind_of_price_that_they_meant(
    shop, sample_row, database_url, owner_of
):
    await shop.put_catalog([sample_row | {"price_kind": "from"}])
    lead = await lead_with_a_civic(shop)
    own, other = await lead.quote(addons=["visor"]), await lead.quote(vehicle_class="suv")
    await lead.tries(own["id"], TEN)
    await shop.rows("UPDATE quotes SET valid_until = now() + interval '1 hour'")
    schema = config("booking", owner_of(database_url))
    await asyncio.to_thread(command.downgrade, schema, "0007")
    await asyncio.to_thread(command.upgrade, schema, "head")
    quotes = {str(row.id): row.vehicle for row in await shop.rows("SELECT id, vehicle FROM quotes")}
    assert quotes == {own["id"]: CIVIC.model_dump(), other["id"]: {"vehicle_class": "suv"}}
    [kept] = await shop.rows("SELECT price_kind, vehicle, addons FROM appointments")
    assert (kept.price_kind, kept.vehicle) == ("from", CIVIC.model_dump())
    assert kept.addons == [{"name": "Visor strip", "name_es": ""}]


async def test_an_erased_person_s_cars_keep_their_class_only(shop):
    lead = await lead_with_a_civic(shop)
    await booked_for(lead, vehicle=F150)
    event = shop.event(PersonErasureRequested(lead_id=lead.lead_id), lead.lead_id)
    await erase_once(shop.deps.sessions, event, HOLDINGS)
    rows = await shop.rows("SELECT vehicle FROM quotes UNION ALL SELECT vehicle FROM appointments")
    assert [row.vehicle for row in rows] == [{"vehicle_class": "truck"}] * 2
