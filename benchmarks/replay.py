"""Replay of a long log while live events keep coming, on a broker and a database of their own."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from faststream.rabbit import RabbitRouter
from ops.stack.infrastructure import delete_vhost, drop_database, provision_broker, provision_database
from ops.stack.model import Servers
from ops.stack.provision import owner_url
from rich.console import Console
from shared.db.engine import Sessions, asyncpg_url, create_engine, create_sessions, transaction
from shared.db.migrate import upgrade
from shared.events import CONTENT_TYPE, Event, LeadStatusChanged
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.inbox import once
from shared.messaging.outbox import envelope, record
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.topology import LOG_EXCHANGE, declare_at
from shared.settings import ServiceSettings
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.patience import eventually

EVENTS = int(os.environ.get("BENCH_REPLAY_EVENTS", "100000"))
UNDONE = 0.02
"""Of the log, what the service has not worked off and so is really delivered."""
LIVE_PER_SECOND = 50
QUIET_SECONDS = 10
TENANT = UUID(int=1)

console = Console()


@dataclass
class Live:
    """Commit → effect committed, in seconds."""

    begun: dict[UUID, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)


@asynccontextmanager
async def site(servers: Servers) -> AsyncIterator[tuple[str, str]]:
    """A virtual host and chat's database, both dropped at the end."""
    name = f"bench_{secrets.token_hex(3)}"
    vhost = (await provision_broker(servers, name, secret=name))["ops"]
    urls = await provision_database(servers.postgres_admin_url, name, ["chat"], secret=name)
    try:
        await asyncio.to_thread(upgrade, "chat", owner_url(urls["chat"], name))
        await declare_at(vhost)
        yield vhost, urls["chat"]
    finally:
        await drop_database(servers.postgres_admin_url, name, ["chat"])
        await delete_vhost(servers, name)


async def replay_beside_live(
    servers: Servers, ms: Callable[[Sequence[float], float], str]
) -> tuple[str, str, str, str]:
    """One line of the table; what stands alone is the live traffic before the replay."""
    live = Live()
    async with site(servers) as (rabbitmq_url, database_url):
        await fill(rabbitmq_url, database_url)
        settings = ServiceSettings(
            database_url=database_url,
            rabbitmq_url=rabbitmq_url,
            port=0,
        )
        engine = create_engine(database_url)
        sessions = create_sessions(engine)
        messaging = Messaging(settings, "chat", consumers(sessions, live))
        async with messaging.running():
            await eventually(lambda: connected(messaging), within_seconds=60)
            traffic = asyncio.create_task(keep_telling(sessions, live))
            await asyncio.sleep(QUIET_SECONDS)
            alone, live.took = ms(live.took, 0.99), []
            summary = await replayed(rabbitmq_url, database_url)
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        await engine.dispose()
    per_second = summary["read"] / summary["seconds"]
    measured = f"{per_second:.0f} events/s; live {ms(live.took, 0.99)}"
    load = f"{summary['matched']} events, {summary['sent']} of them undone; {LIVE_PER_SECOND} live a second"
    return "replay; live commit → effect beside it, p50 / p99", measured, load, f"live alone {alone}"


async def connected(messaging: Messaging) -> bool:
    return messaging.ready


def event() -> Event[LeadStatusChanged]:
    lead_id = uuid4()
    fact = LeadStatusChanged(lead_id=lead_id, old="new", new="engaged", reason="sample")
    return envelope(fact, tenant_id=TENANT, subject=lead_id)


async def fill(rabbitmq_url: str, database_url: str) -> None:
    """The log, and an inbox that knows nearly all of it."""
    connection = await asyncpg.connect(asyncpg_url(database_url))
    ago = datetime.now(UTC) - timedelta(hours=1)
    async with open_publisher(rabbitmq_url, "bench") as publisher:
        for start in range(0, EVENTS, 500):
            batch = [event() for _ in range(min(500, EVENTS - start))]
            await asyncio.gather(*(log(publisher, one) for one in batch))
            done = batch[int(len(batch) * UNDONE) :]
            await connection.copy_records_to_table(
                "inbox",
                records=[("effect", one.id, ago) for one in done],
                columns=["consumer", "event_id", "processed_at"],
            )
            console.print(f"  events in the log: {start + len(batch)}", end="\r")
    await connection.execute("ANALYZE inbox")
    await connection.close()


async def log(publisher: Publisher, one: Event[LeadStatusChanged]) -> None:
    await publisher.publish(
        LOG_EXCHANGE, one.type, one.to_json(), message_id=str(one.id), content_type=CONTENT_TYPE
    )


def consumers(sessions: Sessions, live: Live) -> RabbitRouter:
    router = RabbitRouter()

    async def effect(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
        """The inbox row is effect enough."""

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def consume(event: Event[LeadStatusChanged]) -> None:
        await once(sessions, event, effect)
        if (begun := live.begun.pop(event.data.lead_id, None)) is not None:
            live.took.append(time.perf_counter() - begun)

    return router


async def keep_telling(sessions: Sessions, live: Live) -> None:
    """At a steady rate, whatever each commit takes."""
    due = time.perf_counter()
    telling: set[asyncio.Task[Any]] = set()
    while True:
        task = asyncio.create_task(tell(sessions, live))
        telling.add(task)
        task.add_done_callback(telling.discard)
        due += 1 / LIVE_PER_SECOND
        await asyncio.sleep(max(0, due - time.perf_counter()))


async def tell(sessions: Sessions, live: Live) -> None:
    lead_id = uuid4()
    async with transaction(sessions, TENANT) as session:
        fact = LeadStatusChanged(lead_id=lead_id, old="new", new="engaged", reason="live")
        await record(session, fact, tenant_id=TENANT, subject=lead_id)
    live.begun[lead_id] = time.perf_counter()


async def replayed(rabbitmq_url: str, database_url: str) -> dict[str, Any]:
    """In a process of its own, as an operator has it."""
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")), "events", "replay", "--to", "chat", "--since", "2h", "--json",
        env={**os.environ, "LEADCTL_RABBITMQ_URL": rabbitmq_url, "LEADCTL_CHAT_DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await command.communicate()
    summary: dict[str, Any] = json.loads(printed)
    return summary
