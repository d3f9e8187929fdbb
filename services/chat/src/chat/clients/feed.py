"""What happens in conversations, told to every replica: one LISTEN connection a process, many open pages."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar
from uuid import UUID

import asyncpg
import structlog

from chat.domain.signals import CHANNEL, Resync, Signal, read_envelope

log = structlog.get_logger()

ToldT = TypeVar("ToldT")

RECONNECT_SECONDS = 0.5
QUEUE_SIZE = 200


class Feed:
    """Signals may be lost (a slow reader, a lost connection): whoever subscribes also reads the tables."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[UUID, set[asyncio.Queue[Signal]]] = defaultdict(set)
        self._watchers: set[asyncio.Queue[UUID]] = set()

    @contextmanager
    def subscribed(self, conversation_id: UUID) -> Iterator[asyncio.Queue[Signal]]:
        queue: asyncio.Queue[Signal] = asyncio.Queue(QUEUE_SIZE)
        self._subscribers[conversation_id].add(queue)
        try:
            yield queue
        finally:
            self._subscribers[conversation_id].discard(queue)
            if not self._subscribers[conversation_id]:
                del self._subscribers[conversation_id]

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[UUID]]:
        """The ids of all conversations, of every tenant, in which something happens."""
        queue: asyncio.Queue[UUID] = asyncio.Queue(QUEUE_SIZE)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen_forever(), name="chat-feed")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("feed.lost", reason=repr(error)[:200])
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, timeout=5, server_settings={"application_name": "chat-feed"}
        )
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        try:
            await connection.add_listener(CHANNEL, self._received)
            self._tell_all(Resync())
            await closed.wait()
        finally:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.shield(connection.close(timeout=2))

    def _received(self, *notification: object) -> None:
        try:
            envelope = read_envelope(str(notification[-1]))
        except ValueError:
            return
        self._tell(self._subscribers.get(envelope.conversation_id, set()), envelope.signal)
        if envelope.signal.kind in {"message", "state"}:
            self._tell(self._watchers, envelope.conversation_id)

    def _tell_all(self, signal: Signal) -> None:
        for queues in self._subscribers.values():
            self._tell(queues, signal)

    @staticmethod
    def _tell(queues: set[asyncio.Queue[ToldT]], told: ToldT) -> None:
        for queue in queues:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(told)
