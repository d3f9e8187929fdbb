"""Taking events out of a stream: a stream deletes no single message, so it is written anew without them.

Everything that is to stay is copied aside, the stream is deleted, and it is copied back: at each moment one whole copy exists.
At each moment, too, one of both is bound to the exchange of the event log, so relays go on, also when the rewrite breaks off.
For a moment both are: what comes to both stays once, and may then stand before what came just before it.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, DeliveryMode
from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelLockedResource
from shared.messaging.topology import LOG_EXCHANGE, LOG_STREAM, topology

from ops.log_stream import ASIDE, BeingRewritten
from ops.streams import Offset, messages_until_now

SIDE_BY_SIDE = 200

Drop = Callable[[AbstractIncomingMessage], bool]


@dataclass
class Copied:
    """`last`: the offset of the last message that was read."""

    kept: int = 0
    dropped: int = 0
    last: int = -1


async def take_out(rabbitmq_url: str, stream: str, drop: Drop) -> int:
    """How many messages were taken out; without one the stream is left as it is.

    Whoever reads it meanwhile is told so and begins again. Raises `BeingRewritten` while another rewrite is at it.
    """
    async with await aio_pika.connect(rabbitmq_url) as connection:
        rewrite = _Rewrite(connection, stream)
        await rewrite.begin()
        return await rewrite.run(drop)


class _Rewrite:
    def __init__(self, connection: aio_pika.abc.AbstractConnection, stream: str) -> None:
        self._connection = connection
        self._stream = stream
        self._aside = ASIDE.format(stream)
        self._bound = stream == LOG_STREAM

    async def begin(self) -> None:
        self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            # Ends with the connection.
            await self._channel.declare_queue(f"leadctl.rewrite.{self._stream}", exclusive=True)
        except ChannelLockedResource as error:
            raise BeingRewritten from error
        await self._heal()

    async def run(self, drop: Drop) -> int:
        found = Copied()
        async for message in messages_until_now(self._channel, self._stream, "first"):
            found.dropped += drop(message)
        if not found.dropped:
            return 0
        away = await self._move(self._stream, self._aside, drop)
        back = await self._move(self._aside, self._stream, drop)
        return away.dropped + back.dropped

    async def _move(self, from_: str, to: str, drop: Drop) -> Copied:
        new = await self._declare(to)
        copied = await self._copy(from_, to, drop, Copied())
        old = await self._channel.get_queue(from_)
        await self._rebind(old, new)
        there = await self._ids(to, copied.kept)
        await self._copy(from_, to, drop, copied, there)
        # What was routed to the old one just before and came to lie there only now.
        await self._copy(from_, to, drop, copied, there)
        await old.delete(if_unused=False, if_empty=False)
        return copied

    async def _rebind(self, from_: AbstractQueue, to: AbstractQueue) -> None:
        if self._bound:
            await to.bind(LOG_EXCHANGE, "#")
            await from_.unbind(LOG_EXCHANGE, "#")

    async def _ids(self, stream: str, offset: Offset) -> set[str | None]:
        return {message.message_id async for message in messages_until_now(self._channel, stream, offset)}

    async def _copy(
        self, from_: str, to: str, drop: Drop, copied: Copied, there: Collection[str | None] = ()
    ) -> Copied:
        """What comes after the last one that was read and is not `there`."""
        batch: list[AbstractIncomingMessage] = []
        offset: Offset = "first" if copied.last < 0 else copied.last + 1
        async for message in messages_until_now(self._channel, from_, offset):
            at = _offset(message)
            if at <= copied.last:
                continue
            copied.last = at
            if message.message_id in there:
                continue
            if drop(message):
                copied.dropped += 1
                continue
            copied.kept += 1
            batch.append(message)
            if len(batch) == SIDE_BY_SIDE:
                await self._publish(to, batch)
                batch = []
        await self._publish(to, batch)
        return copied

    async def _publish(self, to: str, batch: list[AbstractIncomingMessage]) -> None:
        """One channel keeps the order in which they are handed to it."""
        exchange = self._channel.default_exchange
        await asyncio.gather(*(exchange.publish(_again(message), to, mandatory=True) for message in batch))

    async def _declare(self, name: str) -> AbstractQueue:
        wanted = next(queue for queue in topology().queues if queue.name == self._stream)
        return await self._channel.declare_queue(name, durable=True, arguments=dict(wanted.arguments))

    async def _heal(self) -> None:
        """An earlier rewrite broke off: what was copied aside and is not in the stream comes back to it."""
        if not await exists(self._connection, self._aside):
            return
        home, aside = await self._declare(self._stream), await self._channel.get_queue(self._aside)
        await self._rebind(aside, home)
        there = await self._ids(self._stream, "first")
        copied = await self._copy(self._aside, self._stream, lambda _: False, Copied(), there)
        await self._copy(self._aside, self._stream, lambda _: False, copied, there)
        await aside.delete(if_unused=False, if_empty=False)


async def exists(connection: aio_pika.abc.AbstractConnection, queue: str) -> bool:
    channel: AbstractChannel
    async with await connection.channel() as channel:
        try:
            await channel.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return False
    return True


def _offset(message: AbstractIncomingMessage) -> int:
    return int(str(message.headers["x-stream-offset"]))


def _again(message: AbstractIncomingMessage) -> aio_pika.Message:
    """As it was, but for the stream's own header."""
    headers = {name: value for name, value in message.headers.items() if name != "x-stream-offset"}
    return aio_pika.Message(
        message.body,
        headers=headers,
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        timestamp=message.timestamp,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
