"""An erased person gets nothing more, is named nowhere, and stays opted out when the address comes back."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from notifier.actions.erasing import erase_person
from notifier.holdings import HOLDINGS
from pydantic import SecretStr
from shared.db.engine import transaction
from shared.events import Contact, CrmConsent, CrmConsentObserved, PersonErasureRequested
from shared.messaging.failures import RetryLater
from shared.persons import erase_addresses
from sqlalchemy import text
from testkit.races import beside
from testkit.secrets import AS_OPERATOR, KEY

from .test_endpoints import mail_us, text_us

TOM = Contact(name="Tom Trace", email="tom.trace@example.com", phone="+16195550177")
TABLES = ("leads", "deliveries", "consents", "touch_points", "inbound_messages", "outbox")


def erasure(shop, lead_id):
    return shop.event(PersonErasureRequested(lead_id=lead_id), subject=lead_id)


async def everything(shop) -> str:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        rows = [
            await session.scalar(text(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t"))  # noqa: S608
            for table in TABLES
        ]
        bodies = await session.scalar(text("SELECT string_agg(convert_from(body, 'utf8'), ' ') FROM outbox"))
    return " ".join([*rows, bodies or ""]).lower()


async def permissions(shop) -> set[tuple[str, str, str]]:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        rows = await session.execute(text("SELECT channel, address, permission FROM consents"))
        return {tuple(row) for row in rows}


async def test_what_is_planned_is_not_sent_and_nothing_names_the_person(shop):
    fact = await shop.greet(contact=TOM)
    other = await shop.greet()
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    await shop.send_due()
    assert shop.inbox("email", TOM.email) == []
    assert shop.inbox("sms", TOM.phone) == []
    assert len(shop.inbox("email", other.contact.email)) == 1
    left = await everything(shop)
    assert "trace" not in left
    assert "6195550177" not in left
    assert other.contact.email in left


async def test_what_was_sent_still_counts(shop):
    fact = await shop.greet(contact=TOM)
    await shop.send_due()
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert [(d.state, d.address, d.payload) for d in await shop.deliveries()] == [("sent", "", {})] * 2


async def test_what_they_wrote_before_they_were_known_goes_and_others_words_stay(shop):
    for phone, words in (
        (TOM.phone, "stop texting me, my aardwolf sleeps"),
        ("+16195550188", "stop texting me, pangolin"),
    ):
        assert (await text_us(shop, phone, words)).status_code == 200
    fact = await shop.greet(contact=TOM)
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    left = await everything(shop)
    assert "6195550177" not in left
    assert "aardwolf" not in left
    assert "pangolin" in left
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        subjects = await session.scalar(text("SELECT subjects FROM erased_leads"))
    assert str(shop.tenant_id) not in subjects


async def test_while_a_message_is_under_way_it_is_waited_for_and_nothing_new_begins(shop):
    fact = await shop.greet(contact=TOM)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE deliveries SET state = 'sending' WHERE channel = 'sms'"))
    with pytest.raises(RetryLater):
        await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert (await shop.delivery("email")).state == "suppressed"
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE deliveries SET state = 'sent' WHERE channel = 'sms'"))
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert "trace" not in await everything(shop)


async def test_what_the_shop_was_told_of_their_mail_about_somebody_else_is_shown_and_goes(shop):
    other = await shop.greet()
    await shop.send_due()
    ours = next(mail["headers"]["Message-ID"] for mail in shop.inbox("email"))
    await mail_us(shop, TOM.email, "My aardwolf sleeps", f"In-Reply-To: {ours}")
    assert (await shop.delivery("email", "unproven_mail")).lead_id == other.lead_id
    shown = await of_addresses(shop, "find", TOM.email)
    assert "aardwolf" in str(shown["tables"]["deliveries"])
    await of_addresses(shop, "erase", TOM.email)
    left = await everything(shop)
    assert "trace" not in left
    assert "aardwolf" not in left


async def test_so_it_is_with_notices_from_before_that_have_the_address_as_it_is_shown(shop):
    await shop.greet()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text(
                "UPDATE deliveries SET purpose = 'shop_notice', state = 'sent', "
                "payload = jsonb_build_object('sender', 'tom[.]trace@example[.]com') WHERE channel = 'email'"
            )
        )
    await of_addresses(shop, "erase", TOM.email)
    assert "trace" not in await everything(shop)


async def test_what_is_being_sent_to_the_address_in_somebody_else_s_matter_is_waited_for(shop):
    fact = await shop.greet(contact=TOM)
    other = await shop.greet()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text(
                "UPDATE deliveries SET state = 'sending', address = :once WHERE lead_id = :id AND channel = 'email'"
            ),
            {"id": other.lead_id, "once": TOM.email},
        )
    assert (await of_addresses(shop, "erase", TOM.email))["under_way"] is True
    with pytest.raises(RetryLater):
        await erase_person(shop.deps, erasure(shop, fact.lead_id))
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE deliveries SET state = 'sent' WHERE state = 'sending'"))
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert (await of_addresses(shop, "erase", TOM.email))["under_way"] is False
    assert "trace" not in await everything(shop)


async def test_an_opt_out_counts_again_when_the_address_comes_back(shop):
    fact = await shop.greet(contact=TOM)
    await shop.say(fact.lead_id, "stop texting me")
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    kept = await permissions(shop)
    assert all(address.startswith("hmac-sha256:") for _, address, _ in kept)
    assert "opted_out" in {permission for *_, permission in kept}

    await shop.greet(contact=TOM)
    await shop.send_due()
    assert shop.inbox("sms", TOM.phone) == []
    assert ("sms", TOM.phone, "opted_out") in await permissions(shop)


async def test_the_consent_of_somebody_who_shares_the_number_stays(shop):
    fact = await shop.greet(contact=TOM)
    shares = await shop.greet(contact=Contact(name="Tina", email="tina@example.com", phone=TOM.phone))
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert ("sms", TOM.phone, "granted") in await permissions(shop)
    assert shares.contact.email in await everything(shop)


async def test_what_is_told_of_the_lead_later_changes_nothing(shop):
    fact = await shop.greet(contact=TOM)
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    await shop.publish(shop.event(fact, subject=fact.lead_id, version=2))
    assert "trace" not in await everything(shop)


async def test_a_text_that_is_being_stored_is_waited_for_and_erased_too(shop):
    fact = await shop.greet(contact=TOM)
    erasing = erase_person(shop.deps, erasure(shop, fact.lead_id))
    await shop.send_due()
    answer, _ = await beside(
        shop.deps.sessions, "inbound_messages", text_us(shop, TOM.phone, "stop, my aardwolf sleeps"), erasing
    )
    assert answer.status_code == 200
    left = await everything(shop)
    assert "aardwolf" not in left
    assert "6195550177" not in left


async def test_texts_beside_erasures_are_theirs_or_a_stranger_s(shop):
    """Of the lead nothing stays; who writes when it is over is somebody new."""
    for _ in range(10):
        fact = await shop.greet(contact=TOM)
        await shop.send_due()
        await asyncio.gather(
            text_us(shop, TOM.phone, "My aardwolf sleeps"), text_us(shop, TOM.phone, "The aardwolf again"),
            erase_person(shop.deps, erasure(shop, fact.lead_id)),
        )  # fmt: skip
        assert await words_of(shop, fact.lead_id) == (0, 0)


async def test_a_stop_beside_the_erasure_of_a_joined_lead_waits_and_counts(shop):
    first, joined = [await shop.greet(contact=TOM, lead_id=UUID(int=number)) for number in (1, 2)]
    await shop.send_due()
    erasing = erase_person(shop.deps, erasure(shop, joined.lead_id))
    _, answer = await beside(shop.deps.sessions, "touch_points", erasing, text_us(shop, TOM.phone, "STOP"))
    assert answer.status_code == 200
    assert (await shop.lead(first.lead_id)).stopped_reason == "opted_out"


async def words_of(shop, lead_id) -> tuple[int, int]:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        kept = await session.scalar(
            text(
                "SELECT count(*) FROM inbound_messages WHERE lead_id = :id AND num_nonnulls(text, sender) > 0"
            ),
            {"id": lead_id},
        )
        told = await session.scalar(
            text("SELECT count(*) FROM outbox WHERE key = CAST(:id AS text)"), {"id": str(lead_id)}
        )
    return kept, told


@pytest.mark.parametrize("granted", [True, False])
async def test_what_the_crm_said_of_another_number_of_theirs_goes_too(shop, granted):
    fact = await shop.greet(contact=TOM)
    word = CrmConsent(channel="sms", address="+16195550178", granted=granted, words="my aardwolf's number")
    seen = CrmConsentObserved(
        customer_id="c1", consents=(word,), said_at=datetime.now(UTC), seen_by="webhook"
    )
    await shop.publish(shop.event(seen, subject=fact.lead_id))
    assert await shop.told("contact.opted_out.v1") == []
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    left = await everything(shop)
    assert "6195550178" not in left
    assert "aardwolf" not in left


async def test_an_opt_out_kept_before_its_address_was_known_loses_its_words(shop):
    fact = await shop.greet(contact=TOM.model_copy(update={"phone": None}))
    await shop.say(fact.lead_id, "stop texting me, says my aardwolf")
    assert ("sms", "", "opted_out") in await permissions(shop)
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert "aardwolf" not in await everything(shop)


async def test_of_what_another_lead_needs_too_their_own_words_go(shop):
    fact = await shop.greet(contact=TOM)
    await shop.greet(contact=Contact(name="Tina", email="tina@example.com", phone=TOM.phone))
    await shop.say(fact.lead_id, "stop texting me, says my aardwolf")
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    assert ("sms", TOM.phone, "opted_out") in await permissions(shop)
    assert "aardwolf" not in await everything(shop)


async def test_an_address_they_had_goes_too_and_where_another_lead_wrote_to_it(shop):
    once = TOM.model_copy(update={"email": "tom.once@example.com"})
    fact = await shop.greet(contact=once)
    other = await shop.greet(contact=once.model_copy(update={"name": "Olga", "phone": "+16195550188"}))
    await shop.send_due()
    await mail_us(shop, once.email, "My aardwolf sleeps")
    for lead, email in ((fact, TOM.email), (other, "olga@example.com")):
        changed = lead.model_copy(update={"contact": lead.contact.model_copy(update={"email": email})})
        await shop.publish(shop.event(changed, subject=lead.lead_id, version=2))
    assert "tom.once" in await everything(shop)
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    left = await everything(shop)
    assert "tom.once" not in left
    assert "aardwolf" not in left
    assert "olga" in left


async def test_the_words_of_somebody_who_shares_the_number_are_not_shown(shop):
    fact = await shop.greet(contact=TOM)
    shares = await shop.greet(contact=Contact(name="Tina", email="tina@example.com", phone=TOM.phone))
    await shop.say(shares.lead_id, "stop texting me, says my pangolin")
    door = f"/api/admin/persons/{shop.tenant_id}/{fact.lead_id}"
    shown = (await shop.http.get(door, headers=AS_OPERATOR)).json()["tables"]
    assert {row["permission"] for row in shown["consents"] if row["channel"] == "sms"} == {
        "granted",
        "opted_out",
    }
    assert "pangolin" not in str(shown)
    assert "tina" not in str(shown)


async def of_addresses(shop, verb: str, *addresses: str) -> dict:
    door = f"/api/admin/persons/{shop.tenant_id}/addresses/{verb}"
    answer = await shop.http.post(door, json={"addresses": list(addresses)}, headers=AS_OPERATOR)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_stranger_s_words_and_opt_out_are_shown_and_go_and_the_wish_stays(shop):
    await text_us(shop, TOM.phone, "STOP")
    await mail_us(shop, TOM.email, "Does the aardwolf fit?")
    both = (TOM.email, TOM.phone)
    shown = (await of_addresses(shop, "find", *both))["tables"]
    assert len(shown["inbound_messages"]) == 2
    assert shown["consents"][0]["address"] == TOM.phone
    await of_addresses(shop, "erase", *both)
    left = await everything(shop)
    for word in ("aardwolf", "trace", "6195550177"):
        assert word not in left
    [(channel, address, permission)] = await permissions(shop)
    assert (channel, permission, address[:12]) == ("sms", "opted_out", "hmac-sha256:")
    await shop.greet(contact=TOM)
    assert ("sms", TOM.phone, "opted_out") in await permissions(shop)


async def test_a_wish_kept_under_an_older_key_counts_under_a_newer_one(shop):
    await text_us(shop, TOM.phone, "STOP")
    await of_addresses(shop, "erase", TOM.phone)
    renewed = SecretStr(f"{'renewed-' * 4},{KEY}")
    settings = shop.deps.settings.model_copy(update={"person_key": renewed})
    object.__setattr__(shop.deps, "settings", settings)
    await shop.greet(contact=TOM)
    assert ("sms", TOM.phone, "opted_out") in await permissions(shop)


@pytest.mark.parametrize("granted", [True, False])
async def test_a_word_of_the_crm_that_was_on_its_way_names_nobody_and_a_refusal_counts(shop, granted):
    fact = await shop.greet(contact=TOM)
    word = CrmConsent(channel="sms", address=TOM.phone, granted=granted, words="my aardwolf's number")
    seen = CrmConsentObserved(
        customer_id="c1", consents=(word,), said_at=datetime.now(UTC), seen_by="webhook"
    )
    on_its_way = shop.event(seen, subject=UUID(int=1))
    await erase_person(shop.deps, erasure(shop, fact.lead_id))
    await shop.publish(on_its_way)
    left = await everything(shop)
    assert "6195550177" not in left
    assert "aardwolf" not in left
    refused = {
        address
        for channel, address, word in await permissions(shop)
        if (channel, word) == ("sms", "opted_out")
    }
    assert bool(refused) is not granted
    assert all(address.startswith("hmac-sha256:") for address in refused)


async def test_a_strangers_text_that_is_being_stored_while_the_number_is_erased_is_waited_for(shop):
    text_in = text_us(shop, TOM.phone, "stop texting me, my aardwolf sleeps")

    async def erase():
        async with transaction(shop.deps.sessions, shop.tenant_id) as session:
            await erase_addresses(
                session, HOLDINGS, tenant_id=shop.tenant_id, addresses=[TOM.phone], keys=SecretStr(KEY)
            )

    await beside(shop.deps.sessions, "inbound_messages", text_in, erase())
    left = await everything(shop)
    assert "6195550177" not in left
    assert "aardwolf" not in left
