"""Processes that die, stop and start again."""

from contextlib import ExitStack

from ops.stack.provision import SCHEMAS
from shared.events import SERVICES
from testkit.patience import eventually

from faults.gates import gate
from faults.proxy import Trap
from faults.scenarios.table import Run, scenario
from faults.system import PATIENCE_SECONDS, System


@scenario(2, 4, 5, 6, group="faults_quick")
async def kill_9_of_each_service(run: Run) -> None:
    for service in run.dice.sample(SERVICES, len(SERVICES)):
        await run.moment()
        await run.system.kill(service)
        run.injected.append(f"kill -9 {service}")
    await run.system.ready()


@scenario(27, group="faults_quick")
async def rolling_restart(run: Run) -> None:
    for service in SERVICES:
        await run.system.restart(service)
    run.injected.append("SIGTERM and start of each service")


@scenario(4, 27)
async def two_replicas_of_each_service(run: Run) -> None:
    async with run.system.with_replicas():
        for service in SERVICES:
            await run.moment()
            await run.system.kill(service)
            await run.system.restart(service)
        await run.moment(1, 2)
    await run.system.ready()
    run.injected.append("kill -9 and restart of the first replicas, SIGTERM of the second")


@scenario(2)
async def ingest_killed_before_its_commit(run: Run) -> None:
    async with gate(run.system, "ingest", "ingest.outbox", "INSERT") as stopped:
        story, _ = run.load.new_story()
        await stopped.reached()
        assert not await kept(run.system, story.webhook_id)
        await run.system.kill("ingest")
    await run.system.ready("ingest")
    run.injected.append("kill -9 ingest before commit")


@scenario(1)
async def ingest_killed_between_commit_and_answer(run: Run) -> None:
    with run.system.database.trapped(Trap(run.system.role("ingest"), after=b"COMMIT")):
        story, _ = run.load.new_story()
        await eventually(lambda: kept(run.system, story.webhook_id), within_seconds=PATIENCE_SECONDS)
        assert not story.answers
        await run.system.kill("ingest")
    await run.system.ready("ingest")
    run.injected.append("kill -9 ingest after commit")


async def kept(system: System, webhook_id: str) -> bool:
    query = "SELECT 1 FROM ingest.webhook_deliveries WHERE webhook_id = $1"
    return bool(await system.rows(query, webhook_id))


@scenario(3)
async def relays_killed_after_publishing(run: Run) -> None:
    for service in some_services(run):
        async with gate(run.system, service, f"{SCHEMAS[service]}.outbox", "UPDATE") as stopped:
            run.load.new_story(chats=True, books=True)
            await stopped.reached()
            await run.system.kill(service)
        await run.system.ready(service)
        run.injected.append(f"kill -9 {service} after publish")


@scenario(5)
async def consumers_killed_before_their_commit(run: Run) -> None:
    for service in some_services(run):
        async with gate(run.system, service, f"{SCHEMAS[service]}.inbox", "INSERT") as stopped:
            run.load.new_story(chats=True)
            await stopped.reached()
            await run.system.kill(service)
        await run.system.ready(service)
        run.injected.append(f"kill -9 {service} before commit")


@scenario(5)
async def consumers_killed_between_commit_and_ack(run: Run) -> None:
    """First the gate, then the trap: a consumer that has read something before must not hang at that COMMIT."""
    for service in some_services(run):
        schema = SCHEMAS[service]
        with ExitStack() as committed:
            async with gate(run.system, service, f"{schema}.inbox", "INSERT") as stopped:
                run.load.new_story(chats=True)
                await stopped.reached()
                before = await consumed(run.system, schema)
                trap = Trap(run.system.role(service), after=b"COMMIT")
                committed.enter_context(run.system.database.trapped(trap))

            async def one_more(schema: str = schema, before: int = before) -> bool:
                return await consumed(run.system, schema) > before

            await eventually(one_more, within_seconds=PATIENCE_SECONDS)
            await run.system.kill(service)
        await run.system.ready(service)
        run.injected.append(f"kill -9 {service} before ack")


def some_services(run: Run) -> list[str]:
    """Two in a short run, another two with another seed; all of them in a long one."""
    return run.dice.sample(SERVICES, len(SERVICES) if run.long else 2)


async def consumed(system: System, schema: str) -> int:
    [row] = await system.rows(f"SELECT count(*) FROM {schema}.inbox")
    return int(row["count"])


@scenario(6)
async def killed_around_the_call_to_a_vendor(run: Run) -> None:
    system = run.system
    with ExitStack() as claimed:
        async with gate(
            system, "notifier", "notify.deliveries", "UPDATE", "NEW.state = 'sending'"
        ) as stopped:
            run.load.new_story()
            await stopped.reached()
            claimed.enter_context(system.database.trapped(Trap(system.role("notifier"), after=b"COMMIT")))
        await eventually(lambda: sending(system), within_seconds=PATIENCE_SECONDS)
        await system.kill("notifier")
    await system.ready("notifier")
    async with gate(system, "notifier", "notify.deliveries", "UPDATE", "NEW.state = 'sent'") as stopped:
        run.load.new_story()
        await stopped.reached()
        await system.kill("notifier")
    async with gate(system, "crm-sync", "crm.sync_tasks", "UPDATE", "NEW.state = 'done'") as stopped:
        run.load.new_story(chats=True, books=True)
        await stopped.reached()
        await system.kill("crm-sync")
    await system.ready()
    run.injected.append("kill -9 notifier before and after the call, crm-sync after it")


async def sending(system: System) -> bool:
    return bool(await system.rows("SELECT 1 FROM notify.deliveries WHERE state = 'sending'"))
