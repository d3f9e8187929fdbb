"""One person is greeted once, however many orders and forms they left within a day."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from notifier.actions.touches import fire_due_touches
from notifier.domain.gate import TOO_MANY
from shared.db.engine import transaction
from shared.events import Contact, CrmRef, NotificationFailed, Vehicle
from sqlalchemy import text

from .conftest import location
from .test_endpoints import text_us

TRUCK = Vehicle(year=2020, make="Ford", model="F-150", vehicle_class="truck")
VAN = Vehicle(year=2018, make="Honda", model="Odyssey", vehicle_class="van")
ANA = Contact(name="Ana Sample", email="ana.sample@example.com", phone="+16195550171")


async def greeted(shop):
    await shop.send_due()
    return len(shop.inbox("email")), len(shop.inbox("sms"))


async def test_two_orders_at_the_same_second_are_one_greeting_that_names_both_wishes(shop):
    first, second = await asyncio.gather(shop.greet(contact=ANA), shop.greet(contact=ANA, vehicle=TRUCK))
    assert await greeted(shop) == (1, 1)
    [mail] = shop.inbox("email")
    assert "2021 Honda Civic" in mail["text"]
    assert "2020 Ford F-150" in mail["text"]
    stopped = [(await shop.lead(one.lead_id)).stopped_reason for one in (first, second)]
    assert sorted(map(str, stopped)) == ["None", "same_person"]


@pytest.mark.parametrize("first", ["web_form", "shopmonkey"])
async def test_a_form_sent_again_with_another_spelling_is_one_greeting(shop, first):
    await shop.greet(contact=ANA, source=first)
    await shop.greet(contact=ANA.model_copy(update={"name": "ana  sample"}), source="web_form")
    assert await greeted(shop) == (1, 1)


async def test_a_lead_of_the_crm_joins_no_form_that_differs_in_anything(shop):
    """The form may be a stranger's, with their own address and this person's number."""
    form = await shop.greet(
        contact=ANA.model_copy(update={"email": "mallory@example.com"}), source="web_form"
    )
    order = await shop.greet(contact=ANA.model_copy(update={"email": None}))
    assert {(await shop.lead(one.lead_id)).stopped_reason for one in (form, order)} == {None}
    assert (await text_us(shop, ANA.phone, "Is Friday free?")).status_code == 200
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(order.lead_id)


REF = CrmRef(order_id="order-1", customer_id=None, vehicle_id=None)


@pytest.mark.parametrize("forms", [1, 2], ids=["one form", "a form that joined another"])
async def test_an_order_that_takes_over_a_form_greets_where_the_form_did_not(shop, forms):
    """Whoever filled in the form named one address of this customer's; the shop names all."""
    named = ANA.model_copy(update={"email": None})
    asked = [await shop.greet(contact=named, source="web_form", interest=str(n)) for n in range(forms)]
    assert await greeted(shop) == (0, 1)
    order = asked[-1].model_copy(update={"contact": ANA, "external_ref": REF})
    event = shop.event(order, version=2)
    for told in (event, event, shop.event(order, version=3)):
        await shop.publish(told)
    assert await greeted(shop) == (1, 1)


async def test_an_order_that_takes_over_a_form_greeted_days_ago_greets_nobody_again(shop):
    form = await shop.greet(contact=ANA, source="web_form")
    assert await greeted(shop) == (1, 1)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        for table, columns in (
            ("deliveries", ("created_at", "claimed_at", "sent_at")),
            ("leads", ("received_at",)),
        ):
            earlier = ", ".join(f"{name} = {name} - interval '3 days'" for name in columns)
            await session.execute(text(f"UPDATE {table} SET {earlier}"))  # noqa: S608 - our own words
    await shop.publish(shop.event(form.model_copy(update={"external_ref": REF}), version=2))
    assert await greeted(shop) == (1, 1)


async def test_an_order_greets_though_forms_had_used_up_the_first_touches(shop):
    for number in range(12):
        tagged = f"ana.sample+{number}@example.com"
        await shop.greet(contact=Contact(name="Ana", email=tagged), source="web_form")
        await shop.send_due()
    written = len(shop.inbox("email"))
    form = await shop.greet(contact=ANA.model_copy(update={"phone": None}), source="web_form")
    await shop.send_due()
    assert (await shop.lead(form.lead_id)).stopped_reason == TOO_MANY
    taken_over = form.model_copy(update={"external_ref": REF})
    await shop.publish(shop.event(taken_over, version=2))
    other = ANA.model_copy(update={"email": "ana.sample+work@example.com", "phone": None})
    await shop.greet(contact=other)
    await shop.send_due()
    assert len(shop.inbox("email")) == written + 2


async def test_a_customer_who_answered_the_form_s_greeting_gets_no_other_one(shop):
    form = await shop.greet(contact=ANA.model_copy(update={"email": None}), source="web_form")
    await shop.send_due()
    await text_us(shop, ANA.phone, "How long does it take?")
    order = form.model_copy(update={"contact": ANA, "external_ref": REF})
    await shop.publish(shop.event(order, version=2))
    assert (await greeted(shop))[0] == 0


BY_MAIL, BY_TEXT = (ANA.model_copy(update={name: None}) for name in ("phone", "email"))


async def test_an_order_with_the_number_alone_is_the_person_of_the_order_before(shop):
    await shop.greet(contact=ANA)
    await shop.greet(contact=BY_TEXT, interest="Windshield")
    assert await greeted(shop) == (1, 1)


@pytest.mark.parametrize(("first", "written"), [(BY_MAIL, (1, 0)), (BY_TEXT, (0, 1))], ids=["mail", "text"])
async def test_a_form_that_names_more_than_the_one_before_greets_nobody_again(shop, first, written):
    await shop.greet(contact=first, source="web_form")
    assert await greeted(shop) == written
    await shop.greet(contact=ANA, source="web_form")
    assert await greeted(shop) == written


async def test_an_order_of_somebody_without_any_address_is_nobody_elses(shop):
    first = await shop.greet(contact=ANA.model_copy(update={"phone": None}))
    second = await shop.greet(contact=ANA.model_copy(update={"phone": None, "email": None}))
    assert {(await shop.lead(one.lead_id)).same_as for one in (first, second)} == {None}


async def test_a_form_that_names_less_is_answered_since_the_one_before_may_be_a_stranger_s(shop):
    await shop.greet(contact=ANA, source="web_form")
    await greeted(shop)
    await shop.greet(contact=BY_MAIL, source="web_form")
    assert await greeted(shop) == (2, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"contact": Contact(name="Bo Sample", email="bo@example.com", phone="+16195550172")},
        {"contact": ANA.model_copy(update={"phone": "+16195550173"}), "source": "web_form"},
    ],
    ids=["another person", "a form with another number"],
)
async def test_everybody_else_is_greeted(shop, other):
    await shop.greet(contact=ANA)
    await shop.greet(**other)
    assert await greeted(shop) == (2, 2)


async def test_after_a_day_the_same_person_is_greeted_again(shop):
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    await shop.greet(contact=ANA, received_at=yesterday)
    await shop.greet(contact=ANA)
    assert await greeted(shop) == (2, 2)


async def test_another_shop_greets_for_itself(shop):
    await shop.greet(contact=ANA)
    elsewhere = uuid4()
    await shop.publish(shop.event(location(elsewhere, code="Store095"), subject=elsewhere))
    shop.location_id = elsewhere
    await shop.greet(contact=ANA)
    assert await greeted(shop) == (2, 2)


async def test_who_was_never_greeted_is_greeted_by_the_next_lead(shop):
    shop.fault("smtp", mode="status", status=550)
    shop.fault("twilio", mode="status", status=400)
    await shop.greet(contact=ANA)
    await shop.send_due()
    for vendor in ("smtp", "twilio"):
        shop.fault(vendor, mode="none")
    await shop.greet(contact=ANA)
    assert await greeted(shop) == (1, 1)


async def test_a_second_number_that_the_crm_knows_reaches_the_conversation(shop):
    first = await shop.greet(contact=ANA)
    await shop.greet(contact=ANA.model_copy(update={"phone": "+16195550174"}))
    assert (await text_us(shop, "+16195550174", "Is Friday free?")).status_code == 200
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(first.lead_id)


async def test_a_number_that_only_a_form_names_does_not(shop):
    first = await shop.greet(contact=ANA.model_copy(update={"phone": None}))
    form = await shop.greet(contact=ANA.model_copy(update={"phone": "+16195550175"}), source="web_form")
    assert (await text_us(shop, "+16195550175", "What did she book?")).status_code == 200
    [told] = await shop.told("inbound.message.received.v1")
    assert told["lead_id"] == str(form.lead_id) != str(first.lead_id)


SECOND = "+16195550174"
PLEASE = "Please stop texting me"
CONFIRMED = "Sample Tint San Diego: you are unsubscribed."


@pytest.mark.parametrize("first_number", [ANA.phone, None], ids=["two numbers", "one number"])
@pytest.mark.parametrize("words", ["STOP", PLEASE])
async def test_a_refusal_from_a_second_number_counts_there_and_at_the_persons_other_one(
    shop, first_number, words
):
    first = await shop.greet(contact=ANA.model_copy(update={"phone": first_number}))
    await shop.send_due()
    await shop.greet(contact=ANA.model_copy(update={"phone": SECOND}))
    await shop.send_due()
    sent = len(shop.inbox("sms"))
    await text_us(shop, SECOND, words)
    told = await shop.told("contact.opted_out.v1")
    numbers = {one["address"] for one in told if one["channel"] == "sms"}
    assert numbers == {SECOND, first_number} - {None}
    if words == PLEASE:
        for _ in range(2):
            await shop.say(first.lead_id, CONFIRMED, author="assistant", channel="sms", opt_out=("sms",))
    await shop.say(first.lead_id, "Your car is ready.", author="staff", channel="sms")
    await shop.send_due()
    after = shop.inbox("sms")[sent:]
    assert [(one["to"], one["text"]) for one in after] == [(SECOND, CONFIRMED)] * (words == PLEASE)


async def test_a_start_from_a_second_number_is_that_numbers_alone(shop):
    await shop.greet(contact=ANA)
    await shop.greet(contact=ANA.model_copy(update={"phone": SECOND}))
    for words in ("STOP", "START"):
        await text_us(shop, SECOND, words)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        rows = await session.execute(
            text(
                "SELECT DISTINCT ON (address) address, permission FROM consents WHERE channel = 'sms' ORDER BY address, at DESC"
            )
        )
        assert dict(tuple(row) for row in rows) == {ANA.phone: "opted_out", SECOND: "granted"}


async def test_a_text_from_a_second_number_is_answered_there(shop):
    first = await shop.greet(contact=ANA)
    await shop.greet(contact=ANA.model_copy(update={"phone": SECOND}))
    await shop.send_due()
    sent = len(shop.inbox("sms"))
    for number in (SECOND, ANA.phone):
        await text_us(shop, number, "Is Friday free?")
        await shop.say(first.lead_id, "It is.", author="assistant", channel="sms")
    await shop.send_due()
    assert {one["to"] for one in shop.inbox("sms")[sent:]} == {SECOND, ANA.phone}


async def hear_failures(shop):
    for told in await shop.told("notification.failed.v1"):
        await shop.tell(NotificationFailed.model_validate(told))


async def test_an_order_that_names_an_address_more_is_greeted_in_place_of_one_that_waits(shop):
    """At night a text waits until the morning; the mail of the second order need not."""
    first = await shop.greet(contact=BY_TEXT, vehicle=TRUCK)
    order = await shop.greet(contact=ANA)
    assert await greeted(shop) == (1, 1)
    [mail] = shop.inbox("email")
    assert all(wish in mail["text"] for wish in ("2020 Ford F-150", "2021 Honda Civic"))
    assert (await shop.lead(first.lead_id)).same_as == order.lead_id
    assert (await shop.lead(order.lead_id)).stopped_reason is None


async def test_an_order_takes_no_follow_up_from_one_that_was_greeted(shop):
    first = await shop.greet(contact=BY_TEXT)
    assert await greeted(shop) == (0, 1)
    for touch in (await shop.touches(first.lead_id))[1:]:
        await fire_due_touches(shop.deps, shop.tenant_id, touch.due_at)
    waiting = [one.id for one in await shop.deliveries() if one.state == "planned"]
    assert waiting
    await shop.greet(contact=ANA)
    assert [one.id for one in await shop.deliveries() if one.state == "planned"] == waiting


async def test_who_had_joined_goes_along_to_the_order_that_names_more(shop):
    for vehicle in (TRUCK, VAN):
        await shop.greet(contact=BY_TEXT, vehicle=vehicle)
    await shop.greet(contact=ANA)
    assert await greeted(shop) == (1, 1)
    [mail] = shop.inbox("email")
    assert all(wish in mail["text"] for wish in ("2020 Ford F-150", "2018 Honda Odyssey", "2021 Honda Civic"))


async def test_an_order_is_greeted_by_mail_once_the_text_of_the_one_before_was_refused(shop):
    shop.fault("twilio", mode="status", status=400)
    first = await shop.greet(contact=BY_TEXT, vehicle=TRUCK)
    order = await shop.greet(contact=ANA)
    await shop.send_due()
    await hear_failures(shop)
    shop.fault("twilio", mode="none")
    assert await greeted(shop) == (1, 0)
    [mail] = shop.inbox("email")
    assert "2020 Ford F-150" in mail["text"]
    assert (await shop.lead(first.lead_id)).same_as == order.lead_id
    await hear_failures(shop)
    assert await greeted(shop) == (1, 0)


async def test_a_refused_text_brings_no_second_greeting_where_another_one_went(shop):
    await shop.greet(contact=ANA)
    shop.fault("twilio", mode="status", status=400)
    await shop.greet(contact=ANA, interest="Windshield")
    await shop.send_due()
    await hear_failures(shop)
    shop.fault("twilio", mode="none")
    assert await greeted(shop) == (1, 0)
