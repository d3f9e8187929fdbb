"""In whose name a transaction sees rows."""

from uuid import uuid4

import pytest
from shared.db.engine import Sessions, transaction
from sqlalchemy import text

pytestmark = pytest.mark.postgres

SCOPE = text("SELECT coalesce(current_setting('app.tenant_id', true), '')")


async def test_a_transaction_begins_in_the_scope_of_its_tenant_and_the_next_in_its_own(
    sessions: Sessions,
) -> None:
    tenants = [uuid4(), None, uuid4(), None]
    seen = []
    for tenant_id in tenants:
        async with transaction(sessions, tenant_id) as session:
            seen.append(await session.scalar(SCOPE))
            async with session.begin_nested():
                seen.append(await session.scalar(SCOPE))
    assert seen == [str(tenant_id or "") for tenant_id in tenants for _ in range(2)]


async def test_one_that_does_nothing_or_fails_leaves_its_tenant_to_nobody(sessions: Sessions) -> None:
    async with transaction(sessions, uuid4()):
        pass
    with pytest.raises(KeyError):
        async with transaction(sessions, uuid4()):
            raise KeyError
    async with transaction(sessions, None) as session:
        assert await session.scalar(SCOPE) == ""
    async with sessions() as session:
        assert await session.scalar(SCOPE) == ""
