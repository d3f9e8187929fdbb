"""A flood of forms or orders: no address gets more than a few first touches, and nothing of a busy form is lost."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from notifier.actions import first_touches
from notifier.domain.first_touches import Limits
from notifier.limits import LIMITS
from notifier.schedule import Sender
from notifier.settings import Settings
from notifier.tables import INBOX
from shared.addresses import inbox
from shared.availability import Availability
from shared.db.engine import transaction
from shared.events import Contact
from shared.http.limits import Limits as Limiter
from shared.http.limits import windows_of
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from .test_appointments import booked, moved

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


@dataclass
class Clock:
    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


def limited_by_clock(shop, moment: datetime, amount: str = "3/hour") -> Clock:
    clock = Clock(moment)
    windows = windows_of(LIMITS, {"unasked_per_address": amount})
    object.__setattr__(
        shop.deps, "limits", Limiter(shop.deps.sessions, windows, clock, secret="of-the-tests")
    )
    return clock


async def test_moving_an_appointment_again_and_again_sends_a_few_messages_an_hour_and_then_the_newest_state(
    shop,
):
    lead = await shop.greet(contact=VICTIM, source="web_form")
    now = datetime.now(UTC) + timedelta(minutes=5)
    clock = limited_by_clock(shop, now)
    await shop.tell(booked(lead))
    for sequence in range(1, 30):
        await shop.send_due(now)
        await shop.tell(moved(lead, sequence))
    await shop.send_due(now)
    assert hit(shop) == (3, 3)

    clock.moment = now + timedelta(hours=2)
    await shop.send_due(clock.moment)
    assert hit(shop) == (4, 4)
    waited = [d for d in await shop.deliveries() if d.template == "rescheduled" and d.state == "sent"]
    assert {d.sequence for d in waited[-2:]} == {29}
    assert not [d for d in await shop.deliveries() if d.template != "reminder" and d.state == "planned"]


async def test_many_appointments_of_many_forms_share_the_address_and_take_nothing_from_the_shop_s_customer(
    shop,
):
    limited_by_clock(shop, datetime.now(UTC))
    for _ in range(5):
        attacker = VICTIM.model_copy(update={"email": f"other{uuid4().hex}@example.com"})
        lead = await shop.greet(contact=attacker, source="web_form")
        await shop.tell(booked(lead, appointment_id=uuid4()))
    own = await shop.greet(contact=VICTIM)
    await shop.tell(booked(own, appointment_id=uuid4()))
    await shop.send_due()
    texts = [d for d in await shop.deliveries() if d.template == "confirmation" and d.channel == "sms"]
    assert [d.state for d in texts if d.lead_id == own.lead_id] == ["sent"]
    assert sorted(d.state for d in texts if d.lead_id != own.lead_id) == ["planned"] * 2 + ["sent"] * 3
    assert {d.reason for d in texts if d.state == "planned"} == {"too_many_unasked"}


async def test_a_confirmation_that_its_provider_does_not_take_at_once_counts_once(shop):
    limited_by_clock(shop, datetime.now(UTC), "2/hour")
    lead = await shop.greet()
    shop.fault("twilio", mode="status", status=503)
    await shop.tell(booked(lead))
    for minutes in (1, 7, 13):
        await shop.send_due(datetime.now(UTC) + timedelta(minutes=minutes))
    assert (await shop.delivery("sms", "confirmation")).attempts == 3
    shop.fault("twilio", mode="none")
    shop.sender._providers["sms"] = Availability()
    await shop.send_due(datetime.now(UTC) + timedelta(minutes=20))
    assert (await shop.delivery("sms", "confirmation")).state == "sent"


async def test_what_staff_change_in_their_calendar_is_told_each_time(shop):
    now = datetime.now(UTC) + timedelta(minutes=5)
    limited_by_clock(shop, now, "1/hour")
    lead = await shop.greet()
    await shop.tell(booked(lead))
    for sequence in range(1, 4):
        await shop.send_due(now)
        await shop.tell(moved(lead, sequence, changed_by="shop"))
    await shop.send_due(now)
    changed = [d for d in await shop.deliveries() if d.template == "rescheduled_by_shop"]
    assert {d.state for d in changed} == {"sent"}
    assert len(changed) == 6
