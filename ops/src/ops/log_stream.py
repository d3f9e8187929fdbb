"""Reading the stream `events.log`: every event that was ever relayed, within its retention."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity
from shared.messaging.topology import LOG_STREAM

from ops.streams import Offset, read_on, read_until_now

ASIDE = "{}.aside"
"""Where a stream's messages lie while it is written anew."""


class BeingRewritten(ConnectionError):
    def __init__(self) -> None:
        super().__init__(
            "the log is being written anew (leadctl person erase): try again when that has ended"
        )


@dataclass(frozen=True)
class Logged:
    """An event of the log, as it was published, and read; `event` is empty where that cannot be read."""

    id: str
    body: bytes
    event: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.event.get("type"))

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])


@asynccontextmanager
async def log_stream(rabbitmq_url: str, offset: Offset) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The decoded events, oldest first, without an end. Reading has begun when the block does."""
    async with read_on(rabbitmq_url, LOG_STREAM, offset) as messages:
        yield (json.loads(message.body) async for message in messages)


@asynccontextmanager
async def log_until_now(rabbitmq_url: str, since: datetime | None) -> AsyncIterator[AsyncIterator[Logged]]:
    """What the log holds when the block begins, oldest first; None: from its start.

    An event comes into the log a little after its own time: all events since then are among these, and some older ones.
    """
    await _is_whole(rabbitmq_url)
    async with read_until_now(rabbitmq_url, LOG_STREAM, since) as messages:
        yield (_logged(message) async for message in messages)


def _logged(message: AbstractIncomingMessage) -> Logged:
    try:
        event = json.loads(message.body)
    except ValueError:
        event = {}
    return Logged(message.message_id or "", message.body, event if isinstance(event, dict) else {})


async def _is_whole(rabbitmq_url: str) -> None:
    """Raises `BeingRewritten`; also when a rewrite broke off, until the next one has healed it."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        with suppress(ChannelNotFoundEntity):
            await channel.declare_queue(ASIDE.format(LOG_STREAM), passive=True)
            raise BeingRewritten
