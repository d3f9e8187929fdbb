"""An erased person: their time stays sold, and nobody can tell to whom."""

import pytest
from booking.holdings import HOLDINGS
from shared.events import Contact, PersonErasureRequested
from shared.persons import erase_once
from testkit.races import beside

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"
ELEVEN = "2026-11-24T11:00:00-08:00"
TABLES = ("leads", "quotes", "holds", "appointments", "idempotency_keys")


async def everything(shop) -> str:
    """As tuples: a row of SQLAlchemy's own shortens what it shows."""
    found = [await shop.rows(f"SELECT to_jsonb(t) FROM {table} t") for table in TABLES]  # noqa: S608 - our own names
    found.append(await shop.rows("SELECT key, convert_from(body, 'utf8') FROM outbox"))
    return str([tuple(row) for rows in found for row in rows])


async def erase(shop, lead):
    event = shop.event(PersonErasureRequested(lead_id=lead.lead_id), lead.lead_id)
    await erase_once(shop.deps.sessions, event, HOLDINGS)


async def test_time_stays_sold_to_nobody_that_can_be_named(shop):
    lead, other = await shop.new_lead(), await shop.new_lead(contact=Contact(name="Olga Other"))
    booked = await lead.books(TEN)
    await other.books(TEN)
    await erase(shop, lead)
    left = await everything(shop)
    for trace in ("Jane Sample", "jane@example.com", "6195550123"):
        assert trace not in left
    assert "Olga Other" in left
    [row] = await shop.rows("SELECT * FROM appointments WHERE id = :id", id=booked["id"])
    assert (row.status, row.vehicle, row.total_cents) == (
        "booked",
        {"vehicle_class": "sedan"},
        booked["total_cents"],
    )
    third = await shop.new_lead()
    answer = await third.tries((await third.quote())["id"], TEN)
    assert answer.json()["code"] == "slot_taken"


async def test_their_links_open_nothing_any_more(shop):
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    await erase(shop, lead)
    by_link = lead.with_link_of(booked)
    assert (await by_link.get(f"appointments/{booked['id']}")).status_code == 404
    assert (await by_link.post(f"appointments/{booked['id']}/move", {"start": ELEVEN})).status_code == 404
    assert (await lead.post("quotes", {"service": "ceramic-full"})).json()["code"] == "not_found"


async def test_no_event_brings_them_back(shop):
    lead = await shop.new_lead()
    await erase(shop, lead)
    await shop.lead_received(lead.lead_id)
    assert await shop.rows("SELECT * FROM leads") == []


async def test_a_quote_or_booking_that_is_being_stored_is_waited_for_and_blanked_too(shop):
    for table in ("quotes", "idempotency_keys"):
        lead = await shop.new_lead()
        writing = lead.quote() if table == "quotes" else lead.tries((await lead.quote())["id"], TEN)
        await beside(shop.deps.sessions, table, writing, erase(shop, lead))
        left = await everything(shop)
        for trace in ("Jane Sample", "jane@example.com", "6195550123", "'make'"):
            assert trace not in left


async def test_what_comes_while_they_are_erased_finds_nobody(shop):
    lead = await shop.new_lead()
    quote = await lead.quote()
    _, answer = await beside(
        shop.deps.sessions, "erased_leads", erase(shop, lead), lead.tries(quote["id"], TEN)
    )
    assert answer.json()["code"] == "not_found"
    assert await shop.rows("SELECT * FROM appointments") == []
