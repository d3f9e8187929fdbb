"""What happens in conversations, told to every replica: one connection a process, many open pages."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
import structlog
from shared.db.engine import connect
from shared.telemetry.logs import without_words

from chat.domain.signals import (
    CHANNEL,
    NOTIFY,
    Delta,
    DeltaKept,
    Envelope,
    PresenceChanged,
    Resync,
    Signal,
    Typing,
    payload,
    read_envelope,
)

log = structlog.get_logger()

ToldT = TypeVar("ToldT")

RECONNECT_SECONDS = 0.5
QUEUE_SIZE = 200
LEAVING_AT_MOST = 1000
SEND_SECONDS = 2

_TENANT = "SELECT set_config('app.tenant_id', $1, false)"
_KEEP_AND_NOTIFY = f"""
WITH kept AS (
    INSERT INTO deltas (id, tenant_id, conversation_id, reply_id, text)
    SELECT told.* FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[])
        AS told (id, tenant_id, conversation_id, reply_id, text)
    WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = told.conversation_id AND c.lead_id = c.id)
)
{NOTIFY}
"""  # noqa: S608 - our own words
"""Of an erased person's conversation nothing is kept: whoever erases it locks the table first."""
_WORDS = "SELECT id, reply_id, text FROM deltas WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True)
class _Leaving:
    tenant_id: UUID
    conversation_id: UUID
    signal: Delta | Typing
    id: UUID = field(default_factory=uuid4)

    def payload(self, origin: UUID) -> str:
        told = (
            self.signal
            if isinstance(self.signal, Typing)
            else DeltaKept(tenant_id=self.tenant_id, id=self.id)
        )
        return payload(self.conversation_id, told, origin)


class Feed:
    """Signals may be lost (a slow reader, a lost connection): whoever subscribes also reads the tables."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._subscribers: dict[UUID, set[asyncio.Queue[Signal]]] = defaultdict(set)
        self._watchers: set[asyncio.Queue[UUID]] = set()
        self._id = uuid4()
        self._leaving: deque[_Leaving] = deque(maxlen=LEAVING_AT_MOST)
        self._arrived: deque[Envelope] = deque()
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

    def tell(self, tenant_id: UUID, conversation_id: UUID, signal: Delta | Typing) -> None:
        """What is in the making: at once to the pages of this process, and with the next NOTIFY to those of the others."""
        self._tell(self._subscribers.get(conversation_id, set()), signal)
        self._leaving.append(_Leaving(tenant_id, conversation_id, signal))
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
                log.warning("feed.lost", reason=without_words(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await connect(self._dsn, application_name="chat-feed")
        connection.add_termination_listener(lambda _: self._wake.set())
        try:
            await connection.add_listener(CHANNEL, self._received)
            self._tell_all(Resync())
            self._connected = True
            while not connection.is_closed():
                await self._send(connection)
                await self._hand_on(connection)
                await self._wake.wait()
                self._wake.clear()
        finally:
            self._connected = False
            self._all_left.set()
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.shield(connection.close(timeout=2))

    async def _send(self, connection: asyncpg.Connection) -> None:
        """All that has come together since the last NOTIFY, in one statement for each tenant."""
        leaving = list(self._leaving)
        self._leaving.clear()
        for tenant_id in dict.fromkeys(one.tenant_id for one in leaving):
            await self._send_of(connection, tenant_id, [one for one in leaving if one.tenant_id == tenant_id])
        if not self._leaving:
            self._all_left.set()

    async def _send_of(
        self, connection: asyncpg.Connection, tenant_id: UUID, leaving: list[_Leaving]
    ) -> None:
        await connection.execute(_TENANT, str(tenant_id), timeout=SEND_SECONDS)
        kept = [
            (one.id, tenant_id, one.conversation_id, one.signal.reply_id, one.signal.text)
            for one in leaving
            if isinstance(one.signal, Delta)
        ]
        columns = zip(*kept, strict=True) if kept else [()] * 5
        payloads = [one.payload(self._id) for one in leaving]
        await connection.execute(
            _KEEP_AND_NOTIFY, CHANNEL, payloads, *map(list, columns), timeout=SEND_SECONDS
        )

    async def _hand_on(self, connection: asyncpg.Connection) -> None:
        """What the others have told, in its order, to the pages that are open here."""
        arrived = list(self._arrived)
        self._arrived.clear()
        words = await self._words(connection, arrived)
        for envelope in arrived:
            signal = envelope.signal
            told = words.get(signal.id) if isinstance(signal, DeltaKept) else signal
            if told is not None and not isinstance(told, PresenceChanged):  # else its reply is stored by now
                self._tell(self._subscribers.get(envelope.conversation_id, set()), told)

    async def _words(self, connection: asyncpg.Connection, arrived: list[Envelope]) -> dict[UUID, Delta]:
        wanted = defaultdict[UUID, list[UUID]](list)
        for envelope in arrived:
            if isinstance(envelope.signal, DeltaKept) and envelope.conversation_id in self._subscribers:
                wanted[envelope.signal.tenant_id].append(envelope.signal.id)
        found: dict[UUID, Delta] = {}
        for tenant_id, ids in wanted.items():
            await connection.execute(_TENANT, str(tenant_id), timeout=SEND_SECONDS)
            for row in await connection.fetch(_WORDS, ids, timeout=SEND_SECONDS):
                found[UUID(bytes=row["id"].bytes)] = Delta(
                    reply_id=UUID(bytes=row["reply_id"].bytes), text=row["text"]
                )
        return found

    def _received(self, *notification: object) -> None:
        try:
            envelope = read_envelope(str(notification[-1]))
        except ValueError:
            return
        if envelope.origin == self._id:
            return
        self._arrived.append(envelope)
        self._wake.set()
        if envelope.signal.kind in {"message", "state", "presence"}:
            self._tell(self._watchers, envelope.conversation_id)

    def _tell_all(self, signal: Signal) -> None:
        for queues in self._subscribers.values():
            self._tell(queues, signal)

    @staticmethod
    def _tell(queues: set[asyncio.Queue[ToldT]], told: ToldT) -> None:
        for queue in queues:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(told)
