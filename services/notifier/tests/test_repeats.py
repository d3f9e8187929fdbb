"""What an operator repeats sends nothing, unless sending again is what they want."""

import pytest
from notifier.actions.leads import greet_lead
from shared.db.engine import transaction
from shared.messaging.inbox import once
from shared.messaging.replay import Replay, delivered
from sqlalchemy import text

pytestmark = pytest.mark.postgres


@pytest.fixture
async def greeted(shop, a_lead):
    """A lead that has its e-mail and its text; a function that has the greeting repeated."""
    event = shop.event(a_lead())

    async def greet(session, told):
        await greet_lead(session, told, shop.deps)

    async def repeat(mode):
        with delivered(Replay(f"sample-{mode}", mode).headers):
            await once(shop.deps.sessions, event, greet)
        await shop.send_due()

    await once(shop.deps.sessions, event, greet)
    await shop.send_due()
    assert len(shop.inbox("email")) == len(shop.inbox("sms")) == 1
    return repeat


async def forget_everything(shop):
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        for table in ("deliveries", "touch_points", "leads"):
            await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - words of this test


async def test_a_repeated_greeting_reaches_nobody(shop, greeted):
    await greeted("again")
    assert len(shop.inbox("email")) == len(shop.inbox("sms")) == 1


async def test_not_even_when_the_rows_that_knew_of_it_are_lost(shop, greeted):
    await forget_everything(shop)
    await greeted("again")
    assert await shop.deliveries() == []
    assert len(shop.inbox("email")) == len(shop.inbox("sms")) == 1


async def test_with_side_effects_it_is_sent_once_more_for_each_replay(shop, greeted):
    await greeted("again-with-side-effects")
    await greeted("again-with-side-effects")
    assert len(shop.inbox("email")) == len(shop.inbox("sms")) == 2
