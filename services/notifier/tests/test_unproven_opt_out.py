"""An opt-out counts for an address whose owner said it; of what anybody may have typed into a form only that lead is left alone."""

import pytest
from shared.events import Contact, CrmRef
from shared.events.notification import OutboundChannel

from .test_endpoints import text_us

MALLORY = Contact(name="Mal Sample", email="mallory@example.com", phone="+16195550171")
"""The number is a stranger's."""
WORDS = "Please do not write to me any more."


async def opted_out(shop) -> set[tuple[str, str]]:
    return {(told["channel"], told["address"]) for told in await shop.told("contact.opted_out.v1")}


async def written_to(shop, channel: OutboundChannel) -> int:
    await shop.send_due()
    return len(shop.inbox(channel))


async def test_words_in_the_chat_of_a_form_s_lead_opt_out_no_number_that_was_only_typed(shop):
    form = await shop.greet(contact=MALLORY, source="web_form")
    assert (await written_to(shop, "email"), await written_to(shop, "sms")) == (1, 1)
    await shop.say(form.lead_id, WORDS, opt_out=("sms", "email"))
    assert await opted_out(shop) == set()
    assert (await shop.lead(form.lead_id)).stopped_reason in {"engaged", "opted_out"}
    victim = await shop.greet(contact=MALLORY.model_copy(update={"email": "victim@example.com"}))
    assert (await written_to(shop, "email"), await written_to(shop, "sms")) == (2, 2)
    assert (await shop.lead(victim.lead_id)).stopped_reason is None


async def test_of_that_lead_nothing_more_is_sent_there_until_its_owner_says_start(shop):
    form = await shop.greet(contact=MALLORY, source="web_form")
    await shop.send_due()
    await shop.say(form.lead_id, WORDS, opt_out=("sms",))
    await shop.say(form.lead_id, "Booked!", author="assistant", channel="sms")
    assert await written_to(shop, "sms") == 1
    await text_us(shop, MALLORY.phone, "START")
    await shop.say(form.lead_id, "Welcome back!", author="assistant", channel="sms")
    assert await written_to(shop, "sms") == 2


async def test_a_doubt_in_the_chat_of_a_form_s_lead_ends_no_other_lead_s_sequence(shop):
    victim = await shop.greet(contact=MALLORY.model_copy(update={"email": "victim@example.com"}))
    form = await shop.greet(contact=MALLORY, source="web_form")
    await shop.send_due()
    await shop.say(form.lead_id, "stop")
    assert (await shop.lead(form.lead_id)).stopped_reason == "opt_out_asked"
    assert (await shop.lead(victim.lead_id)).stopped_reason is None


async def test_words_by_text_opt_out_the_number_they_came_from_and_no_address_that_was_typed_beside_it(shop):
    form = await shop.greet(contact=MALLORY, source="web_form")
    await shop.send_due()
    await text_us(shop, form.contact.phone, WORDS)
    assert await opted_out(shop) == {("sms", MALLORY.phone)}


@pytest.mark.parametrize(
    "proof",
    [
        {"contact": MALLORY},
        {"contact": MALLORY, "source": "web_form", "external_ref": CrmRef(order_id="order-1")},
    ],
    ids=["a lead of the CRM", "a form that the CRM took over"],
)
async def test_a_customer_whom_the_shop_names_opts_out_of_both_by_words_in_the_chat(shop, proof):
    lead = await shop.greet(**proof)
    await shop.send_due()
    await shop.say(lead.lead_id, WORDS, opt_out=("sms", "email"))
    assert await opted_out(shop) == {("sms", MALLORY.phone), ("email", MALLORY.email)}


async def test_whoever_has_a_link_that_went_to_one_address_only_has_that_address(shop):
    form = await shop.greet(contact=MALLORY.model_copy(update={"email": None}), source="web_form")
    await shop.send_due()
    await shop.say(form.lead_id, WORDS, opt_out=("sms", "email"))
    assert await opted_out(shop) == {("sms", MALLORY.phone)}
