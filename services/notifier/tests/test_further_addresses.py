"""What else the CRM has of a person's numbers and addresses is theirs: it is heard, and written to only in answer."""

import pytest
from shared.db.engine import transaction
from shared.events import Consent, Contact, CrmRef
from sqlalchemy import text

from .test_endpoints import mail_us, text_us

SECOND, SECOND_MAIL = "+16195550174", "ana.work@example.com"
ANA = Contact(name="Ana Sample", email="ana.sample@example.com", phone="+16195550171")
BOTH = (SECOND_MAIL, SECOND)
ORDER = CrmRef(order_id="order-1", customer_id="customer-1")


async def greeted(shop) -> tuple[int, int]:
    await shop.send_due()
    return len(shop.inbox("email")), len(shop.inbox("sms"))


async def test_a_text_from_a_further_number_reaches_the_conversation_and_is_answered_there(shop):
    lead = await shop.greet(contact=ANA, other_addresses=BOTH)
    assert await greeted(shop) == (1, 1)
    assert (await text_us(shop, SECOND, "Is Friday free?")).status_code == 200
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(lead.lead_id)
    assert (await shop.lead(lead.lead_id)).stopped_reason == "engaged"
    await shop.say(lead.lead_id, "It is.", author="assistant", channel="sms")
    await shop.send_due()
    assert shop.inbox("sms")[-1]["to"] == SECOND


async def test_a_mail_from_a_further_address_reaches_the_conversation_and_is_answered_there(shop):
    lead = await shop.greet(contact=ANA, other_addresses=BOTH)
    await greeted(shop)
    assert (await mail_us(shop, SECOND_MAIL, "Is Friday free?")).status_code == 200
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(lead.lead_id)
    await shop.say(lead.lead_id, "It is.", author="assistant", channel="email")
    await shop.send_due()
    assert shop.inbox("email")[-1]["to"] == SECOND_MAIL


async def test_a_number_that_the_crm_learns_later_is_the_persons_from_then_on(shop):
    lead = await shop.greet(contact=ANA)
    await shop.publish(shop.event(lead.model_copy(update={"other_addresses": BOTH}), version=2))
    await text_us(shop, SECOND, "Is Friday free?")
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(lead.lead_id)


async def test_whose_own_number_it_is_comes_before_whose_the_crm_has_it_too(shop):
    own = await shop.greet(contact=Contact(name="Bo Sample", phone=SECOND))
    await shop.greet(contact=ANA, other_addresses=BOTH)
    await text_us(shop, SECOND, "Is Friday free?")
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(own.lead_id)


@pytest.mark.parametrize("words", ["STOP", "Please stop texting me"])
async def test_who_refuses_from_a_further_number_is_out_at_all_of_theirs(shop, words):
    lead = await shop.greet(contact=ANA, other_addresses=BOTH)
    sent = await greeted(shop)
    await text_us(shop, SECOND, words)
    told = await shop.told("contact.opted_out.v1")
    assert {one["address"] for one in told if one["channel"] == "sms"} == {ANA.phone, SECOND}
    await shop.say(lead.lead_id, "Your car is ready.", author="staff", channel="sms")
    assert await greeted(shop) == sent


@pytest.mark.parametrize("learns_later", [False, True])
async def test_who_had_refused_as_a_stranger_is_out_once_the_crm_says_whose_number_it_was(shop, learns_later):
    await text_us(shop, SECOND, "STOP")
    lead = await shop.greet(contact=ANA, other_addresses=() if learns_later else BOTH)
    if learns_later:
        await shop.publish(shop.event(lead.model_copy(update={"other_addresses": BOTH}), version=2))
    assert await greeted(shop) == (1, 0)
    told = await shop.told("contact.opted_out.v1")
    assert {one["address"] for one in told} == {ANA.phone, SECOND}


async def test_a_start_opens_the_number_that_it_came_from_whatever_was_refused_at_another(shop):
    await text_us(shop, SECOND, "STOP")
    lead = await shop.greet(contact=ANA, other_addresses=BOTH)
    await text_us(shop, ANA.phone, "START")
    await shop.publish(shop.event(lead.model_copy(update={"interest": "Windshield"}), version=2))
    await shop.say(lead.lead_id, "Your car is ready.", author="staff", channel="sms")
    await shop.send_due()
    assert [one["to"] for one in shop.inbox("sms")] == [ANA.phone]


async def test_a_flag_of_the_crm_at_a_further_number_is_that_numbers_alone(shop):
    lead = await shop.greet(contact=ANA, other_addresses=BOTH, consent=Consent(sms=True, email=True))
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text(
                "INSERT INTO consents (id, tenant_id, channel, address, permission, source) "
                "VALUES (gen_random_uuid(), :tenant, 'sms', :address, 'opted_out', 'crm')"
            ),
            {"tenant": shop.tenant_id, "address": SECOND},
        )
    await shop.publish(shop.event(lead.model_copy(update={"interest": "Windshield"}), version=2))
    assert await greeted(shop) == (1, 1)


BY_TEXT = ANA.model_copy(update={"email": None})
TO_SECOND = ANA.model_copy(update={"phone": SECOND})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"contact": BY_TEXT}, {"contact": ANA}),
        ({"contact": BY_TEXT, "other_addresses": (SECOND,)}, {"contact": TO_SECOND}),
        ({"contact": BY_TEXT}, {"contact": TO_SECOND, "other_addresses": (ANA.phone,)}),
        ({"contact": ANA, "other_addresses": BOTH}, {"contact": ANA.model_copy(update={"email": SECOND_MAIL})}),
    ],
    ids=["the number first", "a further number of the first", "of the second", "the other e-mail"],
)  # fmt: skip
async def test_two_orders_of_one_person_by_whatever_the_crm_has_of_them_are_one_greeting(shop, first, second):
    await shop.greet(**first)
    await greeted(shop)
    await shop.greet(**second, interest="Windshield")
    mails, texts = await greeted(shop)
    assert mails <= 1
    assert texts == 1


async def test_an_order_meets_a_form_that_named_a_further_number(shop):
    await shop.greet(contact=TO_SECOND, source="web_form")
    await greeted(shop)
    await shop.greet(contact=ANA, other_addresses=(SECOND,), external_ref=ORDER)
    assert await greeted(shop) == (1, 1)


async def test_an_order_joins_no_form_that_named_a_number_of_nobodys(shop):
    await shop.greet(contact=TO_SECOND, source="web_form")
    await greeted(shop)
    await shop.greet(contact=ANA, external_ref=ORDER)
    assert await greeted(shop) == (2, 2)
