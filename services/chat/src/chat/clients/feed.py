"""What happens in conversations, told to every replica: one connection a process, many open pages."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
import structlog

from chat.domain.signals import CHANNEL, NOTIFY, Delta, Resync, Signal, Typing, payload, read_envelope

log = structlog.get_logger()

ToldT = TypeVar("ToldT")

RECONNECT_SECONDS = 0.5
QUEUE_SIZE = 200
LEAVING_AT_MOST = 1000
SEND_SECONDS = 2


class Feed:
    """Signals may be lost (a slow reader, a lost connection): whoever subscribes also reads the tables."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[UUID, set[asyncio.Queue[Signal]]] = defaultdict(set)
        self._watchers: set[asyncio.Queue[UUID]] = set()
        self._id = uuid4()
        self._leaving: deque[str] = deque(maxlen=LEAVING_AT_MOST)
        self._wake = asyncio.Event()
        self._all_left = asyncio.Event()
        self._all_left.set()
        self._connected = False

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

    def tell(self, conversation_id: UUID, signal: Delta | Typing) -> None:
        """What is stored nowhere: at once to the pages of this process, and with the next NOTIFY to those of the others."""
        self._tell(self._subscribers.get(conversation_id, set()), signal)
        self._leaving.append(payload(conversation_id, signal, self._id))
        self._wake.set()
        if self._connected:
            self._all_left.clear()

    async def told(self) -> None:
        """Once the others were sent what has been told until now, or cannot be: what is stored next comes after it."""
        await self._all_left.wait()

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
        connection.add_termination_listener(lambda _: self._wake.set())
        try:
            await connection.add_listener(CHANNEL, self._received)
            self._tell_all(Resync())
            self._connected = True
            while not connection.is_closed():
                await self._send(connection)
                await self._wake.wait()
                self._wake.clear()
        finally:
            self._connected = False
            self._all_left.set()
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.shield(connection.close(timeout=2))

    async def _send(self, connection: asyncpg.Connection) -> None:
        """All that has come together since the last NOTIFY, in one statement."""
        payloads = list(self._leaving)
        self._leaving.clear()
        if payloads:
            await connection.execute(NOTIFY, CHANNEL, payloads, timeout=SEND_SECONDS)
        if not self._leaving:
            self._all_left.set()

    def _received(self, *notification: object) -> None:
        try:
            envelope = read_envelope(str(notification[-1]))
        except ValueError:
            return
        if envelope.origin == self._id:
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
