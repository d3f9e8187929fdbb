"""PostgreSQL dies, is away, is full."""

import signal
from contextlib import AsyncExitStack, suppress

import asyncpg
from ops.stack.processes import alive
from ops.stack.provision import SCHEMAS
from testkit.patience import eventually
from testkit.shopmonkey import body_of, order_row

from faults.disk import small_disk
from faults.gates import failing
from faults.load import LOCATIONS, Story
from faults.scenarios.table import Run, scenario
from faults.scenarios.webhooks import webhook_status
from faults.standby import standby
from faults.system import PATIENCE_SECONDS


@scenario(9, group="faults_quick")
async def immediate_restart_of_the_database(run: Run) -> None:
    await database_restart(run, signal.SIGQUIT)


@scenario(9)
async def kill_9_of_the_database(run: Run) -> None:
    await database_restart(run, signal.SIGKILL)


@scenario(9, group="faults_long")
async def many_database_restarts(run: Run) -> None:
    for _ in range(8):
        await database_restart(run, signal.SIGQUIT)


@scenario(9, group="faults_long")
async def database_away_for_two_minutes(run: Run) -> None:
    await database_restart(run, signal.SIGQUIT, away_seconds=120)


async def database_restart(run: Run, how: signal.Signals, away_seconds: float = 1) -> None:
    await run.moment(1, 2)
    await run.system.end_database(how)
    await run.moment(away_seconds, away_seconds + 2)
    await run.system.start_database()
    run.injected.append(f"PostgreSQL {how.name}")
    await run.system.ready()


@scenario(9)
async def failover_to_a_replica(run: Run) -> None:
    """The primary is gone for good; the replica, which had confirmed every commit, takes its place."""
    async with standby(run.system) as replica:
        await run.moment(2, 3)
        await replica.take_over()
        await run.system.ready()
        await run.moment(2, 3)
    await run.system.ready()
    run.injected.append("kill -9 of the primary, replica promoted")


@scenario(10)
async def connections_of_the_database_exhausted(run: Run) -> None:
    url = run.system.stack.databases["chat"]
    async with AsyncExitStack() as stack:
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                stack.push_async_callback((await asyncpg.connect(url)).close)
        async with run.system.admin() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%-relay' "
                "OR (usename <> current_user AND usename NOT LIKE '%\\_chat')"
            )
        await run.moment(3, 4)
    run.injected.append("all connections taken")
    await run.system.ready()


@scenario(10, group="faults_long")
async def rows_of_leads_locked_for_longer_than_a_statement_may_take(run: Run) -> None:
    _, told = run.load.new_story()
    await told
    async with run.system.admin() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM ingest.leads FOR UPDATE")
        await run.moment(35, 40)
    run.injected.append("row locks for 35-40 s")


@scenario(26, group="faults_quick")
async def full_disk_of_the_outbox(run: Run) -> None:
    """Every endpoint answers 503 while nothing can be recorded; nobody is told that something was taken."""
    async with AsyncExitStack() as stack:
        for schema in SCHEMAS.values():
            await stack.enter_async_context(failing(run.system, f"{schema}.outbox", "53100"))
        order = order_row(LOCATIONS["Store094"])
        assert await webhook_status(run.system, body_of(order)) == 503
        await run.moment(2, 3)
    run.injected.append("disk full on each outbox")


@scenario(26)
async def full_disk_then_read_only_disk(run: Run) -> None:
    """For real: the server's own disk has no block left, and later takes no writes. It comes back without anybody's hand on its files."""
    story, told = run.load.new_story()
    await told
    async with small_disk(run.system) as disk:
        await run.system.ready()
        await disk.fill()
        await eventually(lambda: doors_are_shut(run, story), within_seconds=PATIENCE_SECONDS)
        await run.moment(2, 3)
        disk.free()
        await eventually(lambda: is_back(run, story), within_seconds=PATIENCE_SECONDS)
        await disk.turn_read_only()
        await eventually(lambda: doors_are_shut(run, story), within_seconds=PATIENCE_SECONDS)
        await run.moment(2, 3)
        await disk.repair()
        await run.system.ready()
    await run.system.ready()
    run.injected.append("disk of PostgreSQL full, then read-only")


async def doors_are_shut(run: Run, story: Story) -> bool:
    """A webhook is answered 503 and nothing else that is not well; the first ones may still find room."""
    order = order_row(LOCATIONS[story.location], id=story.order_id)
    status = await webhook_status(run.system, body_of(order))
    assert status in {202, 503}, status
    return status == 503


async def is_back(run: Run, story: Story) -> bool:
    """A server that ended in between is started again, as a machine's service manager does."""
    if not alive(run.system.database_pid):
        await run.system.start_database()
    return not await doors_are_shut(run, story)
