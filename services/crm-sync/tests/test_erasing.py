"""An erased person: nothing more is written to the CRM, and their order is left alone."""

from functools import partial
from uuid import uuid4

import pytest
from crm_sync.actions import planning
from crm_sync.actions.customers import look_at_customer_again
from crm_sync.actions.erasing import wait_for_writes
from crm_sync.holdings import HOLDINGS
from shared.db.engine import transaction
from shared.events import CrmRef, MessageSent, PersonErasureRequested
from shared.messaging.failures import RetryLater
from shared.persons import erase_once
from sqlalchemy import text
from testkit.races import beside


async def planned_note(shop, lead_id):
    said = MessageSent(
        message_id=uuid4(), conversation_id=uuid4(), lead_id=lead_id, seq=1, author="customer", channel="web",
        text="My aardwolf rides along",
    )  # fmt: skip
    await shop.apply(planning.plan_message_note, said)


def erasing(shop, lead_id):
    event = shop.event(PersonErasureRequested(lead_id=lead_id), subject=lead_id)
    return partial(erase_once, shop.deps.sessions, event, HOLDINGS, wait_for_writes)


async def test_no_word_stays_and_what_was_planned_is_not_written(shop):
    lead_id, _ = await shop.new_lead()
    await planned_note(shop, lead_id)
    await erasing(shop, lead_id)()
    await shop.work()
    assert await shop.select("SELECT state, payload FROM sync_tasks") == [("skipped", {})]
    assert await shop.select("SELECT * FROM leads") == []
    assert not any("aardwolf" in str(row) for row in shop.rows("message"))


async def test_a_write_under_way_is_waited_for(shop):
    lead_id, _ = await shop.new_lead()
    await planned_note(shop, lead_id)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE sync_tasks SET state = 'sending'"))
    with pytest.raises(RetryLater):
        await erasing(shop, lead_id)()
    assert len(await shop.select("SELECT * FROM leads")) == 1


async def test_the_order_seen_again_is_told_to_nobody(shop):
    order = await shop.new_order()
    await shop.webhook("order", order["order_id"])
    assert len(await shop.published("crm.lead.observed.v1")) == 1
    lead_id = uuid4()
    await shop.keep_lead(lead_id, _ref(order))
    await erasing(shop, lead_id)()
    assert await shop.published("crm.lead.observed.v1") == []
    await shop.webhook("order", order["order_id"], "UPDATE")
    assert await shop.published("crm.lead.observed.v1") == []


async def test_a_look_at_their_order_beside_the_erasure_tells_nobody(shop):
    for first in (True, False):
        order, lead_id = await shop.new_order(), uuid4()
        await shop.keep_lead(lead_id, _ref(order))
        look, erasure = shop.webhook("order", order["order_id"]), erasing(shop, lead_id)()
        if first:
            await beside(shop.deps.sessions, "outbox", look, erasure)
        else:
            await beside(shop.deps.sessions, "erased_leads", erasure, look)
        assert await shop.published("crm.lead.observed.v1") == []


@pytest.mark.parametrize("by", ["webhook", "poll"])
@pytest.mark.parametrize("look_first", [True, False])
async def test_a_look_at_the_customer_beside_the_erasure_does_not_write_them_back(shop, by, look_first):
    lead_id, order = await shop.new_lead()
    customer_id = order["customer_id"]
    erasure = erasing(shop, lead_id)()
    if by == "webhook":
        look = shop.webhook("customer", customer_id, "UPDATE")
    else:
        look = look_at_customer_again(shop.deps, shop.tenant_id, customer_id)
    if look_first:
        await beside(shop.deps.sessions, "outbox", look, erasure)
    else:
        await beside(shop.deps.sessions, "erased_leads", erasure, look)
    assert await shop.select("SELECT * FROM observations WHERE kind = 'customer'") == []
    assert await shop.published("crm.consent.observed.v1") == []


async def test_an_order_that_nobody_had_looked_at_is_left_alone_too(shop):
    lead_id, order = await shop.new_lead()
    await erasing(shop, lead_id)()
    await shop.webhook("order", order["order_id"])
    assert await shop.published("crm.lead.observed.v1") == []


def _ref(order):
    return CrmRef(
        order_id=order["order_id"], customer_id=order["customer_id"], vehicle_id=order["vehicle_id"]
    )
