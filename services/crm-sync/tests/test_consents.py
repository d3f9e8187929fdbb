"""What a customer's flags in ShopMonkey make us say of their consent, by webhook and by poll."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from crm_sync.actions import customers, planning, polling
from crm_sync.actions.erasing import wait_for_writes
from crm_sync.actions.polling import CUSTOMER_AGAIN_AFTER, poll_customers, poll_locations
from crm_sync.holdings import HOLDINGS
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import CrmRef, MessageSent, PersonErasureRequested
from shared.persons import erase_once
from sqlalchemy import text

CONSENT = "crm.consent.observed.v1"


async def new_lead(shop: Any, **flags: bool | None) -> dict[str, Any]:
    """Seen here by the webhook of its order, and known as a lead."""
    order: dict[str, Any] = await shop.new_order(email="avery@example.com", phone="+16195550123", **flags)
    await shop.webhook("order", order["order_id"])
    ref = CrmRef(order_id=order["order_id"], customer_id=order["customer_id"])
    await shop.keep_lead(uuid4(), ref)
    return order


async def set_flags(shop: Any, order: dict[str, Any], **flags: bool | None) -> None:
    path = f"/control/shopmonkey/customers/{order['customer_id']}/flags"
    assert (await shop.control.put(path, json=flags)).status_code == 200


async def told(shop: Any) -> list[tuple[str, str, bool]]:
    return [
        (one["channel"], one["address"], one["granted"])
        for fact in await shop.published(CONSENT)
        for one in fact["consents"]
    ]


async def forget_when_looked(shop: Any) -> None:
    """As if the last look were longer ago than a customer is left in peace."""
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        looked_at = {"at": database_now() - CUSTOMER_AGAIN_AFTER - timedelta(minutes=1)}
        await session.execute(text("UPDATE observations SET observed_at = :at"), looked_at)


async def test_the_first_look_at_a_lead_tells_what_its_flags_say(shop: Any) -> None:
    await new_lead(shop, sms_opt_in=False)

    assert await told(shop) == [("sms", "+16195550123", False), ("email", "avery@example.com", True)]
    [fact] = await shop.published(CONSENT)
    assert fact["consents"][0]["words"] == "ShopMonkey: optIn false, marketingOptIn true"


async def test_flags_that_nobody_has_set_say_nothing(shop: Any) -> None:
    order = await new_lead(shop, marketing_opt_in=None, sms_opt_in=None, email_subscribed=None)

    assert await told(shop) == []
    [lead] = await shop.published("crm.lead.observed.v1")
    assert lead["consent"] == {"sms": False, "email": False, "refused": []}
    assert "consent_proof" not in lead
    assert order["customer_id"] in [row[0] for row in await shop.select("SELECT crm_id FROM observations")]


async def test_an_opt_out_there_is_told_at_once_and_only_what_changed(shop: Any) -> None:
    order = await new_lead(shop)
    await set_flags(shop, order, optIn=False)

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert (await told(shop))[2:] == [("sms", "+16195550123", False)]


async def test_a_consent_whose_flag_is_not_set_any_more_lapses_and_is_told_once(shop: Any) -> None:
    order = await new_lead(shop)
    await set_flags(shop, order, optIn=None)

    await shop.webhook("customer", order["customer_id"], "UPDATE")
    await shop.webhook("customer", order["customer_id"], "UPDATE")

    facts = await shop.published(CONSENT)
    assert [(one["channel"], one["address"]) for fact in facts for one in fact["lapsed"]] == [
        ("sms", "+16195550123")
    ]


async def test_the_marketing_flag_is_about_texts_and_mails(shop: Any) -> None:
    order = await new_lead(shop)
    await set_flags(shop, order, marketingOptIn=False)

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert (await told(shop))[2:] == [("sms", "+16195550123", False), ("email", "avery@example.com", False)]


async def test_an_opt_out_without_a_webhook_is_found_by_poll(shop: Any) -> None:
    order = await new_lead(shop)
    await set_flags(shop, order, subscribed=False)
    await poll_customers(shop.deps)
    assert len(await told(shop)) == 2  # just looked at

    await forget_when_looked(shop)
    await poll_customers(shop.deps)
    await poll_customers(shop.deps)

    assert (await told(shop))[2:] == [("email", "avery@example.com", False)]
    assert (await shop.published(CONSENT))[-1]["seen_by"] == "poll"


async def test_a_poll_of_the_order_finds_it_too(shop: Any) -> None:
    order = await new_lead(shop)
    await set_flags(shop, order, optIn=False)
    await shop.control.post(
        "/control/shopmonkey/messages", json={"order_id": order["order_id"], "author": "User", "text": "hi"}
    )
    shop.sandbox.world.tables["order"][order["order_id"]]["updatedDate"] = "2100-01-01T00:00:00.000Z"

    await poll_locations(shop.deps)

    assert (await told(shop))[2:] == [("sms", "+16195550123", False)]


async def test_one_poll_asks_for_the_customers_longest_unseen(shop: Any) -> None:
    first, second = await new_lead(shop), await new_lead(shop)
    await forget_when_looked(shop)
    await shop.webhook("customer", first["customer_id"], "UPDATE")
    before = shop.calls("GET", f"/customer/{second['customer_id']}")

    await poll_customers(shop.deps)

    assert shop.calls("GET", f"/customer/{second['customer_id']}") == before + 1
    assert shop.calls("GET", f"/customer/{first['customer_id']}") == 2


async def test_customers_who_cannot_be_read_do_not_starve_the_others(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "CUSTOMERS_A_ROUND", 1)
    customers = {(await shop.new_lead())[1]["customer_id"] for _ in range(2)}
    await shop.fault("status", status=403)
    await poll_customers(shop.deps)
    await poll_customers(shop.deps)
    await poll_customers(shop.deps)
    assert [shop.calls("GET", f"/customer/{one}") for one in customers] == [1, 1]

    await shop.fault("none")
    await forget_when_looked(shop)
    await poll_customers(shop.deps)
    await poll_customers(shop.deps)
    assert {fact["customer_id"] for fact in await shop.published(CONSENT)} == customers


async def test_what_our_own_writes_bring_back_is_told_to_nobody(shop: Any) -> None:
    order = await new_lead(shop)
    [(lead_id,)] = await shop.select("SELECT lead_id FROM leads")
    said = MessageSent(
        message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=1, author="customer", channel="web",
        text="Hello",
    )  # fmt: skip
    await shop.apply(planning.plan_message_note, said)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    assert len(shop.rows("appointment")) == 1
    shop.sandbox.world.tables["customer"][order["customer_id"]]["updatedDate"] = "2100-01-01T00:00:00.000Z"

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert len(await shop.published(CONSENT)) == 1


async def test_a_customer_of_no_lead_is_not_even_asked_for(shop: Any) -> None:
    order = await shop.new_order()

    await shop.webhook("customer", order["customer_id"], "UPDATE")
    await poll_customers(shop.deps)

    assert await told(shop) == []
    assert shop.calls("GET", f"/customer/{order['customer_id']}") == 0


async def test_a_late_look_takes_nothing_back(shop: Any) -> None:
    order = await new_lead(shop)
    row = shop.sandbox.world.tables["customer"][order["customer_id"]]
    earlier = row["updatedDate"]
    row["updatedDate"] = "2100-01-01T00:00:00.000Z"
    row["phoneNumbers"][0]["optIn"] = False
    await shop.webhook("customer", order["customer_id"], "UPDATE")
    row["updatedDate"], row["phoneNumbers"][0]["optIn"] = earlier, True

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert (await told(shop))[2:] == [("sms", "+16195550123", False)]


async def test_a_customer_deleted_there_refuses_nothing(shop: Any) -> None:
    order = await new_lead(shop)
    del shop.sandbox.world.tables["customer"][order["customer_id"]]
    await forget_when_looked(shop)

    await poll_customers(shop.deps)
    await customers.observe_customer(
        shop.deps, shop.change("customer", {"id": order["customer_id"]}, "DELETE")
    )

    assert len(await told(shop)) == 2


async def test_of_an_erased_person_no_flag_stays_but_of_their_other_lead(shop: Any) -> None:
    order = await new_lead(shop)
    other = uuid4()
    await shop.keep_lead(other, CrmRef(order_id="another", customer_id=order["customer_id"]))
    flags = "SELECT consents FROM observations WHERE kind = 'customer'"
    [(first,)] = await shop.select(f"SELECT lead_id FROM leads WHERE lead_id <> '{other}'")  # noqa: S608

    await _erase(shop, first)
    assert len(await shop.select(flags)) == 1
    await _erase(shop, other)

    assert await shop.select(flags) == []
    assert await shop.published(CONSENT) == []


async def _erase(shop: Any, lead_id: Any) -> None:
    event = shop.event(PersonErasureRequested(lead_id=lead_id), subject=lead_id)
    await erase_once(shop.deps.sessions, event, HOLDINGS, wait_for_writes)
