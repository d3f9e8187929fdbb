"""RabbitMQ dies, is wiped, gets full, loses an exchange; events that nobody can read, or come too fast."""

import json
import signal
from uuid import uuid4

import aio_pika
from ops.stack.provision import SCHEMAS
from shared.events import CONTENT_TYPE, SERVICES
from shared.messaging.topology import CONSUMERS_EXCHANGE, EVENTS_EXCHANGE
from testkit.patience import eventually

from faults.gates import gate
from faults.scenarios.table import Run, scenario
from faults.system import PATIENCE_SECONDS, System


@scenario(7, group="faults_quick")
async def kill_9_of_the_broker(run: Run) -> None:
    await run.moment(1, 2)
    await run.system.end_broker(signal.SIGKILL)
    await run.moment(1, 3)
    await run.system.start_broker()
    run.injected.append("kill -9 RabbitMQ")
    await run.system.ready()


@scenario(7)
async def orderly_restart_of_the_broker(run: Run) -> None:
    await run.moment(1, 2)
    await run.system.end_broker(signal.SIGTERM)
    await run.moment(1, 3)
    await run.system.start_broker()
    run.injected.append("RabbitMQ stop, start")
    await run.system.ready()


@scenario(8)
async def exchange_deleted_by_mistake(run: Run) -> None:
    await delete_and_declare(run, EVENTS_EXCHANGE)


@scenario(8)
async def consumers_exchange_deleted_by_mistake(run: Run) -> None:
    await delete_and_declare(run, CONSUMERS_EXCHANGE)


async def delete_and_declare(run: Run, exchange: str) -> None:
    """The load goes on while the bindings come back one by one; nothing is replayed."""
    await run.moment(1, 2)
    async with run.system.channel() as channel:
        await channel.exchange_delete(exchange)
    await run.moment(2, 3)
    await run.system.leadctl("topology", "declare")
    run.injected.append(f"exchange {exchange} deleted")
    await run.system.ready()


@scenario(7, group="faults_long")
async def many_broker_restarts(run: Run) -> None:
    for _ in range(8):
        await run.moment(1, 4)
        await run.system.rabbitmqctl("stop_app")
        await run.moment(0.5, 4)
        await run.system.rabbitmqctl("start_app")
        run.injected.append("stop_app")
    await run.system.ready()


async def replay(run: Run) -> None:
    """What was published since the scenario began is given to each service again, out of the log."""
    await eventually(lambda: nothing_unpublished(run.system), within_seconds=PATIENCE_SECONDS)
    for service in SERVICES:
        await run.system.leadctl("events", "replay", "--since", run.began, "--to", service, "--yes")


async def nothing_unpublished(system: System) -> bool:
    for schema in SCHEMAS.values():
        if await system.rows(f"SELECT 1 FROM {schema}.outbox WHERE published_at IS NULL LIMIT 1"):
            return False
    return True


@scenario(24)
async def replay_while_customers_come(run: Run) -> None:
    await run.moment(1, 2)
    await replay(run)
    run.injected.append("everything since the start delivered again to each service")


@scenario(29)
async def broker_wiped(run: Run) -> None:
    """Its volume is lost: accounts and topology are made anew, the log from the outboxes, and the rest from the log."""
    await run.moment(1, 2)
    await run.system.wipe_broker()
    await run.system.leadctl("topology", "declare")
    run.audit.forget_the_log()
    await run.system.ready()
    await eventually(lambda: nothing_unpublished(run.system), within_seconds=PATIENCE_SECONDS)
    await run.system.leadctl("events", "reconcile", "--since", run.began, also=(1,))
    await replay(run)
    run.injected.append("virtual host deleted with all queues and the log")


@scenario(13)
async def memory_alarm(run: Run) -> None:
    await run.moment(0.5, 1)
    await run.system.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1MB")
    await run.moment(5, 8)
    await run.system.rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    run.injected.append("memory alarm")


@scenario(22)
async def events_of_a_newer_version(run: Run) -> None:
    """Real events with fields that nobody here knows, under ids of their own, between the ordinary ones."""
    _, told = run.load.new_story(chats=True, books=True)
    await told
    rows = await run.system.rows(
        "SELECT type, body FROM booking.outbox UNION ALL SELECT type, body FROM ingest.outbox ORDER BY type LIMIT 200"
    )
    async with run.system.channel() as channel:
        exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        for row in rows:
            event = json.loads(row["body"])
            event |= {"id": str(uuid4()), "shade": "from the future"}
            event["data"]["tone"] = {"depth": 7}
            message = aio_pika.Message(
                json.dumps(event).encode(),
                content_type=CONTENT_TYPE,
                message_id=event["id"],
                type=row["type"],
            )
            await exchange.publish(message, row["type"])
    run.injected.append(f"{len(rows)} events with unknown fields")


@scenario(14)
async def slow_consumer_with_a_backlog(run: Run) -> None:
    """Chat takes nothing in for a while; its events wait in their queues and are worked off afterwards."""
    async with gate(run.system, "chat", "chat.inbox", "INSERT") as stopped:
        await stopped.reached()
        await run.moment(6, 8)
    run.injected.append("chat consumes nothing for 6-8 s")
