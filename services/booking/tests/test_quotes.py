"""A quote is a promise: its price and length hold whatever becomes of the catalogue, for its lead, until it ends."""

from datetime import datetime, timedelta

import pytest

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"


def code(answer):
    return answer.status_code, answer.json()["code"]


CHANGES = {
    "a price change": {"price_cents": 99900, "class_prices": {}},
    "a longer job": {"duration_minutes": 300},
    "a price on request": {"price_kind": "on_request", "price_cents": None, "class_prices": {}},
    "a deactivation": {"active": False},
    "an end of its days": {"valid_to": "2026-11-22"},
    "a dearer add-on": {"addons": [{"code": "visor", "name": "Visor strip", "amount_cents": 9900}]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_is_booked_is_what_was_quoted_after(shop, sample_row, change):
    lead = await shop.new_lead("suv")
    quote = await lead.quote(addons=["visor"])
    assert (await shop.put_catalog([sample_row | change])).json()["changes"]
    booked = (await lead.tries(quote["id"], TEN)).json()
    assert (booked["total_cents"], booked["end"]) == (44900 + 4900, "2026-11-24T12:00:00-08:00")
    [event] = await shop.published("appointment.booked.v1")
    assert (event["data"]["total_cents"], event["data"]["end"]) == (booked["total_cents"], booked["end"])


async def test_a_quote_outlives_its_service(shop):
    lead = await shop.new_lead()
    quote = await lead.quote()
    assert (await shop.put_catalog([])).json()["changes"] == [
        {"action": "remove", "location": "", "code": "ceramic-full"}
    ]
    hold = (await lead.post("holds", {"quote_id": quote["id"], "start": TEN})).json()
    booked = await lead.post("appointments", {"hold_id": hold["id"]}, **{"Idempotency-Key": "k"})
    assert (booked.status_code, booked.json()["total_cents"]) == (201, 39900)
    assert code(await lead.post("quotes", {"service": "ceramic-full"})) == (422, "unknown_service")


async def test_a_quote_is_good_until_its_last_moment_and_not_at_it(shop):
    lead = await shop.new_lead()
    quote = await lead.quote()
    ends = datetime.fromisoformat(quote["valid_until"])
    for moment, status in ((ends - timedelta(microseconds=1), 200), (ends, 422)):
        async with shop.at(moment) as then:
            answer = await then.visitor(lead.lead_id).get("slots", quote_id=quote["id"])
            assert answer.status_code == status
    async with shop.at(ends) as then:
        late = then.visitor(lead.lead_id)
        start = "2026-11-27T10:00:00-08:00"
        held = await late.post("holds", {"quote_id": quote["id"], "start": start})
        assert code(held) == code(await late.tries(quote["id"], start)) == (422, "quote_expired")


async def test_a_quote_of_another_lead_opens_nothing(shop):
    quote = await (await shop.new_lead()).quote()
    other = await shop.new_lead()
    asked = [
        await other.get("slots", quote_id=quote["id"]),
        await other.post("holds", {"quote_id": quote["id"], "start": TEN}),
        await other.tries(quote["id"], TEN),
    ]
    assert {code(answer) for answer in asked} == {(404, "not_found")}
    assert await shop.rows("SELECT 1 FROM occupancies") == []
