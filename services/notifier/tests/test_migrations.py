"""A migration fills what is there already, of all tenants."""

import asyncio

from alembic import command
from shared.db.engine import transaction
from shared.db.migrate import config
from sqlalchemy import text


async def test_consents_and_leads_of_before_get_what_later_columns_say(shop, database_url, owner_of):
    order, form = await shop.greet(), await shop.greet(source="web_form")
    schema = config("notifier", owner_of(database_url))
    await asyncio.to_thread(command.downgrade, schema, "0013")
    await asyncio.to_thread(command.upgrade, schema, "head")
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        assert set(await session.scalars(text("SELECT said_at = at FROM consents"))) == {True}
    in_crm = [(await shop.lead(fact.lead_id)).in_crm for fact in (order, form)]
    assert in_crm == [True, False]
    for table in ("consents", "leads"):
        statement = text("SELECT relforcerowsecurity FROM pg_class WHERE oid = CAST(:name AS regclass)")
        async with transaction(shop.deps.sessions, shop.tenant_id) as session:
            assert await session.scalar(statement, {"name": f"notify.{table}"})
