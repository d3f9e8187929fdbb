"""Words and addresses leave when they are too old; what was sent still counts, and a wish to be left alone still holds."""

import pytest
from notifier.schedule import build_remover
from shared.db.engine import transaction
from sqlalchemy import text

from .test_endpoints import text_us
from .test_erasing import TOM, everything, permissions

pytestmark = pytest.mark.postgres


async def grow_old(shop, table: str, moment: str, days: int, which: str = "true") -> None:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text(f"UPDATE {table} SET {moment} = now() - make_interval(days => :days) WHERE {which}"),  # noqa: S608
            {"days": days},
        )


async def rows(shop, statement: str) -> list[tuple[object, ...]]:
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        return [tuple(row) for row in await session.execute(text(statement))]


async def test_sent_messages_lose_address_and_words_and_count_on(shop):
    await shop.greet(contact=TOM)
    await shop.send_due()
    other = await shop.greet()
    await shop.send_due()
    old = f"address IN ('{TOM.email}', '{TOM.phone}')"
    await grow_old(shop, "deliveries", "created_at", 366, old)
    await build_remover(shop.deps).run()
    found = await rows(shop, "SELECT state, address <> '' FROM deliveries ORDER BY created_at")
    assert found == [("sent", False)] * 2 + [("sent", True)] * 2
    assert "trace" not in str(await rows(shop, "SELECT * FROM deliveries")).lower()
    assert (await shop.lead(other.lead_id)).email == other.contact.email


@pytest.mark.parametrize("state", ["planned", "sending", "unknown"])
async def test_what_may_still_be_sent_keeps_its_address(shop, state):
    await shop.greet(contact=TOM)
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("UPDATE deliveries SET state = :state"), {"state": state})
    await grow_old(shop, "deliveries", "created_at", 366)
    await build_remover(shop.deps).run()
    assert all(delivery.address for delivery in await shop.deliveries())


async def test_words_of_strangers_go_and_their_wish_holds(shop):
    assert (await text_us(shop, TOM.phone, "stop texting me aardwolf")).status_code == 200
    [(provider_id,)] = await rows(shop, "SELECT provider_id FROM inbound_messages")
    await grow_old(shop, "inbound_messages", "received_at", 91)
    await grow_old(shop, "consents", "at", 366)
    await build_remover(shop.deps).run()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(text("DELETE FROM outbox"))
    assert "aardwolf" not in await everything(shop)
    assert await rows(shop, "SELECT provider_id FROM inbound_messages") == [(provider_id,)]
    assert ("sms", TOM.phone, "opted_out") in await permissions(shop)
    await shop.greet(contact=TOM)
    await shop.send_due()
    assert shop.inbox("sms", TOM.phone) == []


async def test_what_is_young_stays(shop):
    await text_us(shop, TOM.phone, "stop texting me aardwolf")
    await grow_old(shop, "inbound_messages", "received_at", 89)
    await grow_old(shop, "consents", "at", 364)
    await build_remover(shop.deps).run()
    assert (await everything(shop)).count("aardwolf") >= 2
