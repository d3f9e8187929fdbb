"""The table of scenarios: what breaks while customers come, chat and book. Numbers as in the list of docs/faults.md."""

import asyncio
import json
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import asyncpg
from ops.stack.provision import SCHEMAS
from shared.events import CONTENT_TYPE, SERVICES, LeadReceived
from shared.messaging.topology import EVENTS_EXCHANGE, dead_letters_of, queue_for
from testkit.patience import eventually
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

from faults.audit import Audit, ready_in
from faults.gates import failing, gate
from faults.load import LOCATIONS, Load, Story
from faults.proxy import Impediment, Trap
from faults.system import PATIENCE_SECONDS, ROOT, System

Group = Literal["faults_quick", "faults", "faults_long"]


@dataclass
class Run:
    """One scenario under way. `injected` is what the table shows."""

    system: System
    load: Load
    audit: Audit
    dice: random.Random
    long: bool
    injected: list[str] = field(default_factory=list)
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    async def moment(self, least_seconds: float = 0.2, most_seconds: float = 1.2) -> None:
        """A random one: the load goes on meanwhile."""
        await asyncio.sleep(self.dice.uniform(least_seconds, most_seconds))


Inject = Callable[[Run], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """`numbers`: of the thirty in docs/faults.md that it covers."""

    name: str
    numbers: tuple[int, ...]
    group: Group
    inject: Inject


SCENARIOS: list[Scenario] = []


def scenario(*numbers: int, group: Group = "faults") -> Callable[[Inject], Inject]:
    """The function's name is the scenario's."""

    def add(inject: Inject) -> Inject:
        SCENARIOS.append(Scenario(inject.__name__, numbers, group, inject))
        return inject

    return add


# Processes


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
    for service in some_services(run):
        schema = SCHEMAS[service]
        before = await consumed(run.system, schema)
        with run.system.database.trapped(Trap(run.system.role(service), after=b"COMMIT")):
            run.load.new_story(chats=True)

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


# RabbitMQ


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


@scenario(7, group="faults_long")
async def many_broker_restarts(run: Run) -> None:
    for _ in range(8):
        await run.moment(1, 4)
        await run.system.rabbitmqctl("stop_app")
        await run.moment(0.5, 4)
        await run.system.rabbitmqctl("start_app")
        run.injected.append("stop_app")
    await run.system.ready()


@scenario(8)
async def exchange_deleted_by_mistake(run: Run) -> None:
    await run.moment(1, 2)
    async with run.system.channel() as channel:
        await channel.exchange_delete(EVENTS_EXCHANGE)
    await run.moment(2, 3)
    await run.system.leadctl("topology", "declare")
    await replay(run)
    run.injected.append("exchange events deleted")
    await run.system.ready()


async def replay(run: Run) -> None:
    """Bindings come back one by one, and an event that passes meanwhile misses the later ones: all that was published
    since the scenario began is given to each service again, out of the log."""
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


@scenario(20, group="faults_quick")
async def poison_events(run: Run) -> None:
    """Each is put aside with its reason; the events behind it are not held up."""
    unknown_version = {"specversion": "1.0", "id": str(uuid4()), "type": "lead.received.v99", "data": {}}
    poison = (b"{ no json", b"[]", json.dumps(unknown_version).encode())
    async with run.system.channel() as channel:
        for service in ("chat", "booking", "notifier", "crm-sync"):
            for body in poison:
                message = aio_pika.Message(body, content_type=CONTENT_TYPE, message_id=str(uuid4()))
                await channel.default_exchange.publish(message, queue_for(service, LeadReceived))
                run.injected.append(f"poison for {service}")
            await take_dead_letters(channel, service, len(poison))


async def take_dead_letters(channel: aio_pika.abc.AbstractChannel, service: str, count: int) -> None:
    """Exactly so many must come, each telling why it is there."""
    queue = await channel.get_queue(dead_letters_of(service), ensure=False)
    for _ in range(count):
        message = await eventually(lambda: queue.get(fail=False), within_seconds=PATIENCE_SECONDS)
        assert message is not None
        assert message.headers["reason"], message.headers
        await message.ack()
    assert await ready_in(channel, dead_letters_of(service)) == 0


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


# PostgreSQL


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
    """Every door answers 503 while nothing can be recorded; nobody is told that something was taken."""
    async with AsyncExitStack() as stack:
        for schema in SCHEMAS.values():
            await stack.enter_async_context(failing(run.system, f"{schema}.outbox", "53100"))
        order = order_row(LOCATIONS["Store094"])
        assert await webhook_status(run.system, body_of(order)) == 503
        await run.moment(2, 3)
    run.injected.append("disk full on each outbox")


async def webhook_status(system: System, body: bytes, **headers: object) -> int:
    signed = signed_headers(system.stack.secrets["webhook_secret"], body, **headers)  # type: ignore[arg-type]
    return (await deliver(system.http, system.stack.gateway, body, signed)).status_code


# The network in between


@scenario(11)
async def black_holes(run: Run) -> None:
    await black_hole(run, 12)


@scenario(11, group="faults_long")
async def long_black_holes(run: Run) -> None:
    await black_hole(run, 90)


async def black_hole(run: Run, seconds: float) -> None:
    for name, proxy in (("broker", run.system.broker), ("database", run.system.database)):
        await run.moment()
        with proxy.impeded(Impediment(blackhole=True)):
            await asyncio.sleep(seconds)
        proxy.cut()
        run.injected.append(f"black hole to the {name}, {seconds:.0f} s")
    await run.system.ready()


@scenario(12)
async def bad_network(run: Run) -> None:
    proxies = (run.system.broker, run.system.database)
    for _ in range(20):
        await asyncio.sleep(0.2)
        run.dice.choice(proxies).cut()
    with run.system.broker.impeded(Impediment(latency_seconds=0.3)):
        await run.moment(3, 4)
    with run.system.database.impeded(Impediment(latency_seconds=0.05)):
        await run.moment(3, 4)
    with run.system.broker.impeded(Impediment(bytes_per_second=10_000)):
        await run.moment(3, 4)
    run.injected.append("20 resets, 300 ms and 50 ms latency, 10 kB/s")
    await run.system.ready()


# Webhooks


@scenario(18, 19, group="faults_quick")
async def duplicate_reordered_and_late_webhooks(run: Run) -> None:
    """An update comes before its insert, deliveries come up to fifty times at once, and again when all is over."""
    system, load = run.system, run.load
    stories = [load.new_story(duplicates=count) for count in (1, 4, 49)]
    for story, _ in stories:

        async def ordered(story: Story = story) -> bool:
            return bool(story.order_id)

        await eventually(ordered, within_seconds=PATIENCE_SECONDS)
        update = body_of(order_row(LOCATIONS[story.location], id=story.order_id), operation="UPDATE")
        assert await webhook_status(system, update) == 202
    await asyncio.gather(*(told for _, told in stories))
    for story, _ in stories:
        await load.sends_the_webhook(story)
        assert story.answers.count(202) == 1, story.answers
    run.injected.append("57 duplicates, 3 updates out of order")


@scenario(17, 21)
async def hostile_and_skewed_senders(run: Run) -> None:
    """A clock four minutes off is let in, one ten minutes off is not; slow and oversized uploads hold nobody up."""
    system = run.system
    story, told = run.load.new_story()
    await told
    gateway = urlsplit(system.stack.gateway)
    slow = [await asyncio.open_connection(gateway.hostname, gateway.port) for _ in range(50)]
    for _, writer in slow:
        writer.write(
            b"POST /webhooks/shopmonkey/sample-tint HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
        )
    now = asyncio.get_running_loop().time()
    clock = (await system.rows("SELECT extract(epoch FROM now())::float8 AS now"))[0]["now"]
    body = body_of(order_row(LOCATIONS[story.location], id=story.order_id))
    for skew, status in ((-600, 401), (600, 401), (-240, 202), (240, 202)):
        assert await webhook_status(system, body, at=clock + skew) == status, skew
    forged = {**signed_headers("not the secret", body)}
    assert (await deliver(system.http, system.stack.gateway, body, forged)).status_code == 401
    assert await webhook_status(system, b"x" * 2_000_000) == 413
    while asyncio.get_running_loop().time() < now + 3:
        for _, writer in slow:
            writer.write(b" ")
        await asyncio.sleep(0.2)
    for _, writer in slow:
        writer.close()
    run.injected.append("50 slow uploads, skewed clocks, forged and oversized bodies")


@scenario(30)
async def webhook_secret_rotated(run: Run) -> None:
    """Old and new side by side, then the new one alone; no sender that signs with a valid one is refused."""
    system = run.system
    old, new = system.stack.secrets["webhook_secret"], "sample-rotated-secret"
    await import_secrets(system, [new, old])
    run.load.secrets = [old, new]
    await run.moment(2, 3)
    run.load.secrets = [old]
    await import_secrets(system, [old])
    run.injected.append("second secret added, removed")


async def import_secrets(system: System, secrets: list[str]) -> None:
    text = (ROOT / "samples/tenant.yaml").read_text()
    assert '["${LEADCTL_WEBHOOK_SECRET}"]' in text
    path = system.state_dir / "rotated-tenant.yaml"
    path.write_text(text.replace('["${LEADCTL_WEBHOOK_SECRET}"]', json.dumps(secrets)))
    await system.leadctl("import", "tenant", str(path), "--live")


# Vendors


@scenario(15, group="faults_quick")
async def vendors_time_out_after_they_did_it(run: Run) -> None:
    async with AsyncExitStack() as stack:
        for vendor in ("shopmonkey", "twilio", "smtp"):
            fault = {"mode": "timeout_after_commit", "rate": 0.4, "seconds": 0.5}
            await stack.enter_async_context(run.system.vendor_fault(vendor, **fault))
            run.injected.append(f"{vendor} times out after commit")
        run.load.new_story(chats=True, books=True)
        await run.moment(4, 5)


@scenario(15, 16)
async def shopmonkey_in_every_bad_mood(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 429, "retry_after": 1},
        {"mode": "status", "status": 500},
        {"mode": "timeout", "seconds": 1},
        {"mode": "disconnect"},
        {"mode": "malformed", "rate": 0.5},
        {"mode": "html_403"},
        {"mode": "slow", "seconds": 2},
        {"mode": "drop_rows", "rate": 0.3},
    ]
    for mood in run.dice.sample(moods, len(moods)):
        async with run.system.vendor_fault("shopmonkey", **mood):
            run.load.new_story(chats=True, books=True)
            await run.moment(1.5, 2)
        run.injected.append(f"{mood['mode']} {mood.get('status', '')}".strip())


@scenario(15, 16)
async def twilio_and_mail_down_and_hanging(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 503},
        {"mode": "status", "status": 429, "retry_after": 1},
        {"mode": "timeout", "seconds": 1, "rate": 0.5},
        {"mode": "disconnect", "rate": 0.5},
        {"mode": "malformed", "rate": 0.5},
        {"mode": "slow", "seconds": 2},
    ]
    for mood in moods:
        mail = {**mood, "status": 451} if mood["mode"] == "status" else mood
        async with run.system.vendor_fault("twilio", **mood), run.system.vendor_fault("smtp", **mail):
            run.load.new_story()
            await run.moment(1.5, 2)
        run.injected.append(str(mood["mode"]))


@scenario(28)
async def claude_overloaded_hanging_and_talking_nonsense(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 529},
        {"mode": "status", "status": 500},
        {"mode": "malformed"},
        {"mode": "disconnect"},
        {"mode": "timeout", "seconds": 30},
    ]
    for mood in moods:
        async with run.system.vendor_fault("anthropic", **mood):
            run.load.new_story(chats=True, books=True)
            await run.moment(2, 3)
        run.injected.append(f"{mood['mode']} {mood.get('status', '')}".strip())
