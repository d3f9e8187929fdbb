"""Statements straight on the driver are part of the session's transaction, and fail as its own do."""

from uuid import uuid4

import pytest
from shared.db.direct import ask_as_each, direct
from shared.db.engine import transaction
from shared.db.outage import is_outage
from sqlalchemy import text

pytestmark = pytest.mark.postgres

SEEN = "INSERT INTO inbox (consumer, event_id) VALUES ('direct', $1)"
COUNT = text("SELECT count(*) FROM inbox WHERE consumer = 'direct'")


async def count(sessions):
    async with transaction(sessions, None) as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_is_written_directly_is_rolled_back_with_the_rest(sessions):
    async def work(error):
        async with transaction(sessions, uuid4()) as session:
            await (await direct(session)).execute(SEEN, uuid4())
            assert (await session.execute(COUNT)).scalar_one() == 1
            if error:
                raise error

    with pytest.raises(LookupError):
        await work(LookupError())
    assert await count(sessions) == 0
    await work(None)
    assert await count(sessions) == 1


async def test_the_first_statement_begins_the_transaction_in_the_scope_of_its_tenant(sessions):
    tenant_id = uuid4()
    async with transaction(sessions, tenant_id) as session:
        connection = await direct(session)
        assert await connection.fetchval("SELECT current_setting('app.tenant_id', true)") == str(tenant_id)
    async with transaction(sessions, None) as session:
        connection = await direct(session)
        assert not await connection.fetchval("SELECT current_setting('app.tenant_id', true)")


async def test_a_connection_that_breaks_is_an_outage_and_the_next_transaction_has_another(sessions):
    with pytest.raises(Exception) as lost:  # noqa: PT011 - which one is the driver's
        await lose_connection(sessions)
    assert is_outage(lost.value)
    assert await count(sessions) == 0


async def lose_connection(sessions):
    async with transaction(sessions, uuid4()) as session:
        connection = await direct(session)
        own = await connection.fetchval("SELECT pg_backend_pid()")
        await connection.fetchval("SELECT pg_terminate_backend($1)", own)
        await connection.execute(SEEN, uuid4())


async def test_each_tenant_is_asked_as_itself(sessions):
    one, other = uuid4(), uuid4()
    async with transaction(sessions, None) as session:
        answers = await ask_as_each(
            session,
            [one, other],
            "SELECT current_setting('app.tenant_id') = $1::uuid::text AND $2 = 7 AS own",
            7,
        )
        assert await (await direct(session)).fetchval("SELECT current_setting('app.tenant_id')") == ""
    assert {tenant_id: answer["own"] for tenant_id, answer in answers.items()} == {one: True, other: True}
