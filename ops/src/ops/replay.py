"""Delivering events of the log once more, to one service's own queues."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatch
from types import MappingProxyType
from typing import Any, Self

import aio_pika
from shared.events import (
    CONSUMES,
    CONTENT_TYPE,
    CatalogChanged,
    CrmAppointmentObserved,
    EventData,
    KnowledgeChanged,
    LeadReceived,
    LocationChanged,
    PersonErasureRequested,
    ServiceName,
)
from shared.messaging.publisher import open_publisher
from shared.messaging.replay import Mode, Replay

from ops.log_stream import Logged, log_until_now
from ops.service_database import Inbox, service_database

INBOX_RETENTION = timedelta(days=35)
"""Older rows of an inbox may be gone, and with them the knowledge of what was done."""

LOOK_UP = 500
SIDE_BY_SIDE = 100
"""Confirms that are waited for together."""
WAITING_LIMIT = 100
"""A queue's live events wait behind ours, so no more of ours are put there than are worked off in a moment."""
REBUILD_CHUNK = 5000
REBUILD_SECONDS = 60
"""How long a rebuild waits for an event before it goes on without it: past the first delay of a retry."""

REBUILDS: Mapping[ServiceName, tuple[type[EventData], ...]] = MappingProxyType(
    {
        "chat": CONSUMES["chat"],
        "booking": (LocationChanged, LeadReceived, CrmAppointmentObserved, PersonErasureRequested),
        "crm-sync": (LocationChanged, LeadReceived, PersonErasureRequested),
        "notifier": (LocationChanged, PersonErasureRequested),
    }
)
"""What a service keeps of others' facts; all else in its schema is its own and comes back from a backup only."""

_FOR_ALL = frozenset({LocationChanged.type, CatalogChanged.type, KnowledgeChanged.type})
"""Everything later may rest on these, whatever its subject."""


class Refused(Exception):
    """Nothing (more) was sent; the text says why and what to do instead."""


@dataclass(frozen=True)
class Selection:
    """`until` and `since` are compared with the events' own times."""

    service: ServiceName
    types: frozenset[str]
    since: datetime | None
    until: datetime
    lead: str = ""
    tenant: str = ""

    def takes(self, logged: Logged) -> bool:
        event = logged.event
        return (
            logged.type in self.types
            and self.tenant in {"", event.get("tenantid")}
            and self.lead in {"", event.get("subject")}
            and (self.since is None or logged.time >= self.since)
            and logged.time <= self.until
        )


@dataclass
class Summary:
    """`done`: events that the service's inbox knew. `sent` counts what the broker confirmed."""

    replay_id: str
    mode: Mode
    read: int = 0
    matched: int = 0
    done: int = 0
    sent: int = 0
    seconds: float = 0
    types: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    """Events that a rebuild sent and that the service could not work off."""

    @property
    def per_second(self) -> float:
        return self.read / self.seconds if self.seconds else 0


def types_for(service: ServiceName, pattern: str) -> frozenset[str]:
    """Those of the service's events that match, with or without the version. Raises `Refused`."""
    consumed = {event.type for event in CONSUMES[service]}
    found = frozenset(one for one in consumed if fnmatch(one, pattern) or fnmatch(one, f"{pattern}.v*"))
    if not found:
        raise Refused(f"{service} does not consume {pattern!r}; it consumes {', '.join(sorted(consumed))}")
    return found


class Replayer:
    """One replay from begin to end. `rate`: events sent a second, 0: as fast as the broker takes them."""

    def __init__(
        self,
        rabbitmq_url: str,
        selection: Selection,
        replay: Replay,
        *,
        rate: int,
        beyond_inbox: bool = False,
    ) -> None:
        self._rabbitmq_url = rabbitmq_url
        self._selection = selection
        self._replay = replay
        self._rate = rate
        self._beyond_inbox = beyond_inbox
        self._stack = AsyncExitStack()
        self.summary = Summary(replay.id, replay.mode)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._inbox = Inbox(await stack.enter_async_context(service_database(self._selection.service)))
            self._inbox_begins = await self._inbox.begins()
            connection = await aio_pika.connect(self._rabbitmq_url)
            await stack.enter_async_context(connection)
            self._channel = await connection.channel()
            self._publisher = await stack.enter_async_context(open_publisher(self._rabbitmq_url, "leadctl"))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._stack.aclose()

    async def run(self, tell: Callable[[datetime], None], *, dry_run: bool = False) -> Summary:
        """Reads the log up to where it ends now; `tell` hears of the time it has come to. Raises `Refused`."""
        started = time.monotonic()
        rebuild = self._replay.mode == "rebuild"
        async with log_until_now(self._rabbitmq_url, self._selection.since) as log:
            async for found in self._chunks(log, REBUILD_CHUNK if rebuild else LOOK_UP, tell):
                due = await self._not_done(found)
                if not dry_run:
                    await (self._send_in_order(due) if rebuild else self._send(due))
        self.summary.seconds = time.monotonic() - started
        return self.summary

    async def _chunks(
        self, log: AsyncIterator[Logged], size: int, tell: Callable[[datetime], None]
    ) -> AsyncIterator[list[Logged]]:
        chunk: list[Logged] = []
        async for logged in log:
            self.summary.read += 1
            if self._selection.takes(logged):
                chunk.append(logged)
            if self.summary.read % 1000 == 0:
                tell(logged.time)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    async def _not_done(self, found: Sequence[Logged]) -> list[Logged]:
        """A repeat takes all of them."""
        done = await self._inbox.done([logged.id for logged in found])
        due = [logged for logged in found if logged.id not in done]
        self.summary.matched += len(found)
        self.summary.done += len(found) - len(due)
        self.summary.types.update(logged.type for logged in found)
        if self._replay.mode == "missing":
            self._refuse_unknown(due)
        return due if self._replay.mode in {"missing", "rebuild"} else list(found)

    def _refuse_unknown(self, due: Iterable[Logged]) -> None:
        """Not in the inbox and older than it: it may have been done before the inbox began."""
        begins = self._inbox_begins
        unknown = next((one for one in due if begins is None or one.time < begins), None)
        if unknown is None or self._beyond_inbox:
            return
        service = self._selection.service
        since = f"begins at {begins.isoformat(timespec='seconds')}" if begins else "is empty"
        raise Refused(
            f"the inbox of {service} {since}, so it cannot tell whether {unknown.type} of "
            f"{unknown.time.isoformat(timespec='seconds')} was worked off ({self.summary.sent} sent so far). "
            f"After a loss of its schema: --rebuild. To deliver them as new: --beyond-inbox"
        )

    async def _send(self, due: Sequence[Logged]) -> None:
        at_once = min(SIDE_BY_SIDE, self._rate or SIDE_BY_SIDE)
        for start in range(0, len(due), at_once):
            batch = due[start : start + at_once]
            began = time.monotonic()
            if self._rate:
                await self._room({logged.type for logged in batch})
            await asyncio.gather(*(self._publish(logged) for logged in batch))
            self.summary.sent += len(batch)
            if self._rate:
                await asyncio.sleep(max(0, len(batch) / self._rate - (time.monotonic() - began)))

    async def _publish(self, logged: Logged) -> None:
        await self._publisher.publish(
            "",
            f"{self._selection.service}.{logged.type}",
            logged.body,
            message_id=logged.id,
            content_type=CONTENT_TYPE,
            headers=self._replay.headers,
        )

    async def _room(self, types: Iterable[str]) -> None:
        """Waits while the service is behind. One that is down has no live traffic to protect; its queue keeps all."""
        for type_ in types:
            waiting, consumers = await self._queue(type_)
            while consumers and waiting >= WAITING_LIMIT:
                await asyncio.sleep(0.1)
                waiting, consumers = await self._queue(type_)

    async def _queue(self, type_: str) -> tuple[int, int]:
        """How many events wait there, and how many consumers it has."""
        queue = await self._channel.declare_queue(f"{self._selection.service}.{type_}", passive=True)
        state = queue.declaration_result
        return state.message_count or 0, state.consumer_count or 0

    async def _send_in_order(self, due: Sequence[Logged]) -> None:
        for wave in waves(due):
            await self._send(wave)
            await self._worked_off(wave)

    async def _worked_off(self, wave: Sequence[Logged]) -> None:
        ids = {logged.id: logged.type for logged in wave}
        deadline = time.monotonic() + REBUILD_SECONDS
        while missing := ids.keys() - await self._inbox.done(list(ids)):
            if time.monotonic() > deadline:
                await self._go_on_without({one: ids[one] for one in missing})
                return
            await asyncio.sleep(0.05)

    async def _go_on_without(self, missing: Mapping[str, str]) -> None:
        """Raises `Refused` when nobody works at all."""
        for type_ in set(missing.values()):
            _, consumers = await self._queue(type_)
            if not consumers:
                raise Refused(
                    f"{self._selection.service} does not consume {type_}: is it running? "
                    "Start it; the same command goes on where this one stopped"
                )
        self.summary.left_out.extend(missing)


def waves(events: Sequence[Logged]) -> list[list[Logged]]:
    """Groups to be worked off one after another; within one, order does not matter.

    The events of a subject keep their order, and what all rest on (locations, catalogues) comes before what follows it.
    """
    found: list[list[Logged]] = []
    turn: dict[str, int] = {}
    floor = 0
    for logged in events:
        subject = str(logged.event["subject"])
        position = max(floor, turn.get(subject, 0))
        if logged.type in _FOR_ALL:
            begun = bool(found) and all(one.type in _FOR_ALL for one in found[-1])
            position = max(turn.get(subject, 0), len(found) - begun)
            floor = position + 1
        turn[subject] = position + 1
        if position == len(found):
            found.append([])
        found[position].append(logged)
    return found


def as_json(summary: Summary, selection: Selection, *, dry_run: bool) -> str:
    content: dict[str, Any] = {
        "replay_id": summary.replay_id,
        "mode": summary.mode,
        "to": selection.service,
        "dry_run": dry_run,
        "read": summary.read,
        "matched": summary.matched,
        "done_before": summary.done,
        "sent": summary.sent,
        "left_out": summary.left_out,
        "seconds": round(summary.seconds, 2),
        "types": dict(summary.types),
    }
    return json.dumps(content)
