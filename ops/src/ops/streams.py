"""Reading a RabbitMQ stream: from an offset without an end, or up to where it ends now."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, DeliveryMode
from shared.events import CONTENT_TYPE

PREFETCH = 1000
ACK_EVERY = 100
"""Fewer acks than messages: three times as fast as one for each."""
CLOCKS_DIFFER = timedelta(minutes=5)
MARK = "ops.log.marked"
MARK_TIMEOUT_SECONDS = 10

Offset = str | datetime | int
"""`next`, `first`, `last`, an aware time or a number; from these two the broker starts one chunk early, so filter again."""


@asynccontextmanager
async def read_on(
    rabbitmq_url: str, stream: str, offset: Offset
) -> AsyncIterator[AsyncIterator[AbstractIncomingMessage]]:
    """Oldest first, without an end. Reading has begun when the block does."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        messages, _ = await _messages(await connection.channel(), stream, offset)
        yield _shown(messages)


@asynccontextmanager
async def read_until_now(
    rabbitmq_url: str, stream: str, since: datetime | None
) -> AsyncIterator[AsyncIterator[AbstractIncomingMessage]]:
    """What the stream holds when the block begins, oldest first, and some from before `since`; None: from its start.

    A stream does not tell where it ends, so the end is marked by a message of our own that no reader shows.
    """
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        mark = await _mark_end(channel, stream)
        offset = "first" if since is None else since - CLOCKS_DIFFER
        messages, _ = await _messages(channel, stream, offset)
        yield _until(mark, messages)


async def messages_until_now(
    channel: AbstractChannel, stream: str, offset: Offset
) -> AsyncIterator[AbstractIncomingMessage]:
    """As `read_until_now`, on a channel that confirms; when it ends nothing reads the stream any more."""
    mark = await _mark_end(channel, stream)
    messages, stop = await _messages(channel, stream, offset)
    async for message in _until(mark, messages):
        yield message
    await stop()


async def _mark_end(channel: AbstractChannel, stream: str) -> str:
    """Shaped like an event, for readers that are not ours."""
    mark_id = str(uuid4())
    mark = {
        "specversion": "1.0", "id": mark_id, "type": MARK, "source": "leadctl", "subject": stream,
        "time": datetime.now(UTC).isoformat(), "tenantid": "00000000-0000-0000-0000-000000000000",
        "correlationid": mark_id, "data": {},
    }  # fmt: skip
    message = aio_pika.Message(
        json.dumps(mark).encode(),
        message_id=mark_id,
        type=MARK,
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
    async with asyncio.timeout(MARK_TIMEOUT_SECONDS):
        await channel.default_exchange.publish(message, stream, mandatory=True)
    return mark_id


async def _messages(
    channel: AbstractChannel, stream: str, offset: Offset
) -> tuple[AsyncIterator[AbstractIncomingMessage], Callable[[], Awaitable[object]]]:
    """And what ends it. At most `PREFETCH` of them are on their way, however slow the reader is."""
    arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait(message)

    channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
    underlay = await channel.get_underlay_channel()
    underlay.on_consumer_cancel_callbacks.add(lambda *_: arrived.put_nowait(None))
    await channel.set_qos(prefetch_count=PREFETCH)
    queue = await channel.get_queue(stream)
    # Not the queue's iterator: on closing it gives back what it holds, which a stream refuses.
    tag = await queue.consume(take, arguments={"x-stream-offset": offset})
    return _each(arrived), partial(queue.cancel, tag)


async def _each(
    arrived: asyncio.Queue[AbstractIncomingMessage | None],
) -> AsyncIterator[AbstractIncomingMessage]:
    not_acked = 0
    while message := await arrived.get():
        yield message
        not_acked += 1
        if not_acked == ACK_EVERY or arrived.empty():
            await message.ack(multiple=True)
            not_acked = 0
    raise ConnectionError("the connection was lost, or the log written anew, while it was read")


async def _shown(messages: AsyncIterator[AbstractIncomingMessage]) -> AsyncIterator[AbstractIncomingMessage]:
    async for message in messages:
        if message.type != MARK:
            yield message


async def _until(
    mark: str, messages: AsyncIterator[AbstractIncomingMessage]
) -> AsyncIterator[AbstractIncomingMessage]:
    async for message in messages:
        if message.message_id == mark:
            return
        if message.type != MARK:
            yield message
