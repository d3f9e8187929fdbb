"""Reading the stream `events.log`: every event that was ever relayed, within its retention."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from shared.messaging.topology import LOG_STREAM

PREFETCH = 200

Offset = str | datetime
"""`next`, `first`, `last`, or an aware time; from a time the broker starts one chunk early, so filter again."""


@asynccontextmanager
async def log_stream(rabbitmq_url: str, offset: Offset) -> AsyncIterator[AsyncIterator[dict[str, object]]]:
    """The decoded events, oldest first, without an end. Reading has begun when the block does."""
    arrived: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait(json.loads(message.body))
        await message.ack()

    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        stream = await channel.get_queue(LOG_STREAM)
        # Not the queue's iterator: on closing it gives back what it holds, which a stream refuses.
        await stream.consume(take, arguments={"x-stream-offset": offset})
        yield _each(arrived)


async def _each(arrived: asyncio.Queue[dict[str, object]]) -> AsyncIterator[dict[str, object]]:
    while True:
        yield await arrived.get()
