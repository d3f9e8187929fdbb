"""A queued wish is answered exactly once: booked, or declined with other times."""

import asyncio
from uuid import uuid4

import pytest
from booking.actions import requests
from shared.events import BookingRequested

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
