"""Reading the stream `events.log`: every event that was ever relayed, within its retention."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from shared.messaging.topology import LOG_STREAM

from ops.streams import Offset, read_on, read_until_now


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
    async with read_until_now(rabbitmq_url, LOG_STREAM, since) as messages:
        yield (_logged(message) async for message in messages)


def _logged(message: AbstractIncomingMessage) -> Logged:
    try:
        event = json.loads(message.body)
    except ValueError:
        event = {}
    return Logged(message.message_id or "", message.body, event if isinstance(event, dict) else {})
