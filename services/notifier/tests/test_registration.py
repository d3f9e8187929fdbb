"""No text without a registration; first texts that wait; no more texts a day than a state allows."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from shared.events import A2pRegistration, Address, Contact, FirstTouch, LocationChanged
from sqlalchemy import text

LA = ZoneInfo("America/Los_Angeles")
TUESDAY = datetime(2026, 11, 24, tzinfo=LA)
NIGHT, NOON = TUESDAY.replace(hour=22), TUESDAY.replace(hour=12)
BY_DEFAULT = FirstTouch()
FLORIDA = Contact(name="Ana Sample", email="ana@example.com", phone="+13055550111")


async def make_due(shop, moment) -> None:
    """As if what is planned had been planned at this moment."""
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE deliveries SET due_at = :moment"), {"moment": moment})


async def test_a_location_without_a_registration_texts_nobody(closed_shop):
    await closed_shop.open(a2p=None)
    await closed_shop.greet()
    await closed_shop.send_due()
    assert len(closed_shop.inbox("email")) == 1
    assert closed_shop.inbox("sms") == []
    assert (await closed_shop.delivery("sms")).reason == "a2p_unregistered"


async def test_an_event_from_before_registrations_were_told_is_of_a_location_that_does_not_text(closed_shop):
    await closed_shop.tell(
        LocationChanged(
            location_id=closed_shop.location_id,
            version=1,
            tenant_slug="sample-tint",
            tenant_name="Sample Tint",
            code="Store094",
            name="Sample Tint San Diego",
            timezone="America/Los_Angeles",
            address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
            phone="+16195550194",
            email="store094@sample-tint.example",
            sms_from="+16195550194",
            demo_mode=False,
        )
    )
    await closed_shop.greet()
    await closed_shop.send_due()
    assert (await closed_shop.delivery("sms")).reason == "a2p_unregistered"


async def test_a_registration_that_is_named_later_lets_texts_go_from_then_on(closed_shop):
    await closed_shop.open(a2p=None)
    await closed_shop.open(version=2, a2p=A2pRegistration(brand="BSAMPLE", campaign="CSAMPLE"))
    await closed_shop.greet()
    await closed_shop.send_due()
    assert len(closed_shop.inbox("sms")) == 1


async def test_at_night_an_order_gets_its_mail_at_once_and_its_text_in_the_morning(closed_shop):
    await closed_shop.open(first_touch=BY_DEFAULT)
    fact = await closed_shop.greet(received_at=NIGHT)
    await make_due(closed_shop, NIGHT)
    await closed_shop.send_due(NIGHT)
    assert (len(closed_shop.inbox("email")), len(closed_shop.inbox("sms"))) == (1, 0)
    waiting = await closed_shop.delivery("sms")
    assert (waiting.state, waiting.reason) == ("planned", "quiet_hours")
    assert waiting.due_at == TUESDAY.replace(day=25, hour=9)
    await closed_shop.send_due(waiting.due_at)
    assert len(closed_shop.inbox("sms")) == 1
    second = (await closed_shop.touches(fact.lead_id))[1]
    assert second.due_at == TUESDAY.replace(day=26, hour=10)


async def test_who_filled_in_the_form_just_now_is_texted_at_night(closed_shop):
    await closed_shop.open(first_touch=BY_DEFAULT)
    fact = await closed_shop.greet(received_at=NIGHT, source="web_form")
    await make_due(closed_shop, NIGHT)
    await closed_shop.send_due(NIGHT)
    assert (len(closed_shop.inbox("email")), len(closed_shop.inbox("sms"))) == (1, 1)
    second = (await closed_shop.touches(fact.lead_id))[1]
    assert second.due_at == TUESDAY.replace(day=25, hour=10)


async def test_a_number_gets_no_more_marketing_texts_a_day_than_its_state_allows(closed_shop):
    await closed_shop.open(first_touch=BY_DEFAULT)
    for number in range(4):
        contact = FLORIDA.model_copy(update={"email": f"partner{number}@example.com"})
        await closed_shop.greet(received_at=NOON, contact=contact)
    await make_due(closed_shop, NOON)
    await closed_shop.send_due(NOON)
    assert len(closed_shop.inbox("sms")) == 3
    [waiting] = [one for one in await closed_shop.deliveries() if one.state == "planned"]
    assert (waiting.channel, waiting.reason) == ("sms", "texts_a_day")
    assert waiting.due_at == NOON + timedelta(days=1)
    await closed_shop.send_due(waiting.due_at)
    assert len(closed_shop.inbox("sms")) == 4
