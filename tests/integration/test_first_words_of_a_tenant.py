"""Two events of a tenant that nobody knew may come at the same moment: neither fails."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from uuid import UUID, uuid4

import pytest
from booking.store import replicas as booking
from chat import store as chat
from crm_sync import store as crm_sync
from notifier.store import replicas as notifier
from shared.db.engine import create_engine, create_sessions, transaction
from shared.events import ServiceName
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.patience import eventually

pytestmark = pytest.mark.postgres

AT_ONCE = 8
ROUNDS = 60

KEEP = {
    "booking": (booking.keep_tenant, "booking.tenants"),
    "chat": (chat.keep_tenant, "chat.tenants"),
    "crm-sync": (crm_sync.keep_tenant, "crm.tenants"),
    "notifier": (notifier.keep_tenant, "notify.tenants"),
}

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = CAST(:table AS regclass)")


@pytest.mark.parametrize("name", KEEP)
async def test_a_tenant_is_kept_by_all_who_hear_of_it_at_once(
    migrated_database: Callable[[ServiceName], AbstractAsyncContextManager[str]], name: ServiceName
) -> None:
    """All stand before the locked table and are let in together."""
    keep, table = KEEP[name]
    async with migrated_database(name) as url:
        engine = create_engine(url)
        sessions = create_sessions(engine)

        async def hears(tenant_id: UUID, number: int) -> None:
            async with transaction(sessions, tenant_id) as session:
                await keep(session, tenant_id, f"sample-{number}")

        for number in range(ROUNDS):
            tenant_id = uuid4()
            async with transaction(sessions, tenant_id) as gate, asyncio.TaskGroup() as group:
                await gate.execute(text(f"LOCK TABLE {table} IN EXCLUSIVE MODE"))
                for _ in range(AT_ONCE):
                    group.create_task(hears(tenant_id, number))
                await eventually(partial(_all_wait, gate, table), every_seconds=0)
                await gate.commit()
        await engine.dispose()


async def _all_wait(session: AsyncSession, table: str) -> bool:
    return await session.scalar(WAITING, {"table": table}) == AT_ONCE
