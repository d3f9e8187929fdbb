"""A flood of forms or orders: no address gets more than a few first touches, and nothing of a busy form is lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from notifier.actions import first_touches
from notifier.domain.first_touches import Limits
from notifier.schedule import Sender
from notifier.settings import Settings
from notifier.tables import INBOX
from shared.addresses import inbox
from shared.db.engine import transaction
from shared.events import Contact
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

VICTIM = Contact(name="Ana Sample", email="victim@example.com", phone="+16195550111")


async def aim(shop, source: str = "web_form") -> list[UUID]:
    """Two leads of persons who seem to be others: one with the victim's mailbox, one with the victim's number."""
    number = f"{uuid4().int % 10_000:04}"
    by_mail = VICTIM.model_copy(
        update={"email": f"victim+{number}@example.com", "phone": f"+1619556{number}"}
    )
    by_text = VICTIM.model_copy(update={"email": f"other{number}@example.com"})
    return [(await shop.greet(contact=contact, source=source)).lead_id for contact in (by_mail, by_text)]


def hit(shop) -> tuple[int, int]:
    """Mails and texts that the victim got."""
    mails = [mail for mail in shop.inbox("email") if mail["to"].startswith("victim")]
    return len(mails), len(shop.inbox("sms", VICTIM.phone))


def limited(shop, limits: Limits) -> None:
    changed = {
        "first_touches_per_hour": limits.per_hour,
        "first_touches_per_day": limits.per_day,
        "form_first_touches_per_hour": limits.of_forms,
    }
    settings: Settings = shop.deps.settings.model_copy(update=changed)
    object.__setattr__(shop.deps, "settings", settings)


@pytest.mark.parametrize("source", ["web_form", "shopmonkey"])
async def test_an_address_gets_so_many_first_touches_an_hour_and_a_day(shop, source):
    limited(shop, Limits(per_hour=2, per_day=3, of_forms=100))
    for _ in range(5):
        await aim(shop, source)
    await shop.send_due()
    assert hit(shop) == (2, 2)

    for hours in (2, 4, 6):
        await aim(shop, source)
        await shop.send_due(datetime.now(UTC) + timedelta(hours=hours))
    assert hit(shop) == (3, 3)

    refused = [d for d in await shop.deliveries() if d.state == "suppressed"]
    assert {d.reason for d in refused} == {"too_many_first_touches"}
    assert len(refused) == 10


async def test_tags_of_a_mailbox_are_the_same_person(shop):
    limited(shop, Limits(per_hour=2, per_day=2, of_forms=100))
    for tag in ("", "+1", "+2", "+a+b"):
        await shop.greet(contact=Contact(name="Ana", email=f"victim{tag}@example.com"), source="web_form")
        await shop.send_due()
    assert len(shop.inbox("email")) == 2


async def test_dots_of_a_mailbox_at_gmail_are_the_same_person(shop):
    limited(shop, Limits(per_hour=2, per_day=2, of_forms=100))
    for address in (
        "vic.tim@gmail.com",
        "victim+x@gmail.com",
        "v.i.c.t.i.m@googlemail.com",
        "victim@gmail.com",
    ):
        await shop.greet(contact=Contact(name="Ana", email=address), source="web_form")
        await shop.send_due()
    assert len(shop.inbox("email")) == 2


async def test_the_database_counts_inboxes_as_we_do(shop):
    addresses = (
        "ana@example.com", "a.na+b@example.com", "a.na+b+c@gmail.com", "an.a@googlemail.com", "+16195550111", "", "a.b@xgmail.com",
        "a.b@gmail.com.example", "+a@gmail.com",
    )  # fmt: skip
    rows = "unnest(CAST(:addresses AS text[])) WITH ORDINALITY AS of (address, n)"
    statement = text(f"SELECT {INBOX} FROM {rows} ORDER BY n")  # noqa: S608 - our own words
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        counted = (await session.scalars(statement, {"addresses": list(addresses)})).all()
    assert counted == [inbox(address) for address in addresses]


async def test_who_is_not_greeted_gets_no_later_touches_either(shop):
    limited(shop, Limits(per_hour=1, per_day=1, of_forms=100))
    mailbox = Contact(name="Ana", email="victim@example.com")
    await shop.greet(contact=mailbox)
    await shop.send_due()
    second = await shop.greet(contact=mailbox.model_copy(update={"email": "victim+1@example.com"}))
    await shop.send_due()
    later = [touch for touch in await shop.touches(second.lead_id) if touch.step > 0]
    assert {(touch.state, touch.reason) for touch in later} == {("cancelled", "too_many_first_touches")}
    assert (await shop.lead(second.lead_id)).stopped_reason == "too_many_first_touches"


async def test_who_cannot_be_stopped_holds_up_no_message_claimed_beside_it(shop, monkeypatch):
    async def locked(*_: object) -> None:
        raise OperationalError("UPDATE leads", {}, Exception("deadlock detected"))

    monkeypatch.setattr(first_touches, "stop_sequence", locked)
    limited(shop, Limits(per_hour=1, per_day=1, of_forms=100))
    for tag in ("", "+1"):
        await shop.greet(contact=Contact(name="Ana", email=f"victim{tag}@example.com"))
    await shop.send_due()
    assert len(shop.inbox("email")) == 1


async def test_many_senders_at_once_send_no_more_than_one_would(shop):
    limited(shop, Limits(per_hour=2, per_day=2, of_forms=100))
    for _ in range(12):
        await aim(shop)
    senders = [Sender(shop.deps) for _ in range(4)]
    await asyncio.gather(*(sender.send_due(shop.tenant_id, datetime.now(UTC)) for sender in senders))
    for sender in senders:
        await sender.settled()
    assert hit(shop) == (2, 2)


async def test_other_addresses_are_greeted_through_the_flood(shop):
    limited(shop, Limits(per_hour=1, per_day=1, of_forms=100))
    for _ in range(3):
        await aim(shop)
    other = await shop.greet()
    await shop.send_due()
    assert len(shop.inbox("email", other.contact.email)) == 1
    assert len(shop.inbox("sms", other.contact.phone)) == 1


async def test_a_flooded_form_makes_its_leads_wait_and_loses_none(shop):
    limited(shop, Limits(per_hour=10, per_day=10, of_forms=4))
    for _ in range(4):
        await shop.greet(contact=Contact(name="Ana", email=f"{uuid4()}@example.com"), source="web_form")
    await shop.send_due()
    waiting = await shop.greet(contact=Contact(name="Ana", email="late@example.com"), source="web_form")
    order = await shop.greet(contact=Contact(name="Ana", email="order@example.com"), source="shopmonkey")
    await shop.send_due()
    assert not shop.inbox("email", waiting.contact.email)
    assert shop.inbox("email", order.contact.email)
    (held,) = [d for d in await shop.deliveries() if d.state == "planned"]
    assert held.reason == "too_many_forms"

    await shop.send_due(datetime.now(UTC) + timedelta(minutes=61))
    assert shop.inbox("email", waiting.contact.email)


async def test_a_number_abroad_is_kept_and_never_texted(shop):
    abroad = await shop.greet(contact=Contact(name="Ana", email="a@example.com", phone="+25261234567"))
    await shop.send_due()
    assert not shop.inbox("sms")
    assert shop.inbox("email", "a@example.com")
    assert (await shop.delivery("sms")).reason == "country_not_allowed"
    assert (await shop.lead(abroad.lead_id)).phone == "+25261234567"


async def test_a_shop_says_whose_numbers_it_texts_to(shop):
    await shop.open(version=2, text_countries=("US", "GB"))
    await shop.greet(contact=Contact(name="Ana", phone="+447400123456"))
    await shop.send_due()
    assert shop.inbox("sms", "+447400123456")
