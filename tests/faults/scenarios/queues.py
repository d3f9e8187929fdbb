"""What waits: a backlog of two hundred thousand events, ten thousand dead letters."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import httpx2
from shared.events import CONTENT_TYPE, SERVICES, EventData, HandoffEnded, MessageSent
from shared.messaging.topology import (
    dead_letters_of,
    queue_for,
)
from testkit.patience import eventually
from testkit.shopmonkey import body_of, order_row

from faults.audit import ready_in
from faults.gates import gate
from faults.load import LOCATIONS, Story
from faults.scenarios.table import Run, scenario
from faults.scenarios.webhooks import webhook_status
from faults.system import System

BACKLOG = 200_000
WITH_EFFECT_EVERY = 20
"""The others are glanced at and acked: two hundred thousand transactions would take longer than the rest of the suite."""
MEMORY_MAY_GROW_BYTES = 80 * 2**20
"""The backlog in one process would be several times that; what else the load brings is far less."""
DEAD_LETTERS = 10_000
DRAIN_SECONDS = 600


@scenario(14, group="faults_long")
async def backlog_of_200_000_events(run: Run) -> None:
    """The notifier stands still until all of them wait for it, then works them off; customers come, every endpoint answers."""
    story, told = run.load.new_story(chats=True, books=True)
    await told
    queue = queue_for("notifier", MessageSent)
    events = [system_message(number) for number in range(BACKLOG)]
    marked = [str(event["id"]) for event in events if event["data"]["channel"] == "sms"]
    async with watched(run, story) as seen:
        async with gate(
            run.system, "notifier", "notify.inbox", "INSERT", "NEW.consumer = 'follow_conversation'"
        ):
            await put(run.system, queue, events)
            waiting = await waits(run.system, queue)  # a quorum queue counts a little behind
        began = time.monotonic()
        await drained(run.system, queue)
        rate = waiting / (time.monotonic() - began)
        lag = await lag_of(run.system, "notifier", queue)
    assert waiting > BACKLOG * 0.9, f"only {waiting} events waited"
    assert lag > 1, "the metric does not tell of the lag"
    assert await effects(run.system, marked) == len(marked)
    run.injected.append(
        f"{waiting} events waited, worked off at {rate:.0f}/s, lag {lag:.0f} s, {seen.answers} answers of the doors, "
        f"memory grew by {seen.growth() / 2**20:.0f} MB at most"
    )


def system_message(number: int) -> dict[str, Any]:
    """Every twentieth is one that leaves a row in the notifier's inbox and has no other effect; the others leave none."""
    lead_id = uuid4()
    data = MessageSent(
        message_id=uuid4(),
        conversation_id=lead_id,
        lead_id=lead_id,
        seq=number,
        author="system",
        channel="web" if number % WITH_EFFECT_EVERY else "sms",
        text="sample " * 20,
    )
    return event_of(data, lead_id)


def event_of(data: EventData, lead_id: UUID) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": data.type,
        "source": data.publisher,
        "subject": str(lead_id),
        "time": "2026-11-22T12:00:00Z",
        "tenantid": str(UUID(int=7)),
        "correlationid": "sample",
        "data": data.model_dump(mode="json"),
    }


async def put(
    system: System,
    queue: str,
    events: Iterable[Mapping[str, Any]],
    headers: Mapping[str, str | int] | None = None,
) -> None:
    """Unconfirmed, for speed: whoever calls counts what has arrived."""
    connection = await aio_pika.connect(system.broker_url)
    async with connection:
        channel = await connection.channel(publisher_confirms=False)
        for event in events:
            message = aio_pika.Message(
                json.dumps(event).encode(),
                content_type=CONTENT_TYPE,
                message_id=event["id"],
                headers=dict(headers or {}),
                timestamp=datetime.now(UTC),
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await channel.default_exchange.publish(message, queue)
        await channel.declare_queue(queue, passive=True)  # answered after all that was sent before it


async def waits(system: System, queue: str) -> int:
    async with system.channel() as channel:
        return await ready_in(channel, queue)


async def drained(system: System, queue: str) -> None:
    async def is_empty() -> bool:
        return not await waits(system, queue)

    await eventually(is_empty, within_seconds=DRAIN_SECONDS, every_seconds=0.5)


async def effects(system: System, event_ids: list[str]) -> int:
    """Of the last of them, too, once it is no more than in the consumer's hands."""
    query = "SELECT count(*) FROM notify.inbox WHERE event_id = ANY($1::uuid[])"

    async def all_done() -> int:
        [row] = await system.rows(query, event_ids)
        assert row["count"] >= len(event_ids), f"{row['count']} of {len(event_ids)} were worked off"
        return int(row["count"])

    return await eventually(all_done, within_seconds=60, every_seconds=0.5)


async def lag_of(system: System, service: str, queue: str) -> float:
    page = (await system.http.get(f"{system.stack.services[service]}/metrics")).text
    found = re.search(rf'^events_lag_seconds{{queue="{re.escape(queue)}"}} (\S+)$', page, re.MULTILINE)
    return float(found[1]) if found else 0.0


@dataclass
class Seen:
    answers: int = 0
    memory: dict[str, list[int]] = field(default_factory=lambda: {service: [] for service in SERVICES})

    def growth(self) -> int:
        return max(max(sizes) - sizes[0] for sizes in self.memory.values())


@asynccontextmanager
async def watched(run: Run, story: Story) -> AsyncIterator[Seen]:
    """Asks every endpoint and weighs every service about once a second. At the end: all were answered, none has grown."""
    seen = Seen()
    look(run.system, seen)

    async def watch() -> None:
        while True:
            await ask_the_doors(run, story)
            seen.answers += 4
            look(run.system, seen)
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()
        [failure] = await asyncio.gather(watching, return_exceptions=True)
    assert isinstance(failure, asyncio.CancelledError), failure
    assert seen.growth() < MEMORY_MAY_GROW_BYTES, seen.memory


def look(system: System, seen: Seen) -> None:
    for service in SERVICES:
        pages = int(Path(f"/proc/{system.pid(service)}/statm").read_text().split()[1])
        seen.memory[service].append(pages * 4096)


async def ask_the_doors(run: Run, story: Story) -> None:
    """Once each: whoever asks again would not notice an endpoint that is closed for a moment."""
    system, customer = run.system, {"Authorization": f"Bearer {story.token}"}
    body = body_of(order_row(LOCATIONS[story.location], id=story.order_id))
    assert await webhook_status(system, body) == 202
    gateway = system.stack.gateway
    quote = {"service": "full-ceramic"}
    answers: list[httpx2.Response] = [
        await system.http.get(f"{gateway}/api/chat/session/me", headers=customer),
        await system.http.post(f"{gateway}/api/booking/quotes", json=quote, headers=customer),
        await system.http.get(f"{system.stack.services['notifier']}/readyz"),
    ]
    for answer in answers:
        assert answer.status_code < 500, f"{answer.url}: {answer.status_code} {answer.text}"


@scenario(25, group="faults_long")
async def ten_thousand_dead_letters_redriven_twice(run: Run) -> None:
    """The second time nothing is there; then the same events die again, and their redrive has no effect."""
    system, queue = run.system, queue_for("notifier", HandoffEnded)
    events = [handoff_ended() for _ in range(DEAD_LETTERS)]
    ids = [str(event["id"]) for event in events]
    headers = {"queue": queue, "reason": "KeyError: 'sample'", "attempt": 5, "stack": "sample"}

    async def all_are_dead() -> bool:
        return await waits(system, dead_letters_of("notifier")) == DEAD_LETTERS

    for _ in range(2):
        await put(system, dead_letters_of("notifier"), events, headers)
        await eventually(all_are_dead, within_seconds=60, every_seconds=0.5)
        began = time.monotonic()
        assert f"{DEAD_LETTERS} redriven" in await system.leadctl("dead", "redrive", "--all")
        run.injected.append(f"{DEAD_LETTERS} redriven at {DEAD_LETTERS / (time.monotonic() - began):.0f}/s")
        again = await system.leadctl("dead", "redrive", "--all")
        assert "0 redriven" in [line.strip() for line in again.splitlines()], again
        await drained(system, queue)
        assert await effects(system, ids) == DEAD_LETTERS


def handoff_ended() -> dict[str, Any]:
    lead_id = uuid4()
    return event_of(HandoffEnded(conversation_id=lead_id, lead_id=lead_id, how="idle"), lead_id)
