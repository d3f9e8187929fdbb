"""A queued wish is answered exactly once: booked, or declined with other times."""

import asyncio
from uuid import uuid4

import pytest
from booking.actions import requests
from shared.events import BookingRequested
from sqlalchemy.exc import IntegrityError

pytestmark = pytest.mark.postgres

TEN = "2026-11-24T10:00:00-08:00"


async def ask(shop, event):
    async def answer(session, wish):
        await requests.answer_request(shop.deps, session, wish)

    await shop.consume(event, answer)


def wish_of(shop, lead, **changes):
    wish = {"request_id": uuid4(), "lead_id": lead.lead_id, "service": "ceramic-full", "wished_start": TEN}
    return shop.event(BookingRequested(**wish | changes), lead.lead_id)


async def answers(shop):
    """Request to how it ended, in every answer that was recorded."""
    booked = await shop.published("appointment.booked.v1")
    declined = await shop.published("booking.declined.v1")
    ended = [(event["data"]["request_id"], "booked") for event in booked if "request_id" in event["data"]]
    return ended + [(event["data"]["request_id"], event["data"]["code"]) for event in declined]


async def test_many_wishes_for_the_last_bays_at_once_are_each_answered_once(shop):
    leads = [await shop.new_lead() for _ in range(6)]
    wishes = [wish_of(shop, lead) for lead in leads]
    again = [wish.model_copy(update={"id": uuid4()}) for wish in wishes]
    await asyncio.gather(*(ask(shop, wish) for wish in [*wishes, *again, *wishes]))
    ended = await answers(shop)
    assert sorted(asked for asked, _ in ended) == sorted(str(wish.data.request_id) for wish in wishes)
    assert sorted(how for _, how in ended) == ["booked"] * 2 + ["slot_taken"] * 4
    for declined in await shop.published("booking.declined.v1"):
        assert len(declined["data"]["alternatives"]) == 3


async def test_the_times_offered_instead_can_be_booked(shop):
    for _ in range(2):
        await (await shop.new_lead()).books(TEN)
    lead = await shop.new_lead()
    await ask(shop, wish_of(shop, lead))
    [declined] = await shop.published("booking.declined.v1")
    offered = declined["data"]["alternatives"]
    assert offered == sorted(offered, key=lambda slot: slot["start"])
    for slot in offered:
        other = await shop.new_lead()
        booked = await other.books(slot["start"])
        assert (booked["start"], booked["end"]) == (slot["start"], slot["end"])
        await other.post(f"appointments/{booked['id']}/cancel", {})
        assert slot["label"].endswith("PST")


async def test_an_answer_stands_when_the_slot_is_free_again(shop):
    taken = [await shop.new_lead() for _ in range(2)]
    booked = [await lead.books(TEN) for lead in taken]
    lead = await shop.new_lead()
    wish = wish_of(shop, lead)
    await ask(shop, wish)
    await taken[0].post(f"appointments/{booked[0]['id']}/cancel", {})
    await ask(shop, wish.model_copy(update={"id": uuid4()}))
    assert [how for asked, how in await answers(shop) if asked == str(wish.data.request_id)] == ["slot_taken"]


async def test_the_database_alone_lets_a_person_come_once_at_a_time(shop):
    """Whatever the code before it overlooks."""
    lead = await shop.new_lead()
    await lead.books(TEN)
    later = await lead.books("2026-11-24T14:00:00-08:00")
    with pytest.raises(IntegrityError, match="one_place_at_a_time"):
        await shop.rows(
            "UPDATE appointments SET starts_at = starts_at - interval '3 hours', ends_at = ends_at - interval '3 hours' WHERE id = :id",
            id=later["id"],
        )


async def test_a_wish_is_booked_at_the_price_of_its_day_and_tier(shop, sample_row):
    tiers = [
        sample_row
        | {"row": n, "code": f"full-{tier}", "family": "full-car", "tier": tier, "price_cents": cents}
        for n, (tier, cents) in enumerate({"dyed": 19900, "carbon": 29900}.items(), start=1)
    ]
    await shop.put_catalog(tiers)
    lead = await shop.new_lead()
    await ask(shop, wish_of(shop, lead, service="full-carbon"))
    await ask(shop, wish_of(shop, lead, service="full-car"))
    [event] = await shop.published("appointment.booked.v1")
    assert (event["data"]["service"]["code"], event["data"]["total_cents"]) == ("full-carbon", 29900)
    assert [how for _, how in await answers(shop)] == ["booked", "tier_needed"]


async def booked_times(shop):
    return [
        row.starts_at for row in await shop.rows("SELECT starts_at FROM appointments WHERE status = 'booked'")
    ]


async def test_a_wish_that_the_call_booked_after_all_is_answered_by_that_booking(shop):
    lead = await shop.new_lead()
    wish = wish_of(shop, lead)
    quote = await lead.quote()
    assert (await lead.tries(quote["id"], TEN, key=str(wish.data.request_id))).status_code == 201
    await ask(shop, wish)
    assert len(await booked_times(shop)) == 1
    assert len(await shop.published("appointment.booked.v1")) == 1
    assert await shop.published("booking.declined.v1") == []


async def test_a_call_that_comes_behind_its_own_wish_is_answered_by_what_became_of_it(shop):
    lead, late = await shop.new_lead(), await shop.new_lead()
    wish, refused = wish_of(shop, lead), wish_of(shop, late)
    quote, quote_of_late = await lead.quote(), await late.quote()
    await ask(shop, wish)
    third = await shop.new_lead()
    other = await third.books(TEN)
    await ask(shop, refused)
    answer = await lead.tries(quote["id"], TEN, key=str(wish.data.request_id))
    assert answer.status_code == 201
    [event] = await shop.published("booking.declined.v1")
    assert event["data"]["request_id"] == str(refused.data.request_id)
    await third.post(f"appointments/{other['id']}/cancel", {})
    answer = await late.tries(quote_of_late["id"], TEN, key=str(refused.data.request_id))
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
    assert len(await booked_times(shop)) == 1


async def test_call_and_wish_at_once_book_one_appointment(shop):
    for _ in range(10):
        lead = await shop.new_lead()
        wish, quote = wish_of(shop, lead), await lead.quote()
        await asyncio.gather(
            lead.tries(quote["id"], TEN, key=str(wish.data.request_id)),
            ask(shop, wish),
        )
        [appointment] = await shop.rows(
            "SELECT id FROM appointments WHERE status = 'booked' AND lead_id = :lead", lead=lead.lead_id
        )
        await lead.post(f"appointments/{appointment.id}/cancel", {})
    assert await shop.published("booking.declined.v1") == []


async def test_another_key_for_the_same_quote_and_time_is_the_same_appointment(shop):
    lead = await shop.new_lead()
    quote = await lead.quote()
    first = await lead.tries(quote["id"], TEN)
    again = await lead.tries(quote["id"], TEN)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_a_person_comes_once_at_a_time(shop):
    lead = await shop.new_lead()
    first = await lead.books(TEN)
    later = await lead.books("2026-11-24T14:00:00-08:00")
    quote = await lead.quote()
    for answer in (
        await lead.tries(quote["id"], first["start"]),
        await lead.tries(quote["id"], "2026-11-24T11:00:00-08:00"),
        await lead.post("holds", {"quote_id": quote["id"], "start": first["start"]}),
        await lead.post(f"appointments/{later['id']}/move", {"start": "2026-11-24T11:00:00-08:00"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "already_booked")
    moved = await lead.post(f"appointments/{first['id']}/move", {"start": "2026-11-24T10:30:00-08:00"})
    assert moved.status_code == 200


async def test_a_wish_is_booked_at_the_price_that_was_read_back(shop, sample_row):
    lead = await shop.new_lead()
    quote = await lead.quote(service="ceramic-full", vehicle={"make": "Jeep", "model": "Wrangler"})
    await shop.put_catalog([sample_row | {"price_cents": 99900, "class_prices": {}}])
    await ask(shop, wish_of(shop, lead, quote_id=quote["id"], service="another"))
    [booked] = await shop.published("appointment.booked.v1")
    assert booked["data"]["total_cents"] == quote["total_cents"]
    assert booked["data"]["vehicle"]["model"] == "Wrangler"


@pytest.mark.parametrize("whose", ["expired", "another's"])
async def test_a_wish_for_a_price_that_is_not_in_force_is_declined(shop, whose):
    lead = await shop.new_lead()
    quote = await (lead if whose == "expired" else await shop.new_lead()).quote()
    if whose == "expired":
        await shop.rows("UPDATE quotes SET valid_until = now() - interval '1 year'")
    await ask(shop, wish_of(shop, lead, quote_id=quote["id"]))
    assert [how for _, how in await answers(shop)] == ["quote_expired"]
