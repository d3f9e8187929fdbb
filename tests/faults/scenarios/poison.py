"""Events that no service can work off: unreadable ones, and one that ends the process."""

import asyncio
import json
from uuid import uuid4

import aio_pika
from ops.stack.provision import SCHEMAS
from shared.events import CONTENT_TYPE, LeadReceived, ServiceName
from shared.messaging.failures import LOST_DELIVERIES
from shared.messaging.topology import RETRY_DELAYS_SECONDS, dead_letters_of, queue_for, retry_of
from testkit.patience import eventually

from faults.audit import ready_in
from faults.gates import gate
from faults.scenarios.table import Run, scenario
from faults.system import PATIENCE_SECONDS

CONSUMERS_OF_LEADS: tuple[ServiceName, ...] = ("chat", "booking", "notifier", "crm-sync")


@scenario(20, group="faults_quick")
async def poison_events(run: Run) -> None:
    """Each is put aside with its reason; the events behind it are not held up."""
    unknown_version = {"specversion": "1.0", "id": str(uuid4()), "type": "lead.received.v99", "data": {}}
    poison = (b"{ no json", b"[]", json.dumps(unknown_version).encode())
    async with run.system.channel() as channel:
        for service in CONSUMERS_OF_LEADS:
            for body in poison:
                message = aio_pika.Message(body, content_type=CONTENT_TYPE, message_id=str(uuid4()))
                await channel.default_exchange.publish(message, queue_for(service, LeadReceived))
                run.injected.append(f"poison for {service}")
            await take_dead_letters(channel, service, len(poison))


async def take_dead_letters(channel: aio_pika.abc.AbstractChannel, service: ServiceName, count: int) -> None:
    """Exactly so many must come, each telling why it is there."""
    queue = await channel.get_queue(dead_letters_of(service), ensure=False)
    for _ in range(count):
        message = await eventually(lambda: queue.get(fail=False), within_seconds=PATIENCE_SECONDS)
        assert message is not None
        assert message.headers["reason"], message.headers
        await message.ack()
    assert await ready_in(channel, dead_letters_of(service)) == 0


@scenario(20)
async def events_that_end_the_process(run: Run) -> None:
    """One at its first try waits aside after some deaths, one at its last is a dead letter; who was in flight beside them is neither."""
    service = run.dice.choice(CONSUMERS_OF_LEADS)
    async with run.system.channel() as channel:
        aside = retry_of(service, RETRY_DELAYS_SECONDS[0])
        async with (
            asyncio.TaskGroup() as both
        ):  # it waits there for seconds only, and a service may take longer to be back
            both.create_task(
                eventually(lambda: ready_in(channel, aside), within_seconds=2 * PATIENCE_SECONDS)
            )
            await dies_of(run, service, await poison(run), attempt=1)
        await dies_of(run, service, await poison(run), attempt=len(RETRY_DELAYS_SECONDS) + 1)
        await take_dead_letters(channel, service, 1)
    run.injected.append(f"2 events kill {service}, {LOST_DELIVERIES} times each")


async def poison(run: Run) -> dict[str, object]:
    """A real event under an id of its own."""
    _, told = run.load.new_story()
    await told
    newest = "SELECT body FROM ingest.outbox WHERE type = $1 ORDER BY id DESC LIMIT 1"
    found = await eventually(
        lambda: run.system.rows(newest, LeadReceived.type), within_seconds=PATIENCE_SECONDS
    )
    return {**json.loads(found[0]["body"]), "id": str(uuid4())}


async def dies_of(run: Run, service: ServiceName, event: dict[str, object], *, attempt: int) -> None:
    """Each time that the event is taken up, beside others that come in just then."""
    table = f"{SCHEMAS[service]}.inbox"
    async with gate(run.system, service, table, "INSERT", f"NEW.event_id = '{event['id']}'") as stopped:
        await give(run, service, event, attempt=attempt)
        for _ in range(LOST_DELIVERIES):
            await stopped.reached()
            run.load.new_story()
            await run.system.kill(service)
            await stopped.forget_the_dead()
        await run.system.ready(service)


async def give(run: Run, service: ServiceName, event: dict[str, object], *, attempt: int) -> None:
    """Into the queue of this service alone."""
    message = aio_pika.Message(
        json.dumps(event).encode(),
        content_type=CONTENT_TYPE,
        message_id=str(event["id"]),
        headers={"attempt": attempt},
    )
    async with run.system.channel() as channel:
        await channel.default_exchange.publish(message, queue_for(service, LeadReceived))
